"""Processes that share a store: one mints for all of them, whatever the store does."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from all_clients import REUSABLE, STRIGO_MINT, ZDK_MINT
from memory_store import MemoryStore
from reuse_processes import Processes
from reuse_world import HOUR, Vendor, World, cache_with, error_response, lost

from tokenkit import strigo
from tokenkit._observability.records import StoreFailed, TokenMinted, TokenServed
from tokenkit.errors import (
    AuthenticationError,
    DeadlineExceeded,
    RateLimitError,
    StoreError,
)
from tokenkit.stores import Acquire, IsLive, Publish

if TYPE_CHECKING:
    from tokenkit.extension import Call


class Interruption(BaseException):
    """The exception of a cancellation."""


def test_one_process_mints_for_all() -> None:
    """While one process mints, the others poll; then all have its token."""
    p = Processes(number=3)
    minting, *others = [vendor.ask() for vendor in p.vendors]
    assert all(other.polls for other in others)
    token = minting.respond().result()
    assert [other.go_on().result() for other in others] == [token, token]
    assert len(p.world.requests) == 1
    assert p.vendors[1].cache.statistics().store_hits == 1
    asked = len(p.store.asked)
    assert p.vendors[1].token() == token
    assert len(p.store.asked) == asked


def test_polls_get_rarer() -> None:
    """A polling caller asks soon at first, and later at most four times a second."""
    p = Processes()
    minting, other = [vendor.ask() for vendor in p.vendors]
    for _ in range(12):
        other.go_on()
    assert p.world.sleeps == sorted(p.world.sleeps)
    assert p.world.sleeps[0] == pytest.approx(0.02)
    assert p.world.sleeps[-1] == pytest.approx(0.25)
    assert minting.request is not None


def test_deadline_while_another_process_mints() -> None:
    """A polling caller returns by its deadline, and never sleeps past it."""
    p = Processes(lock_timeout=100)
    minting = p.vendors[0].ask()
    hasty = Vendor(p.world, STRIGO_MINT, p.vendors[1].cache, deadline=0.1).ask()
    begun = p.world.monotonic
    while not hasty.done:
        hasty.go_on()
    with pytest.raises(DeadlineExceeded, match="another process was minting"):
        hasty.result()
    assert p.world.monotonic - begun == pytest.approx(0.1)
    assert minting.request is not None


def test_process_that_dies_holds_others_up_for_a_while() -> None:
    """The lock of a killed process expires, and another process mints."""
    p = Processes()
    killed, other = [vendor.ask() for vendor in p.vendors]
    p.world.pass_by(10)
    assert other.go_on().request is not None
    assert killed.request is not None


def test_paused_process_publishes_in_vain() -> None:
    """A mint that took longer than its lock is only its caller's; its token isn't kept."""
    p = Processes()
    paused, other = [vendor.ask() for vendor in p.vendors]
    p.world.pass_by(10)
    new = other.go_on().respond().result()
    old = paused.respond().result()
    assert old != new
    assert p.vendors[0].token() == new


def test_mint_under_the_lock_ends_before_it() -> None:
    """A mint may take nine tenths of the lock's time, whatever the caller's deadline is."""
    p = Processes(number=1)
    minting = p.vendors[0].ask()
    assert getattr(minting.halted_at, "until", 0) - p.world.monotonic == pytest.approx(9)


@pytest.mark.parametrize("error", [Interruption(), AssertionError("mock")])
def test_interrupted_mint_releases_the_lock(error: BaseException) -> None:
    """If the minting caller is cancelled, another process takes over at its next poll."""
    p = Processes()
    minting, other = [vendor.ask() for vendor in p.vendors]
    minting.cancel(error)
    with pytest.raises(type(error)):
        minting.result()
    assert other.go_on().request is not None


def test_dropped_mint_leaves_the_lock_to_its_end() -> None:
    """A dropped generator can't ask for anything any more."""
    p = Processes()
    minting, other = [vendor.ask() for vendor in p.vendors]
    minting.drop()
    assert other.go_on().polls
    p.world.pass_by(10)
    assert other.go_on().request is not None


def test_failed_mint_releases_the_lock() -> None:
    """An error is its caller's; another process tries for itself."""
    p = Processes()
    minting, other = [vendor.ask() for vendor in p.vendors]
    with pytest.raises(AuthenticationError):
        minting.respond(error_response(401)).result()
    assert other.go_on().request is not None


def test_rate_limit_holds_in_every_process() -> None:
    """After a 429, no process with these credentials asks until the wait is over."""
    p = Processes(number=3)
    minting, other = [vendor.ask() for vendor in p.vendors[:2]]
    minting.respond(error_response(429, retry_after="30"))
    with pytest.raises(RateLimitError) as caught:
        other.go_on().result()
    assert caught.value.retry_after == pytest.approx(30, abs=1)
    assert caught.value.attempts == 0
    stranger = Vendor(p.world, STRIGO_MINT, p.vendors[1].cache, headers={"x-tenant": "other"})
    assert stranger.ask().request is not None
    p.world.pass_by(31)
    assert p.vendors[2].ask().request is not None


def test_stored_token_is_served_while_the_vendor_refuses() -> None:
    """A stored token is handed out although its caller is rate limited."""
    p = Processes()
    token = p.vendors[0].token()
    other = strigo.UserTokenRequest(email="two@example.com")
    p.vendors[1].ask(other).respond(error_response(429, retry_after="30"))
    assert p.vendors[1].ask().result() == token
    with pytest.raises(RateLimitError):
        p.vendors[1].ask(other).result()
    assert p.store.locks == {}


def test_renewal_is_one_process_s_business() -> None:
    """In the last quarter one process renews; the others serve the old one, then find the new."""
    p = Processes()
    first, _ = [vendor.token() for vendor in p.vendors]
    p.world.pass_by(HOUR * 0.85)
    renewing = p.vendors[0].ask()
    assert renewing.request is not None
    assert p.vendors[1].ask().result() == first
    renewed = renewing.respond().result()
    p.world.pass_by(5.1)
    assert p.vendors[1].ask().result() == renewed
    assert len(p.world.requests) == 2


def test_windows_count_from_the_whole_life() -> None:
    """A token that is found late in its life is not taken for a short-lived one."""
    p = Processes()
    p.vendors[0].token()
    p.world.pass_by(HOUR * 0.5)
    found = p.vendors[1].ask().result()
    (kept,) = p.vendors[1].cache.table.kept.values()
    assert kept.lifetime == pytest.approx(HOUR, abs=2)
    p.world.pass_by(HOUR * 0.15)
    assert p.vendors[1].ask().result() is found
    p.world.pass_by(HOUR * 0.2)
    assert p.vendors[1].ask().request is not None


def test_stored_token_that_lives_too_shortly_is_replaced() -> None:
    """A stored token that doesn't live long enough for the caller is minted again, once."""
    p = Processes()
    first = p.vendors[0].token()
    p.world.pass_by(HOUR * 0.5)
    minting = p.vendors[1].ask(valid_for=timedelta(minutes=40))
    second = minting.respond().result()
    assert second != first
    assert p.vendors[0].ask(valid_for=timedelta(minutes=40)).result() == second


def test_shorter_lifetime_of_a_reader_counts() -> None:
    """A client that trusts tokens for a shorter time than the minting one gets its way."""
    world = World()
    store = MemoryStore(world.now)
    long = Vendor(world, ZDK_MINT, cache_with(store), lifetime=timedelta(hours=1))
    short = Vendor(world, ZDK_MINT, cache_with(store), lifetime=timedelta(minutes=10))
    token = long.token()
    world.pass_by(60)
    assert short.ask().result() == token
    world.pass_by(9 * 60)
    assert short.ask().request is not None


def test_store_that_is_down_is_done_without() -> None:
    """Tokens are minted directly and kept in the process; the store is left alone for a second."""
    p = Processes(number=1)
    p.store.down = True
    vendor = p.vendors[0]
    first = vendor.token()
    # It was asked for the lock and, as its answer may only have been lost, to publish.
    assert [type(command) for command in p.store.asked] == [Acquire, Publish]
    assert vendor.token() is first
    vendor.token(strigo.UserTokenRequest(email="two@example.com"))
    assert len(p.store.asked) == 2
    p.store.down = False
    p.world.pass_by(31)
    vendor.token(strigo.UserTokenRequest(email="three@example.com"))
    assert len(p.store.entries) == 1
    failures = [record for record in p.world.records if isinstance(record, StoreFailed)]
    assert [record.error for record in failures] == ["ConnectionError"] * 2
    minted = [record for record in p.world.records if isinstance(record, TokenMinted)]
    assert [record.reason for record in minted] == ["store failed", "store failed", "missing"]
    assert vendor.cache.statistics().store_failures == 2


def test_pauses_get_longer() -> None:
    """A store that keeps failing is asked after 1, 2, 4, ... and at most 30 seconds."""
    p = Processes(number=1, renew_ahead=0)
    p.store.down = True
    times: list[float] = []
    for number in range(1500):
        asked = len(p.store.asked)
        p.vendors[0].token(strigo.UserTokenRequest(email=f"{number}@example.com"))
        if len(p.store.asked) > asked:
            times.append(p.world.monotonic)
        p.world.pass_by(0.1)
    pauses = [round(later - sooner) for sooner, later in pairwise(times)]
    assert pauses[:5] == [1, 2, 4, 8, 16]
    assert set(pauses[5:]) == {30}


def test_revocable_tokens_are_kept_nowhere_without_the_store() -> None:
    """A process that can't learn of revocations keeps no revocable token."""
    p = Processes(REUSABLE)
    first, _ = [vendor.token() for vendor in p.vendors]
    p.store.down = True
    second = p.vendors[0].token()
    assert second != first
    assert p.vendors[0].token() not in (first, second)
    assert p.vendors[0].cache.statistics().tokens == 0
    p.store.down = False
    p.world.pass_by(31)
    assert p.vendors[0].ask().result() == first


def test_revocable_token_is_asked_for_on_every_hit() -> None:
    """The store confirms each reuse of a zerohash token."""
    p = Processes(REUSABLE, number=1)
    p.vendors[0].token()
    asked = len(p.store.asked)
    for _ in range(3):
        p.vendors[0].ask().result()
    assert p.store.asked[asked:] == [p.store.asked[-1]] * 3
    assert isinstance(p.store.asked[-1], IsLive)


@pytest.mark.parametrize("call", [STRIGO_MINT, REUSABLE])
def test_lost_response_costs_no_second_mint(call: Call[object]) -> None:
    """The store took the lock, its response got lost: waiting callers get that mint's token."""
    p = Processes(call)
    p.store.lost = 1
    unlucky = p.vendors[0].ask()
    other = p.vendors[1].ask()
    assert other.polls
    token = unlucky.respond().result()
    assert other.go_on().result() == token
    assert len(p.world.requests) == 1


def test_lost_publication() -> None:
    """The token was stored, the response got lost: everyone gets the token."""
    for call, kept in ((STRIGO_MINT, 1), (REUSABLE, 0)):
        p = Processes(call)
        minting = p.vendors[0].ask()
        p.store.lost = 1
        token = minting.respond().result()
        assert p.vendors[0].cache.statistics().tokens == kept
        assert p.vendors[1].ask().result() == token


def test_store_that_refuses_to_write_counts_as_failing() -> None:
    """A read-only store is treated as if it were down."""
    p = Processes(number=1)
    p.store.refuses_writes = True
    first = p.vendors[0].token()
    assert p.vendors[0].token() is first
    assert p.store.entries == {}


def test_store_that_fails_after_the_lock() -> None:
    """A mint continues although the store fails meanwhile; its time limit is the lock's."""
    p = Processes()
    minting = p.vendors[0].ask()
    p.store.down = True
    token = minting.respond().result()
    assert p.vendors[0].token() is token
    failing = p.vendors[1].ask()
    with pytest.raises(AuthenticationError):
        failing.respond(error_response(401)).result()


def test_invalidation_reaches_the_store() -> None:
    """After an invalidation, no process finds the token; one that is minting keeps none."""
    p = Processes(number=3)
    first = p.vendors[0].token()
    p.vendors[0].invalidate()
    minting = p.vendors[1].ask()
    p.vendors[0].invalidate()
    other = p.vendors[2].ask()
    assert other.request is not None
    assert minting.respond().result() != first
    assert p.vendors[1].cache.statistics().tokens == 0
    second = other.respond().result()
    assert p.vendors[1].ask().result() == second


def test_invalidation_that_the_store_misses_is_an_error() -> None:
    """If the store can't be updated, the token is gone in the process, and the caller knows."""
    p = Processes()
    first = p.vendors[0].token()
    p.store.down = True
    with pytest.raises(StoreError, match=r"not in the shared store \(ConnectionError\)"):
        p.vendors[0].invalidate()
    assert p.vendors[0].token() != first


def test_what_happens_is_told() -> None:
    """Each token that is handed out is reported with its source and its age."""
    p = Processes()
    p.vendors[1] = Vendor(p.world, STRIGO_MINT, cache_with(p.store), tells_hits=True)
    p.vendors[0].token()
    p.world.pass_by(100)
    p.vendors[1].ask()
    p.vendors[1].ask()
    served = [record for record in p.world.records if isinstance(record, TokenServed)]
    assert [record.source for record in served] == ["store", "process"]
    for record in served:
        assert record.age == pytest.approx(100, abs=2)
        assert record.left == pytest.approx(HOUR - 100, abs=2)


def test_vendor_that_fails_for_a_renewal() -> None:
    """A renewal under the store's lock that fails returns the old token."""
    p = Processes()
    first, _ = [vendor.token() for vendor in p.vendors]
    p.world.pass_by(HOUR * 0.85)
    assert p.vendors[0].ask().respond(lost()).result() == first
    assert p.store.locks == {}
