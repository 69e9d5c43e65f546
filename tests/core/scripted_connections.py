"""Connections with scripted responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenkit._model.messages import Request, Response
    from tokenkit._pipeline.effects import AttemptOutcome
    from tokenkit._policy.timeouts import Timeouts
    from tokenkit.testing import FrozenClock


class Script:
    """The connections' results, one after the other; each exchange takes a second."""

    def __init__(self, clock: FrozenClock, *script: Response | BaseException) -> None:
        self.clock = clock
        self.script = list(script)
        self.requests: list[Request] = []
        self.left: list[float] = []
        self.discarded = 0

    def next(self, request: Request, left: float) -> AttemptOutcome:
        """Return or raise what comes next."""
        self.requests.append(request)
        self.left.append(left)
        self.clock.advance(1.0)
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
        """Record it."""
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
        """Record it."""
        self.discarded += 1

    async def aclose(self) -> None:
        """Do nothing."""
