"""How far the current exchange has come: shared between a sender and the network below it."""

import time
from contextvars import ContextVar

from .._model.messages import Response
from .._policy.timeouts import LONGEST

__all__ = ["PROGRESS", "Progress", "time_left"]


class Progress:
    """One exchange's deadline, and whether its request has left.

    Attributes:
        until: The deadline, on this process's monotonic clock.
        sent: True once a byte was written, False if the first write failed, None if unknown.
        partial: What had come of the answer when the exchange was cancelled.
    """

    __slots__ = ("partial", "sent", "until")

    partial: Response | None

    def __init__(self, left: float) -> None:
        self.until = time.monotonic() + left
        self.sent: bool | None = None
        self.partial = None

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


PROGRESS: ContextVar[Progress] = ContextVar("tokenkit_progress")


def time_left(timeout: float | None) -> float:
    """Return the smaller of a step's timeout and the time until the exchange's deadline.

    Raises:
        TimeoutError: The deadline has passed. A socket that always has something to read would
            else never time out.
    """
    left = PROGRESS.get().left()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return min(left, LONGEST if timeout is None else timeout)
