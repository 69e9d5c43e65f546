"""Bulk runs: how they end, and what is refused."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
from bulk_runs import async_run, emails, in_async, learners, results, run
from credentials import strigo_client

from tokenkit import (
    AsyncStrigoClient,
    ClientClosedError,
    ConfigurationError,
    InvalidInputError,
    StrigoClient,
    UnprocessableError,
    strigo,
)
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tokenkit import Call


def test_what_is_no_call_is_a_programming_error(sandbox: Sandbox, anyio_backend: str) -> None:
    """An item that isn't a call raises, and the error says which item it was."""
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
    with pytest.raises(
        TypeError, match="calls must be an iterable of calls, not UserTokenRequest"
    ):
        client.send_many(single)

    async def source() -> AsyncIterator[strigo.UserTokenRequest]:
        yield single

    asynchronous: Any = source()
    with pytest.raises(TypeError, match="only async clients"):
        client.send_many(asynchronous)


def test_results_belong_to_their_block(client: StrigoClient) -> None:
    """Iterating outside the block, after it, or entering twice is a programming error."""
    results = client.send_many(learners(3))
    with pytest.raises(RuntimeError, match="context manager"):
        next(results)
    with results:
        assert len(list(results)) == 3
        assert list(results) == []
    with pytest.raises(RuntimeError, match="over"):
        next(results)
    with pytest.raises(RuntimeError, match="twice"), results:
        pass


def test_a_closed_client_says_so(sandbox: Sandbox) -> None:
    """Calling ``send_many`` on a closed client fails at once."""
    client = sandbox.strigo_client()
    client.close()
    with pytest.raises(ClientClosedError):
        client.send_many(learners(1))


def test_the_callers_context_is_seen_in_the_threads(sandbox: Sandbox) -> None:
    """Context variables, and with them traces and log contexts, are the caller's."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    seen: list[str] = []

    def key() -> str:
        seen.append(variable.get())
        return sandbox.environment["STRIGO_API_KEY"]

    variable.set("the caller's")
    with (
        StrigoClient(
            org_id=sandbox.environment["STRIGO_ORG_ID"],
            api_key=key,
            base_url=sandbox.environment["STRIGO_BASE_URL"],
        ) as client,
        client.send_many(learners(4)) as results,
    ):
        assert all(result.ok for result in results)
    assert set(seen) == {"the caller's"}


def test_a_429_is_no_failure() -> None:
    """Refused calls are queued again; they don't wait for a client's own retries."""
    with Sandbox(strigo_rate_limit=5, strigo_rate_window=1) as sandbox:
        with sandbox.strigo_client() as client:
            for call in learners(5):
                client.send(call)
            with client.send_many(learners(4), share=1.0) as results:
                assert sum(result.ok for result in results) == 4
            assert results.counts.refused == len(sandbox.refused) <= 2

        async def main() -> int:
            return len(emails(await in_async(sandbox, learners(4), share=1.0)))

        assert anyio.run(main) == 4


def test_a_bug_in_a_strategy_or_model_is_a_failure_or_raises(sandbox: Sandbox) -> None:
    """A secret source that fails is each call's failure, as it is with ``send``."""

    def broken() -> str:
        raise ValueError("no secret")

    with (
        strigo_client(sandbox.environment["STRIGO_BASE_URL"], api_key=broken) as client,
        client.send_many(learners(3)) as results,
    ):
        errors = [result.error for result in results if not result.ok]
    assert [type(error) for error in errors] == [ConfigurationError] * 3


class BugError(Exception):
    """An exception that a broken part raises."""


def broken(_: Call[Any]) -> Any:
    raise BugError


def test_a_bug_in_the_sending_comes_out_bare(anyio_backend: str) -> None:
    """An exception that isn't tokenkit's ends the run, and is raised unchanged."""
    with pytest.raises(BugError):
        results(run(learners(3), broken))

    async def main() -> None:
        async with async_run(learners(3), broken) as opened:
            assert "send_many(Vendor at" in repr(opened)
            async for _ in opened:
                pass

    with pytest.raises(BugError):
        anyio.run(main, backend=anyio_backend)


def test_an_async_iterator_need_not_be_a_generator(sandbox: Sandbox, anyio_backend: str) -> None:
    """An iterable that cannot be closed is simply left."""

    class Source:
        def __init__(self) -> None:
            self.calls = learners(3)

        def __aiter__(self) -> Source:
            return self

        async def __anext__(self) -> strigo.UserTokenRequest:
            for call in self.calls:
                return call
            raise StopAsyncIteration

    async def main() -> int:
        return len(await in_async(sandbox, Source()))

    assert anyio.run(main, backend=anyio_backend) == 3


def test_a_failure_has_no_value(client: StrigoClient) -> None:
    """Reading the value of a failure raises its error; a success has no error."""
    with client.send_many([strigo.UserTokenRequest(email="no address"), *learners(1)]) as opened:
        failed, good = sorted(opened, key=lambda result: result.index)
    with pytest.raises(UnprocessableError):
        repr(failed.value)
    assert good.error is None


def test_async_clients_take_async_secrets(
    sandbox: Sandbox, anyio_backend: str, tmp_path: Any
) -> None:
    """The journal's keys are made from secrets that are awaited."""

    async def key() -> str:
        await anyio.lowlevel.checkpoint()
        return sandbox.environment["STRIGO_API_KEY"]

    async def main() -> int:
        async with (
            AsyncStrigoClient(
                org_id=sandbox.environment["STRIGO_ORG_ID"],
                api_key=key,
                base_url=sandbox.environment["STRIGO_BASE_URL"],
            ) as client,
            client.send_many(learners(5), journal=tmp_path / "mint.journal") as results,
        ):
            return len([result async for result in results])

    assert anyio.run(main, backend=anyio_backend) == 5
