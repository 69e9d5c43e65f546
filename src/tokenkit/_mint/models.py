"""What a row of a table becomes: each vendor's mint, and how its fields are written."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs

__all__ = ["MODELS", "Model", "Reader"]

Reader = Callable[[str], Any]
"""Reads a cell; raises ``ValueError`` with a phrase for one that it can't read."""

DURATION = re.compile(r"(\d+)\s*([dhm])")
UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def _text(cell: str) -> str:
    return cell


def _texts(cell: str) -> tuple[str, ...]:
    return tuple(part for part in (part.strip() for part in cell.split(";")) if part)


def _permissions(cell: str) -> tuple[int | str, ...]:
    return tuple(int(part) if part.isdecimal() else part for part in _texts(cell))


def _expiration(cell: str) -> datetime | timedelta:
    length = DURATION.fullmatch(cell)
    if length is not None:
        return timedelta(**{UNITS[length[2]]: int(length[1])})
    try:
        moment = datetime.fromisoformat(cell.replace("Z", "+00:00"))
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - refused below, as it has no time zone
    if moment.utcoffset() is None:
        raise ValueError(
            "must be a duration such as 30d, 12h or 90m, or 2027-01-31T18:00:00+01:00"
        )
    return moment


def _object(cell: str) -> Any:
    try:
        return json.loads(cell)
    except ValueError:
        pass
    raise ValueError('must be a JSON object such as {"team": "blue"}')


@attrs.frozen
class Model:
    """A vendor's mint.

    Attributes:
        client: The client's name in the vendor's module.
        request: The request model's name there.
        columns: How each field is read.
        told: What else the token says, as columns of the result.
    """

    client: str
    request: str
    columns: Mapping[str, Reader]
    told: tuple[str, ...] = ()


MODELS: Mapping[str, Model] = {
    "strigo": Model(
        "StrigoClient",
        "UserTokenRequest",
        {
            "email": _text,
            "name": _text,
            "external_user_id": _text,
            "expiration": _expiration,
            "groups": _texts,
        },
        ("user_id",),
    ),
    "zdk": Model(
        "ZdkClient",
        "UserTokenRequest",
        {
            "id": _text,
            "nickname": _text,
            "fullname": _text,
            "avatar": _text,
            "metadata": _object,
            "permissions": _permissions,
        },
    ),
    "zerohash": Model(
        "ZeroHashClient",
        "ClientAuthTokenRequest",
        {
            "permissions": _texts,
            "participant_code": _text,
            "email": _text,
            "phone_number": _text,
            "otp_verified": _text,
            "reference_id": _text,
            "merchant_participant_code": _text,
        },
        ("payment_id", "deposit_intent_id"),
    ),
}
