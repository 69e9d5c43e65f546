"""How far the current exchange has come: shared between a sender and the network below it."""

import time
from contextvars import ContextVar

__all__ = ["PROGRESS", "Progress", "time_left"]


class Progress:
    """One exchange's deadline, and whether its request has left.

    Attributes:
        until: The deadline, on this process's monotonic clock.
        sent: True once a byte was written, False if the first write failed, None if unknown.
    """

    __slots__ = ("sent", "until")

    def __init__(self, left: float) -> None:
        self.until = time.monotonic() + left
        self.sent: bool | None = None

    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self.until - time.monotonic()

    def wrote(self) -> None:
        """Note that bytes of the request were written."""
        self.sent = True

    def failed_to_write(self) -> None:
        """Note that a write failed; if it was the first, nothing has left."""
        if self.sent is None:
            self.sent = False


PROGRESS: ContextVar[Progress | None] = ContextVar("tokenkit_progress", default=None)


def time_left(timeout: float | None) -> float | None:
    """Return the smaller of a step's timeout and the time until the exchange's deadline.

    Never zero: a socket would take that for non-blocking.
    """
    progress = PROGRESS.get()
    if progress is None:
        return timeout
    left = max(progress.left(), 0.001)
    return left if timeout is None else min(timeout, left)
