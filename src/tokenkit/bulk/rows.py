"""Results as plain rows, for tables and files."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias, cast

import attrs

from .._model.token import IssuedToken
from .._policy.values import refuse, switch_problem
from ..errors import APIError
from .results import Result, Success

__all__ = ["Cell", "as_rows"]

Cell: TypeAlias = str | int | float | bool | None
"""What a row holds: what JSON, CSV and every table can take."""

CELLS = (str, int, float, bool)
WRITTEN = (datetime, timedelta, Decimal)


def as_rows(
    results: Iterable[Result[Any]], *, include_tokens: bool = False
) -> list[dict[str, Cell]]:
    """Return results as plain dicts, all with the same columns.

    The columns are ``index``, ``ok``, the call's fields, what else the value says (such as
    Strigo's ``user_id`` or zerohash's ``payment_id``), ``expires_at``, and for failures ``error``
    (the class), ``message``, ``status`` and ``request_id``. Times are ISO 8601 text, lists are
    joined by ``;``. Fields that hold objects or tokens are left out.

    For more results than fit into memory, take them in chunks with ``itertools.islice`` or
    ``itertools.batched``.

    Args:
        results: Results of a bulk run.
        include_tokens: Whether to add the column ``token``. The rows then hold secrets: be careful
            where they go.

    Raises:
        ConfigurationError: ``include_tokens`` is neither ``True`` nor ``False``.
    """
    refuse("as_rows()", {"include_tokens": switch_problem(include_tokens)})
    rows = [_row(result, include_tokens=include_tokens) for result in results]
    columns = {name: None for row in rows for name in row}
    return [{name: row.get(name) for name in columns} for row in rows]


def _row(result: Result[Any], *, include_tokens: bool) -> dict[str, Cell]:
    row: dict[str, Cell] = {"index": result.index, "ok": result.ok}
    row.update(_fields(result.call))
    outcome: dict[str, Cell] = dict.fromkeys(("error", "message", "status", "request_id"))
    expires_at: datetime | None = None
    token: str | None = None
    if isinstance(result, Success):
        value: object = result.value
        if isinstance(value, IssuedToken):
            row.update((name, cell) for name, cell in _fields(value) if name not in row)
            expires_at, token = value.expires_at, value.token
    else:
        error = result.error
        outcome["error"], outcome["message"] = type(error).__name__, str(error)
        if isinstance(error, APIError):
            outcome["status"], outcome["request_id"] = error.status, error.request_id
    row["expires_at"] = _cell(expires_at)
    row.update(outcome)
    if include_tokens:
        row["token"] = token
    return row


def _fields(model: object) -> Iterator[tuple[str, Cell]]:
    """Yield the fields that are shown and fit into a cell."""
    cls: Any = type(model)
    for field in attrs.fields(cls):
        # A field that the repr leaves out may be a token.
        if field.repr and field.name != "extra":
            value = getattr(model, field.name)
            if value is None or isinstance(value, (*CELLS, *WRITTEN, tuple)):
                yield field.name, _cell(value)


def _cell(value: Any) -> Cell:
    if isinstance(value, Enum):
        return _cell(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        return ";".join(str(_cell(item)) for item in items)
    return str(value) if isinstance(value, Decimal) else value
