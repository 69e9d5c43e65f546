"""G28, for a mock whose list of responses is used up: it ends a call, never a loop over results.

It raises StopIteration, or StopAsyncIteration if it is async, which Python takes for the end of
an iterator.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, Mock

import attrs
import pytest
import redis
from all_clients import STRIGO_MINT, TOKEN
from credentials import (
    STORE_KEY,
    STRIGO_API_KEY,
    async_strigo_client,
    async_zerohash_client,
    strigo_client,
    zerohash_client,
)
from memory_store import MemoryStore
from network_calls import each_family
from strikes import frames_of

from tokenkit import Hooks, TokenCache, strigo, zerohash
from tokenkit.stores import RedisStore, Release, Revoke

if TYPE_CHECKING:
    from network_calls import Family

    from tokenkit.extension import CallFailed

MINTED = {"result": "success", "data": {"token": TOKEN, "user_id": "u1"}}
FIRST_PAGE = {"message": [{"fund_id": "f-1"}], "page": 1, "page_size": 1, "total_pages": 2}
LEARNERS = [strigo.UserTokenRequest(email=f"{name}@example.com") for name in "ab"]


def used_up(family: Family, *bodies: object) -> tuple[Any, Mock]:
    """Make a transport that has some responses and no more, and what it calls."""
    http: Any = import_module(family)
    handle = Mock(side_effect=[http.Response(200, json=body) for body in bodies])
    return http.MockTransport(handle), handle


def used_up_async(*bodies: object) -> Any:
    """Make the same of a mock that is async."""
    http: Any = import_module("httpx")
    return http.MockTransport(
        AsyncMock(side_effect=[http.Response(200, json=body) for body in bodies])
    )


def failure_of(raised: Exception) -> CallFailed:
    """Return the record of a call in which a transport raised."""
    http: Any = import_module("httpx")
    told: list[CallFailed] = []
    transport = http.MockTransport(Mock(side_effect=raised))
    with (
        strigo_client(transport=transport, hooks=Hooks(on_error=told.append)) as client,
        pytest.raises(type(raised)),
    ):
        client.send(STRIGO_MINT)
    (record,) = told
    return attrs.evolve(record, call_id="", seconds=0.0)


@each_family
@pytest.mark.parametrize("watched", [False, True])
def test_it_comes_out_of_a_call(family: Family, *, watched: bool) -> None:
    """The call raises the mock's own exception, and sends nothing after it."""
    transport, handle = used_up(family, MINTED)
    hooks = Hooks(on_error=Mock() if watched else None)
    with strigo_client(transport=transport, hooks=hooks) as client:
        client.send(STRIGO_MINT)
        with pytest.raises(StopIteration) as caught:
            client.send(STRIGO_MINT)
    assert handle.call_count == 2
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert STRIGO_API_KEY not in frames_of(caught.value)


@pytest.mark.anyio
async def test_it_comes_out_of_an_async_call() -> None:
    """An async mock's exception has a class of its own."""
    async with async_strigo_client(transport=used_up_async()) as client:
        with pytest.raises(StopAsyncIteration) as caught:
            await client.send(STRIGO_MINT)
    assert STRIGO_API_KEY not in frames_of(caught.value)


def test_hooks_get_the_record_of_any_other_exception() -> None:
    """The record names the class, and says what is known of the outcome."""
    found, other = failure_of(StopIteration("used up")), failure_of(KeyError("used up"))
    assert (found.error, found.outcome, found.reason) == ("StopIteration", "unknown", "")
    assert found == attrs.evolve(other, error="StopIteration")


def test_a_lock_is_released() -> None:
    """Other processes needn't wait for a mint that a mock ended."""
    store = MemoryStore(time.monotonic)
    transport, _ = used_up("httpx")
    client = strigo_client(transport=transport, token_cache=TokenCache(store=store))
    with client, pytest.raises(StopIteration):
        client.get_token(STRIGO_MINT)
    assert isinstance(store.asked[-1], Release)
    assert store.locks == {}


def test_it_is_no_result_of_several_calls() -> None:
    """A method that makes several calls doesn't return None, which would mean that it is done."""
    transport, _ = used_up("httpx")
    request = zerohash.ClientAuthTokenRequest(
        permissions=("fwc",), participant_code="CUST01", reference_id="order-1"
    )
    with zerohash_client(transport=transport) as client, pytest.raises(StopIteration):
        client.find_minted(request, since=datetime.now(timezone.utc))


def test_it_does_not_end_a_list_early() -> None:
    """A loop over all pages raises if a page is missing."""
    transport, _ = used_up("httpx", FIRST_PAGE)
    with zerohash_client(transport=transport) as client:
        funds = client.iter_fund_transactions()
        assert next(funds).fund_id == "f-1"
        with pytest.raises(RuntimeError, match="iterator raised StopIteration") as caught:
            next(funds)
    assert isinstance(caught.value.__cause__, StopIteration)


@pytest.mark.anyio
async def test_it_does_not_end_an_async_list_early() -> None:
    """The same goes for an async client."""
    async with async_zerohash_client(transport=used_up_async(FIRST_PAGE)) as client:
        funds = client.iter_fund_transactions()
        assert (await anext(funds)).fund_id == "f-1"
        with pytest.raises(RuntimeError, match="iterator raised StopAsyncIteration") as caught:
            await anext(funds)
    assert isinstance(caught.value.__cause__, StopAsyncIteration)


def test_it_does_not_end_a_bulk_run_early() -> None:
    """A loop over results raises; calls that were not made don't look done."""
    transport, _ = used_up("httpx", MINTED)
    with (
        strigo_client(transport=transport) as client,
        client.send_many(LEARNERS) as results,
        pytest.raises(RuntimeError, match="iterator raised StopIteration"),
    ):
        list(results)


@pytest.mark.anyio
async def test_it_does_not_end_an_async_bulk_run_early() -> None:
    """The same goes for an async client."""
    async with (
        async_strigo_client(transport=used_up_async(MINTED)) as client,
        client.send_many(LEARNERS) as results,
    ):
        with pytest.raises(RuntimeError, match="iterator raised StopAsyncIteration"):
            [_ async for _ in results]


def test_it_is_no_response_of_a_store() -> None:
    """A mocked Redis without a response doesn't let a token seem revoked."""
    mocked: Any = redis.Redis(socket_timeout=1)
    mocked.execute_command = Mock(side_effect=[])
    store = RedisStore(mocked, encryption_keys=[STORE_KEY])
    with pytest.raises(StopIteration):
        store.ask(Revoke(mark="m"))
