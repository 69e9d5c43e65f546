"""Whether an idle connection has something to read: its end, as a rule."""

import select
from typing import Protocol

__all__ = ["is_readable"]


def readable_by_poll(descriptor: int) -> bool:
    """Ask ``poll()``, which can watch any descriptor."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(0))


def readable_by_select(descriptor: int) -> bool:
    """Ask ``select()``; Windows has nothing else, and knows no limit of 1024 there."""
    readable, _, _ = select.select([descriptor], [], [], 0)
    return bool(readable)


_has_input = readable_by_poll if hasattr(select, "poll") else readable_by_select


class Watchable(Protocol):
    """Something with a descriptor."""

    def fileno(self) -> int:
        """Return the descriptor, below zero once it is closed."""
        ...


def is_readable(sock: Watchable) -> bool:
    """Tell whether a connection has something to read, or is closed."""
    descriptor = sock.fileno()
    return descriptor < 0 or _has_input(descriptor)
