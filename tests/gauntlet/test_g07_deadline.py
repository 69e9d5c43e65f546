"""G7: a deadline against black holes, dripping servers and endless 503s, back 0.3 s after it.

With a caller's sync client the deadline is held between body chunks; else everywhere.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import anyio
import pytest
from all_clients import STRIGO_MINT
from credentials import async_strigo_client, strigo_client
from network_calls import at_most, each_family, each_flavour, send_strigo
from raw_server import RawServer, black_hole, http, responding

from tokenkit import (
    DeadlineExceeded,
    RetryPolicy,
    ServerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Family, Flavour
    from raw_server import Peer

DEADLINE = 0.3
MANY_RETRIES = RetryPolicy(max_retries=1000, first_wait=0.04, longest_wait=0.08)


def drip_headers(peer: Peer) -> None:
    peer.read_request()
    peer.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: " + b"a" * 1000, interval=0.1)


def drip_body(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    peer.drip(b" " * 1000, interval=0.1)


@each_flavour
@each_family
@pytest.mark.parametrize("script", [black_hole, drip_headers, drip_body])
def test_no_server_outlasts_the_deadline(
    flavour: Flavour, family: Family, script: Callable[[Peer], None]
) -> None:
    """A call to a silent or dripping server ends at the deadline, whatever the retries."""
    with RawServer(script) as server:
        with pytest.raises(DeadlineExceeded) as caught, at_most(DEADLINE):
            send_strigo(
                flavour,
                server.url,
                STRIGO_MINT,
                deadline=DEADLINE,
                retry=MANY_RETRIES,
                http_family=family,
            )
        assert isinstance(caught.value, TimeoutError)
        # On a busy machine the deadline may pass before the server has read one.
        assert len(server.requests) <= 1
        server.wait_all_closed()


@each_flavour
@each_family
def test_endless_failures_end_before_the_deadline(flavour: Flavour, family: Family) -> None:
    """Retries of an outage never go past the deadline; the last attempt's failure is reported."""
    with RawServer(responding(lambda _: http(503))) as server:
        with pytest.raises((ServerError, DeadlineExceeded)), at_most(DEADLINE):
            send_strigo(
                flavour,
                server.url,
                STRIGO_MINT,
                deadline=DEADLINE,
                retry=MANY_RETRIES,
                http_family=family,
            )
        # A busy machine may have time for none; a thousand would be no waits.
        assert len(server.requests) < 500


@each_flavour
@each_family
def test_a_callers_client_is_bounded(flavour: Flavour, family: Family) -> None:
    """With a caller's sync client a call ends between body chunks, with an async one anywhere."""
    http_library = import_module(family)
    if flavour == "sync":
        with RawServer(drip_body) as server, http_library.Client() as callers:
            client = strigo_client(server.url, http_client=callers)
            with pytest.raises(DeadlineExceeded), at_most(DEADLINE):
                client.send(STRIGO_MINT, deadline=DEADLINE)
        return

    async def main(url: str) -> None:
        async with http_library.AsyncClient() as callers:
            async_client = async_strigo_client(url, http_client=callers)
            with pytest.raises(DeadlineExceeded), at_most(DEADLINE):
                await async_client.send(STRIGO_MINT, deadline=DEADLINE)

    with RawServer(drip_headers) as server:
        anyio.run(main, server.url, backend=flavour)


@each_family
@pytest.mark.anyio
async def test_a_mock_is_bounded(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that replaces the library's sending, and waits, can't hold an async call."""

    async def wait(*_: object) -> None:
        await anyio.sleep(60)

    transport = import_module(family).AsyncHTTPTransport
    monkeypatch.setattr(transport, "handle_async_request", wait)
    async with async_strigo_client(http_family=family) as client:
        with pytest.raises(DeadlineExceeded), at_most(DEADLINE):
            await client.send(STRIGO_MINT, deadline=DEADLINE)
