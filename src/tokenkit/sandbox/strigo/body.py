"""The body of Strigo's ``POST /academy/users/token``, checked field by field.

The fields, their defaults and the limit of two months are documented; the wording of each ``msg``
is modelled, and so is that two months are 62 days (the longest two calendar months).
"""

import re
from collections.abc import Mapping, Sequence

import attrs

from ..json_text import JSON

__all__ = ["read"]

MAX_LIFETIME_MS = 62 * 24 * 60 * 60 * 1000
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@attrs.frozen(kw_only=True)
class Mint:
    """A request to mint, with the documented defaults filled in."""

    email: str
    expiration: int
    """Epoch milliseconds."""


def read(body: Mapping[str, JSON], now_ms: int) -> tuple[Mint | None, list[JSON]]:
    """Read a request to mint; return it, or None and the documented ``errors`` list."""
    messages = {
        "email": _email(body.get("email")),
        "name": _text(body.get("name", "")),
        "externalUserId": _text(body.get("externalUserId", "")),
        "groups": _groups(body.get("groups", [])),
    }
    # The documented default is the longest lifetime there is.
    wanted = body.get("expiration", now_ms + MAX_LIFETIME_MS)
    expiration, messages["expiration"] = _expiration(wanted, now_ms)
    errors: list[JSON] = [_error(body, name, msg) for name, msg in messages.items() if msg]
    email = body.get("email")
    if errors or not isinstance(email, str):
        return None, errors
    return Mint(email=email, expiration=expiration), []


def _error(body: Mapping[str, JSON], param: str, msg: str) -> dict[str, JSON]:
    error: dict[str, JSON] = {"location": "body", "param": param, "msg": msg}
    if param in body:
        error["value"] = body[param]
    return error


def _email(value: JSON) -> str:
    if isinstance(value, str) and EMAIL.fullmatch(value):
        return ""
    return "Must be a valid email address"


def _text(value: JSON) -> str:
    return "" if isinstance(value, str) else "Must be a string"


def _groups(value: JSON) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "" if all(isinstance(item, str) for item in value) else "Must hold strings only"
    return "Must be an array"


def _expiration(value: JSON, now_ms: int) -> tuple[int, str]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0, "Must be a number"
    if value <= now_ms:
        seconds = now_ms < value * 1000 <= now_ms + MAX_LIFETIME_MS
        hint = " (it is in seconds; milliseconds are expected)" if seconds else ""
        return 0, f"Must be in the future{hint}"
    if value > now_ms + MAX_LIFETIME_MS:
        return 0, "Must be at most 2 months from now"
    return int(value), ""
