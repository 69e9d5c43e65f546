"""Threads that send the requests of a sync run."""

import contextvars
import threading
from queue import Empty, SimpleQueue
from typing import Generic, TypeAlias, TypeVar

from ..errors import TokenKitError
from .group import Group
from .run import Outcome
from .sender import Send

__all__ = ["Sent", "Threads"]

T = TypeVar("T")

Sent: TypeAlias = tuple[Group[T], Outcome | BaseException]
"""A request's calls and what became of it."""


class Threads(Generic[T]):
    """Sends requests at the same time, each in a thread.

    Args:
        send: Sends a call.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._jobs: SimpleQueue[Group[T] | None] = SimpleQueue()
        self._outcomes: SimpleQueue[Sent[T]] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._under_way = 0

    def submit(self, group: Group[T]) -> None:
        """Send a request, in a new thread if the others are busy."""
        self._under_way += 1
        if self._under_way > len(self._threads):
            # Each in its copy of the context, so that traces and logs belong to the caller's.
            context = contextvars.copy_context()
            thread = threading.Thread(
                target=context.run, args=(self._work,), name="tokenkit-bulk", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        self._jobs.put(group)

    def outcome(self, wait: float) -> Sent[T] | None:
        """Return the next outcome; ``None`` if there is none within ``wait`` seconds."""
        try:
            sent = self._outcomes.get(block=wait > 0, timeout=wait if wait > 0 else None)
        except Empty:
            return None
        self._under_way -= 1
        return sent

    def stop(self) -> None:
        """Let the threads end after what they are sending."""
        for _ in self._threads:
            self._jobs.put(None)

    def join(self) -> None:
        """Wait until the threads have ended."""
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (group := self._jobs.get()) is not None:
            outcome: Outcome | BaseException
            try:
                outcome = self._send(group.request, may_retry=not group.forbids_retry)
            except TokenKitError as error:
                outcome = error.with_traceback(None)
            except BaseException as error:  # noqa: BLE001 - raised in the consumer's thread
                outcome = error
            self._outcomes.put((group, outcome))
            del group, outcome  # not to keep them while waiting for the next
