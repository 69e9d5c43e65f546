"""What a bulk run needs from a client."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import attrs

from .._model.call import Call, Reply
from .._policy.clock import AsyncClock, Clock, TimeSource
from .._policy.profile import Rate
from .._secret import Secret
from ..errors import APIError

__all__ = ["AsyncSecrets", "AsyncSend", "AsyncSender", "Secrets", "Send", "Sender", "SyncSender"]

K = TypeVar("K", bound=TimeSource)
Q = TypeVar("Q")
S = TypeVar("S")

Secrets: TypeAlias = Callable[[], Sequence[Secret]]
"""Asks the sources of a client's secrets."""

AsyncSecrets: TypeAlias = Callable[[], Awaitable[Sequence[Secret]]]
"""Asks the sources of an async client's secrets."""


class Send(Protocol):
    """Sends a call, and raises a 429 at once."""

    def __call__(self, call: Call[Any], *, may_retry: bool) -> Reply[Any]:
        """Send.

        Args:
            call: The call.
            may_retry: Whether the client may send it again by itself.
        """
        ...


class AsyncSend(Protocol):
    """Sends a call, and raises a 429 at once."""

    def __call__(self, call: Call[Any], *, may_retry: bool) -> Awaitable[Reply[Any]]:
        """Send.

        Args:
            call: The call.
            may_retry: Whether the client may send it again by itself.
        """
        ...


@attrs.frozen(kw_only=True, repr=False)
class Sender(Generic[S, Q, K]):
    """A client, as a bulk run sees it.

    Attributes:
        name: The vendor and its address.
        origin_of: Returns the scheme, host and port that a call goes to.
        send: Sends a call.
        clock: The client's clock.
        secrets: Returns what the client signs with.
        identity: Digests who asks whom, from the secrets.
        rate: The vendor's documented rate limit.
        refused_wait: The documented wait after a 429 without ``Retry-After``.
        blames_credentials: Tells whether an error means that the credentials were refused.
    """

    name: str
    origin_of: Callable[[Call[Any]], str]
    send: S
    clock: K
    secrets: Q
    identity: Callable[[Sequence[Secret]], bytes]
    rate: Rate | None
    refused_wait: float | None
    blames_credentials: Callable[[APIError], bool]


SyncSender: TypeAlias = Sender[Send, Secrets, Clock]
AsyncSender: TypeAlias = Sender[AsyncSend, AsyncSecrets, AsyncClock]
