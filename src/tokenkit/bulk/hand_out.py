"""The results of a run that wait for the consumer."""

from collections import deque
from typing import Generic, TypeVar

from .results import Result

__all__ = ["HandOut"]

T = TypeVar("T")


class HandOut(Generic[T]):
    """Results on their way to the consumer, as they come or in the order of the calls.

    Args:
        ordered: Whether the order of the calls is kept.
    """

    def __init__(self, *, ordered: bool) -> None:
        self._ordered = ordered
        self._results: deque[Result[T]] = deque()
        self._early: dict[int, Result[T] | None] = {}
        self.next_index: int = 0
        """The place of the next result in order."""

    def __len__(self) -> int:
        return len(self._results) + len(self._early)

    def put(self, result: Result[T]) -> None:
        """Take a result."""
        if self._ordered:
            self._early[result.index] = result
            self._advance()
        else:
            self._results.append(result)

    def skip(self, index: int) -> None:
        """Note that a call has no result to hand out."""
        if self._ordered:
            self._early[index] = None
            self._advance()

    def pop(self) -> Result[T] | None:
        """Return the next result, if it is there."""
        return self._results.popleft() if self._results else None

    def _advance(self) -> None:
        while self.next_index in self._early:
            result = self._early.pop(self.next_index)
            if result is not None:
                self._results.append(result)
            self.next_index += 1
