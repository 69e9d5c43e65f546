"""What a shared store is asked, what it answers, and what a store is."""

from collections.abc import Coroutine
from typing import Any, Protocol, TypeAlias, runtime_checkable

import attrs

__all__ = [
    "Acquire",
    "Acquired",
    "Answer",
    "Busy",
    "Command",
    "Found",
    "Invalidate",
    "IsLive",
    "Publish",
    "RateLimited",
    "Release",
    "Revoke",
    "Sealing",
    "Store",
]


@attrs.frozen(kw_only=True)
class Acquire:
    """Ask for the token of a key, or for the right to mint it.

    Answered by :class:`Found`; otherwise by :class:`RateLimited`, if the caller is rate limited;
    otherwise by :class:`Acquired`, if nobody else holds the key's lock or ``owner`` holds it
    already; otherwise by :class:`Busy`.

    Attributes:
        key: The key of a call.
        owner: Names who asks, and is the same when the question is repeated.
        seconds: How long the lock lasts.
        known: The mark of a token that is not wanted; empty if any is.
        caller: Names the credentials, to which rate limits belong.
    """

    key: str
    owner: str
    seconds: float
    known: str
    caller: str


@attrs.frozen(kw_only=True)
class Publish:
    """Store a token and release the lock, but only while ``owner`` holds it; answer whether.

    Attributes:
        key: The key of a call.
        owner: Who acquired the lock.
        mark: The token's mark.
        sealed: The token, sealed.
        seconds: How long to store it.
        revocable: Whether :class:`IsLive` must know it.
    """

    key: str
    owner: str
    mark: str
    sealed: bytes = attrs.field(repr=False)
    seconds: float
    revocable: bool


@attrs.frozen(kw_only=True)
class Release:
    """Release the lock, if ``owner`` holds it.

    Attributes:
        key: The key of a call.
        owner: Who acquired the lock.
        caller: Names the credentials.
        rate_limited: Seconds for which the vendor refuses this caller; 0 if it doesn't.
    """

    key: str
    owner: str
    caller: str
    rate_limited: float = 0.0


@attrs.frozen(kw_only=True)
class IsLive:
    """Ask whether a revocable token is known and was not revoked; answer ``True`` or ``False``.

    Attributes:
        mark: The token's mark.
    """

    mark: str


@attrs.frozen(kw_only=True)
class Revoke:
    """Let :class:`IsLive` answer ``False`` for a token from now on.

    Attributes:
        mark: The token's mark.
    """

    mark: str


@attrs.frozen(kw_only=True)
class Invalidate:
    """Forget a key's token and its lock: what is being minted is not to be stored either.

    Attributes:
        key: The key of a call.
    """

    key: str


@attrs.frozen(kw_only=True)
class Found:
    """A token is stored.

    Attributes:
        mark: Its mark.
        sealed: The token, sealed.
        left: The seconds for which it is still stored.
    """

    mark: str
    sealed: bytes = attrs.field(repr=False)
    left: float


@attrs.frozen
class Acquired:
    """The lock is the asker's: mint."""


@attrs.frozen
class Busy:
    """Somebody else is minting: ask again soon."""


@attrs.frozen(kw_only=True)
class RateLimited:
    """The vendor refuses this caller.

    Attributes:
        seconds: For how long.
    """

    seconds: float


Command: TypeAlias = Acquire | Publish | Release | IsLive | Revoke | Invalidate
"""What a store is asked. Each may be repeated, by a client library or after a lost answer."""

Answer: TypeAlias = Found | Acquired | Busy | RateLimited | bool | None
"""What a store answers: ``None`` to :class:`Release`, :class:`Revoke`, :class:`Invalidate`."""


class Sealing(Protocol):
    """Makes what is stored unreadable, and readable again."""

    def seal(self, content: bytes) -> bytes:
        """Return what is to be stored."""
        ...

    def open(self, sealed: bytes) -> bytes | None:
        """Return what was sealed; ``None`` if it was not sealed with a known key."""
        ...


@runtime_checkable
class Store(Protocol):
    """Keeps sealed tokens where several processes find them.

    It answers each command at once or raises :class:`~tokenkit.errors.StoreError`, which counts
    as a failure of the store. Whatever else it raises reaches the caller of ``get_token()``.
    """

    @property
    def sealing(self) -> Sealing:
        """Seals what is stored."""
        ...

    def ask(self, command: Command) -> Answer:
        """Answer a command, for sync clients."""
        ...

    def ask_async(self, command: Command) -> Coroutine[Any, Any, Answer]:
        """Answer a command, for async clients."""
        ...
