"""The claims of a zerohash token, read without verifying: its key is not published."""

import binascii
from base64 import urlsafe_b64decode
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
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = load_json(urlsafe_b64decode(padded))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, Mapping) else {}


def claimed_time(claims: Mapping[str, JSON], name: str) -> datetime | None:
    """Return the time of a claim; ``None`` where there is none."""
    try:
        return epoch_seconds(claims.get(name))
    except Mismatch:
        return None
