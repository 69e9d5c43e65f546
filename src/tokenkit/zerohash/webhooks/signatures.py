"""Signatures of webhooks, HMAC and RSA, compared in constant time."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from ...extension import Secret
from ..errors import WebhookSettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = ["Padding", "hmac_matches", "load_public_key", "rsa_matches", "unusable"]

Padding: TypeAlias = Literal["pss", "pkcs1v15"]
"""How RSA signatures are padded."""


def unusable(*problems: str) -> WebhookSettingsError:
    """Return the error for arguments that cannot be used."""
    return WebhookSettingsError("verify()", problems)


HEX = re.compile(r"([0-9a-fA-F]{2})+")


def _from_hex(signature: str) -> bytes:
    """Decode a signature; an invalid one matches nothing."""
    return bytes.fromhex(signature) if HEX.fullmatch(signature) else b""


def hmac_matches(signature: str, message: bytes, secrets: Sequence[Secret]) -> bool:
    """Return whether a signature is valid under one of the secrets; all of them are tried."""
    given, matches = _from_hex(signature), False
    for secret in secrets:
        digest = hmac.digest(secret.reveal().encode("utf-8"), message, hashlib.sha256)
        matches |= hmac.compare_digest(given, digest)
    return matches


def rsa_matches(
    signature: str, message: bytes, keys: Sequence["RSAPublicKey"], scheme: Padding
) -> bool:
    """Return whether a signature is valid under one of the public keys."""
    return any(_verifies(key, _from_hex(signature), message, scheme) for key in keys)


def _verifies(key: "RSAPublicKey", signature: bytes, message: bytes, scheme: Padding) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415 - an extra

    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
    try:
        key.verify(
            signature, message, pss if scheme == "pss" else padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=16)
def load_public_key(pem: bytes) -> "RSAPublicKey":
    """Read a public key.

    Raises:
        WebhookSettingsError: It is not an RSA key in PEM, or the package ``cryptography`` is
            missing.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        problem = (
            "public_keys needs the package cryptography: "
            "python -m pip install 'tokenkit-sdk[webhooks]'"
        )
    else:
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if isinstance(key, RSAPublicKey):
            return key
        problem = (
            "public_keys contains something that is not an RSA public key in PEM, which begins "
            "with '-----BEGIN PUBLIC KEY-----'"
        )
    raise unusable(problem)
