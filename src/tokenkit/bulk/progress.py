"""Reports how far a run has come."""

import math
import warnings
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import attrs

from ..errors import ConfigurationError
from .results import Counts

__all__ = ["Meter", "Progress", "ProgressReporter", "progress_bar"]

# Seconds between two reports; the first and the last always come.
REPORT_EVERY = 0.1


@attrs.frozen(kw_only=True)
class Progress:
    """One report on a bulk run: how much is done, how fast, and how long the rest will take.

    Attributes:
        done: Calls that have their result, failed ones included.
        failed: How many of these failed.
        skipped: Calls that an earlier run with the same journal had done.
        total: All calls; ``None`` if the input has no length.
        per_second: Calls done a second since the start.
        left: Seconds left at this rate; ``None`` if that is unknown.
        waiting: Seconds until the vendor's rate limit lets the run continue; 0 if it doesn't wait.
        ended: Whether this is the last report.
    """

    done: int
    failed: int
    skipped: int
    total: int | None
    per_second: float
    left: float | None
    waiting: float = 0.0
    ended: bool = False


ProgressReporter: TypeAlias = Callable[[Progress], object]
"""A function that is told how far a run has come."""


class Meter:
    """Reports how far a run has come, but not too often.

    Args:
        report: The reporter.
        counts: The run's counts.
        total: How many calls there are, if that is known.
        now: The monotonic time of the start.
    """

    def __init__(
        self, report: ProgressReporter, counts: Counts, total: int | None, now: float
    ) -> None:
        self._report = report
        self._counts = counts
        self._total = total
        self._began = now
        self._next_at = -math.inf

    def update(self, now: float, waiting: float = 0.0) -> None:
        """Report, unless the last report is too recent."""
        if now >= self._next_at:
            self._next_at = now + REPORT_EVERY
            self._report(self._progress(now, waiting, ended=False))

    def end(self, now: float) -> None:
        """Report the end."""
        self._report(self._progress(now, 0.0, ended=True))

    def _progress(self, now: float, waiting: float, *, ended: bool) -> Progress:
        counts = self._counts
        done = counts.succeeded + counts.failed
        # A wait that has begun counts as a whole: a window's rate is that of the window.
        elapsed = now - self._began + waiting
        rate = done / elapsed if elapsed > 0 else 0.0
        left = None
        if self._total is not None:
            open_calls = max(0, self._total - done - counts.skipped)
            left = open_calls / rate if rate else (None if open_calls else 0.0)
        return Progress(
            done=done,
            failed=counts.failed,
            skipped=counts.skipped,
            total=self._total,
            per_second=rate,
            left=left,
            waiting=waiting,
            ended=ended,
        )


class _Bar(Protocol):
    """The part of a tqdm bar that is used."""

    n: Any

    def set_postfix_str(self, s: str, refresh: bool) -> Any: ...  # noqa: FBT001 - tqdm's interface

    def refresh(self) -> Any: ...

    def close(self) -> Any: ...


def progress_bar(total: int | None) -> ProgressReporter:
    """Return a reporter that shows a tqdm bar, in a terminal or a notebook.

    Args:
        total: How many calls there are, if that is known.

    Raises:
        ConfigurationError: tqdm is not installed.
    """
    try:
        # A notebook without ipywidgets gets tqdm's text bar, and needs no warning for it.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm  # noqa: PLC0415 - an extra

            bar: _Bar = tqdm(total=total, unit="call")
    except ModuleNotFoundError:
        problem = (
            "progress=True needs tqdm: python -m pip install 'tokenkit-sdk[progress]', or pass a "
            "function that takes a Progress"
        )
    else:
        return _reporter(bar)
    raise ConfigurationError(problem)


def _reporter(bar: _Bar) -> ProgressReporter:
    def show(progress: Progress) -> None:
        notes = [f"{progress.failed} failed"] if progress.failed else []
        if progress.waiting:
            notes.append(f"waiting {math.ceil(progress.waiting)} s for the rate limit")
        bar.n = progress.done + progress.skipped
        bar.set_postfix_str(", ".join(notes), refresh=False)
        bar.refresh()
        if progress.ended:
            bar.close()

    return show
