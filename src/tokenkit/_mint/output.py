"""The file with the tokens: private, whole rows only, continued if it exists."""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from typing_extensions import Self

from .tables import BOM, Dialect, Row, TableError, import_pyarrow, read_rows, write_row

__all__ = ["Output"]

PARQUET_MAGIC = b"PAR1"
IN_A_CHUNK = 1000


class Output:
    """The file that a run writes row by row, each fully on disk before the next.

    During the run a Parquet file holds JSON lines; at the end it is converted.

    Args:
        path: The file.
        kind: Its format.
        dialect: How a CSV file is written.
        inputs: The columns of the table that was read.
        columns: All columns, in order.
    """

    def __init__(
        self,
        path: Path,
        kind: str,
        dialect: Dialect,
        inputs: Sequence[str],
        columns: Sequence[str],
    ) -> None:
        self._path = path
        self._kind = kind
        self._dialect = dialect
        self._inputs = inputs
        self._columns = columns
        self._written: Counter[bytes] = Counter()
        self._files: list[TextIO] = []

    def begin(self) -> int:
        """Create the file, or continue it; return how many rows it holds.

        Failed rows are dropped, because they are tried again, and so is a truncated row.

        Raises:
            TableError: It contains another table.
        """
        rows = self._earlier_rows() if self._path.exists() else iter(())
        new = self._path.with_name(f"{self._path.name}.new")
        new.unlink(missing_ok=True)
        with _private(new) as file:
            if self._kind == ".csv":
                file.write(BOM if self._dialect.bom else "")
                head = dict(zip(self._columns, self._columns, strict=True))
                write_row(file, head, self._columns, self._kind, self._dialect)
            for row in rows:
                self._written[self._digest(row)] += 1
                write_row(file, row, self._columns, self._kind, self._dialect)
        new.replace(self._path)
        self._files.append(self._path.open("a", encoding="utf-8", newline=""))
        return sum(self._written.values())

    def has(self, row: Row) -> bool:
        """Return whether the file has a row's token, once for each time that it has."""
        digest = self._digest(row)
        if not self._written[digest]:
            return False
        self._written[digest] -= 1
        return True

    def add(self, row: Row) -> None:
        """Write a row."""
        file = self._files[-1]
        write_row(file, row, self._columns, self._kind, self._dialect)
        file.flush()

    def finish(self) -> None:
        """Convert the file to the format that its name says."""
        self.close()
        if self._kind != ".parquet":
            return
        parquet, pa = import_pyarrow(), import_pyarrow("pyarrow")
        new = self._path.with_name(f"{self._path.name}.new")
        new.unlink(missing_ok=True)
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        schema = pa.schema(
            [
                (name, {"ok": pa.bool_(), "status": pa.int64()}.get(name, pa.string()))
                for name in self._columns
            ]
        )
        with parquet.ParquetWriter(new, schema) as writer:
            for rows in _chunks(read_rows(self._path, ".jsonl", self._dialect)):
                texts = [{name: _arrow_cell(name, row[name]) for name in row} for row in rows]
                writer.write_table(pa.Table.from_pylist(texts, schema=schema))
        new.replace(self._path)

    def close(self) -> None:
        """Close the file."""
        for file in self._files:
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _digest(self, row: Row) -> bytes:
        cells = [None if row[name] is None else str(row[name]) for name in self._inputs]
        return sha256(json.dumps(cells).encode()).digest()[:16]

    def _earlier_rows(self) -> Iterator[Row]:
        kind = ".jsonl" if self._kind == ".parquet" else self._kind
        with self._path.open("rb") as file:
            if self._kind == ".parquet" and file.read(4) == PARQUET_MAGIC:
                kind = ".parquet"
        if kind != ".parquet":
            self._check_head(kind)
            _drop_cut_row(self._path, quoted=kind == ".csv")
        for row in read_rows(self._path, kind, self._dialect):
            if list(row) != list(self._columns):
                raise TableError(
                    f"{self._path} contains another table: choose another file for --to"
                )
            if str(row["ok"]) == "True":
                yield row

    def _check_head(self, kind: str) -> None:
        """Check by its head that a file belongs to the run, before it is changed."""
        with self._path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
        if kind == ".csv":
            cells = next(csv.reader([head], delimiter=self._dialect.delimiter), list[str]())
            is_ours = cells == list(self._columns)
        else:
            is_ours = not head or head.startswith(f"{{{json.dumps(self._columns[0])}: ")
        if not is_ours:
            raise TableError(f"{self._path} contains another table: choose another file for --to")


def _drop_cut_row(path: Path, *, quoted: bool) -> None:
    """Cut a file after its last whole row: its process may have been killed while it wrote."""
    end = position = 0
    open_quote = False
    with path.open("rb") as file:
        for line in file:
            position += len(line)
            if quoted and line.count(b'"') % 2:
                open_quote = not open_quote
            if line.endswith(b"\n") and not open_quote:
                end = position
    os.truncate(path, end)


def _private(path: Path) -> TextIO:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    return os.fdopen(handle, "w", encoding="utf-8", newline="")


def _arrow_cell(name: str, cell: Any) -> Any:
    return cell if cell is None or name in ("ok", "status") else str(cell)


def _chunks(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    taken = iter(rows)
    while chunk := list(islice(taken, IN_A_CHUNK)):
        yield chunk
