"""G6: a payment is opened once, whatever the caller's own client or transport does besides."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import trio
from all_clients import WITHDRAWAL, ZEROHASH_MINTED
from credentials import async_zerohash_client, zerohash_client
from network_calls import FAST_RETRIES, each_family, each_flavour
from raw_server import RawServer, responding

from tokenkit import ConnectError, DeadlineExceeded

if TYPE_CHECKING:
    from network_calls import Family, Flavour


def unused_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def callers_options(family: Family, flavour: Flavour, kind: str, telemetry: str) -> dict[str, Any]:
    """Return a client or transport that reports each response to a server which is down."""
    http: Any = import_module(family)

    def report(response: Any) -> Any:
        response.read()
        http.post(telemetry, trust_env=False)
        return response

    async def report_async(response: Any) -> Any:
        await response.aread()
        async with http.AsyncClient(trust_env=False) as client:
            await client.post(telemetry)
        return response

    class Reporting(http.BaseTransport):  # type: ignore[misc]  # of either family
        inner: Any = http.HTTPTransport()

        def handle_request(self, request: Any) -> Any:
            return report(self.inner.handle_request(request))

        def close(self) -> None:
            self.inner.close()

    class AsyncReporting(http.AsyncBaseTransport):  # type: ignore[misc]  # of either family
        inner: Any = http.AsyncHTTPTransport()

        async def handle_async_request(self, request: Any) -> Any:
            return await report_async(await self.inner.handle_async_request(request))

        async def aclose(self) -> None:
            await self.inner.aclose()

    is_sync = flavour == "sync"
    if kind == "transport":
        return {"transport": Reporting() if is_sync else AsyncReporting()}
    make = http.Client if is_sync else http.AsyncClient
    hook = report if is_sync else report_async
    return {"http_client": make(event_hooks={"response": [hook]}, trust_env=False)}


def mint(flavour: Flavour, url: str, options: dict[str, Any], deadline: float = 30) -> object:
    """Open a payment; close the caller's client, which is the caller's to close."""

    async def mint_async() -> object:
        async with AsyncExitStack() as stack:
            if "http_client" in options:
                await stack.enter_async_context(options["http_client"])
            client = async_zerohash_client(url, retry=FAST_RETRIES, **options)
            await stack.enter_async_context(client)
            return await client.send(WITHDRAWAL, deadline=deadline)

    if flavour == "asyncio":
        return asyncio.run(mint_async())
    if flavour == "trio":
        return trio.run(mint_async)
    with ExitStack() as stack:
        if "http_client" in options:
            stack.enter_context(options["http_client"])
        client = stack.enter_context(zerohash_client(url, retry=FAST_RETRIES, **options))
        return client.send(WITHDRAWAL, deadline=deadline)


@each_family
@each_flavour
@pytest.mark.parametrize("kind", ["http_client", "transport"])
def test_another_requests_connection_error_proves_nothing(
    flavour: Flavour, family: Family, kind: str
) -> None:
    """A hook or transport whose own request cannot connect doesn't make a payment opened twice."""
    with RawServer(responding(lambda _: ZEROHASH_MINTED)) as server:
        options = callers_options(family, flavour, kind, unused_url())
        with pytest.raises(ConnectError) as caught:
            mint(flavour, server.url, options)
        assert len(server.requests) == 1
    assert caught.value.outcome == "unknown"


@each_family
@each_flavour
@pytest.mark.parametrize("kind", ["http_client", "transport"])
def test_a_refused_connection_of_a_callers_client_is_tried_again(
    flavour: Flavour, family: Family, kind: str
) -> None:
    """By httpcore's own account nothing was sent, so the payment may be opened once more."""
    options = callers_options(family, flavour, kind, unused_url())
    with pytest.raises(ConnectError) as caught:
        mint(flavour, unused_url(), options)
    assert (caught.value.attempts, caught.value.outcome) == (3, "not performed")


@each_family
@each_flavour
@pytest.mark.parametrize("kind", ["http_client", "transport"])
def test_a_callers_client_that_cannot_connect_in_time_has_sent_nothing(
    flavour: Flavour, family: Family, kind: str
) -> None:
    """If the deadline passes while the caller's client connects, the payment was not opened."""
    options = callers_options(family, flavour, kind, unused_url())
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
        pytest.raises(DeadlineExceeded) as caught,
    ):
        mint(flavour, f"http://127.0.0.1:{full.getsockname()[1]}", options, deadline=0.5)
    assert caught.value.outcome == "not performed"
