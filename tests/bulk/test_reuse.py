"""Bulk runs that fill a cache: ``send_many(..., reuse=True)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import ZEROHASH_MINTED
from bulk_runs import learners
from credentials import async_zerohash_client, zerohash_client
from pooled import idle_of
from raw_server import RawServer, http, responding

from tokenkit import ClientClosedError, ConfigurationError, MismatchedResponse, zdk, zerohash
from tokenkit._client.tapped_connections import AsyncTappedConnections, Tap, TappedConnections
from tokenkit.bulk import Failure, Success
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from raw_server import RawRequest


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def test_a_run_fills_the_cache_before_a_course_starts(sandbox: Sandbox) -> None:
    """Tokens that a run minted are returned by ``get_token``; kept tokens cost no request."""
    calls = list(learners(20))
    with sandbox.strigo_client() as client:
        kept = client.get_token(calls[3])
        with client.send_many(calls, reuse=True, ordered=True) as results:
            tokens = [result.value for result in results if result.ok]
        assert tokens[3] == kept
        assert [client.get_token(call) for call in calls] == tokens
        assert results.counts.requests == 19
        with client.send_many(calls, reuse=True) as results:
            assert len(list(results)) == 20
        assert results.counts.requests == 0
    assert len(sandbox.issued) == 20


def test_an_async_run_fills_it_too(sandbox: Sandbox, anyio_backend: str) -> None:
    """The async client does the same."""

    async def main() -> list[int]:
        async with sandbox.async_strigo_client() as client:
            sent: list[int] = []
            for _ in range(2):
                async with client.send_many(learners(10), reuse=True) as results:
                    assert len([result async for result in results]) == 10
                sent.append(results.counts.requests)
            return sent

    assert anyio.run(main, backend=anyio_backend) == [10, 0]


def test_the_vendors_limit_is_heeded() -> None:
    """The pace sees the vendor's responses, although the caller gets only tokens."""
    with Sandbox(strigo_rate_limit=10, strigo_rate_window=1) as sandbox:
        with (
            sandbox.strigo_client() as client,
            client.send_many(learners(14), reuse=True) as results,
        ):
            assert sum(result.ok for result in results) == 14
        assert len(sandbox.refused) <= 1


def test_the_vendors_limit_is_heeded_by_async_clients(anyio_backend: str) -> None:
    """It works on each event loop."""

    async def main(sandbox: Sandbox) -> None:
        async with (
            sandbox.async_strigo_client() as client,
            client.send_many(learners(14), reuse=True) as results,
        ):
            assert len([result async for result in results]) == 14

    with Sandbox(strigo_rate_limit=10, strigo_rate_window=1) as sandbox:
        anyio.run(main, sandbox, backend=anyio_backend)
        assert len(sandbox.refused) <= 1


def test_what_must_not_be_reused_is_a_failure(sandbox: Sandbox) -> None:
    """A payment's token serves one page view."""
    payment = zerohash.ClientAuthTokenRequest(
        participant_code="CUST01", permissions=["crypto-pay"], reference_id="1"
    )
    with sandbox.zerohash_client() as client, client.send_many([payment], reuse=True) as results:
        (result,) = results
    assert isinstance(result, Failure)
    assert isinstance(result.error, ConfigurationError)


@pytest.mark.anyio
async def test_errors_name_the_method_that_was_called(sandbox: Sandbox) -> None:
    """A caller who asked for a run is not told about ``get_token``, and the call says the same."""
    async with (
        sandbox.async_zdk_client() as client,
        client.send_many([zdk.UserTokenRequest(id="user-1")], reuse=True) as results,
    ):
        (result,) = [result async for result in results]
    assert isinstance(result, Failure)
    assert str(result.error).startswith("AsyncZdkClient.send_many(): ZDK doesn't say how long ")
    assert result.error.operation == "send_many"
    with sandbox.zdk_client() as other, pytest.raises(ConfigurationError) as caught:
        other.get_token(zdk.UserTokenRequest(id="user-1"))
    assert str(caught.value).startswith("ZdkClient.get_token(): ZDK doesn't say how long ")


def test_a_client_that_is_closed_meanwhile_sends_no_more(
    sandbox: Sandbox, anyio_backend: str
) -> None:
    """The run's own copy of the client notices that the client was closed."""
    client = sandbox.strigo_client()
    with client.send_many(learners(200), reuse=True, concurrency=1) as results:
        next(results)
        client.close()
        rest = list(results)
    assert isinstance(rest[-1], Failure)
    assert isinstance(rest[-1].error, ClientClosedError)

    async def main() -> None:
        client = sandbox.async_strigo_client()
        async with client.send_many(learners(200), reuse=True, concurrency=1) as results:
            await client.aclose()
            rest = [result async for result in results]
        assert {type(result.error) for result in rest if not result.ok} == {ClientClosedError}

    anyio.run(main, backend=anyio_backend)


def participants() -> list[zerohash.ClientAuthTokenRequest]:
    return [
        zerohash.ClientAuthTokenRequest(
            participant_code=f"CUST0{number}", permissions=["crypto-buy"]
        )
        for number in range(3)
    ]


def second_to_another() -> RawServer:
    """Respond to the second request with another request's id."""
    ids = iter(["", "another-requests-id", ""])

    def mint(request: RawRequest) -> bytes:
        body = ZEROHASH_MINTED.partition(b"\r\n\r\n")[2]
        own = next(ids) or request.headers["x-request-id"]
        return http(201, body, "Content-Type: application/json", f"X-Request-Id: {own}")

    return RawServer(responding(mint))


def check_second_is_discarded(results: list[Any], server: RawServer) -> None:
    assert [type(result) for result in results] == [Success, Failure, Success]
    assert isinstance(results[1].error, MismatchedResponse)
    connections = [request.connection for request in server.requests]
    assert connections == [1, 1, 2]


def test_a_response_to_another_request_closes_the_runs_connections() -> None:
    """The next call gets a new connection, which can't hold another call's response."""
    with second_to_another() as server, zerohash_client(server.url) as client:
        calls = participants()
        with client.send_many(calls, reuse=True, ordered=True, concurrency=1) as results:
            found = list(results)
        check_second_is_discarded(found, server)


@pytest.mark.anyio
async def test_a_response_to_another_request_closes_the_async_runs_connections() -> None:
    """The next call gets a new connection, which can't hold another call's response."""
    with second_to_another() as server:
        async with async_zerohash_client(server.url) as client:
            calls = participants()
            async with client.send_many(calls, reuse=True, ordered=True, concurrency=1) as results:
                found = [result async for result in results]
        check_second_is_discarded(found, server)


def test_tapped_connections_close_those_below() -> None:
    """Closing connections that have a tap leaves none open."""
    with Sandbox() as sandbox, sandbox.strigo_client() as client:
        below = vars(client)["_shared"].connections
        client.check_health()
        idle = idle_of(client)
        assert len(idle) == 1
        TappedConnections(below, Tap()).close()
        assert len(idle) == 0


@pytest.mark.anyio
async def test_async_tapped_connections_close_those_below() -> None:
    """Closing connections that have a tap leaves none open."""
    with Sandbox() as sandbox:
        async with sandbox.async_strigo_client() as client:
            below = vars(client)["_shared"].connections
            await client.check_health()
            idle = idle_of(client)
            assert len(idle) == 1
            await AsyncTappedConnections(below, Tap()).aclose()
            assert len(idle) == 0
