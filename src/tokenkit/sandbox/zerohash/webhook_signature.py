"""The signatures of zerohash's webhooks, in the schemes that the vendor's sources describe.

These are documented: the two legacy headers, over the body alone, and that the newer signatures
are over the body and ``x-zh-hook-timestamp`` in milliseconds. These are observed in working code:
the names of the newer headers, the hexadecimal form, and PSS as RSA's padding. That the legacy RSA
signature is hexadecimal too, and PSS's salt as long as the digest, is modelled.
"""

import functools
import hmac
from collections.abc import Collection
from typing import Literal, TypeAlias

import attrs
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["RsaPadding", "WebhookSignature", "WebhookSigner", "public_key_pem"]

WebhookSignature: TypeAlias = Literal["hmac", "hmac-legacy", "rsa", "rsa-legacy"]
"""A scheme of signing."""

RsaPadding: TypeAlias = Literal["pss", "pkcs1v15"]
"""The padding of RSA signatures."""


@functools.cache
def _key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def public_key_pem() -> str:
    """Return the key that verifies this process's RSA signatures, as PEM."""
    public = _key().public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@attrs.frozen(kw_only=True)
class WebhookSigner:
    """Sign webhooks."""

    secret: str = attrs.field(repr=False)
    schemes: Collection[WebhookSignature]
    rsa_padding: RsaPadding

    def headers(self, body: bytes, timestamp: int) -> dict[str, str]:
        """Return the headers that sign a body at a time in milliseconds since the epoch."""
        newer = body + str(timestamp).encode()
        headers = {"x-zh-hook-timestamp": str(timestamp)}
        if "hmac" in self.schemes:
            headers["x-zh-hook-signature"] = self._hmac(newer)
        if "hmac-legacy" in self.schemes:
            headers["x-zh-hook-signature-256"] = self._hmac(body)
        if "rsa" in self.schemes:
            headers["x-zh-hook-rsa-signature"] = self._rsa(newer)
        if "rsa-legacy" in self.schemes:
            headers["x-zh-hook-rsa-signature-256"] = self._rsa(body)
        return headers

    def _hmac(self, message: bytes) -> str:
        """Sign with the secret's text, undecoded."""
        return hmac.digest(self.secret.encode(), message, "sha256").hex()

    def _rsa(self, message: bytes) -> str:
        salted = padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)
        chosen = salted if self.rsa_padding == "pss" else padding.PKCS1v15()
        return _key().sign(message, chosen, SHA256()).hex()
