"""The connections of a client whose vendor has several hosts, separate for each origin."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from .._model.messages import Request
from .._pipeline.drivers import AsyncConnections, Connections
from .._pipeline.effects import AttemptOutcome
from .._policy.timeouts import Timeouts

__all__ = ["connect_all", "connect_all_async"]

C = TypeVar("C")


class OriginConnections:
    """Connections by origin; a request to any other origin is a mistake, and is not sent."""

    def __init__(self, by_origin: Mapping[str, Connections]) -> None:
        self._by_origin = by_origin

    def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the response, in ``left`` seconds."""
        return self._by_origin[request.origin].send(request, timeouts, left)

    def discard(self) -> None:
        """Close the pooled connections: one may hold another request's response."""
        for connections in self._by_origin.values():
            connections.discard()

    def close(self) -> None:
        """Close what is open."""
        for connections in self._by_origin.values():
            connections.close()


class AsyncOriginConnections:
    """Connections by origin; a request to any other origin is a mistake, and is not sent."""

    def __init__(self, by_origin: Mapping[str, AsyncConnections]) -> None:
        self._by_origin = by_origin

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the response, in ``left`` seconds."""
        return await self._by_origin[request.origin].send(request, timeouts, left)

    async def discard(self) -> None:
        """Close the pooled connections: one may hold another request's response."""
        for connections in self._by_origin.values():
            await connections.discard()

    async def aclose(self) -> None:
        """Close what is open; what a cancellation leaves open, a second call closes."""
        for connections in self._by_origin.values():
            await connections.aclose()


def _opened(origins: Collection[str], open_one: Callable[[str], C]) -> dict[str, C]:
    return {origin: open_one(origin) for origin in sorted(set(origins))}


def connect_all(origins: Collection[str], open_one: Callable[[str], Connections]) -> Connections:
    """Open the connections of each origin; nothing is connected before the first call."""
    opened = _opened(origins, open_one)
    return OriginConnections(opened) if len(opened) > 1 else next(iter(opened.values()))


def connect_all_async(
    origins: Collection[str], open_one: Callable[[str], AsyncConnections]
) -> AsyncConnections:
    """Open the connections of each origin; nothing is connected before the first call."""
    opened = _opened(origins, open_one)
    return AsyncOriginConnections(opened) if len(opened) > 1 else next(iter(opened.values()))
