"""The fast path: a token that is handed out without a decision, and when it must not be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import REUSABLE, STRIGO_MINT
from memory_store import MemoryStore
from reuse_world import HOUR, Vendor, World, cache_with, lost

from tokenkit import strigo, zdk
from tokenkit.errors import ConnectionLostError

if TYPE_CHECKING:
    from tokenkit import Call

EMAIL = STRIGO_MINT.email


@pytest.mark.parametrize(
    "call",
    [
        STRIGO_MINT,
        REUSABLE,
        strigo.UserTokenRequest(email=EMAIL, groups=["a", "b"], expiration=timedelta(days=1)),
        zdk.UserTokenRequest(id="user-1", permissions=[100, 200]),
    ],
)
def test_an_equal_call_is_a_hit(call: Call[Any]) -> None:
    """Strings, whole numbers, times and lists of them: the token needs no decision."""
    vendor = Vendor(World(), call, lifetime=timedelta(hours=1))
    assert vendor.reuse.hit(call) is None
    token = vendor.token()
    assert vendor.reuse.hit(call) is token
    assert vendor.cache.statistics().hits == 1


@pytest.mark.parametrize(
    "call",
    [
        strigo.UserTokenRequest(email=EMAIL, extra={"new": 1}),
        zdk.UserTokenRequest(id="user-1", metadata={"a": 1}),
    ],
)
def test_a_call_with_a_mapping_is_none(call: Call[Any]) -> None:
    """In a mapping True equals 1, so its digest has to decide."""
    vendor = Vendor(World(), call, lifetime=timedelta(hours=1))
    token = vendor.token()
    assert vendor.reuse.hit(call) is None
    assert vendor.token() is token


@pytest.mark.parametrize("clock", ["wall", "monotonic"])
def test_a_hit_ends_by_either_clock(clock: str) -> None:
    """If one clock stands still, a token is still no hit once its renewal is due."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    token = vendor.token()
    setattr(world, clock, getattr(world, clock) + HOUR * 0.6)
    assert vendor.reuse.hit(STRIGO_MINT) is token
    setattr(world, clock, getattr(world, clock) + HOUR * 0.3)
    assert vendor.reuse.hit(STRIGO_MINT) is None


@pytest.mark.parametrize("clock", ["wall", "monotonic"])
def test_an_ended_token_is_not_served_after_a_failed_renewal(clock: str) -> None:
    """If either clock says that it has expired, its renewal's error is the caller's."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    vendor.token()
    setattr(world, clock, getattr(world, clock) + HOUR + 1)
    with pytest.raises(ConnectionLostError):
        vendor.ask().respond(lost()).result()


def test_a_copy_is_a_hit_until_the_store_must_be_asked() -> None:
    """`local_copies_for` limits the fast path, and never extends it beyond the renewal."""
    world = World()
    for seconds, until in ((60.0, 60.0), (HOUR * 10, HOUR * 0.9)):
        cache = cache_with(MemoryStore(world.now), local_copies_for=timedelta(seconds=seconds))
        vendor = Vendor(world, REUSABLE, cache)
        token = vendor.token()
        world.monotonic += until * 0.7
        assert vendor.reuse.hit(REUSABLE) is token
        world.monotonic += until * 0.3
        assert vendor.reuse.hit(REUSABLE) is None


def test_a_store_that_must_be_asked_leaves_no_hit() -> None:
    """By default, a revocable token is never handed out without asking the store."""
    world = World()
    vendor = Vendor(world, REUSABLE, cache_with(MemoryStore(world.now)))
    token = vendor.token()
    assert vendor.reuse.hit(REUSABLE) is None
    assert vendor.token() is token


def test_a_dropped_token_is_no_hit() -> None:
    """An invalidated token is gone from the fast path too."""
    vendor = Vendor(World(), STRIGO_MINT)
    vendor.token()
    vendor.invalidate()
    assert vendor.reuse.hit(STRIGO_MINT) is None
