"""``send_many`` beside what is wrong with the caller's calls and code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest
from bulk_runs import async_run, in_async, learners, results, run

from tokenkit import (
    ConfigurationError,
    InvalidInputError,
    StrigoClient,
    strigo,
)
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tokenkit import Call


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[StrigoClient]:
    with sandbox.strigo_client() as client:
        yield client


class UnreadableInputError(Exception):
    """What the caller's iterable raises."""


def failing(count: int) -> Iterator[strigo.UserTokenRequest]:
    yield from learners(count)
    raise UnreadableInputError


def test_what_the_calls_raise_comes_after_their_results(
    sandbox: Sandbox, anyio_backend: str
) -> None:
    """A generator that fails ends the calls; the results before it are handed out first."""
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

    with pytest.raises(UnreadableInputError):
        sync()
    assert sorted(found) == list(range(10))
    for calls in (failing(10), failing_async()):
        found.clear()
        with pytest.raises(UnreadableInputError):
            anyio.run(main, calls, backend=anyio_backend)
        assert sorted(found) == list(range(10))


def test_what_is_no_call_is_a_programming_error(sandbox: Sandbox, anyio_backend: str) -> None:
    """An item that is no call raises, and says which it was."""
    calls: Any = [*learners(2), {"email": "learner@example.com"}]

    async def main() -> None:
        await in_async(sandbox, calls)

    with (
        sandbox.strigo_client() as client,
        pytest.raises(InvalidInputError, match="calls: item 2 must be a request model, not dict"),
        client.send_many(calls) as results,
    ):
        list(results)
    with pytest.raises(InvalidInputError, match="item 2"):
        anyio.run(main, backend=anyio_backend)


def test_what_cannot_be_iterated_is_refused_at_once(client: StrigoClient) -> None:
    """A single call, or an async iterable on a sync client, is a TypeError."""
    single: Any = strigo.UserTokenRequest(email="learner@example.com")
    with pytest.raises(TypeError, match="not iterable"):
        client.send_many(single)

    async def source() -> AsyncIterator[strigo.UserTokenRequest]:
        yield single

    asynchronous: Any = source()
    with pytest.raises(TypeError, match="only async clients"):
        client.send_many(asynchronous)


def test_a_bug_in_a_strategy_or_model_is_a_failure_or_raises(sandbox: Sandbox) -> None:
    """A secret source that fails is each call's failure, as it is with ``send``."""

    def broken() -> str:
        raise ValueError("no secret")

    with (
        StrigoClient(
            org_id="org", api_key=broken, base_url=sandbox.environment["STRIGO_BASE_URL"]
        ) as client,
        client.send_many(learners(3)) as results,
    ):
        errors = [result.error for result in results if not result.ok]
    assert [type(error) for error in errors] == [ConfigurationError] * 3


class BugError(Exception):
    """What a broken part raises."""


def broken(_: Call[Any]) -> Any:
    raise BugError


def test_a_bug_in_the_sending_comes_out_bare(anyio_backend: str) -> None:
    """What is no error of tokenkit's ends the run, as it is."""
    with pytest.raises(BugError):
        results(run(learners(3), broken))

    async def main() -> None:
        async with async_run(learners(3), broken) as opened:
            assert "send_many(Vendor at" in repr(opened)
            async for _ in opened:
                pass

    with pytest.raises(BugError):
        anyio.run(main, backend=anyio_backend)
