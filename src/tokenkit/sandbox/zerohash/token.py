"""zerohash's client access token: an RS256 JWT with the documented header and claims.

The vendor does not publish its verification key. The sandbox's own 4096-bit key gives signatures
of the documented 512 bytes; each process makes its own, in the background.
"""

import base64
import functools
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ..json_text import JSON, parse
from .body import DETAILS
from .permissions import PAYMENTS, permissions

__all__ = ["PLATFORM_CODE", "fault_of", "lifetime", "mint", "prepare_key", "public_key_pem"]

ISSUER = "7f1d4a52-0000-4000-8000-5a0db0c5a0db"
PLATFORM_CODE = "SANDBX"
PLATFORM_NAME = "tokenkit sandbox"
PLATFORM_AGREEMENT_LINK = "https://example.com/platform-agreement"

LIFETIME = 60 * 60  # seconds
PAYMENT_LIFETIME = 5 * 60

_lock = threading.Lock()


@functools.cache
def _key_in_making() -> Future[RSAPrivateKey]:
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-key")
    future = pool.submit(generate_private_key, 65537, 4096)
    pool.shutdown(wait=False)
    return future


def prepare_key() -> Future[RSAPrivateKey]:
    """Start making the process's signing key, unless that has begun; it takes up to 2 s."""
    with _lock:
        return _key_in_making()


def public_key_pem() -> str:
    """Return the public key that verifies this process's tokens, as PEM."""
    public = prepare_key().result().public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def lifetime(body: Mapping[str, JSON]) -> int:
    """Return the token's lifetime in seconds.

    5 minutes for ``crypto-withdrawals`` and ``crypto-payouts``, otherwise 1 hour, are documented.
    That the shorter one wins among several permissions is modelled.
    """
    return PAYMENT_LIFETIME if PAYMENTS & set(permissions(body)) else LIFETIME


def mint(body: Mapping[str, JSON], expires_at: int) -> str:
    """Make a token for a checked body; ``expires_at`` is in epoch seconds.

    ``participant_code`` is empty for a new user known by e-mail only, which is modelled.
    """
    participant = body.get("participant_code", "")
    claims = {
        "exp": expires_at,
        "iss": ISSUER,
        "jti": str(uuid.uuid4()),
        "participant_code": participant,
        "platform_code": PLATFORM_CODE,
        "permissions": permissions(body),
        "payload": {
            "participant_code": participant,
            "platform_name": PLATFORM_NAME,
            "platform_agreement_link": PLATFORM_AGREEMENT_LINK,
            **{name: body[name] for name in DETAILS if name in body},
        },
        "application_id": "",
        "device_id": "",
    }
    return jwt.encode(claims, prepare_key().result(), algorithm="RS256")


def fault_of(token: JSON) -> str:
    """Return why a value is not a well-formed JWT with a ``jti``; empty if it is one.

    The signature is not verified: only the form is documented as required for a revocation.
    """
    if not isinstance(token, str):
        return "must be string"
    parts = token.split(".")
    if len(parts) != 3 or not parts[2]:  # noqa: PLR2004 - a JWT has three parts
        return "must be a JWT of three parts"
    try:
        header, claims = (_part(part) for part in parts[:2])
    except ValueError:
        return "must be a well-formed JWT"
    if not isinstance(header, Mapping) or not isinstance(claims, Mapping):
        return "must be a well-formed JWT"
    return "" if claims.get("jti") else "must have a jti claim"


def _part(part: str) -> JSON:
    padded = part + "=" * (-len(part) % 4)
    return parse(base64.b64decode(padded, altchars=b"-_", validate=True))
