"""The sandbox's clock: wall time, ahead by what the run and the request ask for."""

import contextlib
from collections.abc import Callable, Generator
from contextvars import ContextVar

import attrs

_ahead_in_request: ContextVar[float] = ContextVar("ahead_in_request", default=0.0)


@attrs.frozen
class Clock:
    """Tell the time in seconds since the epoch."""

    wall: Callable[[], float]
    ahead: float = 0.0

    def __call__(self) -> float:
        """Return the time as the request in hand sees it."""
        return self.steady() + _ahead_in_request.get()

    def steady(self) -> float:
        """Return the time of the run, whatever request is in hand."""
        return self.wall() + self.ahead

    @contextlib.contextmanager
    def ahead_by(self, seconds: float) -> Generator[None]:
        """Skew the clock for the request in hand, which has a task of its own."""
        token = _ahead_in_request.set(seconds)
        try:
            yield
        finally:
            _ahead_in_request.reset(token)
