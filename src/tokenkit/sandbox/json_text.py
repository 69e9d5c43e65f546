"""Strict JSON: what is accepted here can be written out again in any answer, log or token."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias, Union

JSON: TypeAlias = Union[bool, int, float, str, "Sequence[JSON]", "Mapping[str, JSON]", None]
"""Any JSON value."""

MAX_DEPTH = 64
"""Levels of nesting accepted; a limit of this sandbox, no vendor documents one."""


def parse(raw: bytes) -> JSON:
    """Parse UTF-8 JSON; raise ValueError for anything that could not be written out again.

    Refused beside bad syntax: NaN and infinities, lone surrogates, integers beyond Python's
    limit on digits, and nesting deeper than `MAX_DEPTH`.
    """
    try:
        value: JSON = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
        if not _is_shallow(value):
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        encode(value)
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from None
    return value


def encode(value: JSON) -> bytes:
    """Write compact JSON as UTF-8."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _is_shallow(value: JSON) -> bool:
    level: list[JSON] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return True
    return False


def _children(value: JSON) -> list[JSON]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return []
