"""Connections that a sync client opens for itself."""

import os
import queue
import threading
import time
from collections import deque
from contextlib import suppress

import attrs

from .._model.messages import Request
from .._pipeline.effects import AttemptOutcome
from .._policy.timeouts import LONGEST, Timeouts
from .exchange import no_connection_fault
from .lane import KEEPALIVE, Lane, open_lane
from .network import DeadlineBackend
from .own import MAX_CONNECTIONS, OwnSettings
from .sync import exchange

__all__ = ["OwnConnections"]


class _Lanes:
    """The lanes of one process; the one used last comes first, so that few stay open."""

    def __init__(self, settings: OwnSettings) -> None:
        self._settings = settings
        self._network = DeadlineBackend(settings.family)
        self._free: deque[Lane] = deque()
        # A semaphore takes 14 times as long.
        self._places: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(MAX_CONNECTIONS):
            self._places.put(None)
        self._closed = False

    def take(self, seconds: float) -> Lane | None:
        """Take a free lane, or a new one; ``None`` if all are in use for that long."""
        try:
            self._places.get(timeout=min(max(seconds, 0.0), LONGEST))
        except queue.Empty:
            return None
        try:
            return self._pop() or open_lane(self._settings, self._network)
        except BaseException:
            self._places.put(None)
            raise

    def _pop(self) -> Lane | None:
        while self._free:
            try:
                lane = self._free.pop()
            except IndexError:  # another thread was faster
                break
            if not lane.has_expired():
                return lane
            lane.transport.close()
        return None

    def give_back(self, lane: Lane) -> None:
        """Take a lane back; one that cannot be used again is closed."""
        try:
            if lane.is_clean() and not self._closed:
                lane.idle_since = time.monotonic()
                self._free.append(lane)
                self._close_oldest(lane.idle_since - KEEPALIVE)
            else:
                lane.transport.close()
        finally:  # also when Ctrl-C ends that
            self._places.put(None)
        if self._closed:
            self.close()

    def _close_oldest(self, limit: float) -> None:
        """Close the lane that has idled longest, if it has since before a time."""
        try:
            oldest = self._free.popleft()
        except IndexError:  # another thread was faster
            return
        if oldest.idle_since < limit:
            oldest.transport.close()
        else:
            self._free.appendleft(oldest)

    def close(self) -> None:
        """Close the free lanes now, and the others once they are given back."""
        self._closed = True
        self.discard()

    def discard(self) -> None:
        """Close the free lanes."""
        with suppress(IndexError):  # another thread was faster
            while self._free:
                self._free.pop().transport.close()

    def abandon(self) -> None:
        """Close a forked child's copies of the sockets; the parent's stay open."""
        self._network.abandon()


@attrs.frozen(eq=False, repr=False)
class _Opened:
    """The lanes of one process."""

    lanes: _Lanes
    process: int


class OwnConnections:
    """Connections that a client opens for itself, anew in a forked child.

    Args:
        settings: How to open them.
    """

    def __init__(self, settings: OwnSettings) -> None:
        self._settings = settings
        # One for each process: another thread of the parent may hold its own during a fork.
        self._locks: dict[int, threading.Lock] = {}
        self._opened: _Opened | None = None
        self._inherited: _Opened | None = None

    def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the answer, in ``left`` seconds."""
        started = time.monotonic()
        lanes = self._open()
        lane = lanes.take(left)
        if lane is None:
            return no_connection_fault()
        try:
            left -= time.monotonic() - started
            return exchange(lane.way(self._settings.family), request, timeouts, left)
        finally:
            lanes.give_back(lane)

    def discard(self) -> None:
        """Close the pooled connections: one may hold another request's response."""
        self._open().discard()

    def close(self) -> None:
        """Close what this process has opened."""
        opened = self._opened
        if opened is not None and opened.process == os.getpid():
            opened.lanes.close()

    def _open(self) -> _Lanes:
        process = os.getpid()
        opened = self._opened
        if opened is not None and opened.process == process:
            return opened.lanes
        with self._locks.setdefault(process, threading.Lock()):
            opened = self._opened
            if opened is None or opened.process != process:
                if opened is not None:
                    # Its locks came along as they were: it must not be touched.
                    opened.lanes.abandon()
                    self._inherited = opened
                opened = self._opened = _Opened(_Lanes(self._settings), process)
        return opened.lanes
