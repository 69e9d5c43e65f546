"""Clocks that move only when somebody sleeps, and connections that answer from a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenkit._model.messages import Request, Response
    from tokenkit._pipeline.effects import AttemptOutcome
    from tokenkit._policy.timeouts import Timeouts


class DrivenTime:
    """Time that stands still until it is moved on."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.slept: list[float] = []

    def time(self) -> float:
        """Return the time of day."""
        return 1_714_445_704.0 + self.elapsed

    def monotonic(self) -> float:
        """Return the monotonic time."""
        return 1000.0 + self.elapsed

    def move(self, seconds: float) -> None:
        """Move on, as a sleep does."""
        self.slept.append(seconds)
        self.elapsed += seconds


class DrivenClock(DrivenTime):
    """The clock of a sync client."""

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.move(seconds)


class AsyncDrivenClock(DrivenTime):
    """The clock of an async client."""

    async def sleep(self, seconds: float) -> None:
        """Move on."""
        self.move(seconds)


class Script:
    """What the connections bring, one after the other; each exchange takes a second."""

    def __init__(self, time: DrivenTime, *script: Response | BaseException) -> None:
        self.time = time
        self.script = list(script)
        self.requests: list[Request] = []
        self.left: list[float] = []
        self.discarded = 0

    def next(self, request: Request, left: float) -> AttemptOutcome:
        """Return or raise what comes next."""
        self.requests.append(request)
        self.left.append(left)
        self.time.elapsed += 1.0
        result = self.script.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result


class ScriptedConnections(Script):
    """Connections of a sync client."""

    def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Return or raise what comes next."""
        del timeouts
        return self.next(request, left)

    def discard(self) -> None:
        """Note it."""
        self.discarded += 1

    def close(self) -> None:
        """Do nothing."""


class AsyncScriptedConnections(Script):
    """Connections of an async client."""

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Return or raise what comes next."""
        del timeouts
        return self.next(request, left)

    async def discard(self) -> None:
        """Note it."""
        self.discarded += 1

    async def aclose(self) -> None:
        """Do nothing."""
