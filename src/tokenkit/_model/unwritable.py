"""Find the value that JSON can't hold, to name it in an error."""

import math
from collections.abc import Iterator

import attrs

from .data_errors import DATA_ERRORS, raise_what_struck
from .json import dump_json, is_list, is_mapping, is_tuple, quoted, type_of

__all__ = ["json_problem"]

DEEPEST, LONGEST_NAME = 50, 50


def _is_writable(value: object) -> bool:
    """Return whether a value can be written as JSON."""
    try:
        dump_json(value)  # type: ignore[arg-type] # that is the question
    except DATA_ERRORS as error:
        raise_what_struck(error)
        return False
    return True


def json_problem(value: object) -> tuple[str, str] | None:
    """Return the field with the first value that JSON can't hold, and what is wrong with it.

    Args:
        value: A JSON value, or a model, whose containers are looked through.
    """
    found = _find(value, "", 0)
    if found is None:
        return None
    path, kind = found
    field = path.replace("[", ".").partition(".")[0]
    inner = path[len(field) :].removeprefix(".")
    return field, f"must be JSON, {f'but {inner!r} is' if inner else 'not'} {kind}"


def _find(value: object, path: str, depth: int) -> tuple[str, str] | None:
    if _is_writable(value):
        return None
    if depth > DEEPEST:
        return f"{path:.{LONGEST_NAME}}...", "nested too deeply, or contains itself"
    for name, part in _parts(value, path):
        if (found := _find(part, name, depth + 1)) is not None:
            return found
    if is_mapping(value) and not all(isinstance(name, str) for name in value):
        return path, "a mapping with a key that is not a string"
    return None if _holds_parts(value) else (path, _described(value))


def _parts(value: object, path: str) -> Iterator[tuple[str, object]]:
    if is_mapping(value):
        yield from ((_joined(path, name), part) for name, part in value.items())
    elif is_list(value) or is_tuple(value):
        yield from ((f"{path}[{position}]", part) for position, part in enumerate(value))
    elif attrs.has(kind := type(value)):
        for name in attrs.fields_dict(kind):
            part = getattr(value, name, None)
            if _holds_parts(part):
                yield _joined(path, name), part


def _holds_parts(value: object) -> bool:
    return is_mapping(value) or is_list(value) or is_tuple(value) or attrs.has(type(value))


def _joined(path: str, name: object) -> str:
    if not isinstance(name, str) or not name.isidentifier() or len(name) > LONGEST_NAME:
        return f"{path}[{quoted(name)}]"
    return f"{path}.{name}" if path else name


def _described(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"{'NaN' if math.isnan(value) else 'infinity'}, which JSON can't express"
    if isinstance(value, type):
        return type_of(value)
    if isinstance(value, str):
        return "a string with lone surrogates"
    return f"an object of type {type_of(value)}"
