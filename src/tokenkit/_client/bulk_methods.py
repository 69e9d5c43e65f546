"""The client methods that send many calls."""

from collections.abc import AsyncIterable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs
from typing_extensions import Self, Unpack

from .._model.call import Call, Reply
from .._model.json import type_of
from .._model.messages import Headers
from .._pipeline.drivers import AsyncConnections, Connections, drive, drive_async
from .._pipeline.secret_sources import resolved
from .._policy.clock import AsyncClock, Clock, TimeSource
from .._policy.retry import RetryRules
from .._secret import Secret
from ..errors import ConfigurationError
from .base import ClientBase
from .tapped_connections import AsyncTappedConnections, Tap, TappedConnections

if TYPE_CHECKING:
    from .._reuse.cache import TokenCache
    from ..bulk.async_sending import AsyncSendMany
    from ..bulk.options import BulkOptions, Settings
    from ..bulk.sender import AsyncSend, AsyncSender, Send, Sender, SyncSender
    from ..bulk.sending import SendMany

__all__ = ["AsyncBulkMethods", "BulkMethods"]

C = TypeVar("C")
K = TypeVar("K", bound=TimeSource)
Q = TypeVar("Q")
S = TypeVar("S")
T = TypeVar("T")

TOO_MANY_REQUESTS = 429
ITERABLE = ("__iter__", "__aiter__", "__getitem__")


def _raising_429(rules: RetryRules) -> RetryRules:
    """Raise a 429 at once: in bulk it pauses every sender."""

    def invites_retry(status: int, headers: Headers) -> bool:
        return status != TOO_MANY_REQUESTS and rules.invites_retry(status, headers)

    return attrs.evolve(
        rules,
        not_performed=rules.not_performed - {TOO_MANY_REQUESTS},
        perhaps_performed=rules.perhaps_performed - {TOO_MANY_REQUESTS},
        invites_retry=invites_retry,
    )


def _changed(client: T, **changes: object) -> T:
    """Change a run's own client; not by assignment, as a subclass may be frozen."""
    vars(client).update(changes)
    return client


class _BulkBase(ClientBase[C, K]):
    """What sync and async clients share for bulk runs."""

    def _for_run(self, *, may_retry: bool) -> Self:
        """Return a client whose calls raise a 429 at once and repeat no payment."""
        policy = attrs.evolve(self._call_settings.retry, repeat_payments=False)
        if not may_retry:
            policy = attrs.evolve(policy, max_retries=0)
        client = self.with_options(retry=policy)
        plan = client._default_plan  # noqa: SLF001 - of the same class
        rules = _raising_429(plan.profile.retries)
        profile = attrs.evolve(plan.profile, retries=rules)
        return _changed(client, _default_plan=attrs.evolve(plan, profile=profile))

    def _bulk_settings(self, calls: object, options: "BulkOptions") -> "Settings":
        from ..bulk.options import Settings  # noqa: PLC0415 - few clients run in bulk

        where = self._method_name("send_many")
        if not any(hasattr(calls, name) for name in ITERABLE):
            raise TypeError(f"{where}: calls must be an iterable of calls, not {type_of(calls)}")
        return Settings.parse(cast("dict[str, Any]", options), about=where)

    def _origin_of(self, call: Call[Any]) -> str:
        shared = self._shared
        return shared.services.get(call.service or "", shared.base).origin

    def _sender_of(self, send: S, secrets: Q) -> "Sender[S, Q, K]":
        from .._reuse.key import identity_of  # noqa: PLC0415 - few clients run in bulk
        from ..bulk.sender import Sender  # noqa: PLC0415 - few clients run in bulk

        self._check_open()
        profile, base, plan = self.profile, self._shared.base, self._default_plan

        def identity(resolved_secrets: Sequence[Secret]) -> bytes:
            found = identity_of(plan, resolved_secrets)
            if isinstance(found, ConfigurationError):
                raise found
            return found

        return Sender(
            name=f"{profile.vendor} at {base.origin}{base.path}",
            origin_of=self._origin_of,
            send=send,
            clock=self._shared.clock,
            secrets=secrets,
            identity=identity,
            rate=profile.rate,
            refused_wait=profile.retries.waits.get(TOO_MANY_REQUESTS),
            blames_credentials=profile.blames_credentials,
        )


class BulkMethods(_BulkBase[Connections, Clock]):
    """A sync client's methods for many calls."""

    if TYPE_CHECKING:  # the client's own

        @property
        def token_cache(self) -> TokenCache: ...

        def send_raw(self, call: Call[T]) -> Reply[T]: ...

        def get_token(self, call: Call[Any]) -> Any: ...

    def send_many(
        self, calls: Iterable[Call[T]], **options: "Unpack[BulkOptions]"
    ) -> "SendMany[T]":
        """Send many calls, as fast as the vendor allows; see the guide to bulk runs.

        Use the results as a context manager and iterate them::

            with client.send_many(calls) as results:
                for result in results:
                    match result:
                        case Success(value=token):
                            save(token)
                        case Failure(call=call, error=error):
                            report(call, error)

        Each call that is taken gets exactly one :class:`~tokenkit.bulk.Success` or
        :class:`~tokenkit.bulk.Failure`. A 429 is not a failure: the run waits and sends the call
        again. Calls are taken only as slots become free, so a slow loop slows sending down, and
        memory stays small.

        Args:
            calls: Request models, from any iterable.
            **options: See :class:`~tokenkit.bulk.BulkOptions`.

        Raises:
            ConfigurationError: An option cannot be used or, on entering the block, the journal
                can't.
            ClientClosedError: The client is closed.
            TypeError: ``calls`` is not an iterable.
            InvalidInputError: While iterating: an item is not a call.
        """
        from ..bulk.sending import SendMany  # noqa: PLC0415 - few clients run in bulk

        settings = self._bulk_settings(calls, options)
        return SendMany(calls, settings, self._sender(reuse=settings.reuse))

    def _sender(self, *, reuse: bool) -> "SyncSender":
        shared = self._shared

        def secrets() -> Sequence[Secret]:
            begin = partial(resolved, self._default_plan)
            found, _ = drive(begin, shared.connections, shared.clock)
            return found

        return self._sender_of(self._bulk_send(reuse=reuse), secrets)

    def _bulk_send(self, *, reuse: bool) -> "Send":
        usual, once = self._for_run(may_retry=True), self._for_run(may_retry=False)

        def send(call: Call[Any], *, may_retry: bool) -> Reply[Any]:
            client = usual if may_retry else once
            return client.send_raw(call)

        if not reuse:
            return send
        tap = Tap()
        shared = attrs.evolve(self._shared, token_cache=self.token_cache)
        shared.connections = TappedConnections(shared.connections, tap)
        _changed(usual, _shared=shared, _getter="send_many")

        def get(call: Call[Any], *, may_retry: bool) -> Reply[Any]:
            del may_retry  # what must not be sent twice is never kept
            self._check_open()
            return tap.reply(usual.get_token(call))

        return get


class AsyncBulkMethods(_BulkBase[AsyncConnections, AsyncClock]):
    """An async client's methods for many calls."""

    if TYPE_CHECKING:  # the client's own

        @property
        def token_cache(self) -> TokenCache: ...

        async def send_raw(self, call: Call[T]) -> Reply[T]: ...

        async def get_token(self, call: Call[Any]) -> Any: ...

    def send_many(
        self,
        calls: Iterable[Call[T]] | AsyncIterable[Call[T]],
        **options: "Unpack[BulkOptions]",
    ) -> "AsyncSendMany[T]":
        """Send many calls, as fast as the vendor allows; see the guide to bulk runs.

        Use the results as a context manager and iterate them::

            async with client.send_many(calls) as results:
                async for result in results:
                    match result:
                        case Success(value=token):
                            save(token)
                        case Failure(call=call, error=error):
                            report(call, error)

        Each call that is taken gets exactly one :class:`~tokenkit.bulk.Success` or
        :class:`~tokenkit.bulk.Failure`. A 429 is not a failure: the run waits and sends the call
        again. Calls are taken only as slots become free, so a slow loop slows sending down, and
        memory stays small.

        Args:
            calls: Request models, from any iterable, plain or async.
            **options: See :class:`~tokenkit.bulk.BulkOptions`.

        Raises:
            ConfigurationError: An option cannot be used or, on entering the block, the journal
                can't.
            ClientClosedError: The client is closed.
            TypeError: ``calls`` is not an iterable.
            InvalidInputError: While iterating: an item is not a call.
        """
        from ..bulk.async_sending import AsyncSendMany  # noqa: PLC0415 - few clients run in bulk

        settings = self._bulk_settings(calls, options)
        return AsyncSendMany(calls, settings, self._sender(reuse=settings.reuse))

    def _sender(self, *, reuse: bool) -> "AsyncSender":
        shared = self._shared

        async def secrets() -> Sequence[Secret]:
            begin = partial(resolved, self._default_plan)
            found, _ = await drive_async(begin, shared.connections, shared.clock)
            return found

        return self._sender_of(self._bulk_send(reuse=reuse), secrets)

    def _bulk_send(self, *, reuse: bool) -> "AsyncSend":
        usual, once = self._for_run(may_retry=True), self._for_run(may_retry=False)

        async def send(call: Call[Any], *, may_retry: bool) -> Reply[Any]:
            client = usual if may_retry else once
            return await client.send_raw(call)

        if not reuse:
            return send
        tap = Tap()
        shared = attrs.evolve(self._shared, token_cache=self.token_cache)
        shared.connections = AsyncTappedConnections(shared.connections, tap)
        _changed(usual, _shared=shared, _getter="send_many")

        async def get(call: Call[Any], *, may_retry: bool) -> Reply[Any]:
            del may_retry  # what must not be sent twice is never kept
            self._check_open()
            return tap.reply(await usual.get_token(call))

        return get
