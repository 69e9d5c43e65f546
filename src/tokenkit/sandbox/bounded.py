"""A memory that forgets its oldest entries rather than grow without end."""

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

OVERHEAD = 700
"""Bytes that an entry costs beside its text, roughly."""


class Bounded(Generic[T]):
    """Remember values by key, as many of the newest as fit. Not safe to use from two threads.

    Args:
        limit: Bytes that all values together may have; the newest value stays in any case.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._entries: dict[str, tuple[T, int]] = {}

    def keep(self, key: str, value: T, size: int) -> list[str]:
        """Remember a value, in its place if the key is known; return the keys forgotten for it.

        Args:
            key: What it is found by.
            value: What to remember.
            size: Bytes of text in it.
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
        """Return a value, None if there is none of this key."""
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
