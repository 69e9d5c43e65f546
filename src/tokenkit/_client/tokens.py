"""The client methods that hand out tokens again."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from .._model.call import Call
from .._model.token import IssuedToken
from .._observability.hooks import Listener
from .._observability.records import AttemptSent, Record
from .._observability.tracing import Trace
from .._pipeline.drivers import AsyncConnections, Connections, drive, drive_async
from .._pipeline.effects import Steps
from .._policy.clock import AsyncClock, Clock, Moment
from .base import ClientBase

if TYPE_CHECKING:
    from .._reuse.cache import TokenCache

__all__ = ["AsyncTokenMethods", "TokenMethods"]

C = TypeVar("C")
K = TypeVar("K", bound=Clock | AsyncClock)
T = TypeVar("T", bound=IssuedToken)


@attrs.define(eq=False, repr=False)
class _SpanForMint:
    """Opens a call's span when a request goes out: what is kept costs none."""

    stack: ExitStack
    trace: Trace
    method: str
    listener: Listener
    opened: bool = False

    def tell(self, record: Record) -> object:
        if isinstance(record, AttemptSent) and not self.opened:
            self.opened = True
            self.listener = self.stack.enter_context(self.trace(self.method, self.listener))
        return self.listener.tell(record)


class TokenMethods(ClientBase[Connections, Clock]):
    """What a sync client has for tokens that are kept."""

    @property
    def token_cache(self) -> "TokenCache":
        """Where this client keeps tokens."""
        return self._token_cache()

    def get_token(self, call: Call[T], *, valid_for: timedelta | None = None) -> T:
        """Return a token for a call: one that is kept, or else a new one.

        A token that was minted for an equal call, under the same credentials, is returned again
        until shortly before it ends. If there is none, one caller mints and all that ask
        meanwhile get the same token. ``create_...`` methods and :meth:`send` always mint.

        Args:
            call: A request model's instance that mints one token.
            valid_for: How long the token must live from now on. A new one that lives shorter is
                returned all the same: its ``expires_at`` tells. Default: a tenth of its life,
                at least a minute, at most half its life.

        Raises:
            ConfigurationError: This call's token must not be reused, as it opens a payment, or
                nobody knows how long it lives: see ``token_lifetime`` of
                :class:`ClientOptions`.
            RateLimitError: The vendor refuses this client's credentials; until ``retry_after``
                has passed, it isn't asked again.
            InvalidInputError: An argument cannot be used. Other errors are those of
                :meth:`send`.
        """
        token: T | None = None
        if valid_for is None:
            token = self._reuse().hit(call)
        if token is not None:
            return token
        return self._drive_tokens(self._begin_token(call, valid_for), call)

    def invalidate_token(self, call: Call[IssuedToken]) -> None:
        """Forget a call's token, for example as the user's rights have changed.

        The next :meth:`get_token` mints. The token itself stays good until its end; a process
        that has a copy of its own goes on handing it out until it renews it.

        Args:
            call: The call, as :meth:`get_token` was given it.

        Raises:
            StoreError: The token is forgotten here, but the shared store could not be told.
            ConfigurationError: This call's token is never kept.
        """
        return self._drive_tokens(self._begin_invalidation(call), call)

    def _drive_tokens(self, begin: Callable[[Moment], Steps[Any]], call: Call[Any]) -> Any:
        shared = self._shared
        if shared.trace is None:
            return drive(begin, shared.connections, shared.clock, shared.hooks)
        with ExitStack() as stack:
            listener = _SpanForMint(stack, shared.trace, call.request_line[0], shared.hooks)
            return drive(begin, shared.connections, shared.clock, listener)


class AsyncTokenMethods(ClientBase[AsyncConnections, AsyncClock]):
    """What an async client has for tokens that are kept."""

    @property
    def token_cache(self) -> "TokenCache":
        """Where this client keeps tokens."""
        return self._token_cache()

    async def get_token(self, call: Call[T], *, valid_for: timedelta | None = None) -> T:
        """Return a token for a call: one that is kept, or else a new one.

        A token that was minted for an equal call, under the same credentials, is returned again
        until shortly before it ends. If there is none, one caller mints and all that ask
        meanwhile get the same token. ``create_...`` methods and :meth:`send` always mint.

        Args:
            call: A request model's instance that mints one token.
            valid_for: How long the token must live from now on. A new one that lives shorter is
                returned all the same: its ``expires_at`` tells. Default: a tenth of its life,
                at least a minute, at most half its life.

        Raises:
            ConfigurationError: This call's token must not be reused, as it opens a payment, or
                nobody knows how long it lives: see ``token_lifetime`` of
                :class:`AsyncClientOptions`.
            RateLimitError: The vendor refuses this client's credentials; until ``retry_after``
                has passed, it isn't asked again.
            InvalidInputError: An argument cannot be used. Other errors are those of
                :meth:`send`.
        """
        token: T | None = None
        if valid_for is None:
            token = self._reuse().hit(call)
        if token is not None:
            return token
        return await self._drive_tokens(self._begin_token(call, valid_for), call)

    async def invalidate_token(self, call: Call[IssuedToken]) -> None:
        """Forget a call's token, for example as the user's rights have changed.

        The next :meth:`get_token` mints. The token itself stays good until its end; a process
        that has a copy of its own goes on handing it out until it renews it.

        Args:
            call: The call, as :meth:`get_token` was given it.

        Raises:
            StoreError: The token is forgotten here, but the shared store could not be told.
            ConfigurationError: This call's token is never kept.
        """
        return await self._drive_tokens(self._begin_invalidation(call), call)

    async def _drive_tokens(self, begin: Callable[[Moment], Steps[Any]], call: Call[Any]) -> Any:
        shared = self._shared
        if shared.trace is None:
            return await drive_async(begin, shared.connections, shared.clock, shared.hooks)
        with ExitStack() as stack:
            listener = _SpanForMint(stack, shared.trace, call.request_line[0], shared.hooks)
            return await drive_async(begin, shared.connections, shared.clock, listener)
