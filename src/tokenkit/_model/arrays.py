"""Read the arrays of a response, at a bounded cost."""

from collections.abc import Callable
from typing import Any, get_args, get_origin

from cattrs import (
    BaseValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
    StructureHandlerNotFoundError,
)

from .json import Mismatch, is_list, kind_of

__all__ = ["CATTRS_ERRORS", "array_hook", "is_array"]

CATTRS_ERRORS = (BaseValidationError, ForbiddenExtraKeysError, StructureHandlerNotFoundError)

# No vendor's page has as many, and reading that many objects takes a quarter of a second.
MOST_ITEMS = 10_000


def is_array(annotation: object) -> bool:
    """Return whether an annotation is ``list[T]`` or ``tuple[T, ...]``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    return origin is list or (origin is tuple and arguments[1:] == (...,))


def array_hook(annotation: Any, converter: Converter) -> Callable[[object, object], Any]:
    """Make the function that reads an array, up to the first item that can't be read.

    cattrs' own reads on and collects every item's error, though only one is reported.

    Args:
        annotation: What it is read as.
        converter: Reads its items.
    """
    item, collection = get_args(annotation)[0], get_origin(annotation)
    read: Callable[[object, object], object] = converter.get_structure_hook(item)
    is_explaining = converter.detailed_validation

    def read_array(value: object, _: object) -> Any:
        if not is_list(value):
            raise Mismatch(f"expected an array, found {kind_of(value)}")
        if len(value) > MOST_ITEMS:
            raise Mismatch(f"expected at most {MOST_ITEMS:,} items, found {len(value):,}")
        items: list[object] = []
        try:
            for one in value:
                items.append(read(one, item))  # noqa: PERF401 - it says how far it came
        except Exception as error:
            if is_explaining:
                raise _at(len(items), error, item) from None
            raise
        return collection(items)

    return read_array


def _at(index: int, error: Exception, item: Any) -> IterableValidationError:
    """Say which item an error is about, as cattrs does."""
    note = IterableValidationNote(f"at index {index}", index, item)
    vars(error)["__notes__"] = [*getattr(error, "__notes__", ()), note]
    return IterableValidationError("an item cannot be read", [error], list)
