"""JSON values as types, read and written exactly."""

import json
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from typing_extensions import TypeAliasType, TypeIs

from .._error_details import type_of

__all__ = [
    "JSON",
    "JSONObject",
    "Mismatch",
    "TooManyValues",
    "dump_json",
    "is_list",
    "is_mapping",
    "is_object",
    "is_tuple",
    "kind_of",
    "load_json",
    "quoted",
    "type_of",
]

if TYPE_CHECKING:
    JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
    JSONObject: TypeAlias = Mapping[str, JSON]
else:
    # Signatures and help() show these by their names.
    JSON = TypeAliasType("JSON", "bool | int | float | str | Sequence | Mapping | None")
    JSONObject = TypeAliasType("JSONObject", Mapping[str, JSON])

NAMES: Mapping[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def quoted(value: object) -> str:
    """Quote a name, at most 50 characters of it, or return the type of anything else."""
    return f"{value!a:.50}" if isinstance(value, str) else type_of(value)


class Mismatch(Exception):  # noqa: N818 - becomes a DecodeError, and never leaves the package
    """A JSON value that is not what was expected, and where.

    Args:
        problem: What was expected and what was found, without the value itself.
        path: The JSON path, such as ``$.data.token``.
    """

    def __init__(self, problem: str, path: str = "$") -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path


def is_mapping(value: object) -> TypeIs[Mapping[object, object]]:
    """Return whether a value is a mapping."""
    return isinstance(value, (dict, Mapping))  # checking for dict first is ten times as fast


def is_object(value: object) -> TypeIs[Mapping[str, JSON]]:
    """Return whether a JSON value is an object, whose keys are always strings."""
    return isinstance(value, (dict, Mapping))


def is_list(value: object) -> TypeIs[list[object]]:
    """Return whether a value is a list."""
    return isinstance(value, list)


def is_tuple(value: object) -> TypeIs[tuple[object, ...]]:
    """Return whether a value is a tuple."""
    return isinstance(value, tuple)


def kind_of(value: object) -> str:
    """Return the name of a JSON value's type, in words."""
    return NAMES.get(type(value), type(value).__name__)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# No vendor's response comes near it, and reading that many takes a fifth of a second.
MOST_VALUES = 500_000
# Each value but the first stands behind one of these.
MARKS = (b",", b":", b"[", b"{")


class TooManyValues(ValueError):  # noqa: N818 - says what is wrong with a JSON text
    """A JSON text with so many values that reading it would take too long."""


# json.loads() and dumps() build a coder for each call with settings: 2 to 3 times the work.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def load_json(body: bytes) -> JSON:
    """Read a JSON text.

    Raises:
        TooManyValues: It may hold more than 500,000 values.
        ValueError: The bytes are not UTF-8, not JSON, or nested beyond reading.
    """
    # A shorter text has fewer values; counting takes a thousandth of the time that reading does.
    if len(body) > MOST_VALUES and sum(map(body.count, MARKS)) > MOST_VALUES:
        raise TooManyValues("more than 500,000 values")
    try:
        # Some servers begin with a byte order mark, which isn't part of JSON.
        value: JSON = _DECODER.decode(body.removeprefix(BOM_UTF8).decode("utf-8"))
    except RecursionError:
        value, too_deep = None, True
    else:
        too_deep = False
    if too_deep:
        raise ValueError("nested too deeply")
    return value


def dump_json(value: JSON) -> bytes:
    """Write compact UTF-8, which hashes the same whether or not a server serialises it again.

    Raises:
        ValueError: The value contains something that JSON cannot represent.
        TypeError: The same.
    """
    return _ENCODER.encode(value).encode("utf-8")
