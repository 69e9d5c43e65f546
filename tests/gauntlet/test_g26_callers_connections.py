"""G26 for the connections of a caller's client or transport."""

from __future__ import annotations

import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from callers_clients import each_kind, each_loop, minted_through, tokens, transport_over
from connect_proxy import proxy_to, socks_proxy_to, socks_url
from credentials import async_strigo_client, strigo_client
from h2_server import H2Server
from network_calls import NO_RETRIES, core_of, each_family, each_flavour, echo_token
from raw_server import RawServer, json_response
from surplus import (
    CALLS,
    RIGHT,
    SURPLUS,
    USERS,
    behind_a_full_read,
    cut_at,
    one_too_many,
    polite,
    surplus_at_first,
)
from tls_servers import HOST, server_context, trusting

from tokenkit._http import progress

if TYPE_CHECKING:
    from callers_clients import Kind, Loop
    from network_calls import Family, Flavour
    from raw_server import Peer

PATIENCE = 20


CASES: list[tuple[Kind, str, str]] = [
    ("client", "plain", "in the same piece"),
    ("client", "plain", "later"),
    ("client", "plain", "behind a full read"),
    ("client", "tls", "in a record of its own"),
    ("client", "tls", "in a part of a record"),
    ("client", "http proxy", "in the same piece"),
    ("client", "https proxy", "in a record of its own"),
    ("client", "socks proxy", "in the same piece"),
    ("transport", "plain", "in the same piece"),
    ("transport", "tls", "in a part of a record"),
]


@each_family
@each_loop
@pytest.mark.parametrize(("kind", "way", "when"), CASES)
def test_a_surplus_response_on_a_callers_connection_is_nobodys(
    flavour: Loop, family: Family, kind: Kind, way: str, when: str
) -> None:
    """The next caller doesn't get it, however it arrives."""
    was_sent = threading.Semaphore(0)
    scripts = {"in a part of a record": cut_at(20), "behind a full read": behind_a_full_read}
    tls = None if way == "plain" or when in scripts else server_context(HOST, "localhost")

    def wait() -> None:
        assert when in scripts or was_sent.acquire(timeout=PATIENCE)
        time.sleep(0.2 if "proxy" in way else 0.05)

    with RawServer(scripts.get(when) or one_too_many(when, was_sent), tls=tls) as server:
        if "proxy" not in way:
            url = f"{'http' if way == 'plain' else 'https'}://127.0.0.1:{server.port}"
            if tls is not None:
                url = url.replace("127.0.0.1", "localhost")
            assert tokens(flavour, family, kind, url, wait) == RIGHT
            return
        shown = server_context("127.0.0.1") if way == "https proxy" else None
        with socks_proxy_to(server) if way == "socks proxy" else proxy_to(server, shown) as proxy:
            proxy_url: Any = socks_url(proxy) if way == "socks proxy" else proxy.url
            if shown is not None:
                proxy_url = import_module(family).Proxy(proxy_url, ssl_context=trusting())
            assert tokens(flavour, family, kind, f"https://{HOST}", wait, proxy=proxy_url) == RIGHT


RENAMED: list[tuple[str, Any]] = [
    ("H11", "renamed"),
    ("NETWORK", "renamed"),
    ("REQUESTS", "renamed"),
    ("CALLS_ABOVE", 0),
]
RENAMED_BELOW: list[tuple[str, Any]] = [
    ("TRANSPORT", "renamed"),
    ("READ_BIOS", ()),
    ("READ_QUEUE", ("renamed", "read_queue")),
    ("READ_QUEUE", ("_protocol", "renamed")),
]


@each_family
@each_loop
@each_kind
def test_a_callers_clean_connection_is_kept(flavour: Loop, family: Family, kind: Kind) -> None:
    """A connection with nothing behind its responses serves many calls."""
    with RawServer(polite, tls=server_context("localhost")) as server:
        url = f"https://localhost:{server.port}"
        assert tokens(flavour, family, kind, url) == RIGHT
        assert server.connections == 1


@each_family
@each_flavour
@pytest.mark.parametrize(("name", "value"), [*RENAMED, *RENAMED_BELOW])
def test_a_callers_connection_that_cannot_be_looked_at_serves_one_call(
    flavour: Flavour, family: Family, name: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is if a library has renamed what the check looks at."""
    monkeypatch.setattr(progress, name, value)
    needs_it = (
        (name, value) in RENAMED
        or flavour == "asyncio"
        or (flavour == "trio" and name != "READ_QUEUE")
    )
    with RawServer(polite, tls=server_context("localhost")) as server:
        assert tokens(flavour, family, "client", f"https://localhost:{server.port}") == RIGHT
        assert server.connections == (len(RIGHT) if needs_it else 1)


@each_family
@each_flavour
def test_a_callers_own_request_gets_its_own_response(flavour: Flavour, family: Family) -> None:
    """What is behind a token's response doesn't wait for another request of the caller's."""
    http: Any = import_module(family)

    async def main(url: str) -> Any:
        async with http.AsyncClient() as shared:
            await async_strigo_client(url, http_client=shared).send(CALLS[0])
            return await shared.post(url, json={"email": USERS[1]})

    with RawServer(surplus_at_first) as server:
        if flavour == "sync":
            with http.Client() as shared:
                strigo_client(server.url, http_client=shared).send(CALLS[0])
                response = shared.post(server.url, json={"email": USERS[1]})
        else:
            response = anyio.run(main, server.url, backend=flavour)
    assert response.json()["data"]["token"] == RIGHT[1]


def out_of_step(peer: Peer) -> None:
    """Respond twice to a connection's first request, and late to the others."""
    if (request := peer.read_request()) is not None:
        peer.send(echo_token(request) + SURPLUS)
    while (request := peer.read_request()) is not None:
        time.sleep(0.2)
        peer.send(echo_token(request))


@each_family
@each_flavour
def test_a_connection_of_a_callers_own_requests_is_not_used(
    flavour: Flavour, family: Family
) -> None:
    """The response to the caller's own request may still be on its way."""
    http: Any = import_module(family)
    own = {"email": "own@example.com"}

    async def main(url: str) -> list[str]:
        async with http.AsyncClient() as shared:
            client = async_strigo_client(url, http_client=shared, retry=NO_RETRIES)
            for _ in range(2):
                await shared.post(url, json=own)
            return [(await client.send(call)).token for call in CALLS]

    with RawServer(out_of_step) as server:
        if flavour == "sync":
            with http.Client() as shared:
                client = strigo_client(server.url, http_client=shared, retry=NO_RETRIES)
                for _ in range(2):
                    shared.post(server.url, json=own)
                minted = [client.send(call).token for call in CALLS]
        else:
            minted = anyio.run(main, server.url, backend=flavour)
    assert minted == RIGHT


@each_family
@each_flavour
def test_a_network_of_the_callers_own_serves_one_call(flavour: Flavour, family: Family) -> None:
    """What a stream holds that isn't httpcore's own can't be told."""
    core = core_of(family)
    made = {"sync": core.SyncBackend, "asyncio": core.AnyIOBackend, "trio": core.TrioBackend}
    inner = made[flavour]()

    def wrapped(stream: Any) -> Any:
        stream.__class__ = type("Own", (stream.__class__,), {"__module__": "own"})
        return stream

    class Backend:
        def connect_tcp(self, *args: Any, **kwargs: Any) -> Any:
            stream = inner.connect_tcp(*args, **kwargs)
            return wrapped(stream) if flavour == "sync" else self.awaited(stream)

        async def awaited(self, coming: Any) -> Any:
            return wrapped(await coming)

    with RawServer(polite) as server:
        transport = transport_over(flavour, family, Backend())
        assert minted_through(flavour, server.url, transport) == RIGHT
        assert server.connections == len(RIGHT)


@each_family
@each_flavour
def test_a_mocked_network_works(flavour: Flavour, family: Family) -> None:
    """The mock that comes with httpcore has TLS that isn't Python's."""
    response = json_response({"result": "success", "data": {"token": "t"}})
    kind = "MockBackend" if flavour == "sync" else "AsyncMockBackend"
    transport = transport_over(flavour, family, getattr(core_of(family), kind)([response]))
    assert minted_through(flavour, "https://vendor.example", transport) == ["t"] * len(RIGHT)


@each_family
def test_a_server_that_speaks_first_gets_the_request(family: Family) -> None:
    """What comes before a connection's first request doesn't have it sent for ever."""

    def speaking(peer: Peer) -> None:
        peer.send(b"HTTP")
        request = peer.read_request()
        if request is not None:
            peer.send(echo_token(request).removeprefix(b"HTTP"))
            peer.wait_gone()

    transport = import_module(family).HTTPTransport()
    with (
        RawServer(speaking) as server,
        strigo_client(server.url, transport=transport, retry=NO_RETRIES) as client,
    ):
        assert client.send(CALLS[0]).token == RIGHT[0]


@each_family
@each_flavour
@each_kind
def test_a_callers_http2_connection_is_kept(flavour: Flavour, family: Family, kind: Kind) -> None:
    """HTTP/2 says whose each response is: its connections are left alone."""
    body = b'{"result": "success", "data": {"token": "t"}}'
    server = H2Server(body, "localhost")
    with server.raw as raw:
        url = f"https://localhost:{raw.port}"
        assert tokens(flavour, family, kind, url, http2=True) == ["t"] * len(RIGHT)
        assert raw.connections == 1
