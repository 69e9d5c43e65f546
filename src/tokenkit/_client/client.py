"""The sync and the async client, for any vendor."""

import inspect
from collections.abc import Mapping
from types import TracebackType
from typing import Any, TypeVar

from typing_extensions import Self, Unpack

from .._model.call import Call, Reply
from .._model.json import JSON
from .._pipeline.drivers import (
    AsyncConnections,
    Connections,
    drive,
    drive_async,
)
from .._policy.clock import (
    AsyncClock,
    AsyncSystemClock,
    Clock,
    SystemClock,
)
from ..auth.strategy import AsyncStrategy, Strategy
from ..errors import ConfigurationError
from .base import ClientBase, raw_call, read_environment
from .operation import AsyncCaller, Caller
from .options import (
    AsyncClientOptions,
    ClientOptions,
    SendOptions,
    refuse_unknown,
)

__all__ = ["AsyncClient", "Client"]

T = TypeVar("T")


class Client(ClientBase[Connections, Clock], Caller):
    """A vendor's client, sync; safe to share between threads and across forks.

    A vendor's client derives from it, sets ``profile``, and mixes in its operations.

    Args:
        auth: How requests are authenticated.
        **options: See :class:`ClientOptions`.

    Raises:
        ConfigurationError: An option cannot be used.
    """

    def __init__(self, *, auth: Strategy, **options: Unpack[ClientOptions]) -> None:
        from .._http import open_connections  # noqa: PLC0415 - importing a client must not cost httpx

        refuse_unknown(f"{type(self).__name__}()", options, ClientOptions)
        _refuse_async_sources(self, auth)
        self._set_up(
            options,
            auth=auth,
            connect=lambda base: open_connections(base.origin, options),
            clock=SystemClock(),
            may_be_async=False,
        )

    @classmethod
    def from_env(
        cls, *, environ: Mapping[str, str] | None = None, **options: Unpack[ClientOptions]
    ) -> Self:
        """Build a client from environment variables.

        Args:
            environ: Take the variables from here instead of the process's environment.
            **options: See :class:`ClientOptions`.

        Raises:
            ConfigurationError: A variable is missing or empty (all of them are named), or an
                option cannot be used.
        """
        found = read_environment(cls.profile, environ, options)
        del environ
        if isinstance(found, ConfigurationError):
            raise found
        arguments: dict[str, Any] = {**found, **options}
        return cls(**arguments)

    def send(self, call: Call[T], **options: Unpack[SendOptions]) -> T:
        """Perform a call and return its answer.

        Args:
            call: A request model's instance.
            **options: What this call has of its own; see :class:`SendOptions`.

        Raises:
            InvalidInputError: The call cannot be sent as it is; nothing was sent.
            TransportError: No complete answer arrived.
            APIError: The vendor answered that it failed.
            DecodeError: The answer cannot be read.
            ResponseTooLarge: The answer is larger than 8 MiB.
            UnexpectedRedirect: The answer is a redirect.
            ConfigurationError: A secret source failed.
            ClientClosedError: The client is closed.
        """
        try:
            return self.send_raw(call, **options).value
        finally:
            del options  # the frame of an error must not hold them

    def send_raw(self, call: Call[T], **options: Unpack[SendOptions]) -> Reply[T]:
        """Perform a call and return its answer with status, headers and attempts.

        Args and errors are those of :meth:`send`.
        """
        try:
            plan, request_id = self._begin(call, options)
        finally:
            del options  # the frame of an error must not hold them
        shared = self._shared
        if shared.trace is None:
            return drive(call, plan, request_id, shared.connections, shared.clock, shared.hooks)
        with shared.trace(call, plan.base_path, shared.hooks) as listener:
            return drive(call, plan, request_id, shared.connections, shared.clock, listener)

    def request(
        self, method: str, path: str, *, json: JSON = None, **options: Unpack[SendOptions]
    ) -> Reply[JSON]:
        """Reach an endpoint that has no model; a GET is retried, others are not.

        Args:
            method: The HTTP method, in upper case.
            path: The path below the base URL, percent-encoded, with a query where needed.
            json: The body.
            **options: See :class:`SendOptions`.

        Raises:
            InvalidInputError: The method or the path cannot be used. Other errors are those
                of :meth:`send`.
        """
        try:
            return self.send_raw(raw_call(method, path, json), **options)
        finally:
            del options, path, json  # the frame of an error must not hold them

    def close(self) -> None:
        """Close the connections. Further calls raise :class:`ClientClosedError`."""
        if self._owner:
            self._shared.closed = True
            self._shared.connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient(ClientBase[AsyncConnections, AsyncClock], AsyncCaller):
    """A vendor's client, async, on asyncio and trio; usable from several event loops.

    A vendor's client derives from it, sets ``profile``, and mixes in its operations.

    Args:
        auth: How requests are authenticated.
        **options: See :class:`AsyncClientOptions`.

    Raises:
        ConfigurationError: An option cannot be used.
    """

    def __init__(self, *, auth: AsyncStrategy, **options: Unpack[AsyncClientOptions]) -> None:
        from .._http import open_async_connections  # noqa: PLC0415 - importing a client must not cost httpx

        refuse_unknown(f"{type(self).__name__}()", options, AsyncClientOptions)
        self._set_up(
            options,
            auth=auth,
            connect=lambda base: open_async_connections(base.origin, options),
            clock=AsyncSystemClock(),
            may_be_async=True,
        )

    @classmethod
    def from_env(
        cls, *, environ: Mapping[str, str] | None = None, **options: Unpack[AsyncClientOptions]
    ) -> Self:
        """Build a client from environment variables.

        Args:
            environ: Take the variables from here instead of the process's environment.
            **options: See :class:`AsyncClientOptions`.

        Raises:
            ConfigurationError: A variable is missing or empty (all of them are named), or an
                option cannot be used.
        """
        found = read_environment(cls.profile, environ, options)
        del environ
        if isinstance(found, ConfigurationError):
            raise found
        arguments: dict[str, Any] = {**found, **options}
        return cls(**arguments)

    async def send(self, call: Call[T], **options: Unpack[SendOptions]) -> T:
        """Perform a call and return its answer.

        Args:
            call: A request model's instance.
            **options: What this call has of its own; see :class:`SendOptions`.

        Raises:
            InvalidInputError: The call cannot be sent as it is; nothing was sent.
            TransportError: No complete answer arrived.
            APIError: The vendor answered that it failed.
            DecodeError: The answer cannot be read.
            ResponseTooLarge: The answer is larger than 8 MiB.
            UnexpectedRedirect: The answer is a redirect.
            ConfigurationError: A secret source failed.
            ClientClosedError: The client is closed.
        """
        try:
            return (await self.send_raw(call, **options)).value
        finally:
            del options  # the frame of an error must not hold them

    async def send_raw(self, call: Call[T], **options: Unpack[SendOptions]) -> Reply[T]:
        """Perform a call and return its answer with status, headers and attempts.

        Args and errors are those of :meth:`send`.
        """
        try:
            plan, request_id = self._begin(call, options)
        finally:
            del options  # the frame of an error must not hold them
        shared = self._shared
        if shared.trace is None:
            return await drive_async(
                call, plan, request_id, shared.connections, shared.clock, shared.hooks
            )
        with shared.trace(call, plan.base_path, shared.hooks) as listener:
            return await drive_async(
                call, plan, request_id, shared.connections, shared.clock, listener
            )

    async def request(
        self, method: str, path: str, *, json: JSON = None, **options: Unpack[SendOptions]
    ) -> Reply[JSON]:
        """Reach an endpoint that has no model; a GET is retried, others are not.

        Args:
            method: The HTTP method, in upper case.
            path: The path below the base URL, percent-encoded, with a query where needed.
            json: The body.
            **options: See :class:`SendOptions`.

        Raises:
            InvalidInputError: The method or the path cannot be used. Other errors are those
                of :meth:`send`.
        """
        try:
            return await self.send_raw(raw_call(method, path, json), **options)
        finally:
            del options, path, json  # the frame of an error must not hold them

    async def aclose(self) -> None:
        """Close the connections. Further calls raise :class:`ClientClosedError`.

        Connections of other event loops are closed when those loops end.
        """
        if self._owner:
            self._shared.closed = True
            await self._shared.connections.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def _refuse_async_sources(client: Client, auth: AsyncStrategy) -> None:
    if any(inspect.iscoroutinefunction(source) for source in auth.secrets):
        raise ConfigurationError(
            f"{type(client).__name__} cannot wait for an async secret source; use the async "
            "client, or a plain function"
        )
