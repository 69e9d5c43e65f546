"""Sending requests for sync clients: through the client's own pool, or the caller's objects."""

import os
import queue
import time
from typing import Any
from weakref import ref

from .._model.messages import Request
from .._pipeline.effects import AttemptOutcome
from .._policy.timeouts import LONGEST, Timeouts
from .connection import IdleConnections, PooledConnection, Route
from .family import hide_credentials
from .httpx_adapter import HttpxAdapter, callers_adapter
from .network import DeadlineBackend
from .progress import PROGRESS
from .response import NO_FREE_CONNECTION, QUIETLY, STALE_CONNECTION, ResponseReader
from .settings import MAX_CONNECTIONS, ConnectionSettings

__all__ = ["CallersConnections", "OwnConnections"]


def exchange(
    adapter: HttpxAdapter, request: Request, timeouts: Timeouts, left: float
) -> AttemptOutcome:
    """Send a request and read the response."""
    hide_credentials()
    progress = adapter.progress(left, request.origin)
    previous = PROGRESS.set(progress)
    try:
        outgoing = adapter.outgoing(request, timeouts, left)
        return _receive(adapter, outgoing, ResponseReader(adapter, progress))
    finally:
        PROGRESS.reset(previous)


def _receive(adapter: HttpxAdapter, outgoing: Any, reader: ResponseReader) -> AttemptOutcome:
    try:
        if reader.begin(adapter.handle(outgoing)):
            for chunk in reader.response.stream:
                if reader.feed(chunk):
                    break
        return reader.end()
    except Exception as error:  # noqa: BLE001 - re-raised, unless it is about the network
        return reader.failed(error)
    finally:
        if reader.response is not None:
            with QUIETLY:
                reader.response.stream.close()


class ConnectionPool:
    """The connections of one process to one origin."""

    def __init__(self, route: Route) -> None:
        self._route = route
        # A `WeakSet` would lose a signal's exception that strikes in it.
        self._opened: set[ref[PooledConnection]] = set()
        self._idle = IdleConnections()
        # A semaphore takes 14 times as long.
        self._slots: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(MAX_CONNECTIONS):
            self._slots.put(None)

    def take_slot(self, seconds: float) -> bool:
        """Take the right to use a connection; return whether one was free in time."""
        try:
            self._slots.get(timeout=min(max(seconds, 0.0), LONGEST))
        except queue.Empty:
            return False
        return True

    def take(self) -> PooledConnection:
        """Take a pooled connection, or a new one."""
        while (connection := self._idle.pop()) is not None:
            if not connection.has_expired():
                return connection
            _close(connection)
        connection = PooledConnection(self._route, DeadlineBackend(self._route))
        self._opened.add(ref(connection, self._opened.discard))
        return connection

    def give_back(self, connection: PooledConnection) -> None:
        """Take a connection back; one that cannot be used again is closed."""
        unused: PooledConnection | None = connection
        try:
            unused = self._idle.push(connection)
        finally:  # an interrupt leaves nothing open
            if unused is not None:
                _close(unused)
        if self._idle.closed:
            self.close()

    def give_back_slot(self) -> None:
        """Let another call use a connection."""
        self._slots.put(None)

    def close(self) -> None:
        """Close the pooled connections now, and the others once they are given back."""
        self._idle.closed = True
        self.close_idle()

    def close_idle(self) -> None:
        """Close the pooled connections."""
        while (connection := self._idle.pop()) is not None:
            _close(connection)

    def abandon(self) -> None:
        """Close a forked child's copies of the sockets; the parent's stay open."""
        for connection in filter(None, [one() for one in list(self._opened)]):
            connection.network.close()


def _close(connection: PooledConnection) -> None:
    for part in connection.parts():
        part.close()


class OwnConnections:
    """Connections that a client opens for itself; a forked child opens its own.

    So does a process in which gevent or eventlet has replaced the queue that callers wait in.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._pools: dict[tuple[int, type], ConnectionPool] = {}

    def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the response, in ``left`` seconds."""
        until = time.monotonic() + left
        pool = self._pools.get((os.getpid(), queue.SimpleQueue)) or self._open()
        if not pool.take_slot(left):
            return NO_FREE_CONNECTION
        outcome: AttemptOutcome = STALE_CONNECTION
        try:
            while outcome is STALE_CONNECTION:
                connection = pool.take()
                connection.interrupted = True
                try:
                    left = until - time.monotonic()
                    outcome = exchange(connection.adapter(), request, timeouts, left)
                    connection.interrupted = False
                finally:
                    pool.give_back(connection)
        finally:
            pool.give_back_slot()
        return outcome

    def discard(self) -> None:
        """Close the pooled connections: one may hold another request's response."""
        for pool in self._opened_here():
            pool.close_idle()

    def close(self) -> None:
        """Close what this process has opened."""
        for pool in self._opened_here():
            pool.close()

    def _opened_here(self) -> list[ConnectionPool]:
        here = os.getpid()
        return [pool for (process, _), pool in list(self._pools.items()) if process == here]

    def _open(self) -> ConnectionPool:
        # Without a lock, which a fork might have copied while it was held.
        here = (os.getpid(), queue.SimpleQueue)
        for (process, _), pool in list(self._pools.items()):
            if process != here[0]:  # its slots were copied unchanged: only sockets are closed
                pool.abandon()
        return self._pools.setdefault(here, ConnectionPool(self._route))


class CallersConnections:
    """The caller's client, which is never closed, or transport, which is, as in httpx."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._transport = settings.transport
        self._adapter = callers_adapter(settings, "handle_request")

    def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the response; the deadline holds between body chunks."""
        return exchange(self._adapter, request, timeouts, left)

    def discard(self) -> None:
        """Leave the connections to their owner."""

    def close(self) -> None:
        """Close a transport; leave a client open."""
        if self._transport is not None:
            self._transport.close()
