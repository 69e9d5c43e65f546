"""How far the current exchange has got, shared between a sender and the network below it."""

import time
from contextvars import ContextVar

from .._policy.timeouts import LONGEST

__all__ = ["PROGRESS", "Progress", "time_left"]

# The steps of httpcore before a request is sent. An unknown one counts as sending.
CONNECTING = frozenset({"connect_tcp", "connect_unix_socket", "retry", "start_tls"})


class Progress:
    """One exchange's deadline, and whether its request was sent.

    Attributes:
        until: The deadline, on this process's monotonic clock.
        sent: True once a byte of the request was written, False if the first write failed,
            None if unknown.
        peer: The proxy, while it is the peer.
        ended: Whether the peer has closed its end.
    """

    __slots__ = ("ended", "peer", "sent", "until")

    def __init__(self, left: float) -> None:
        self.until = time.monotonic() + left
        self.sent: bool | None = None
        self.peer: str | None = None
        self.ended = False

    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self.until - time.monotonic()

    def follow(self, event: str, _: object) -> None:
        """Take an event of httpcore's ``trace`` extension, which tells about this request only.

        A caller's client may raise a connection error that belongs to its own request.
        """
        step = event.partition(".")[2].partition(".")[0]
        if step not in CONNECTING:
            self.sent = True
        elif self.sent is None:
            self.sent = False

    async def follow_async(self, event: str, info: object) -> None:
        """Take an event, as async connections report it."""
        self.follow(event, info)

    def failed_to_write(self) -> None:
        """Record that a write failed; if it was the first, no whole request was sent."""
        if self.sent is None:
            self.sent = False


PROGRESS: ContextVar[Progress] = ContextVar("tokenkit_progress")


def time_left(timeout: float | None, too_late: type[Exception] = TimeoutError) -> float:
    """Return the smaller of a step's timeout and the time until the exchange's deadline.

    Args:
        timeout: The step's timeout.
        too_late: What to raise once the deadline has passed. A socket that always has something
            to read would otherwise never time out.
    """
    left = PROGRESS.get().until - time.monotonic()
    if left <= 0:
        raise too_late("the deadline has passed")
    return min(left, LONGEST if timeout is None else timeout)
