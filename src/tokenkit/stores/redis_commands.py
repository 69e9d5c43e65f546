"""Store commands as Redis commands: each a script or a plain command.

The sender passes the results back in, so this module knows neither threads nor event loops.
"""

from collections.abc import Generator
from hashlib import sha1
from typing import Any, TypeAlias

import attrs

from .._reuse.commands import (
    Acquire,
    Acquired,
    Busy,
    Command,
    Found,
    Invalidate,
    IsLive,
    Publish,
    RateLimited,
    Release,
    Revoke,
    StoreResponse,
)

__all__ = ["Exchange", "Names", "Plain", "Script", "exchange"]

# A script that is repeated, by a client library or after a lost response, must know its own owner.
ACQUIRE = """
local stored = redis.call('HMGET', KEYS[1], 'mark', 'sealed')
if stored[1] and stored[2] and stored[1] ~= ARGV[3] then
    return {1, stored[1], stored[2], redis.call('PTTL', KEYS[1])}
end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
    or redis.call('GET', KEYS[2]) == ARGV[1] then
    return {2}
end
return {0}
"""
PUBLISH = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
    return redis.call('HGET', KEYS[1], 'mark') == ARGV[2] and 1 or 0
end
redis.call('HSET', KEYS[1], 'mark', ARGV[2], 'sealed', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('DEL', KEYS[2])
return 1
"""
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""
FOUND, ACQUIRED = 1, 2


@attrs.frozen(eq=False, repr=False)
class Plain:
    """A plain command.

    Attributes:
        name: Its name.
        arguments: Its arguments.
    """

    name: str
    arguments: tuple[str | int, ...]


@attrs.frozen(eq=False, repr=False)
class Script:
    """A script, which Redis knows by its digest once it has seen it.

    Attributes:
        text: The script.
        keys: The keys that it touches; in a cluster they are on one node.
        arguments: Its arguments.
    """

    text: str
    keys: tuple[str, ...]
    arguments: tuple[str | bytes | int, ...]

    @property
    def digest(self) -> str:
        """The script's name in Redis."""
        return DIGESTS[self.text]


DIGESTS = {
    text: sha1(text.encode(), usedforsecurity=False).hexdigest()
    for text in (ACQUIRE, PUBLISH, RELEASE)
}

Exchange: TypeAlias = Generator[Plain | Script, Any, StoreResponse]
"""Yields Redis commands, is sent their results, and returns the store's response."""


@attrs.frozen
class Names:
    """The names of Redis keys.

    Attributes:
        prefix: What they begin with.
    """

    prefix: str

    def entry(self, key: str) -> str:
        """Name a token's entry; the braces put it on one node with its lock."""
        return f"{self.prefix}:{{{key}}}:token"

    def lock(self, key: str) -> str:
        """Name a token's lock."""
        return f"{self.prefix}:{{{key}}}:lock"

    def live(self, mark: str) -> str:
        """Name the mark of a live revocable token."""
        return f"{self.prefix}:live:{mark}"

    def limit(self, caller: str) -> str:
        """Name the record of a rate limit."""
        return f"{self.prefix}:limit:{caller}"


def exchange(names: Names, command: Command) -> Exchange:
    """Return the Redis commands that carry out a store's command."""
    match command:
        case Acquire():
            return (yield from _acquire(names, command))
        case Publish():
            return (yield from _publish(names, command))
        case Release():
            yield Script(RELEASE, (names.lock(command.key),), (command.owner,))
            if command.rate_limited > 0:
                limit = names.limit(command.caller)
                yield Plain("SET", (limit, "1", "PX", _milliseconds(command.rate_limited)))
            return None
        case IsLive():
            found = yield Plain("EXISTS", (names.live(command.mark),))
            return bool(found)
        case Revoke():
            yield Plain("DEL", (names.live(command.mark),))
            return None
        case _:
            return (yield from _invalidate(names, command))


def _acquire(names: Names, command: Acquire) -> Exchange:
    entry, lock = names.entry(command.key), names.lock(command.key)
    lasts = _milliseconds(command.seconds)
    result = yield Script(ACQUIRE, (entry, lock), (command.owner, lasts, command.known))
    if result[0] == FOUND:
        return Found(mark=_text(result[1]), sealed=_bytes(result[2]), left=result[3] / 1000)
    if result[0] != ACQUIRED:
        return Busy()
    left = yield Plain("PTTL", (names.limit(command.caller),))
    if left <= 0:
        return Acquired()
    yield Script(RELEASE, (lock,), (command.owner,))
    return RateLimited(seconds=left / 1000)


def _publish(names: Names, command: Publish) -> Exchange:
    lasts = _milliseconds(command.seconds)
    if command.revocable:
        # Asked twice, it must not revive a token that was stored, served and revoked in between.
        owner = yield Plain("GET", (names.lock(command.key),))
        if owner is not None and _text(owner) == command.owner:
            yield Plain("SET", (names.live(command.mark), "1", "PX", lasts))
    keys = (names.entry(command.key), names.lock(command.key))
    stored = yield Script(PUBLISH, keys, (command.owner, command.mark, command.sealed, lasts))
    return bool(stored)


def _invalidate(names: Names, command: Invalidate) -> Exchange:
    entry = names.entry(command.key)
    mark = yield Plain("HGET", (entry, "mark"))
    # One after the other: in a cluster they may be on two nodes.
    yield Plain("DEL", (entry, names.lock(command.key)))
    if mark is not None:
        yield Plain("DEL", (names.live(_text(mark)),))
    return None


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def _text(value: str | bytes) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value


def _bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "replace") if isinstance(value, str) else value
