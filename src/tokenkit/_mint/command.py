"""The command: reads a table, mints, writes the result, and reports."""

import argparse
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import attrs

from ..bulk import Counts, Result, as_rows
from ..bulk.options import Settings
from ..errors import ConfigurationError
from ..extension import Call
from .models import MODELS
from .output import Output
from .people import People
from .progress import progress_to
from .tables import Dialect, Row, TableError, dialect_of, format_of, import_pyarrow

__all__ = ["run_mint"]

PACE = ("share", "concurrency", "batch_size")
OUTCOME = ("error", "message", "status", "request_id")
SHOWN_PROBLEMS = 20
INTERRUPTED = 130


def run_mint(options: argparse.Namespace, out: TextIO | None = None) -> int:
    """Run the command; return the exit code.

    Args:
        options: What was given; see :func:`add_mint_options`.
        out: Where messages go. Default: stderr.
    """
    told: TextIO = sys.stderr if out is None else out
    try:
        return _run(options, told)
    except (TableError, ConfigurationError) as error:
        told.write(f"{error}\n")
    except OSError as error:
        told.write(f"{error.filename}: {error.strerror}\n")
    return 2


def _run(options: argparse.Namespace, out: TextIO) -> int:
    _check_options(options)
    model = MODELS[options.vendor]
    vendor: Any = import_module(f"..{options.vendor}", __package__)
    kind, target_kind = format_of(options.source), format_of(options.target)
    if ".parquet" in (kind, target_kind):
        import_pyarrow()
    dialect = dialect_of(options.source) if kind == ".csv" else Dialect()
    people = People(
        options.source,
        kind,
        dialect,
        model,
        getattr(vendor, model.request),
        _known(options, options.column),
        _known(options, options.constants),
    )
    total, problems = people.check()
    if problems:
        _tell_problems(problems, options.source, out)
        return 2
    columns = _columns(people.columns, model.told, options.source)
    _check_target(options.target, options.journal)
    # The client comes first: without credentials nothing is written.
    with (
        getattr(vendor, model.client).from_env() as client,
        Output(options.target, target_kind, dialect, people.columns, columns) as output,
    ):
        run = _Run(options, people, output, columns, out)
        try:
            counts = run.mint(client, total)
        except KeyboardInterrupt:
            how = "run the same command again to continue"
            if options.journal is None:
                how = "with --journal, a run can be continued"
            out.write(f"\nInterrupted: {run.written} of {total} rows have their token; {how}\n")
            return INTERRUPTED
        output.finish()
    return _tell_end(counts, run, total, options.target, out)


def _check_options(options: argparse.Namespace) -> None:
    if options.allow_payments and options.journal is None:
        raise TableError("--allow-payments needs --journal, so that no payment is sent twice")
    try:
        Settings.parse({name: getattr(options, name) for name in PACE})
    except ConfigurationError as error:
        parts = [problem.partition(" ") for problem in error.problems]
        flags = [f"--{name.replace('_', '-')} {problem}" for name, _, problem in parts]
        raise TableError("\n".join(flags)) from None


def _known(options: argparse.Namespace, pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    columns = MODELS[options.vendor].columns
    for field, _ in pairs:
        if field not in columns:
            names = ", ".join(columns)
            raise TableError(f"{options.vendor} has no field {field!r}; it has {names}")
    return dict(pairs)


def _columns(inputs: Sequence[str], told: Sequence[str], source: Path) -> Sequence[str]:
    added = ("ok", "token", "expires_at", *told, *OUTCOME)
    taken = [name for name in added if name in inputs]
    if taken:
        raise TableError(f"{source}: the column {taken[0]!r} is also in the result: rename it")
    return (*inputs, *added)


def _check_target(target: Path, journal: Path | None) -> None:
    """Refuse to overwrite an unrelated file, and to continue a run whose result is missing."""
    going_on = journal is not None and journal.exists()
    if going_on and not target.exists():
        raise TableError(
            f"{journal} belongs to a run whose result {target} is gone: restore it, or delete the "
            "journal to mint again"
        )
    if target.exists() and not going_on:
        raise TableError(
            f"{target} exists: choose another file for --to, or pass the --journal of the run "
            "that wrote it to continue"
        )


@attrs.frozen
class _Calls:
    """The calls of the rows that have no token yet; as many as ``count``."""

    run: "_Run"
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Call[Any]]:
        return self.run.calls()


@attrs.define
class _Run:
    """A run of the command.

    Attributes:
        options: What was given.
        people: The table.
        output: The result.
        columns: The result's columns.
        out: Where messages go.
        written: Rows whose token is in the result.
        lost: Rows that are done in the journal but missing from the result.
    """

    options: argparse.Namespace
    people: People
    output: Output
    columns: Sequence[str]
    out: TextIO
    written: int = 0
    lost: int = 0
    _under_way: deque[Row] = attrs.field(factory=deque[Row])
    _first: int = 0

    def mint(self, client: Any, total: int) -> Counts:
        """Mint the missing tokens and write them."""
        options = self.options
        # The journal is opened first: a result is made only by a run that begins.
        with client.send_many(
            _Calls(self, total),
            ordered=True,
            concurrency=options.concurrency,
            share=options.share,
            batch_size=options.batch_size,
            journal=options.journal,
            allow_payments=options.allow_payments,
            progress=progress_to(self.out, quiet=options.quiet),
        ) as results:
            self.written = self.output.begin()
            if self.written:
                self.out.write(f"{self.written} of {total} rows have their token already\n")
            for result in results:
                self.output.add(self._row(result))
                self.written += result.ok
            counts: Counts = results.counts
        self.lost += len(self._under_way)
        return counts

    def calls(self) -> Iterator[Call[Any]]:
        """Yield the calls of the rows that have no token yet."""
        for row, call in self.people:
            if not self.output.has(row):
                self._under_way.append(row)
                yield call

    def _row(self, result: Result[Any]) -> Row:
        while self._first < result.index:  # the journal has skipped these
            self._under_way.popleft()
            self._first += 1
            self.lost += 1
        self._first += 1
        row = self._under_way.popleft()
        (told,) = as_rows([result], include_tokens=True)
        return {name: row[name] if name in row else told.get(name) for name in self.columns}


def _tell_problems(problems: Sequence[str], source: Path, out: TextIO) -> None:
    out.write(f"{source}: nothing was sent, because {len(problems)} things need fixing:\n")
    out.writelines(f"  {problem}\n" for problem in problems[:SHOWN_PROBLEMS])
    if len(problems) > SHOWN_PROBLEMS:
        out.write(f"  and {len(problems) - SHOWN_PROBLEMS} more\n")


def _tell_end(counts: Counts, run: _Run, total: int, target: Path, out: TextIO) -> int:
    out.write(f"{run.written} of {total} rows have their token in {target}\n")
    if counts.failed:
        out.write(f"{counts.failed} failed: see the columns error and message\n")
    if run.lost:
        out.write(
            f"{run.lost} were delivered by an earlier run and are not in the file: delete the "
            "journal to mint them again\n"
        )
    return 1 if counts.failed or run.lost else 0
