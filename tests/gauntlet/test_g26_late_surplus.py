"""G26 for what arrives after a connection was chosen, and right before its next request."""

from __future__ import annotations

import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from callers_clients import minted_through, tokens
from credentials import strigo_client
from network_calls import (
    NO_RETRIES,
    core_of,
    each_family,
    each_flavour,
    echo_token,
    send_strigo,
)
from raw_server import RawServer
from surplus import CALLS, RIGHT, SURPLUS, polite, surplus_at_first
from tls_servers import server_context, trusting

from tokenkit import ConnectError, TokenKitError
from tokenkit._http.connection import Stream
from tokenkit._http.httpx_adapter import HttpcoreAdapter
from tokenkit._http.progress import PROGRESS

if TYPE_CHECKING:
    from network_calls import Family, Flavour
    from raw_server import Peer

PATIENCE = 20
STARTED = "http11.send_request_headers.started"
each_scheme = pytest.mark.parametrize("scheme", ["http", "https"])


class Late:
    """A server's script: another response follows the very first one, on demand."""

    def __init__(self) -> None:
        self._is_asked = threading.Event()
        self._was_sent = threading.Event()
        self._requests = 0

    def __call__(self, peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(echo_token(request))
            if len(peer.server.requests) == 1:
                assert self._is_asked.wait(PATIENCE)
                peer.send(SURPLUS)
                self._was_sent.set()

    def before_a_request(self) -> None:
        """Let the surplus arrive before the second request."""
        self._requests += 1
        if self._requests == 2:
            self._is_asked.set()
            assert self._was_sent.wait(PATIENCE)
            time.sleep(0.05)


def address(server: RawServer, scheme: str) -> str:
    return server.url if scheme == "http" else f"https://localhost:{server.port}"


@each_family
@each_flavour
@each_scheme
def test_late_surplus_on_an_own_connection_is_nobodys(
    flavour: Flavour, family: Family, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is not sent behind it, but over another connection, without a retry."""
    late, outgoing = Late(), HttpcoreAdapter.outgoing

    def waiting(self: HttpcoreAdapter, *arguments: Any) -> Any:
        late.before_a_request()
        return outgoing(self, *arguments)

    monkeypatch.setattr(HttpcoreAdapter, "outgoing", waiting)
    tls = None if scheme == "http" else server_context("localhost")
    with RawServer(late, tls=tls) as server:
        replies = send_strigo(
            flavour,
            address(server, scheme),
            *CALLS,
            http_family=family,
            ssl_context=trusting(),
            retry=NO_RETRIES,
        )
        assert [reply.value.token for reply in replies] == RIGHT
        assert len(server.requests) == len(CALLS)


@each_family
@each_flavour
@each_scheme
def test_late_surplus_on_a_callers_connection_is_nobodys(
    flavour: Flavour, family: Family, scheme: str
) -> None:
    """The pool looks when it chooses a connection, and what comes after that is noticed too."""
    late = Late()

    def follow(request: Any) -> None:
        ours = request.extensions["trace"]

        def traced(event: str, info: Any) -> Any:
            if event == STARTED:
                late.before_a_request()
            return ours(event, info)

        async def traced_async(event: str, info: Any) -> None:
            await traced(event, info)

        request.extensions["trace"] = traced if flavour == "sync" else traced_async

    async def follow_async(request: Any) -> None:
        follow(request)

    hooks = {"request": [follow if flavour == "sync" else follow_async]}
    tls = None if scheme == "http" else server_context("localhost")
    with RawServer(late, tls=tls) as server:
        url = address(server, scheme)
        assert tokens(flavour, family, "client", url, event_hooks=hooks) == RIGHT
        assert len(server.requests) == len(CALLS)


def transport_over(family: Family, pool: type[Any]) -> Any:
    transport: Any = import_module(family).HTTPTransport()
    transport._pool = pool()
    return transport


@each_family
def test_a_request_of_a_callers_own_class_is_no_way_around(family: Family) -> None:
    """It may have lost what asked its connection to close."""
    core: Any = core_of(family)
    own = type("Own", (core.Request,), {"__module__": "elsewhere"})

    class Pool(core.ConnectionPool):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            kept = [one for one in request.headers if one[0].lower() != b"connection"]
            made = own(
                request.method,
                request.url,
                headers=kept,
                content=request.stream,
                extensions=request.extensions,
            )
            return core.ConnectionPool.handle_request(self, made)

    with RawServer(surplus_at_first) as server:
        assert minted_through("sync", server.url, transport_over(family, Pool)) == RIGHT


@each_family
def test_connections_that_all_have_served_end_the_call(family: Family) -> None:
    """A pool that greets on each new connection isn't asked for ever more of them."""
    core: Any = core_of(family)

    class Greeting(core.HTTP11Connection):  # type: ignore[misc] # either family's
        def __init__(self, origin: Any) -> None:
            stream = core.SyncBackend().connect_tcp(origin.host.decode(), origin.port)
            core.HTTP11Connection.__init__(self, origin, stream, 5.0)
            url = core.URL(scheme=b"http", host=origin.host, port=origin.port, target=b"/hello")
            body = b'{"email":"hello"}'
            headers = [(b"host", b"greeting"), (b"content-length", b"%d" % len(body))]
            hello = core.Request(b"POST", url, headers=headers, content=body)
            response = core.HTTP11Connection.handle_request(self, hello)
            response.read()
            response.close()

    class Pool(core.ConnectionPool):  # type: ignore[misc] # either family's
        def create_connection(self, origin: Any) -> Any:
            return Greeting(origin)

    with RawServer(polite) as server:
        transport = transport_over(family, Pool)
        client = strigo_client(server.url, transport=transport, retry=NO_RETRIES)
        with client, pytest.raises(ConnectError, match="has served another request") as caught:
            client.send(CALLS[0])
        assert caught.value.outcome == "not performed"
        assert len(server.requests) == server.connections < 200


@each_family
@pytest.mark.parametrize("script", [polite, surplus_at_first])
def test_a_connection_that_takes_no_mark_serves_one_call(family: Family, script: Any) -> None:
    """A class of the caller's may refuse new attributes."""
    core: Any = core_of(family)

    class Strict(core.HTTP11Connection):  # type: ignore[misc] # either family's
        def __setattr__(self, name: str, value: object) -> None:
            if name == "_tokenkit_followed":
                raise AttributeError(name)
            object.__setattr__(self, name, value)

    class Pool(core.ConnectionPool):  # type: ignore[misc] # either family's
        def create_connection(self, origin: Any) -> Any:
            stream = core.SyncBackend().connect_tcp(origin.host.decode(), origin.port)
            return Strict(origin, stream, None)

    with RawServer(script) as server:
        assert minted_through("sync", server.url, transport_over(family, Pool)) == RIGHT
        assert server.connections == len(RIGHT)


@each_family
@each_flavour
def test_a_forked_child_opens_connections_of_its_own(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller's pool has the parent's, whose responses are the parent's."""
    processes = iter([1, 1, 2])
    with RawServer(polite) as server:
        with monkeypatch.context() as patch:
            current = [next(processes)]
            patch.setattr("tokenkit._http.progress.os.getpid", lambda: current[0])

            def fork() -> None:
                current[0] = next(processes, 2)

            assert tokens(flavour, family, "client", server.url, fork) == RIGHT
        assert server.connections == 2


@each_family
def test_a_transport_may_go_on_in_a_thread(family: Family) -> None:
    """An async request that fails on the event loop may be sent by a sync transport."""
    http: Any = import_module(family)

    class Either(http.AsyncBaseTransport):  # type: ignore[misc] # either family's
        async def handle_async_request(self, request: Any) -> Any:
            good = request.url
            try:
                request.url = good.copy_with(port=1)
                return await http.AsyncHTTPTransport().handle_async_request(request)
            except http.ConnectError:
                request.url = good

            def send() -> Any:
                with http.HTTPTransport() as transport:
                    response = transport.handle_request(request)
                    return http.Response(response.status_code, content=response.read())

            return await anyio.to_thread.run_sync(send)

    with RawServer(polite) as server:
        assert minted_through("asyncio", server.url, Either()) == RIGHT


def repeating(http: Any, *, another: bool, is_async: bool) -> tuple[Any, str, Any]:
    """Return the method that a tool replaces, and its own, which repeats what was lost."""
    kind, name = http.HTTPTransport, "handle_request"
    if is_async:
        kind, name = http.AsyncHTTPTransport, "handle_async_request"
    handle = getattr(kind, name)

    def repeat(self: Any, request: Any) -> Any:
        try:
            return handle(self, request)
        except http.ReadError:
            return handle(kind() if another else self, request)

    async def repeat_async(self: Any, request: Any) -> Any:
        try:
            return await handle(self, request)
        except http.ReadError:
            return await handle(kind() if another else self, request)

    return kind, name, repeat_async if is_async else repeat


def look_once(monkeypatch: pytest.MonkeyPatch, family: Family) -> None:
    """Let the next connection turn out to have ended, right before its request."""
    looks = iter([True])

    def look(_: Stream) -> None:
        if next(looks, False):
            PROGRESS.get().sent, PROGRESS.get().is_stale = False, True
            raise core_of(family).ReadError

    monkeypatch.setattr(Stream, "_check_unread", look)


@each_family
@each_flavour
@pytest.mark.parametrize(
    ("over", "deadline"),
    [("the same transport", PATIENCE), ("another one", PATIENCE), ("another one", 3)],
)
def test_what_a_tool_has_sent_again_is_not_sent_once_more(
    flavour: Flavour, family: Family, over: str, deadline: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It met a connection that had ended, and repeated the request, perhaps in its own way."""
    is_over = threading.Event()

    def lost(peer: Peer) -> None:
        peer.read_request()
        if deadline < PATIENCE:
            is_over.wait(PATIENCE)

    look_once(monkeypatch, family)
    http: Any = import_module(family)
    tool = repeating(http, another=over == "another one", is_async=flavour != "sync")
    monkeypatch.setattr(*tool)
    options: Any = {"http_family": family, "retry": NO_RETRIES, "deadline": deadline}
    with RawServer(lost) as server:
        with pytest.raises(TokenKitError) as caught:
            send_strigo(flavour, server.url, CALLS[0], **options)
        is_over.set()
        assert len(server.requests) == 1
    assert caught.value.outcome == "unknown"
