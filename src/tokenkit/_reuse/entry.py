"""What a store or a journal holds of a call: the vendor's response, sealed under the call's key.

It is read back by the call's own ``decode()``, so that there is no second serialiser.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import attrs

from .._model.call import Call, Reply
from .._model.data_errors import what_struck
from .._model.json import JSON
from .._model.messages import Headers, ResponseInfo
from .._secret import without_frames
from .commands import Sealing

__all__ = ["Entry", "seal_entry", "unseal_entry"]

FORM = 1
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
PRIVATE_HEADERS = frozenset({"set-cookie", "set-cookie2"})


@attrs.frozen(eq=False, repr=False)
class Entry:
    """A stored response, read.

    Attributes:
        value: What the call returns.
        lifetime: The seconds from a token's minting to its end; 0 if they were not stored.
    """

    value: Any
    lifetime: float


def seal_entry(
    sealing: Sealing, key: str, reply: Reply[Any], body: JSON, lifetime: float = 0.0
) -> bytes:
    """Seal a response. Its key is inside, so it opens under no other.

    Args:
        sealing: Seals it.
        key: The call's key.
        reply: The response.
        body: The response's body, or a call's part of it.
        lifetime: The seconds from a token's minting to its end.
    """
    headers = {name: value for name, value in reply.headers.items() if name not in PRIVATE_HEADERS}
    content = {
        "form": FORM,
        "key": key,
        "lifetime": lifetime,
        "status": reply.status,
        "headers": headers,
        "received_at": reply.received_at.timestamp(),
        "body": body,
    }
    return sealing.seal(json.dumps(content, separators=(",", ":")).encode("ascii"))


def unseal_entry(
    sealing: Sealing, key: str, sealed: bytes, call: Call[Any], origin: str
) -> Entry | None:
    """Read a response back; ``None`` where it isn't this key's or can't be read.

    Args:
        sealing: What it was sealed with.
        key: The key that it was found under.
        sealed: The response, sealed.
        call: The call that it is the response to.
        origin: Scheme, host and port that the call goes to; another origin has other keys.
    """
    try:
        return _read(sealing, key, sealed, call, origin)
    except BaseException as error:  # noqa: BLE001 - its frames hold the value
        struck = what_struck(error)
        interruption = None if struck is None else without_frames(struck)
    if interruption is None:
        return None
    raise interruption


def _read(sealing: Sealing, key: str, sealed: bytes, call: Call[Any], origin: str) -> Entry | None:
    content = sealing.open(sealed)
    if content is None:
        return None
    entry: Mapping[str, JSON] = json.loads(content)
    if entry["form"] != FORM or entry["key"] != key:
        return None
    info = ResponseInfo(
        status=int(_number(entry["status"])),
        headers=Headers(_texts(entry["headers"])),
        received_at=EPOCH + timedelta(seconds=_number(entry["received_at"])),
        origin=origin,
    )
    return Entry(call.decode(entry["body"], info), _number(entry["lifetime"]))


def _number(value: JSON) -> float:
    if isinstance(value, (int, float)) and math.isfinite(value):
        return value
    raise ValueError


def _texts(value: JSON) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {name: str(text) for name, text in value.items()}
    raise ValueError
