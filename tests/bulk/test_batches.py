"""Many calls in one request, some of them bad."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest
from bulk_runs import learners, rate_limit_error, reply, results, run

from tokenkit import (
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConnectionLostError,
    DecodeError,
    strigo,
    zdk,
)
from tokenkit.extension import Mismatch
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokenkit import Call, Reply
    from tokenkit.extension import JSON


def users(count: int) -> list[zdk.UserTokenRequest]:
    return [zdk.UserTokenRequest(id=f"user-{number}") for number in range(count)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@attrs.define
class Batches:
    """A vendor that takes batches and refuses each request with a bad id in it."""

    bad: set[str]
    sizes: list[int] = attrs.field(factory=list[int])
    error: Exception = attrs.field(factory=lambda: BadRequestError("bad argument", status=400))

    def send(self, call: Call[Any]) -> Reply[Any]:
        calls = call.requests if isinstance(call, zdk.UserTokensRequest) else (call,)
        assert all(isinstance(one, zdk.UserTokenRequest) for one in calls)
        ids = [one.id for one in calls if isinstance(one, zdk.UserTokenRequest)]
        self.sizes.append(len(ids))
        if self.bad.intersection(ids):
            raise self.error
        return reply(tuple(ids) if len(ids) > 1 else ids[0])


@pytest.mark.parametrize("bad", [0, 1, 2, 100])
def test_a_refused_batch_is_halved_until_the_bad_ones_stand_alone(bad: int) -> None:
    """Exactly the bad calls fail, however many there are and wherever they stand."""
    chosen = set(random.Random(3).sample(range(100), bad))  # noqa: S311 - places, no secrets
    vendor = Batches({f"user-{number}" for number in chosen})
    opened = run(users(100), vendor.send, batch_size=100, concurrency=4, ordered=True)
    found = results(opened)
    assert [result.index for result in found] == list(range(100))
    assert {result.index for result in found if not result.ok} == chosen
    values: list[object] = [result.value for result in found if result.ok]
    assert values == [f"user-{number}" for number in range(100) if number not in chosen]
    assert len(vendor.sizes) <= 1 + 2 * 7 * min(bad, 30)


def test_what_only_the_server_refuses_fails_alone(sandbox: Sandbox) -> None:
    """Of 300 calls, only the two that the server refuses fail."""
    calls = users(300)
    for place in (7, 150):
        # Past the model's own check, as a value would be that only the vendor refuses.
        object.__setattr__(calls[place], "id", "")
    with sandbox.zdk_client() as client, client.send_many(calls, batch_size=100) as opened:
        failed = sorted(result.index for result in opened if not result.ok)
    assert failed == [7, 150]
    assert opened.counts.succeeded == 298
    assert opened.counts.requests < 40


def test_batches_on_async_clients(sandbox: Sandbox, anyio_backend: str) -> None:
    """The async client batches calls in the same way."""

    async def main() -> int:
        async with (
            sandbox.async_zdk_client() as client,
            client.send_many(users(120), batch_size=50) as opened,
        ):
            assert len([result async for result in opened]) == 120
            return opened.counts.requests

    assert anyio.run(main, backend=anyio_backend) == 3


@pytest.mark.parametrize(
    ("error", "requests"),
    [
        (AuthenticationError("bad key", status=401), 1),
        (ConnectionLostError("gone"), 1),
        (DecodeError("not JSON", path="$"), 1),
        (DecodeError("3 tokens for 4 requests", path="$.tokens"), 7),
    ],
)
def test_what_is_no_single_calls_fault_fails_all(error: Exception, requests: int) -> None:
    """A wrong key is no reason to try halves; a wrong number of tokens is."""
    vendor = Batches({"user-0", "user-1", "user-2", "user-3"}, error=error)
    found = results(run(users(4), vendor.send, batch_size=4))
    assert [result.error for result in found if not result.ok] == [error] * 4
    assert len(vendor.sizes) == requests


def test_a_refused_batch_goes_back_into_the_line_as_a_whole() -> None:
    """A 429 is no reason to halve."""
    vendor = Batches(set())
    refusals = [rate_limit_error(1.0)]

    def send(call: Call[Any]) -> Reply[Any]:
        if refusals:
            raise refusals.pop()
        return vendor.send(call)

    assert len(results(run(users(10), send, batch_size=10))) == 10
    assert vendor.sizes == [10]


def test_calls_of_different_kinds_share_no_request() -> None:
    """Consecutive calls of one kind are batched together."""
    sizes: list[str] = []

    def send(call: Call[Any]) -> Reply[Any]:
        sizes.append(type(call).__name__)
        batched = isinstance(call, zdk.UserTokensRequest)
        return reply(("token",) * 2 if batched else "token")

    calls: list[Call[Any]] = [*users(2), strigo.HealthRequest(), *users(2)]
    assert len(results(run(calls, send, batch_size=2, concurrency=1))) == 5
    assert sizes == ["UserTokensRequest", "HealthRequest", "UserTokensRequest"]


def test_batches_that_the_vendor_does_not_take_are_a_programming_error() -> None:
    """The error names the option and the fix."""

    def send(call: Call[Any]) -> Reply[Any]:
        return reply(call)

    with (
        pytest.raises(
            ConfigurationError,
            match=r"the vendor takes .*UserTokenRequest one at a time",
        ),
        run(learners(5), send, batch_size=2) as opened,
    ):
        list(opened)
    with (
        pytest.raises(ConfigurationError, match="batch_size"),
        run(learners(2), send, batch_size=3) as opened,
    ):
        list(opened)


def test_a_batchs_response_is_split_as_if_each_call_were_alone() -> None:
    """Each part reads like the response to a single call; anything else isn't split."""
    whole = zdk.UserTokensRequest(requests=users(2))
    assert whole.split({"tokens": ["a", "b"]}) == [{"tokens": ["a"]}, {"tokens": ["b"]}]
    others: list[JSON] = [None, [], {"tokens": "ab"}]
    for body in others:
        with pytest.raises(Mismatch):
            whole.split(body)
