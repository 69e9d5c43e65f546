"""A mapping that drops its oldest entries instead of growing forever."""

from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["Bounded"]

T = TypeVar("T")

OVERHEAD = 700
"""Roughly the bytes that an entry takes besides its text."""


class Bounded(Generic[T]):
    """Keep as many of the newest values as fit, by key. Not thread-safe.

    Args:
        limit: The most bytes for all values together; the newest value is always kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._entries: dict[str, tuple[T, int]] = {}

    def keep(self, key: str, value: T, size: int) -> list[str]:
        """Keep a value, in place if the key is known; return the keys dropped for it.

        Args:
            key: What it is found by.
            value: The value.
            size: The bytes of text in it.
        """
        self._size += size + OVERHEAD - self._entries.get(key, (None, 0))[1]
        self._entries[key] = value, size + OVERHEAD
        forgotten: list[str] = []
        while self._size > self._limit and len(self._entries) > 1:
            oldest = next(iter(self._entries))
            self._size -= self._entries.pop(oldest)[1]
            forgotten.append(oldest)
        return forgotten

    def get(self, key: str) -> T | None:
        """Return a key's value, or None."""
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def __iter__(self) -> Iterator[T]:
        return (value for value, _ in self._entries.values())

    def __reversed__(self) -> Iterator[T]:
        return (value for value, _ in reversed(self._entries.values()))

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._size = 0
