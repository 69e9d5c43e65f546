"""Tables in files: CSV, JSON lines and Parquet."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import attrs

__all__ = [
    "FORMATS",
    "Dialect",
    "Row",
    "TableError",
    "dialect_of",
    "format_of",
    "import_pyarrow",
    "read_rows",
    "write_row",
]

Row = Mapping[str, Any]
"""A row by column; cells are text, or what JSON holds."""

FORMATS = (".csv", ".jsonl", ".parquet")
BOM = "\ufeff"


class TableError(Exception):
    """A table that cannot be read or written; the message says why."""


@attrs.frozen
class Dialect:
    """How a CSV file is written.

    Attributes:
        delimiter: What separates cells.
        bom: Whether it begins with a byte order mark, as Excel's do.
    """

    delimiter: str = ","
    bom: bool = False


def format_of(path: Path) -> str:
    """Return a file's format.

    Raises:
        TableError: Its name doesn't end like a format's.
    """
    if path.suffix.lower() not in FORMATS:
        raise TableError(f"{path}: must end with {', '.join(FORMATS)}")
    return path.suffix.lower()


def dialect_of(path: Path) -> Dialect:
    """Find out how a CSV file is written, by its first line."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            head = file.readline()
    except UnicodeDecodeError:
        raise TableError(f"{path}: must be UTF-8; in Excel save as 'CSV UTF-8'") from None
    delimiter = max(",;\t", key=head.count)
    return Dialect(delimiter, head.startswith(BOM))


def read_rows(path: Path, kind: str, dialect: Dialect) -> Iterator[dict[str, Any]]:
    """Read a table's rows.

    Raises:
        TableError: It cannot be read.
    """
    if kind == ".parquet":
        yield from _parquet_rows(path)
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            yield from _csv_rows(file, dialect) if kind == ".csv" else _json_rows(file)
        except UnicodeDecodeError:
            raise TableError(f"{path}: must be UTF-8; in Excel save as 'CSV UTF-8'") from None
        except (csv.Error, ValueError) as error:
            raise TableError(f"{path}: {error}") from None


def _csv_rows(file: TextIO, dialect: Dialect) -> Iterator[dict[str, Any]]:
    reader = csv.reader(file, delimiter=dialect.delimiter)
    names = [name.strip() for name in next(reader, list[str]())]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"has the column {twice[0]!r} twice")
    for cells in reader:
        if cells:
            if len(cells) != len(names):
                raise ValueError(
                    f"line {reader.line_num}: has {len(cells)} cells for {len(names)} columns"
                )
            yield dict(zip(names, cells, strict=True))


def _json_rows(file: TextIO) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise ValueError(f"line {number}: must be a JSON object")
            yield row


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    parquet = import_pyarrow()
    try:
        for batch in parquet.ParquetFile(path).iter_batches(batch_size=1000):
            yield from batch.to_pylist()
    except (OSError, ValueError) as error:
        raise TableError(f"{path}: {error}") from None


def import_pyarrow(name: str = "pyarrow.parquet") -> Any:
    """Return a module of pyarrow's, by default the one for Parquet.

    Raises:
        TableError: pyarrow is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise TableError("Parquet files need pyarrow: python -m pip install pyarrow") from None


def write_row(file: TextIO, row: Row, columns: Sequence[str], kind: str, dialect: Dialect) -> None:
    """Write a row to a CSV file or, for the other formats, as a JSON line."""
    if kind == ".csv":
        writer = csv.writer(file, delimiter=dialect.delimiter, lineterminator="\n")
        writer.writerow(["" if row[name] is None else row[name] for name in columns])
    else:
        file.write(
            json.dumps({name: row[name] for name in columns}, ensure_ascii=False, default=str)
            + "\n"
        )
