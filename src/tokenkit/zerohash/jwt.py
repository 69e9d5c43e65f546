"""The claims of a zerohash token, read but not verified: the key is not published."""

from binascii import a2b_base64
from collections.abc import Mapping
from datetime import datetime

from ..extension import (
    JSON,
    Mismatch,
    epoch_seconds,
    load_json,
)

__all__ = ["claimed_time", "claims_another", "unverified_claims"]

PARTS = 3


def unverified_claims(token: str) -> Mapping[str, JSON]:
    """Return a JWT's claims; empty if it cannot be read."""
    return _claims(_payload(token))


def claims_another(token: str, name: str, expected: str) -> bool:
    """Return whether a JWT has a claim with another value than expected."""
    payload = _payload(token)
    # Each mint comes here, and for most this is enough, in a third of the time that the claims
    # take. A name that occurs once, with the expected value, has no other, except by an escape.
    written = f'"{name}":"{expected}"'.encode()
    once = written in payload and payload.count(name.encode()) == 1
    if once and b"\\" not in payload and expected.isalnum():
        return False
    return _claims(payload).get(name) not in (None, expected)


def _payload(token: str) -> bytes:
    parts = token.split(".")
    if len(parts) != PARTS:
        return b""
    text = parts[1].replace("-", "+").replace("_", "/")
    try:
        return a2b_base64(text + "=" * (-len(text) % 4))
    except ValueError:  # includes binascii's
        return b""


def _claims(payload: bytes) -> Mapping[str, JSON]:
    try:
        claims = load_json(payload)
    except ValueError:
        return {}
    return claims if isinstance(claims, Mapping) else {}


def claimed_time(claims: Mapping[str, JSON], name: str) -> datetime | None:
    """Return the time of a claim; ``None`` if there is none."""
    try:
        return epoch_seconds(claims.get(name))
    except Mismatch:
        return None
