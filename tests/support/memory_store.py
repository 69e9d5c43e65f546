"""A store in memory, for tests that drive time and failures by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from tokenkit.errors import StoreError
from tokenkit.stores import (
    Acquire,
    Acquired,
    Busy,
    Found,
    Invalidate,
    IsLive,
    NoSealing,
    Publish,
    RateLimited,
    Release,
    Revoke,
    Sealing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tokenkit.stores import Command, StoreResponse


@attrs.define
class Entry:
    mark: str
    sealed: bytes
    ends: float


@attrs.define
class MemoryStore:
    """Does what a store must do, by a clock that is given to it.

    Attributes:
        now: Tells the time.
        down: Whether every command fails.
        lost: How many responses get lost after the command was carried out.
        refuses_writes: Whether it is read-only.
        asked: The commands so far.
    """

    now: Callable[[], float]
    down: bool = False
    lost: int = 0
    refuses_writes: bool = False
    asked: list[Command] = attrs.field(factory=list)
    sealing: Sealing = attrs.field(factory=NoSealing)
    entries: dict[str, Entry] = attrs.field(factory=dict)
    locks: dict[str, tuple[str, float]] = attrs.field(factory=dict)
    live: dict[str, float] = attrs.field(factory=dict)
    limits: dict[str, float] = attrs.field(factory=dict)

    def ask(self, command: Command) -> StoreResponse:
        self.asked.append(command)
        if self.down:
            raise StoreError("down") from ConnectionError()
        if self.refuses_writes and not isinstance(command, (IsLive, Publish)):
            raise StoreError("read-only") from PermissionError()
        response = self._respond(command, self.now())
        if self.lost:
            self.lost -= 1
            raise StoreError("lost") from TimeoutError()
        return response

    async def ask_async(self, command: Command) -> StoreResponse:
        return self.ask(command)

    def _owns(self, key: str, owner: str, now: float) -> bool:
        holder, ends = self.locks.get(key, ("", 0.0))
        return holder == owner and ends > now

    def _respond(self, command: Command, now: float) -> StoreResponse:
        match command:
            case Acquire():
                return self._acquire(command, now)
            case Publish():
                return self._publish(command, now)
            case Release():
                if self._owns(command.key, command.owner, now):
                    del self.locks[command.key]
                if command.rate_limited:
                    self.limits[command.caller] = now + command.rate_limited
                return None
            case IsLive():
                return self.live.get(command.mark, 0.0) > now
            case Revoke():
                self.live.pop(command.mark, None)
                return None
            case Invalidate():
                entry = self.entries.pop(command.key, None)
                self.locks.pop(command.key, None)
                if entry is not None:
                    self.live.pop(entry.mark, None)
                return None

    def _acquire(self, command: Acquire, now: float) -> StoreResponse:
        entry = self.entries.get(command.key)
        if entry is not None and entry.ends > now and entry.mark != command.known:
            return Found(mark=entry.mark, sealed=entry.sealed, left=entry.ends - now)
        holder, ends = self.locks.get(command.key, ("", 0.0))
        if ends > now and holder != command.owner:
            return Busy()
        limit = self.limits.get(command.caller, 0.0)
        if limit > now:
            return RateLimited(seconds=limit - now)
        self.locks[command.key] = (command.owner, now + command.seconds)
        return Acquired()

    def _publish(self, command: Publish, now: float) -> bool:
        if not self._owns(command.key, command.owner, now):
            entry = self.entries.get(command.key)
            return entry is not None and entry.mark == command.mark
        if command.revocable:
            self.live[command.mark] = now + command.seconds
        self.entries[command.key] = Entry(command.mark, command.sealed, now + command.seconds)
        del self.locks[command.key]
        return True
