"""G28: an exception that isn't the network's is raised unchanged, at once."""

from __future__ import annotations

import gzip
import signal
import threading
import time
import traceback
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import HEALTHY, STRIGO_MINT, STRIGO_MINTED
from credentials import (
    STRIGO_API_KEY,
    ZDK_API_KEY,
    async_strigo_client,
    strigo_client,
)
from network_calls import each_family, each_flavour, send_strigo
from raw_server import RawServer, black_hole, http, responding
from strikes import frames_of

from tokenkit import (
    AsyncZdkClient,
    AuthenticationError,
    ConfigurationError,
    Hooks,
    ZdkClient,
)
from tokenkit.auth import Bearer

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Family, Flavour


class SoftTimeLimit(Exception):  # noqa: N818 - named as Celery's
    """An exception that a worker's time limit raises in a signal handler."""


class Exit(BaseException):
    """An exception that only the outermost code may catch."""


FOREIGN = [AssertionError("the key is wrong"), NameError("undefined"), SoftTimeLimit(), Exit()]


def call_with(flavour: Flavour, option: str, make: Callable[[], Any]) -> None:
    """Mint a token with a caller's client or transport."""
    if flavour == "sync":
        with strigo_client(**{option: make()}) as client:
            client.send(STRIGO_MINT)
        return

    async def main() -> None:
        brought = make()
        async with async_strigo_client(**{option: brought}) as async_client:
            try:
                await async_client.send(STRIGO_MINT)
            finally:
                await brought.aclose()

    anyio.run(main, backend=flavour)


@each_family
@each_flavour
@pytest.mark.parametrize("raised", FOREIGN, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("option", ["transport", "http_client"])
def test_what_a_mock_raises_comes_out(
    flavour: Flavour, family: Family, raised: BaseException, option: str
) -> None:
    """A mock's failing assert, its bug or a time limit is not retried, and not replaced."""
    http_module: Any = import_module(family)
    sent: list[object] = []

    def handle(request: object) -> Any:
        sent.append(request)
        raise raised

    def make() -> Any:
        transport = http_module.MockTransport(handle)
        if option == "transport":
            return transport
        kind = http_module.Client if flavour == "sync" else http_module.AsyncClient
        return kind(transport=transport)

    with pytest.raises(type(raised)) as caught:
        call_with(flavour, option, make)
    assert caught.value is raised
    assert len(sent) == 1
    assert STRIGO_API_KEY not in frames_of(caught.value)


@each_family
@each_flavour
def test_what_a_hook_of_httpx_raises_comes_out(flavour: Flavour, family: Family) -> None:
    """A response hook that calls raise_for_status() raises httpx's own error, once."""
    http_module: Any = import_module(family)

    def check(response: Any) -> None:
        response.raise_for_status()

    async def check_async(response: Any) -> None:
        response.raise_for_status()

    sync = flavour == "sync"
    kind = http_module.Client if sync else http_module.AsyncClient
    with RawServer(responding(lambda _: http(503))) as server:
        transport = (http_module.HTTPTransport if sync else http_module.AsyncHTTPTransport)()
        hook = check if sync else check_async
        url = server.url

        def make() -> Any:
            return kind(
                transport=transport, event_hooks={"response": [hook], "request": [redirected]}
            )

        def to_server(request: Any) -> None:
            request.url = http_module.URL(url)

        async def to_server_async(request: Any) -> None:
            request.url = http_module.URL(url)

        redirected = to_server if sync else to_server_async
        with pytest.raises(http_module.HTTPStatusError):
            call_with(flavour, "http_client", make)
        transport.close() if sync else None
        assert len(server.requests) == 1


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs an alarm")
@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals need it"
)
@pytest.mark.parametrize("kind", [SoftTimeLimit, Exit])
def test_what_a_signal_handler_raises_comes_out(kind: type[BaseException]) -> None:
    """A worker's time limit that hits during a read ends the call; nothing is sent again."""

    def limit(*_: object) -> None:
        raise kind

    before = signal.signal(signal.SIGALRM, limit)
    try:
        with RawServer(black_hole) as server, strigo_client(server.url, deadline=20) as client:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            began = time.monotonic()
            with pytest.raises(kind) as caught:
                client.send(STRIGO_MINT)
            assert time.monotonic() - began < 10
            assert len(server.requests) == 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert STRIGO_API_KEY not in frames_of(caught.value)


@each_flavour
def test_closing_hides_only_network_trouble(flavour: Flavour) -> None:
    """An exception while a stream is closed is dropped only if it is the network's."""
    http_module: Any = import_module("httpx")

    class Stream(http_module.SyncByteStream, http_module.AsyncByteStream):  # type: ignore[misc]  # a module that is imported by name
        def __init__(self, raised: Exception) -> None:
            self.raised = raised

        def __iter__(self) -> Any:
            yield HEALTHY.partition(b"\r\n\r\n")[2]

        async def __aiter__(self) -> Any:
            yield HEALTHY.partition(b"\r\n\r\n")[2]

        def close(self) -> None:
            raise self.raised

        async def aclose(self) -> None:
            raise self.raised

    class Transport(http_module.BaseTransport, http_module.AsyncBaseTransport):  # type: ignore[misc]  # likewise
        def __init__(self, raised: Exception) -> None:
            self.raised = raised

        def handle_request(self, _: object) -> Any:
            return http_module.Response(401, stream=Stream(self.raised))

        async def handle_async_request(self, _: object) -> Any:
            return http_module.Response(401, stream=Stream(self.raised))

    with pytest.raises(SoftTimeLimit):
        call_with(flavour, "transport", lambda: Transport(SoftTimeLimit()))
    with pytest.raises(Exception, match=r"^((?!odd).)*$"):
        call_with(flavour, "transport", lambda: Transport(OSError("odd")))


@pytest.mark.parametrize("flavour", ["asyncio", "trio"])
def test_the_end_of_an_async_stream_hides_only_network_trouble(flavour: Flavour) -> None:
    """A body that ends before its stream is complete, unless the stream then raises."""
    http_module: Any = import_module("httpx")
    packed = gzip.compress(STRIGO_MINTED.partition(b"\r\n\r\n")[2], mtime=0)

    class Stream(http_module.AsyncByteStream):  # type: ignore[misc]  # a module that is imported by name
        def __init__(self, raised: Exception) -> None:
            self.raised = raised

        async def __aiter__(self) -> Any:
            yield packed
            yield b"x" * 64
            raise self.raised

    class Transport(http_module.AsyncBaseTransport):  # type: ignore[misc]  # likewise
        def __init__(self, raised: Exception) -> None:
            self.raised = raised

        async def handle_async_request(self, _: object) -> Any:
            headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
            return http_module.Response(200, headers=headers, stream=Stream(self.raised))

    with pytest.raises(SoftTimeLimit):
        call_with(flavour, "transport", lambda: Transport(SoftTimeLimit()))
    call_with(flavour, "transport", lambda: Transport(OSError("odd")))


@each_flavour
def test_network_trouble_stays_network_trouble(flavour: Flavour) -> None:
    """A refused connection is different: it is retried, and typed."""
    from tokenkit import ConnectError  # noqa: PLC0415 - only here

    with pytest.raises(ConnectError):
        send_strigo(flavour, "http://127.0.0.1:1", STRIGO_MINT)


def fail(error: BaseException) -> Any:
    raise error


def raising(error: BaseException, _: object) -> None:
    raise error


def mint_with(flavour: Flavour, url: str, **options: Any) -> None:
    """Mint a ZDK token on a client with these options."""
    if flavour == "sync":
        with ZdkClient(base_url=url, **options) as client:
            client.create_user_token(id="u")
        return

    async def main() -> None:
        async with AsyncZdkClient(base_url=url, **options) as async_client:
            await async_client.create_user_token(id="u")

    anyio.run(main, backend=flavour)


class BrokenStrategy(Bearer[Any]):
    """A strategy that raises while it holds a secret."""

    raised: BaseException

    def headers(self, request: Any, secrets: Any, now: float) -> Any:  # noqa: ARG002 - a protocol's
        revealed = [secret.reveal() for secret in secrets]
        assert revealed
        raise self.raised


def broken(raised: BaseException) -> BrokenStrategy:
    kind: Any = type("Broken", (BrokenStrategy,), {"raised": raised})
    strategy: BrokenStrategy = kind(ZDK_API_KEY)
    return strategy


SOURCES: dict[str, Callable[[BaseException], dict[str, Any]]] = {
    "a secret source": lambda raised: {"api_key": lambda: fail(raised)},
    "a strategy": lambda raised: {"auth": broken(raised)},
}


@each_flavour
@pytest.mark.parametrize("where", SOURCES)
def test_a_sources_exception_is_the_cause(flavour: Flavour, where: str) -> None:
    """An exception from a secret source or a strategy is the cause of a ConfigurationError."""
    raised = SoftTimeLimit("the vault is closed")
    with RawServer(responding(lambda _: http(503))) as server:
        with pytest.raises(ConfigurationError, match="raised SoftTimeLimit") as caught:
            mint_with(flavour, server.url, **SOURCES[where](raised))
        assert server.requests == []
    assert caught.value.__cause__ is raised
    assert ZDK_API_KEY not in "".join(traceback.format_exception(caught.value))
    assert ZDK_API_KEY not in frames_of(caught.value)


@each_flavour
@pytest.mark.parametrize("where", SOURCES)
def test_what_is_no_exception_gets_out_of_a_source(flavour: Flavour, where: str) -> None:
    """An exception that only the outermost code may catch passes through them unchanged."""
    raised = Exit()
    with RawServer(responding(lambda _: http(503))) as server:
        with pytest.raises(Exit) as caught:
            mint_with(flavour, server.url, **SOURCES[where](raised))
        assert server.requests == []
    assert caught.value is raised


@each_flavour
@pytest.mark.parametrize("name", ["on_request", "on_response", "on_error"])
def test_a_hooks_exception_is_logged_and_others_get_out(
    flavour: Flavour, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A hook's Exception changes nothing about the call; a BaseException ends it."""
    for raised in (SoftTimeLimit(), Exit()):
        hook: Any = partial(raising, raised)
        hooks = Hooks(**{name: hook})
        with RawServer(responding(lambda _: http(401))) as server:
            expected = AuthenticationError if isinstance(raised, Exception) else Exit
            with pytest.raises(expected):
                mint_with(flavour, server.url, api_key=ZDK_API_KEY, hooks=hooks)
            assert len(server.requests) == (0 if name == "on_request" and expected is Exit else 1)
    assert "hook" in caplog.text
