"""G26 where hooks, classes and tools of the caller's get a response before tokenkit does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest.mock import create_autospec

import anyio
import pytest
from callers_clients import CALLED_TWICE, minted
from credentials import async_strigo_client, strigo_client
from network_calls import NO_RETRIES, each_family, each_flavour, echo_token
from raw_server import RawServer, http
from reading_callers import (
    PATIENCE,
    Reader,
    alternating,
    by_client,
    by_hook,
    by_mount,
    by_object,
    by_tool,
    by_transport,
    until,
)
from surplus import CALLS, RIGHT, SURPLUS, polite, surplus_at_first

from tokenkit import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Family, Flavour
    from raw_server import Peer

    Maker = Callable[["Reader", pytest.MonkeyPatch], dict[str, Any]]


def fails_at_second(peer: Peer) -> None:
    """Refuse a connection's second request, with another response behind the refusal."""
    number = 0
    while (request := peer.read_request()) is not None:
        number += 1
        peer.send(http(503, b"busy") + SURPLUS if number == 2 else echo_token(request))


READERS: list[Maker] = [by_hook, by_client, by_object, by_transport, by_mount, by_tool]


@each_family
@each_flavour
@pytest.mark.parametrize("made_by", [*READERS, alternating])
def test_a_response_that_was_read_before_leaves_nothing_to_the_next(
    flavour: Flavour, family: Family, made_by: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of the caller's reads a response first, what is behind it is nobody's."""
    with RawServer(surplus_at_first) as server, monkeypatch.context() as patch:
        options = made_by(Reader(family, flavour), patch)
        assert minted(flavour, options, server.url) == RIGHT * 2


@each_family
@each_flavour
@pytest.mark.parametrize("made_by", READERS)
def test_a_response_that_was_read_before_leaves_nothing_to_others_meanwhile(
    flavour: Flavour, family: Family, made_by: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it to a call that is made before tokenkit gets the response."""
    reader = Reader(family, flavour)
    reader.goes_on.clear()
    alice, bob, carol = CALLS

    def meet(url: str, options: Any) -> str:
        client = strigo_client(url, **options, retry=NO_RETRIES)
        (owner,) = options.values()
        with owner, client, ThreadPoolExecutor(1) as threads:
            client.send(alice)
            refused = threads.submit(client.send, bob)
            assert reader.has_read_error.wait(PATIENCE)
            token = client.send(carol).token
            reader.goes_on.set()
            assert isinstance(refused.exception(PATIENCE), ServerError)
        return token

    async def ameet(url: str, options: Any) -> str:
        async def refused() -> None:
            with suppress(ServerError):
                await client.send(bob)

        (owner,) = options.values()
        third: Any = None
        async with (
            owner,
            async_strigo_client(url, **options, retry=NO_RETRIES) as client,
            anyio.create_task_group() as tasks,
        ):
            await client.send(alice)
            tasks.start_soon(refused)
            await until(reader.has_read_error)
            third = await client.send(carol)
            reader.goes_on.set()
        return str(third.token)

    with RawServer(fails_at_second) as server, monkeypatch.context() as patch:
        options = made_by(reader, patch)
        if flavour == "sync":
            assert meet(server.url, options) == RIGHT[2]
        else:
            assert anyio.run(ameet, server.url, options, backend=flavour) == RIGHT[2]


@each_family
@each_flavour
def test_one_transport_does_not_speak_for_another(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client may send to another server by another transport."""
    reader = Reader(family, flavour)
    mounts = {"all://127.0.0.1": by_transport(reader, monkeypatch)["transport"]}
    options = {"http_client": reader.kind("Client")(mounts=mounts)}
    with RawServer(surplus_at_first) as server, RawServer(polite) as other:
        url = other.url.replace("127.0.0.1", "localhost")
        assert minted(flavour, options, server.url, url) == RIGHT * 2
        assert other.connections == 1


@each_family
def test_a_hook_that_raises_leaves_nothing_to_the_next(family: Family) -> None:
    """A response that a hook has read and refused never comes to tokenkit."""
    module: Any = import_module(family)

    def refuse(response: Any) -> None:
        if response.is_error:
            response.read()
            response.raise_for_status()

    alice, bob, carol = CALLS
    with (
        RawServer(fails_at_second) as server,
        module.Client(event_hooks={"response": [refuse]}) as shared,
        strigo_client(server.url, http_client=shared, retry=NO_RETRIES) as client,
    ):
        client.send(alice)
        with pytest.raises(module.HTTPStatusError):
            client.send(bob)
        assert client.send(carol).token == RIGHT[2]


@each_family
def test_a_transport_that_sends_again_leaves_nothing_to_its_next_request(family: Family) -> None:
    """A response that a caller's transport has read and dropped never comes to tokenkit."""
    module: Any = import_module(family)

    class SendsAgain(module.HTTPTransport):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            response = module.HTTPTransport.handle_request(self, request)
            if response.status_code == 503:
                response.read()
                response = module.HTTPTransport.handle_request(self, request)
            return response

    with RawServer(fails_at_second) as server:
        assert minted("sync", {"transport": SendsAgain()}, server.url) == RIGHT * 2


def dropping(reader: Reader) -> dict[str, Any]:
    """Return a transport that drops the headers between neighbours, as RFC 9110 says."""
    base = reader.kind("HTTPTransport")

    class Dropping(base):  # type: ignore[misc, valid-type] # either family's
        def handle_request(self, request: Any) -> Any:
            del request.headers["connection"]
            return base.handle_request(self, request)

        async def handle_async_request(self, request: Any) -> Any:
            del request.headers["connection"]
            return await base.handle_async_request(self, request)

    return {"transport": Dropping()}


def hooked(reader: Reader) -> dict[str, Any]:
    """Return a client with hooks that keep each connection and look at each response."""

    def keep(request: Any) -> None:
        request.headers["connection"] = "keep-alive"

    async def akeep(request: Any) -> None:
        keep(request)

    async def alook(response: Any) -> None:
        assert response.status_code

    is_async = reader.is_async
    hooks = {"request": [akeep if is_async else keep], "response": [alook if is_async else str]}
    return {"http_client": reader.kind("Client")(event_hooks=hooks)}


def keeping_and_reading(reader: Reader) -> dict[str, Any]:
    """Return a client with hooks that keep each connection and read each response."""
    options = hooked(reader)
    read = reader.aread if reader.is_async else reader.read
    client = options["http_client"]
    client.event_hooks = {**client.event_hooks, "response": [read]}
    return options


@each_family
@each_flavour
@pytest.mark.parametrize("made_by", [dropping, hooked, keeping_and_reading])
def test_a_request_that_no_longer_asks_to_close_leaves_nothing_to_the_next(
    flavour: Flavour, family: Family, made_by: Callable[[Reader], dict[str, Any]]
) -> None:
    """What the caller's own code changes in a request doesn't hide what its connection holds."""
    with RawServer(surplus_at_first) as server:
        assert minted(flavour, made_by(Reader(family, flavour)), server.url) == RIGHT * 2


@each_family
def test_a_transport_that_tells_events_itself(family: Family) -> None:
    """What it tells of its own request, whatever that is, isn't touched."""
    module: Any = import_module(family)

    def respond(request: Any) -> Any:
        request.extensions["trace"]("http11.send_request_headers.started", {"request": request})
        assert request.headers["connection"].lower() == "close"
        return module.Response(200, json={"result": "success", "data": {"token": "t"}})

    options = {"transport": module.MockTransport(respond)}
    assert minted("sync", options, "https://vendor.example") == ["t"] * len(CALLED_TWICE)


def chaining(reader: Reader, events: list[str]) -> dict[str, Any]:
    """Return a client with a hook that has a plain function follow each request, too."""

    def chain(request: Any) -> None:
        follow = request.extensions["trace"]

        def both(event: str, info: Any) -> Any:
            events.append(event)
            return follow(event, info)

        request.extensions["trace"] = both

    async def achain(request: Any) -> None:
        chain(request)

    hooks = {"request": [achain if reader.is_async else chain]}
    return {"http_client": reader.kind("Client")(event_hooks=hooks)}


@each_family
@each_flavour
def test_a_trace_of_the_callers_own(flavour: Flavour, family: Family) -> None:
    """One that passes each event on is told about the request, and keeps nothing from tokenkit."""
    with RawServer(surplus_at_first) as server:
        events: list[str] = []
        options = chaining(Reader(family, flavour), events)
        assert minted(flavour, options, server.url) == RIGHT * 2
        assert "http11.response_closed.complete" in events
        assert server.connections == len(CALLED_TWICE)


@each_family
@each_flavour
def test_a_caller_may_ask_to_close(flavour: Flavour, family: Family) -> None:
    """A hook's ``Connection: close`` reaches the server."""
    reader = Reader(family, flavour)

    def close(request: Any) -> None:
        request.headers["connection"] = "close"

    async def aclose(request: Any) -> None:
        close(request)

    hooks = {"request": [aclose if reader.is_async else close]}
    options = {"http_client": reader.kind("Client")(event_hooks=hooks)}
    with RawServer(polite) as server:
        assert minted(flavour, options, server.url) == RIGHT * 2
        assert server.connections == len(CALLED_TWICE)


@each_family
def test_a_transport_may_send_in_the_other_way(family: Family) -> None:
    """An async client's transport may send in a thread, a sync one's in an event loop."""
    module: Any = import_module(family)
    inner, ainner = module.HTTPTransport(), module.AsyncHTTPTransport()

    class InThread(module.AsyncBaseTransport):  # type: ignore[misc] # either family's
        async def handle_async_request(self, request: Any) -> Any:
            def send() -> tuple[int, bytes]:
                response = inner.handle_request(request)
                return response.status_code, response.read()

            status, content = await anyio.to_thread.run_sync(send)
            return module.Response(status, content=content)

    class InLoop(module.BaseTransport):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            async def send() -> tuple[int, bytes]:
                response = await ainner.handle_async_request(request)
                content = await response.aread()
                await ainner.aclose()
                return response.status_code, content

            status, content = anyio.run(send)
            return module.Response(status, content=content)

    with RawServer(surplus_at_first) as server, inner:
        assert minted("sync", {"transport": InLoop()}, server.url) == RIGHT * 2
        assert minted("asyncio", {"transport": InThread()}, server.url) == RIGHT * 2


@each_family
@each_flavour
@pytest.mark.parametrize("option", ["http_client", "transport"])
def test_a_mock_that_comes_later_is_asked(flavour: Flavour, family: Family, option: str) -> None:
    """A method that is replaced after tokenkit's client was built gets the request."""
    reader = Reader(family, flavour)
    made = reader.kind("Client" if option == "http_client" else "HTTPTransport")()
    response = reader.module.Response(200, json={"result": "success", "data": {"token": "t"}})
    method = "send" if option == "http_client" else reader.handle
    client: Any = (async_strigo_client if reader.is_async else strigo_client)(
        "https://vendor.example", **{option: made}
    )

    def respond(*_: Any, **__: Any) -> Any:
        return response

    async def arespond(*_: Any, **__: Any) -> Any:
        return response

    async def main() -> str:
        async with client:
            return str((await client.send(CALLS[0])).token)

    setattr(made, method, arespond if reader.is_async else respond)
    if reader.is_async:
        assert anyio.run(main, backend=flavour) == "t"
    else:
        with client:
            assert client.send(CALLS[0]).token == "t"


@each_family
def test_a_stub_of_a_client_is_taken(family: Family) -> None:
    """A test may pass a mock with a client's interface, which has no parts of its own."""
    module: Any = import_module(family)
    stub = create_autospec(module.Client, instance=True)
    stub.headers = module.Headers()
    stub.send.return_value = module.Response(
        200, json={"result": "success", "data": {"token": "t"}}
    )
    with strigo_client("https://vendor.example", http_client=stub) as client:
        assert client.send(CALLS[0]).token == "t"
