"""Strict JSON: whatever is accepted can be written again in any response, log or token."""

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias, Union

__all__ = ["JSON", "encode", "parse"]

JSON: TypeAlias = Union[bool, int, float, str, "Sequence[JSON]", "Mapping[str, JSON]", None]
"""Any JSON value."""

MAX_DEPTH = 64
"""Levels of nesting accepted; a limit of this sandbox, no vendor documents one."""


def parse(raw: bytes) -> JSON:
    """Parse UTF-8 JSON, and accept only what can be written again.

    Raises:
        ValueError: Bad syntax, NaN, an infinity, a lone surrogate, an integer beyond Python's
            limit on digits, or nesting deeper than ``MAX_DEPTH``.
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
    raise ValueError(f"{name} isn't a JSON number")


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
