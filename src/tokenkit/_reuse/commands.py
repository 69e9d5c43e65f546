"""The commands of a shared store, its responses, and the store protocol."""

from collections.abc import Coroutine
from typing import Any, Protocol, TypeAlias, runtime_checkable

import attrs

__all__ = [
    "Acquire",
    "Acquired",
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
    "StoreResponse",
]


@attrs.frozen(kw_only=True)
class Acquire:
    """Ask for the token of a key, or for the right to mint it.

    The response is :class:`Found` if there is a token; otherwise :class:`RateLimited` if the
    caller is rate limited; otherwise :class:`Acquired` if no other owner holds the key's lock;
    otherwise :class:`Busy`.

    Attributes:
        key: The key of a call.
        owner: Identifies the process and the mint; the same when the command is repeated.
        seconds: How long the lock lasts.
        known: The mark of a token to ignore; empty for none.
        caller: Identifies the credentials that rate limits apply to.
    """

    key: str
    owner: str
    seconds: float
    known: str
    caller: str


@attrs.frozen(kw_only=True)
class Publish:
    """Store a token and release the lock, but only if ``owner`` still holds it.

    The response is ``True`` if the token is stored, ``False`` if not. Repeated after a success,
    it is ``True`` again.

    Attributes:
        key: The key of a call.
        owner: The owner given to :class:`Acquire`.
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
        owner: The owner given to :class:`Acquire`.
        caller: Identifies the credentials.
        rate_limited: Seconds for which the vendor refuses this caller; 0 if it doesn't.
    """

    key: str
    owner: str
    caller: str
    rate_limited: float = 0.0


@attrs.frozen(kw_only=True)
class IsLive:
    """Ask whether a revocable token is known and not revoked.

    The response is ``True`` or ``False``.

    Attributes:
        mark: The token's mark.
    """

    mark: str


@attrs.frozen(kw_only=True)
class Revoke:
    """Make :class:`IsLive` return ``False`` for a token from now on.

    Attributes:
        mark: The token's mark.
    """

    mark: str


@attrs.frozen(kw_only=True)
class Invalidate:
    """Forget a key's token and its lock, so that a token being minted isn't stored either.

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
    """The caller holds the lock and must mint."""


@attrs.frozen
class Busy:
    """Another process is minting: ask again soon."""


@attrs.frozen(kw_only=True)
class RateLimited:
    """The vendor refuses this caller.

    Attributes:
        seconds: For how long.
    """

    seconds: float


Command: TypeAlias = Acquire | Publish | Release | IsLive | Revoke | Invalidate
"""A command for a store. It may be repeated, by a client library or after a lost response."""

StoreResponse: TypeAlias = Found | Acquired | Busy | RateLimited | bool | None
"""A store's response; ``None`` for :class:`Release`, :class:`Revoke` and :class:`Invalidate`."""


class Sealing(Protocol):
    """Encrypts entries before they are stored, and decrypts them."""

    def seal(self, content: bytes) -> bytes:
        """Return the bytes to store."""
        ...

    def open(self, sealed: bytes) -> bytes | None:
        """Return the original content; ``None`` if no known key opens it."""
        ...


@runtime_checkable
class Store(Protocol):
    """Keeps sealed tokens where several processes can find them.

    It responds to each command at once or raises :class:`~tokenkit.errors.StoreError`, which
    counts as a failure of the store. Any other exception reaches the caller of ``get_token()``.
    """

    @property
    def sealing(self) -> Sealing:
        """Seals and opens entries."""
        ...

    def ask(self, command: Command) -> StoreResponse:
        """Carry out a command for a sync client; return the response."""
        ...

    def ask_async(self, command: Command) -> Coroutine[Any, Any, StoreResponse]:
        """Carry out a command for an async client; return the response."""
        ...
