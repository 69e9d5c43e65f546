"""Connections that record what was received, for a caller who only gets a token."""

from contextvars import ContextVar
from typing import Any

from .._model.call import Reply
from .._model.messages import Headers, Request, Response
from .._pipeline.drivers import AsyncConnections, Connections
from .._pipeline.effects import AttemptOutcome
from .._policy.timeouts import Timeouts

__all__ = ["AsyncTappedConnections", "Tap", "TappedConnections"]

OK = 200


class Tap:
    """The headers of the last response, separate for each thread and task."""

    def __init__(self) -> None:
        self._seen: ContextVar[Headers | None] = ContextVar("seen", default=None)

    def note(self, outcome: AttemptOutcome) -> AttemptOutcome:
        """Record an outcome and return it."""
        self._seen.set(outcome.headers if isinstance(outcome, Response) else Headers())
        return outcome

    def reply(self, token: Any) -> Reply[Any]:
        """Return a token as a reply, with no attempt if it was kept."""
        headers = self._seen.get()
        self._seen.set(None)
        return Reply(
            value=token,
            status=OK,
            headers=headers or Headers(),
            request_id=None,
            attempts=0 if headers is None else 1,
        )


class TappedConnections:
    """A sync client's connections, with a tap."""

    def __init__(self, connections: Connections, tap: Tap) -> None:
        self._connections = connections
        self._tap = tap

    def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the response, in ``left`` seconds."""
        return self._tap.note(self._connections.send(request, timeouts, left))

    def discard(self) -> None:
        """Close the pooled connections."""
        self._connections.discard()

    def close(self) -> None:
        """Close what is open."""
        self._connections.close()


class AsyncTappedConnections:
    """An async client's connections, with a tap."""

    def __init__(self, connections: AsyncConnections, tap: Tap) -> None:
        self._connections = connections
        self._tap = tap

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the response, in ``left`` seconds."""
        return self._tap.note(await self._connections.send(request, timeouts, left))

    async def discard(self) -> None:
        """Close the pooled connections."""
        await self._connections.discard()

    async def aclose(self) -> None:
        """Close what is open."""
        await self._connections.aclose()
