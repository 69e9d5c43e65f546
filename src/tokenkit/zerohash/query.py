"""GET requests whose fields are the query, which is part of the signed route."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import ClassVar, Generic, TypeVar
from urllib.parse import quote

import attrs

from ..errors import FieldError
from ..extension import (
    JSON,
    Call,
    Check,
    aware_datetime,
    extra_of,
    text,
    type_of,
    write_model,
)

__all__ = [
    "QueryCall",
    "boolean",
    "epoch_second",
    "instant_since_1970",
    "path_segment",
    "whole_number",
]

T_co = TypeVar("T_co", covariant=True)


EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def epoch_second(value: datetime) -> JSON:
    """Write an instant as whole seconds since 1970."""
    return (value - EPOCH) // timedelta(seconds=1)


def instant_since_1970(value: object) -> str | None:
    """Check for a datetime with a time zone, from 1970 on."""
    problem = aware_datetime(value)
    if problem is None and isinstance(value, datetime) and value < EPOCH:
        return "must not be before 1970"
    return problem


def whole_number(*, at_most: int | None = None) -> Check:
    """Check for a whole number from 1 on."""

    def check(value: object) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return f"must be a whole number, not {type_of(value)}"
        if value < 1:
            return f"must be at least 1, not {value}"
        if at_most is not None and value > at_most:
            return f"must be at most {at_most}, not {value}"
        return None

    return check


def boolean(value: object) -> str | None:
    """Check for True or False."""
    return None if isinstance(value, bool) else f"must be True or False, not {type_of(value)}"


def path_segment(value: object) -> str | None:
    """Check for a string that can be one segment of a path."""
    problem = text()(value)
    return "must not be '.' or '..'" if problem is None and value in (".", "..") else problem


def _parameter_problem(value: JSON) -> str | None:
    if isinstance(value, int):
        return None
    if isinstance(value, str):
        return text(min_length=0)(value)
    return f"must be a string, a whole number or a boolean, not {type_of(value)}"


def _query_text(value: JSON) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(str(value), safe="")


@attrs.frozen(kw_only=True)
class QueryCall(Call[T_co], Generic[T_co]):
    """A GET request whose fields are its query."""

    method: ClassVar[str] = "GET"

    def check(self) -> Iterator[FieldError]:
        """Check that each parameter in ``extra`` can be written in a query."""
        for name, value in extra_of(self).items():
            if (problem := text()(name)) is not None:
                yield FieldError(field="extra", message=f"the name {name!r:.100} {problem}")
            elif (problem := _parameter_problem(value)) is not None:
                yield FieldError(field="extra", message=f"{name!r:.100} {problem}")

    @property
    def request_line(self) -> tuple[str, str]:
        """The method, and the path with the query."""
        pairs = write_model(self).items()
        query = "&".join(f"{quote(name, safe='')}={_query_text(value)}" for name, value in pairs)
        return self.method, f"{self.path}?{query}" if query else self.path
