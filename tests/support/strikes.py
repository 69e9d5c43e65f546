"""Exceptions that strike in the midst of the code under test, as a signal handler's may."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

from tokenkit._http.progress import PROGRESS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def frames_of(error: BaseException | None) -> str:
    """Write out the local variables of all frames of an exception and its causes."""
    found: list[str] = []
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            if "tokenkit" in trace.tb_frame.f_code.co_filename:
                found += [repr(value) for value in trace.tb_frame.f_locals.values()]
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
    return "".join(found)


class NthLine:
    """Chooses the n-th line that it is asked about."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.seen = 0

    def __call__(self, _: FrameType) -> bool:
        self.seen += 1
        return self.seen == self._number

    @property
    def was_reached(self) -> bool:
        return self.seen >= self._number


class Strike:
    """Raises an exception once, at a line of some frames.

    Args:
        error: The class of the exception.
        inside: Whether a frame's lines count.
        is_place: Whether to strike at such a frame's current line.
    """

    def __init__(
        self,
        error: type[BaseException],
        inside: Callable[[FrameType], bool],
        is_place: Callable[[FrameType], bool],
    ) -> None:
        self._error = error
        self._inside = inside
        self._is_place = is_place

    def __enter__(self) -> None:
        self._previous = sys.gettrace()  # that of a measurement of coverage
        # What was struck right before it would have been reset must not last.
        self._progress = PROGRESS.set(cast("Any", None))
        sys.settrace(self._trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._previous)
        PROGRESS.reset(self._progress)

    def _trace(self, frame: FrameType, event: str, _: object) -> Any:
        if not self._inside(frame):
            return None
        if event == "line" and self._is_place(frame):
            sys.settrace(None)
            raise self._error
        return self._trace
