"""Many ask at once: one mints, and whatever happens to it, no caller is left waiting."""

from __future__ import annotations

import gc
import sys
import threading
from datetime import timedelta

import pytest
from all_clients import REUSABLE, STRIGO_MINT
from reuse_world import Vendor, World, error_response, lost

from tokenkit import TokenCache
from tokenkit._reuse.cache import all_caches, reset_after_fork
from tokenkit._reuse.kept import mark_of
from tokenkit.errors import (
    AuthenticationError,
    ClientClosedError,
    ConnectionLostError,
    DeadlineExceeded,
    RateLimitError,
)


class Interruption(BaseException):
    """The exception of a signal handler or a cancellation."""


def test_one_mints_for_all() -> None:
    """Callers that ask while a mint is under way get its token."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    minting, *others = [vendor.ask() for _ in range(5)]
    assert [other.follows for other in others] == [True] * 4
    token = minting.respond().result()
    assert [other.go_on().result() for other in others] == [token] * 4
    statistics = vendor.cache.statistics()
    assert (len(world.requests), statistics.mints, statistics.waits) == (1, 1, 4)


def test_token_is_everybody_s_whatever_they_asked_for() -> None:
    """A fresh token is the best there is, even for a caller that asks for more than its life."""
    vendor = Vendor(World(), STRIGO_MINT)
    minting, other = vendor.ask(), vendor.ask(valid_for=timedelta(days=2))
    token = minting.respond().result()
    assert other.go_on().result() is token


@pytest.mark.parametrize("error", [Interruption(), KeyboardInterrupt(), AssertionError("mock")])
def test_cancelled_mint_is_handed_over(error: BaseException) -> None:
    """If the minting caller is cancelled or interrupted, one of the waiting ones takes over."""
    vendor = Vendor(World(), STRIGO_MINT)
    minting, second, third = [vendor.ask() for _ in range(3)]
    minting.cancel(error)
    with pytest.raises(type(error)):
        minting.result()
    assert second.go_on().request is not None
    assert third.go_on().follows
    token = second.respond().result()
    assert third.go_on().result() is token


def test_dropped_mint_is_handed_over() -> None:
    """If the minting caller is no longer driven, one of the waiting ones takes over."""
    vendor = Vendor(World(), STRIGO_MINT)
    minting, second = vendor.ask(), vendor.ask()
    minting.drop()
    assert second.go_on().request is not None
    del second
    gc.collect()
    assert vendor.ask().request is not None


def test_follower_may_be_cancelled() -> None:
    """A caller that stops waiting changes nothing for the others."""
    vendor = Vendor(World(), STRIGO_MINT)
    minting, second, third = [vendor.ask() for _ in range(3)]
    second.cancel(Interruption())
    token = minting.respond().result()
    assert third.go_on().result() is token


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(error_response(401), AuthenticationError), (lost(sent=False), ConnectionLostError)],
)
def test_failure_is_everybody_s(outcome: object, expected: type[Exception]) -> None:
    """All waiting callers get a copy of the error; later callers try again."""
    vendor = Vendor(World(), STRIGO_MINT)
    minting, second = vendor.ask(), vendor.ask()
    minting.respond(outcome)  # type: ignore[arg-type] # either kind of outcome
    with pytest.raises(expected) as first_error:
        minting.result()
    with pytest.raises(expected) as second_error:
        second.go_on().result()
    assert str(first_error.value) == str(second_error.value)
    assert first_error.value is not second_error.value
    assert vendor.ask().request is not None


def test_deadline_of_the_one_that_mints() -> None:
    """A caller's passed deadline isn't passed on to callers that have time left."""
    world, cache = World(), TokenCache()
    hasty = Vendor(world, STRIGO_MINT, cache, deadline=2).ask()
    patient = Vendor(world, STRIGO_MINT, cache).ask()
    world.pass_by(3)
    hasty.cancel(DeadlineExceeded("too late"))
    with pytest.raises(DeadlineExceeded):
        hasty.result()
    assert patient.go_on().request is not None


def test_deadline_of_a_follower() -> None:
    """A waiting caller returns by its deadline."""
    world, cache = World(), TokenCache()
    minting = Vendor(world, STRIGO_MINT, cache).ask()
    hasty = Vendor(world, STRIGO_MINT, cache, deadline=2).ask()
    assert getattr(hasty.halted_at, "until", 0) == world.monotonic + 2
    world.pass_by(2)
    with pytest.raises(DeadlineExceeded, match="another caller was minting"):
        hasty.go_on().result()
    assert minting.request is not None


def test_closed_client_is_nobody_else_s_failure() -> None:
    """If the minting caller's client is closed, another client takes over."""
    world, cache = World(), TokenCache()
    closing = Vendor(world, STRIGO_MINT, cache).ask()
    other = Vendor(world, STRIGO_MINT, cache).ask()
    closing.cancel(ClientClosedError("closed"))
    with pytest.raises(ClientClosedError):
        closing.result()
    assert other.go_on().request is not None


def test_other_keys_do_not_wait() -> None:
    """A mint under way delays only callers that want its token."""
    world, cache = World(), TokenCache()
    minting = Vendor(world, STRIGO_MINT, cache).ask()
    assert Vendor(world, REUSABLE, cache).ask().request is not None
    assert minting.request is not None


def test_invalidated_mint_is_not_kept() -> None:
    """A token that is minted during an invalidation goes only to its caller; others look again."""
    vendor = Vendor(World(), STRIGO_MINT)
    minting, second = vendor.ask(), vendor.ask()
    vendor.invalidate()
    assert second.go_on().request is not None
    old = minting.respond().result()
    third = vendor.ask()
    assert third.follows
    new = second.respond().result()
    assert third.go_on().result() is new
    assert old != new
    assert vendor.token() is new


def test_invalidated_token_is_minted_again() -> None:
    """After an invalidation the next caller mints."""
    vendor = Vendor(World(), STRIGO_MINT)
    first = vendor.token()
    vendor.invalidate()
    vendor.invalidate()
    assert vendor.token() != first


def test_rate_limit_is_remembered() -> None:
    """After a 429, no caller asks the vendor with these credentials until the wait is over."""
    world, cache = World(), TokenCache()
    vendor, other = Vendor(world, STRIGO_MINT, cache), Vendor(world, REUSABLE, cache)
    vendor.ask().respond(error_response(429, retry_after="30"))
    world.pass_by(10)
    another = STRIGO_MINT.__class__(email="two@example.com")
    for call in (STRIGO_MINT, another):
        with pytest.raises(RateLimitError) as caught:
            vendor.ask(call).result()
        assert caught.value.retry_after == pytest.approx(20)
        assert (caught.value.attempts, caught.value.outcome) == (0, "not performed")
    assert other.ask().request is not None
    assert len(world.requests) == 2
    world.pass_by(20.1)
    assert vendor.ask().request is not None


def test_rate_limit_spares_kept_tokens() -> None:
    """Kept tokens are handed out while the vendor refuses, even for renewals."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    first = vendor.token()
    vendor.ask(STRIGO_MINT.__class__(email="two@example.com")).respond(
        error_response(429, retry_after="10000")
    )
    assert vendor.ask().result() is first
    world.pass_by(3600 * 0.85)
    assert vendor.ask().result() is first


def test_documented_block_is_remembered() -> None:
    """Zerohash's documented block of ten seconds, which it doesn't send, is remembered."""
    world = World()
    vendor = Vendor(world, REUSABLE)
    vendor.ask().respond(error_response(429))
    world.pass_by(9)
    with pytest.raises(RateLimitError):
        vendor.ask().result()
    world.pass_by(1.1)
    assert vendor.ask().request is not None


def test_other_refusals_are_not_remembered() -> None:
    """A corrected input, or key, must work at once."""
    vendor = Vendor(World(), STRIGO_MINT)
    for status in (401, 403, 422, 429, 500):
        vendor.ask().respond(error_response(status))
    assert vendor.ask().request is not None


def test_memory_of_rate_limits_is_bounded() -> None:
    """Callers that were refused long ago are forgotten."""
    world = World()
    cache = TokenCache()
    error = RateLimitError.__new__(RateLimitError)
    for number in range(2_500):
        world.pass_by(1)
        cache.table.refuse(number.to_bytes(4, "big"), error, world.monotonic, 10)
    assert len(vars(cache.table)["_rate_limited"]) <= 1_010


@pytest.mark.parametrize("cls", ["Lead", "Obtaining"])
def test_interruption_at_the_start_leaves_no_flight(
    monkeypatch: pytest.MonkeyPatch, cls: str
) -> None:
    """A caller that is interrupted just before it mints blocks no other."""
    vendor = Vendor(World(), STRIGO_MINT)

    def interrupted(*_: object) -> None:
        raise Interruption

    module = "state" if cls == "Lead" else "run"
    with monkeypatch.context() as patch:
        patch.setattr(f"tokenkit._reuse.{module}.{cls}", interrupted)
        with pytest.raises(Interruption):
            vendor.ask().result()
    assert vendor.ask().request is not None


def test_caches_are_found_while_others_are_made() -> None:
    """A revocation in one thread finds the caches while another thread creates more."""
    cache, stop = TokenCache(), threading.Event()

    def make() -> None:
        while not stop.is_set():
            TokenCache()

    switch = sys.getswitchinterval()
    kept = [TokenCache() for _ in range(300)]
    thread = threading.Thread(target=make)
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        found = [cache in all_caches() for _ in range(500)]
    finally:
        stop.set()
        sys.setswitchinterval(switch)
        thread.join()
    assert all(found)
    assert set(kept) <= set(all_caches())
    kept.clear()
    gc.collect()
    assert len(all_caches()) < 300


def test_forked_process_remembers_what_was_ended() -> None:
    """A token that was revoked before a fork is not taken from a store that lags after it."""
    cache = TokenCache()
    vendor = Vendor(World(), REUSABLE, cache)
    token = vendor.token()
    cache.table.end(mark_of(token.token))
    reset_after_fork()
    assert mark_of(token.token) in vars(cache.table)["_ended"]
