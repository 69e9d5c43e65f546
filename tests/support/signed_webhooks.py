"""Webhooks signed as the contract says, by code that shares nothing with the package."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import cache
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET = "whsec-test-0123456789abcdef"
TIMESTAMP = "1750404905186"
NOW = 1_750_404_905.186
BODY = (
    b'{"payment_id":"0f68333e-2114-469d-b505-c850d776e061","participant_code":"CUST01",'
    b'"status":"initialized"}'
)
NEWER = "1a2205aefd35050f4b746e0e80f57f9979de1934f642e770791832196372d29c"
LEGACY = "cad54f41382dcd0c355460446b946846ddfe49c06fe75bfb319318c207cf5e30"


def signed(
    payload: Mapping[str, object] | bytes,
    *,
    kind: str = "payment_status_changed",
    secret: str = SECRET,
    notification_id: str = "n-1",
    timestamp: str = TIMESTAMP,
) -> tuple[bytes, dict[str, str]]:
    """Return a body and its headers, signed in both schemes."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return body, {
        "content-type": "application/json",
        "x-zh-hook-payload-type": kind,
        "x-zh-hook-notification-id": notification_id,
        "x-zh-hook-timestamp": timestamp,
        "x-zh-hook-signature": hmac_of(body + timestamp.encode(), secret),
        "x-zh-hook-signature-256": hmac_of(body, secret),
    }


def hmac_of(message: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


@cache
def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def rsa_signature(
    key: rsa.RSAPrivateKey, message: bytes, scheme: Literal["pss", "pkcs1v15"] = "pss"
) -> str:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    chosen = pss if scheme == "pss" else padding.PKCS1v15()
    return key.sign(message, chosen, hashes.SHA256()).hex()
