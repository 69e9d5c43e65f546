"""``send_many`` of real clients against the sandbox."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
from bulk_runs import emails, in_async, learners

from tokenkit import (
    StrigoClient,
    UnprocessableError,
    strigo,
    zerohash,
)
from tokenkit.bulk import Failure, Success

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tokenkit import Call
    from tokenkit.bulk import Result
    from tokenkit.sandbox import Sandbox


def test_each_call_gets_its_own_result(client: StrigoClient) -> None:
    """Every input gets exactly one result, with its call, its place and its token."""
    with client.send_many(learners(100)) as results:
        found = list(results)
    assert sorted(result.index for result in found) == list(range(100))
    for result in found:
        assert isinstance(result, Success)
        assert isinstance(result.call, strigo.UserTokenRequest)
        assert result.value.email == result.call.email == f"learner{result.index}@example.com"
    assert results.counts.succeeded == results.counts.taken == results.counts.requests == 100


def test_an_async_run_gives_the_same(sandbox: Sandbox, anyio_backend: str) -> None:
    """The async client does it on asyncio and trio."""

    async def main() -> list[Result[strigo.UserToken]]:
        return await in_async(sandbox, learners(100))

    found = anyio.run(main, backend=anyio_backend)
    assert sorted(emails(found)) == sorted(call.email for call in learners(100))


def test_an_async_iterable_is_read_as_places_are_free(
    sandbox: Sandbox, anyio_backend: str
) -> None:
    """An async generator may wait for its data; it is closed at the end."""
    closed: list[bool] = []

    async def source() -> AsyncIterator[strigo.UserTokenRequest]:
        try:
            for call in learners(40):
                await anyio.lowlevel.checkpoint()
                yield call
        finally:
            closed.append(True)

    async def main() -> list[Result[strigo.UserToken]]:
        return await in_async(sandbox, source(), concurrency=4)

    assert len(emails(anyio.run(main, backend=anyio_backend))) == 40
    assert closed == [True]


@pytest.mark.parametrize("concurrency", [1, 7])
def test_the_order_is_kept_where_asked(client: StrigoClient, concurrency: int) -> None:
    """With ``ordered`` the results come in the order of the calls."""
    with client.send_many(learners(60), ordered=True, concurrency=concurrency) as results:
        assert [result.index for result in results] == list(range(60))


def test_a_refused_call_is_a_failure_and_stops_nothing(client: StrigoClient) -> None:
    """Calls that the vendor refuses come back with their errors, the others with their tokens."""
    calls = [*learners(5), strigo.UserTokenRequest(email="no address"), *learners(5, 5)]
    with client.send_many(calls, ordered=True) as results:
        found = list(results)
    assert [result.ok for result in found] == [True] * 5 + [False] + [True] * 5
    refused = found[5]
    assert isinstance(refused, Failure)
    assert isinstance(refused.error, UnprocessableError)
    assert refused.error.__traceback__ is None
    assert results.counts.failed == 1


def test_calls_of_several_kinds_may_be_mixed(sandbox: Sandbox) -> None:
    """A run sends whatever the client can send: each kind of call gets its own value."""
    calls: list[Call[Any]] = [
        zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["fiat-deposits"]),
        zerohash.TimeRequest(),
    ]
    with sandbox.zerohash_client() as client, client.send_many(calls, ordered=True) as results:
        first, second = (result.value for result in results if result.ok)
    assert isinstance(first, zerohash.ClientAuthToken)
    assert isinstance(second, zerohash.ServerTime)


def test_nothing_in_nothing_out(client: StrigoClient) -> None:
    """No calls give no results."""
    nothing: list[strigo.UserTokenRequest] = []
    with client.send_many(nothing) as results:
        assert list(results) == []


def test_calls_are_taken_in_the_callers_thread_as_places_are_free(client: StrigoClient) -> None:
    """A slow loop slows sending down: calls are taken only as there is room."""
    taken: list[int] = []
    threads: set[int] = set()

    def source() -> Iterator[strigo.UserTokenRequest]:
        for number, call in enumerate(learners(500)):
            taken.append(number)
            threads.add(threading.get_ident())
            yield call

    with client.send_many(source(), concurrency=4) as results:
        for count, _ in zip(range(1, 51), results, strict=False):
            assert len(taken) <= count + 2 * 4
    assert threads == {threading.get_ident()}


def test_leaving_early_finishes_what_is_under_way(sandbox: Sandbox) -> None:
    """After ``break`` nothing more is sent, and no thread is left."""
    before = len(sandbox.issued)
    with sandbox.strigo_client() as client, client.send_many(learners(1000)) as results:
        for _ in results:
            break
    assert len(sandbox.issued) - before == results.counts.requests <= 33
    assert not [one for one in threading.enumerate() if one.name == "tokenkit-bulk"]


def test_leaving_an_async_run_early_cancels_what_is_under_way(
    sandbox: Sandbox, anyio_backend: str
) -> None:
    """After ``break`` the block ends at once."""

    async def main() -> int:
        async with (
            sandbox.async_strigo_client() as client,
            client.send_many(learners(1000)) as results,
        ):
            async for _ in results:
                break
        return results.counts.requests

    assert anyio.run(main, backend=anyio_backend) <= 33


class BodyError(Exception):
    """An exception that the block of a test raises."""


def test_what_the_block_raises_leaves_it_bare(sandbox: Sandbox, anyio_backend: str) -> None:
    """A caller's own exception is raised unchanged, not in a group."""

    def sync() -> None:
        with sandbox.strigo_client() as client, client.send_many(learners(50)) as results:
            for _ in results:
                raise BodyError

    with pytest.raises(BodyError):
        sync()

    async def main() -> None:
        async with (
            sandbox.async_strigo_client() as client,
            client.send_many(learners(50)) as results,
        ):
            async for _ in results:
                raise BodyError

    with pytest.raises(BodyError):
        anyio.run(main, backend=anyio_backend)


def failing(count: int) -> Iterator[strigo.UserTokenRequest]:
    yield from learners(count)
    raise BodyError


def test_what_the_calls_raise_comes_after_their_results(
    sandbox: Sandbox, anyio_backend: str
) -> None:
    """A generator that fails ends the calls; the results before it are delivered first."""
    found: list[int] = []

    async def failing_async() -> AsyncIterator[strigo.UserTokenRequest]:
        for call in failing(10):
            yield call

    async def main(calls: Any) -> None:
        async with (
            sandbox.async_strigo_client() as client,
            client.send_many(calls) as results,
        ):
            async for result in results:
                found.append(result.index)  # noqa: PERF401 - it ends with an exception

    def sync() -> None:
        with sandbox.strigo_client() as client, client.send_many(failing(10)) as results:
            for result in results:
                found.append(result.index)  # noqa: PERF401 - it ends with an exception

    with pytest.raises(BodyError):
        sync()
    assert sorted(found) == list(range(10))
    for calls in (failing(10), failing_async()):
        found.clear()
        with pytest.raises(BodyError):
            anyio.run(main, calls, backend=anyio_backend)
        assert sorted(found) == list(range(10))


def test_cancellation_ends_an_async_run(sandbox: Sandbox, anyio_backend: str) -> None:
    """A cancelled run ends with its scope, and the client still works."""

    async def main() -> strigo.UserToken:
        async with sandbox.async_strigo_client() as client:
            with anyio.CancelScope() as scope:
                async with client.send_many(learners(1000)) as results:
                    async for _ in results:
                        scope.cancel()
            assert scope.cancelled_caught
            return await client.create_user_token(email="after@example.com")

    assert anyio.run(main, backend=anyio_backend).email == "after@example.com"
