"""The client methods that reuse tokens."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from uuid import uuid4

import attrs

from .._model.call import Call
from .._model.token import IssuedToken
from .._observability.hooks import Listener
from .._observability.records import AttemptSent, Record
from .._observability.tracing import Trace
from .._pipeline.drivers import AsyncConnections, Connections, drive, drive_async
from .._pipeline.effects import Steps
from .._policy.clock import AsyncClock, Clock, Moment, TimeSource
from ..errors import TokenKitError
from .base import ClientBase
from .failed_call import FailedCall

if TYPE_CHECKING:
    from .._reuse.cache import TokenCache
    from .._reuse.reuse import Reuse

__all__ = ["AsyncTokenMethods", "TokenMethods"]

C = TypeVar("C")
K = TypeVar("K", bound=TimeSource)
R = TypeVar("R")
T = TypeVar("T", bound=IssuedToken)


@attrs.frozen(eq=False, repr=False)
class _Start(Generic[R]):
    """A call, and the function that begins to get its token."""

    call: Call[Any]
    begin: Callable[[Moment], Steps[R]]


@attrs.define(eq=False, repr=False)
class _SpanForMint:
    """Opens a call's span when a request is sent; a kept token needs none."""

    stack: ExitStack
    trace: Trace
    call: Call[Any]
    base_path: str
    listener: Listener
    opened: bool = False

    def tell(self, record: Record) -> object:
        if isinstance(record, AttemptSent) and not self.opened:
            self.opened = True
            span = self.trace(self.call, self.base_path, self.listener)
            self.listener = self.stack.enter_context(span)
        return self.listener.tell(record)


class _TokenBase(ClientBase[C, K]):
    # A Reuse, whose name isn't loaded yet: typing.get_type_hints() couldn't resolve it.
    _reuse: Any = None

    @property
    def token_cache(self) -> "TokenCache":
        """Where :meth:`get_token` keeps this client's tokens."""
        from .._reuse.cache import TokenCache  # noqa: PLC0415 - most clients need no cache to start

        shared = self._shared
        if shared.token_cache is None:
            with _making_cache:
                if shared.token_cache is None:
                    shared.token_cache = TokenCache()
        return shared.token_cache

    def _reuse_now(self, method: str, call: Call[Any]) -> "Reuse":
        """Return the object that hands out tokens; a changed copy of a client has its own.

        A service with its own host has one for each call: few calls go there.
        """
        from .._reuse.reuse import Reuse  # noqa: PLC0415 - most clients need none

        plan = self._default_plan
        reuse: Reuse | None = self._reuse
        if call.service is not None:
            plan = self._for_service(method, plan, call)
        if reuse is not None and reuse.plan is plan:
            return reuse
        shared = self._shared
        made = Reuse(
            cache=self.token_cache,
            plan=plan,
            http_client=shared.reuse.http_client,
            clock=cast("TimeSource", shared.clock),
            lifetime=shared.reuse.token_lifetime,
            tells_hits=shared.hooks.on_token is not None,
        )
        if plan is self._default_plan:
            vars(self)["_reuse"] = made  # a subclass may be frozen
        return made

    def _start_token(
        self, call: Call[Any], valid_for: timedelta | None
    ) -> "_Start[IssuedToken] | FailedCall":
        """Return the way to a token, or the failed call: the frames here hold arguments."""
        method = self._getter
        try:
            self._check_call(method, call)
            self._check_open()
            request_id = str(uuid4()) if self.profile.request_id_header else ""
            reuse = self._reuse_now(method, call)
            return _Start(call, reuse.begin(call, valid_for, request_id, method))
        except TokenKitError as error:
            return self._failed_call(error, method)

    def _start_invalidation(self, call: Call[Any]) -> "_Start[None] | FailedCall":
        method = "invalidate_token"
        try:
            self._check_call(method, call)
            self._check_open()
            reuse = self._reuse_now(method, call)
            return _Start(call, reuse.begin_invalidation(call, method))
        except TokenKitError as error:
            return self._failed_call(error, method)


_making_cache = threading.Lock()


class TokenMethods(_TokenBase[Connections, Clock]):
    """A sync client's methods for kept tokens."""

    def get_token(self, call: Call[T], *, valid_for: timedelta | None = None) -> T:
        """Return a token for a call: a kept one if possible, otherwise a new one.

        A token minted for an equal call with the same credentials is returned again until shortly
        before it expires. Otherwise one caller mints, and all callers that ask meanwhile get the
        same token. ``create_...`` methods and :meth:`send` always mint.

        Args:
            call: A request model's instance that mints one token.
            valid_for: How long the token must still be valid. A new token is returned even if it
                expires sooner; see its ``expires_at``. Default: a tenth of its life, but at least
                a minute and at most half its life.

        Raises:
            ConfigurationError: This call's token must not be reused because it opens a payment,
                or its lifetime is unknown: see ``token_lifetime`` of
                :class:`ClientOptions`.
            RateLimitError: The vendor has rate limited this client's credentials; it isn't asked
                again until ``retry_after`` has passed.
            InvalidInputError: An argument is invalid. Other errors are those of :meth:`send`.
        """
        reuse: Reuse | None = self._reuse
        # The fast path of a hit: no lock, no generator and no digest.
        if (
            reuse is not None
            and valid_for is None
            and reuse.plan is self._default_plan
            and not self._shared.closed
        ):
            token: T | None = reuse.hit(call)
            if token is not None:
                return token
        return cast("T", self._drive_tokens(self._start_token(call, valid_for)))

    def invalidate_token(self, call: Call[IssuedToken]) -> None:
        """Forget a call's token, for example because the user's rights have changed.

        The next :meth:`get_token` mints. The token itself stays valid until it expires, and
        another process with its own copy keeps handing it out until it renews it.

        Args:
            call: The call that was passed to :meth:`get_token`.

        Raises:
            StoreError: The token is forgotten in this process, but not in the shared store.
            ConfigurationError: This call's token is never kept.
        """
        self._drive_tokens(self._start_invalidation(call))

    def _drive_tokens(self, start: _Start[R] | FailedCall) -> R:
        if isinstance(start, FailedCall):
            raise start.reported()
        shared = self._shared
        if shared.trace is None:
            return drive(start.begin, shared.connections, shared.clock, shared.hooks)
        with ExitStack() as stack:
            path = shared.base.path
            listener = _SpanForMint(stack, shared.trace, start.call, path, shared.hooks)
            return drive(start.begin, shared.connections, shared.clock, listener)


class AsyncTokenMethods(_TokenBase[AsyncConnections, AsyncClock]):
    """An async client's methods for kept tokens."""

    async def get_token(self, call: Call[T], *, valid_for: timedelta | None = None) -> T:
        """Return a token for a call: a kept one if possible, otherwise a new one.

        A token minted for an equal call with the same credentials is returned again until shortly
        before it expires. Otherwise one caller mints, and all callers that ask meanwhile get the
        same token. ``create_...`` methods and :meth:`send` always mint.

        Args:
            call: A request model's instance that mints one token.
            valid_for: How long the token must still be valid. A new token is returned even if it
                expires sooner; see its ``expires_at``. Default: a tenth of its life, but at least
                a minute and at most half its life.

        Raises:
            ConfigurationError: This call's token must not be reused because it opens a payment,
                or its lifetime is unknown: see ``token_lifetime`` of
                :class:`AsyncClientOptions`.
            RateLimitError: The vendor has rate limited this client's credentials; it isn't asked
                again until ``retry_after`` has passed.
            InvalidInputError: An argument is invalid. Other errors are those of :meth:`send`.
        """
        reuse: Reuse | None = self._reuse
        # The fast path of a hit: no lock, no generator and no digest.
        if (
            reuse is not None
            and valid_for is None
            and reuse.plan is self._default_plan
            and not self._shared.closed
        ):
            token: T | None = reuse.hit(call)
            if token is not None:
                return token
        return cast("T", await self._drive_tokens(self._start_token(call, valid_for)))

    async def invalidate_token(self, call: Call[IssuedToken]) -> None:
        """Forget a call's token, for example because the user's rights have changed.

        The next :meth:`get_token` mints. The token itself stays valid until it expires, and
        another process with its own copy keeps handing it out until it renews it.

        Args:
            call: The call that was passed to :meth:`get_token`.

        Raises:
            StoreError: The token is forgotten in this process, but not in the shared store.
            ConfigurationError: This call's token is never kept.
        """
        await self._drive_tokens(self._start_invalidation(call))

    async def _drive_tokens(self, start: _Start[R] | FailedCall) -> R:
        if isinstance(start, FailedCall):
            raise await start.reported_async()
        shared = self._shared
        if shared.trace is None:
            return await drive_async(start.begin, shared.connections, shared.clock, shared.hooks)
        with ExitStack() as stack:
            path = shared.base.path
            listener = _SpanForMint(stack, shared.trace, start.call, path, shared.hooks)
            return await drive_async(start.begin, shared.connections, shared.clock, listener)
