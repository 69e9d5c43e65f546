"""The sync and the async client, for any vendor."""

from collections.abc import Mapping
from types import TracebackType
from typing import TypeVar

from typing_extensions import Unpack

from .._model.call import Call, Reply
from .._model.frames import forget_arguments
from .._model.json import JSON
from .._observability.hooks import Listener
from .._pipeline.drivers import drive, drive_async
from .._secret import AsyncSecretSource, SecretSource
from ..auth.strategy import AsyncStrategy, Strategy
from .base import ClientBase, Start, raw_call
from .bulk_methods import AsyncBulkMethods, BulkMethods
from .credentials import name_variables, read_environment
from .failed_call import FailedCall
from .operation import AsyncCaller, Caller, take_over
from .options import AsyncClientOptions, ClientOptions, SendOptions, check_options
from .origins import connect_all, connect_all_async
from .tokens import AsyncTokenMethods, TokenMethods

__all__ = ["AsyncClient", "Client"]

T = TypeVar("T")
# Jedi resolves Self to the class in which it is written.
ClientT = TypeVar("ClientT", bound="Client")
AsyncClientT = TypeVar("AsyncClientT", bound="AsyncClient")


class Client(TokenMethods, BulkMethods, Caller):
    """A vendor's sync client; safe to share between threads and across forks.

    A vendor's client derives from it, sets ``profile``, and mixes in its operations.

    Args:
        auth: The strategy that authenticates requests, instead of ``credentials``.
        credentials: The vendor's credentials by name, as the profile lists them.
        base_url_settings: The values of the profile's ``base_url_settings`` by name.
        **options: See :class:`ClientOptions`.

    Raises:
        ConfigurationError: An option cannot be used.
    """

    def __init__(
        self,
        *,
        auth: Strategy | None = None,
        credentials: Mapping[str, SecretSource | None] | None = None,
        base_url_settings: Mapping[str, object] | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        from .._http import open_connections  # noqa: PLC0415 - importing a client must not load httpx

        check_options(Client, self, options, ClientOptions)
        self._set_up(
            auth,
            credentials,
            base_url_settings,
            options,
            is_async=False,
            connect=lambda made: connect_all(
                made.origins, lambda origin: open_connections(origin, made.connection)
            ),
        )

    @classmethod
    def from_env(
        cls: type[ClientT],
        *,
        environ: Mapping[str, str] | None = None,
        **options: Unpack[ClientOptions],
    ) -> ClientT:
        """Build a client from environment variables.

        Args:
            environ: The variables. Default: the process's environment.
            **options: See :class:`ClientOptions`.

        Raises:
            ConfigurationError: A variable is missing or empty (all of them are named), or an
                option cannot be used.
        """
        try:
            return cls(**read_environment(cls, environ, options))
        except BaseException as error:
            name_variables(cls, error, environ, options)
            del environ, options  # keep them out of the traceback
            forget_arguments(error)
            raise

    def send(self, call: Call[T], **options: Unpack[SendOptions]) -> T:
        """Perform a call and return its value.

        Args:
            call: A request model's instance.
            **options: Options of this call; see :class:`SendOptions`.

        Raises:
            InvalidInputError: The call cannot be sent as it is; nothing was sent.
            TransportError: No complete response arrived.
            APIError: The vendor reported a failure.
            DecodeError: The response cannot be read.
            ResponseTooLarge: The response is larger than 8 MiB.
            UnexpectedRedirect: The response is a redirect.
            MismatchedResponse: The response is to another request.
            StoreError: The tokens have been revoked, but a shared store couldn't be updated.
            ConfigurationError: A secret source failed.
            ClientClosedError: The client is closed.
        """
        start = self._start(call, options)
        options = SendOptions()  # keep them out of the traceback
        return self._drive(start).value

    def send_raw(self, call: Call[T], **options: Unpack[SendOptions]) -> Reply[T]:
        """Perform a call and return its value with status, headers and attempts.

        Args and errors are those of :meth:`send`.
        """
        start = self._start(call, options, "send_raw")
        options = SendOptions()  # keep them out of the traceback
        return self._drive(start)

    def _drive(self, start: Start[T] | FailedCall) -> Reply[T]:
        if isinstance(start, FailedCall):
            raise start.reported()
        shared = self._shared
        if shared.trace is None:
            return self._sent(start, shared.hooks)
        with shared.trace(start.call, start.plan.base_path, shared.hooks) as listener:
            return self._sent(start, listener)

    def _sent(self, start: Start[T], listener: Listener) -> Reply[T]:
        begin, shared = self._beginning(start), self._shared
        return drive(begin, shared.connections, shared.clock, listener, start.at)

    def request(
        self, method: str, path: str, *, json: JSON = None, **options: Unpack[SendOptions]
    ) -> Reply[JSON]:
        """Call an endpoint that has no model; a GET is retried, other methods are not.

        Args:
            method: The HTTP method, in upper case.
            path: The path below the base URL, percent-encoded, with a query if needed.
            json: The body.
            **options: See :class:`SendOptions`.

        Raises:
            InvalidInputError: The method or the path cannot be used. Other errors are those
                of :meth:`send`.
        """
        call = raw_call(self._method_name("request"), method, path, json)
        start = self._start(call, options, "request")
        path, json, options = "", None, SendOptions()  # keep them out of the traceback
        return self._drive(start)

    def close(self) -> None:
        """Close the connections. Further calls raise :class:`ClientClosedError`."""
        if self._owns_connections:
            self._shared.closed = True
            self._shared.connections.close()

    def __enter__(self: ClientT) -> ClientT:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient(AsyncTokenMethods, AsyncBulkMethods, AsyncCaller):
    """A vendor's async client, on asyncio and trio; usable from several event loops.

    A vendor's client derives from it, sets ``profile``, and mixes in its operations.

    Args:
        auth: The strategy that authenticates requests, instead of ``credentials``.
        credentials: The vendor's credentials by name, as the profile lists them.
        base_url_settings: The values of the profile's ``base_url_settings`` by name.
        **options: See :class:`AsyncClientOptions`.

    Raises:
        ConfigurationError: An option cannot be used.
    """

    def __init__(
        self,
        *,
        auth: AsyncStrategy | None = None,
        credentials: Mapping[str, AsyncSecretSource | None] | None = None,
        base_url_settings: Mapping[str, object] | None = None,
        **options: Unpack[AsyncClientOptions],
    ) -> None:
        from .._http import open_async_connections  # noqa: PLC0415 - importing a client must not load httpx

        check_options(AsyncClient, self, options, AsyncClientOptions)
        self._set_up(
            auth,
            credentials,
            base_url_settings,
            options,
            is_async=True,
            connect=lambda made: connect_all_async(
                made.origins, lambda origin: open_async_connections(origin, made.connection)
            ),
        )

    @classmethod
    def from_env(
        cls: type[AsyncClientT],
        *,
        environ: Mapping[str, str] | None = None,
        **options: Unpack[AsyncClientOptions],
    ) -> AsyncClientT:
        """Build a client from environment variables.

        Args:
            environ: The variables. Default: the process's environment.
            **options: See :class:`AsyncClientOptions`.

        Raises:
            ConfigurationError: A variable is missing or empty (all of them are named), or an
                option cannot be used.
        """
        try:
            return cls(**read_environment(cls, environ, options))
        except BaseException as error:
            name_variables(cls, error, environ, options)
            del environ, options  # keep them out of the traceback
            forget_arguments(error)
            raise

    async def send(self, call: Call[T], **options: Unpack[SendOptions]) -> T:
        """Perform a call and return its value.

        Args:
            call: A request model's instance.
            **options: Options of this call; see :class:`SendOptions`.

        Raises:
            InvalidInputError: The call cannot be sent as it is; nothing was sent.
            TransportError: No complete response arrived.
            APIError: The vendor reported a failure.
            DecodeError: The response cannot be read.
            ResponseTooLarge: The response is larger than 8 MiB.
            UnexpectedRedirect: The response is a redirect.
            MismatchedResponse: The response is to another request.
            StoreError: The tokens have been revoked, but a shared store couldn't be updated.
            ConfigurationError: A secret source failed.
            ClientClosedError: The client is closed.
        """
        start = self._start(call, options)
        options = SendOptions()  # keep them out of the traceback
        return (await self._drive(start)).value

    async def send_raw(self, call: Call[T], **options: Unpack[SendOptions]) -> Reply[T]:
        """Perform a call and return its value with status, headers and attempts.

        Args and errors are those of :meth:`send`.
        """
        start = self._start(call, options, "send_raw")
        options = SendOptions()  # keep them out of the traceback
        return await self._drive(start)

    async def _drive(self, start: Start[T] | FailedCall) -> Reply[T]:
        if isinstance(start, FailedCall):
            raise await start.reported_async()
        shared = self._shared
        if shared.trace is None:
            return await self._sent(start, shared.hooks)
        with shared.trace(start.call, start.plan.base_path, shared.hooks) as listener:
            return await self._sent(start, listener)

    async def _sent(self, start: Start[T], listener: Listener) -> Reply[T]:
        begin, shared = self._beginning(start), self._shared
        return await drive_async(begin, shared.connections, shared.clock, listener, start.at)

    async def request(
        self, method: str, path: str, *, json: JSON = None, **options: Unpack[SendOptions]
    ) -> Reply[JSON]:
        """Call an endpoint that has no model; a GET is retried, other methods are not.

        Args:
            method: The HTTP method, in upper case.
            path: The path below the base URL, percent-encoded, with a query if needed.
            json: The body.
            **options: See :class:`SendOptions`.

        Raises:
            InvalidInputError: The method or the path cannot be used. Other errors are those
                of :meth:`send`.
        """
        call = raw_call(self._method_name("request"), method, path, json)
        start = self._start(call, options, "request")
        path, json, options = "", None, SendOptions()  # keep them out of the traceback
        return await self._drive(start)

    async def aclose(self) -> None:
        """Close the connections. Further calls raise :class:`ClientClosedError`.

        Connections of other event loops are closed when those loops end.
        """
        if self._owns_connections:
            self._shared.closed = True
            await self._shared.connections.aclose()

    async def __aenter__(self: AsyncClientT) -> AsyncClientT:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


vars(ClientBase)["with_options"].__qualname__ = "Client.with_options"
take_over(Client, TokenMethods, BulkMethods)
take_over(AsyncClient, AsyncTokenMethods, AsyncBulkMethods)
