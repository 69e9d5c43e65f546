"""What error trackers show of a frame: they expand what they know, and take other reprs."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, cast

import attrs
from leaks import chain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

DEEPEST = 6


def opened(value: object, depth: int = 0) -> Iterator[str]:
    """Yield everything that Sentry, rich, pytest and IPython show of a value."""
    if isinstance(value, (str, bytes, bytearray)) or depth > DEEPEST:
        yield repr(value)
    elif isinstance(value, Mapping):
        for name, item in cast("Mapping[object, object]", value).items():
            yield from opened(name, depth + 1)
            yield from opened(item, depth + 1)
    elif isinstance(value, (Sequence, AbstractSet)):
        for item in cast("Collection[object]", value):
            yield from opened(item, depth + 1)
    else:
        yield repr(value)
        yield repr(getattr(value, "__dict__", ""))
        if attrs.has(type(value)):
            for field in attrs.fields(cast("type[attrs.AttrsInstance]", type(value))):
                if field.repr:
                    yield repr(getattr(value, field.name, None))


def frames_of(error: BaseException, *, besides: str = "") -> Iterator[tuple[str, str]]:
    """Yield what is shown of the package's own frames, with the place.

    With the name of a test module, all frames besides that module's are the package's to clear.
    """
    for link in chain(error):
        yield type(link).__name__, f"{link}{vars(link)}{link.args}"
        for frame, _ in traceback.walk_tb(link.__traceback__):
            module = str(frame.f_globals.get("__name__", ""))
            if module != besides if besides else module.partition(".")[0] == "tokenkit":
                for name, value in frame.f_locals.items():
                    where = f"{module}.{frame.f_code.co_name}: {name}"
                    yield from ((where, text) for text in opened(value))


def leaks(error: BaseException, *secrets: str, besides: str = "") -> list[tuple[str, str]]:
    """Return where an error shows one of some secrets; see :func:`frames_of`."""
    return [
        (where, text[:200])
        for where, text in frames_of(error, besides=besides)
        if any(secret in text for secret in secrets)
    ]
