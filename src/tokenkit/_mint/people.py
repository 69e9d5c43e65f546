"""The rows of a table as calls, checked before anything is sent."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import attrs

from ..errors import InvalidInputError
from ..extension import Call
from .models import Model
from .tables import Dialect, Row, TableError, read_rows

__all__ = ["People"]


@attrs.define
class People:
    """A table of people.

    Attributes:
        path: The file.
        kind: Its format.
        dialect: How a CSV file is written.
        model: The vendor's mint.
        request: The vendor's request model.
        renamed: The column of a field, where it has another name.
        constants: The values of fields that are the same in every row.
    """

    path: Path
    kind: str
    dialect: Dialect
    model: Model
    request: type[Call[Any]]
    renamed: Mapping[str, str]
    constants: Mapping[str, str]
    columns: Sequence[str] = ()
    _fields: Mapping[str, str] = attrs.field(factory=dict[str, str])

    def check(self) -> tuple[int, list[str]]:
        """Read the whole table; return the number of rows and what is wrong with some.

        Raises:
            TableError: It cannot be read, or lacks a column that an option names.
        """
        count, problems = 0, list[str]()
        for count, row in enumerate(read_rows(self.path, self.kind, self.dialect), 1):
            if not self.columns:
                self._find_columns(row)
            try:
                self._call(row)
            except InvalidInputError as error:
                problems.extend(f"row {count}: {problem}" for problem in error.errors)
            except ValueError as error:
                problems.append(f"row {count}: {error}")
        if not count:
            raise TableError(f"{self.path}: has no rows")
        return count, problems

    def __iter__(self) -> Iterator[tuple[Row, Call[Any]]]:
        """Yield each row with its call."""
        for row in read_rows(self.path, self.kind, self.dialect):
            yield row, self._call(row)

    def _find_columns(self, row: Row) -> None:
        self.columns = tuple(row)
        by_name = {_squeezed(name): name for name in reversed(self.columns)}
        found = {
            field: by_name[_squeezed(field)]
            for field in self.model.columns
            if _squeezed(field) in by_name and field not in self.constants
        }
        for field, column in self.renamed.items():
            if column not in self.columns:
                raise TableError(f"{self.path}: has no column {column!r} for {field}")
            found[field] = column
        self._fields = found

    def _call(self, row: Row) -> Call[Any]:
        cells = {field: row.get(column) for field, column in self._fields.items()}
        cells.update(self.constants)
        values: dict[str, Any] = {}
        for field, cell in cells.items():
            text = _text(cell)
            if text:
                try:
                    values[field] = self.model.columns[field](text)
                except ValueError as error:
                    raise ValueError(f"{field}: {error}, not {text!r:.60}") from None
        missing = [
            field.name
            for field in attrs.fields(self.request)
            if field.default is attrs.NOTHING and field.name not in values
        ]
        if missing:
            name = missing[0]
            raise ValueError(
                f"{name}: is missing: add a column {name!r}, or pass --column {name}=COLUMN"
            )
        return self.request(**values)


def _squeezed(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _text(cell: object) -> str:
    if isinstance(cell, (list, tuple)):
        items = cast("Sequence[object]", cell)
        return ";".join(str(item) for item in items)
    return "" if cell is None else str(cell).strip()
