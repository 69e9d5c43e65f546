"""The claims of a zerohash token, read without verifying: its key is not published."""

from binascii import Error, a2b_base64
from collections.abc import Mapping
from datetime import datetime

from ..extension import (
    JSON,
    Mismatch,
    epoch_seconds,
    load_json,
)

__all__ = ["claimed_time", "unverified_claims"]

PARTS = 3


def unverified_claims(token: str) -> Mapping[str, JSON]:
    """Return a JWT's claims; nothing where it cannot be read."""
    parts = token.split(".")
    if len(parts) != PARTS:
        return {}
    try:
        payload = parts[1].replace("-", "+").replace("_", "/")
        claims = load_json(a2b_base64(payload + "=" * (-len(payload) % 4)))
    except (Error, ValueError):
        return {}
    return claims if isinstance(claims, (dict, Mapping)) else {}


def claimed_time(claims: Mapping[str, JSON], name: str) -> datetime | None:
    """Return the time of a claim; ``None`` where there is none."""
    try:
        return epoch_seconds(claims.get(name))
    except Mismatch:
        return None
