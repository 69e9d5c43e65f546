"""When a token is handed out again, renewed, and minted again: time is driven by hand."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from all_clients import REUSABLE, STRIGO_MINT, ZDK_MINT
from reuse_world import HOUR, Vendor, World, error_response, lost

from tokenkit import TokenCache, strigo
from tokenkit._policy.clock import ClockOffset
from tokenkit._reuse.kept import keep
from tokenkit.errors import (
    ConfigurationError,
    ConnectionLostError,
    InvalidInputError,
)


def test_token_is_handed_out_again() -> None:
    """Until shortly before its end, a token is minted only once."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    first = vendor.token()
    world.pass_by(HOUR / 2)
    assert vendor.token() is first
    assert len(world.requests) == 1


def test_token_is_renewed_ahead_of_its_end() -> None:
    """In the last quarter of its life one caller renews; the others get the old token at once."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    first = vendor.token()
    world.pass_by(HOUR * 0.85)
    renewing = vendor.ask()
    assert renewing.request is not None
    assert [vendor.ask().result() for _ in range(3)] == [first] * 3
    renewed = renewing.respond().result()
    assert renewed != first
    assert vendor.token() is renewed
    statistics = vendor.cache.statistics()
    assert (statistics.mints, statistics.renewals, statistics.misses) == (2, 1, 1)


@pytest.mark.parametrize("email", [f"user{number}@example.com" for number in range(20)])
def test_renewals_are_spread(email: str) -> None:
    """Tokens from one night are renewed at different times, about a quarter before their end."""
    world = World()
    vendor = Vendor(world, strigo.UserTokenRequest(email=email))
    vendor.token()
    world.pass_by(HOUR * 0.68)
    assert vendor.ask().done
    world.pass_by(HOUR * 0.14)
    assert vendor.ask().request is not None


def test_spread_lies_around_a_quarter() -> None:
    """The first and the last key differ by half of a quarter."""
    token = strigo.UserToken(token="t")
    times = [
        keep(
            token,
            key=key * 32,
            wall=0,
            monotonic=0,
            left=1000,
            lifetime=1000,
            renew_ahead=0.25,
            revocable=False,
        ).renews_at
        for key in "0f"
    ]
    assert times == [pytest.approx(812.5), pytest.approx(687.5)]


def test_failed_renewal_is_put_off() -> None:
    """If a renewal fails, the old token is served, and there is no new try for five seconds."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    first = vendor.token()
    world.pass_by(HOUR * 0.85)
    assert vendor.ask().respond(lost()).result() is first
    assert vendor.ask().result() is first
    world.pass_by(5.1)
    assert vendor.ask().request is not None


def test_renewal_that_fails_too_late_is_an_error() -> None:
    """A token that expired while its renewal failed is not handed out."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    vendor.token()
    world.pass_by(HOUR * 0.85)
    renewing = vendor.ask()
    world.pass_by(HOUR)
    with pytest.raises(ConnectionLostError):
        renewing.respond(lost()).result()


def test_renewal_may_not_take_long() -> None:
    """While there is a valid token, a hanging vendor costs ten seconds, and not the deadline."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT, deadline=600)
    vendor.token()
    world.pass_by(HOUR * 0.85)
    renewing = vendor.ask()
    assert getattr(renewing.halted_at, "until", 0) - world.monotonic <= 10


def test_renewal_ahead_can_be_switched_off() -> None:
    """With `renew_ahead=0` a token is served until too little of its life is left."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT, TokenCache(renew_ahead=0))
    first = vendor.token()
    world.pass_by(HOUR * 0.89)
    assert vendor.token() is first
    world.pass_by(HOUR * 0.02)
    assert vendor.token() != first
    assert vendor.cache.statistics().renewals == 0


def test_token_with_too_little_left_is_not_served() -> None:
    """By default a tenth of a token's life must be left, and at least a minute."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT, TokenCache(renew_ahead=0))
    for life, served in ((HOUR, 0.89), (300.0, 0.79)):
        vendor.cache.table.drop(next(iter(vendor.cache.table.kept), None))
        caller = vendor.ask()
        assert caller.request is not None
        first = caller.respond(world.minted(caller.request, life)).result()
        world.pass_by(life * served)
        assert vendor.token() is first
        world.pass_by(life * 0.02)
        assert vendor.ask().request is not None


def test_short_life_is_used_by_half() -> None:
    """A token that lives less than two minutes is served for half of its life."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT, TokenCache(renew_ahead=0))
    caller = vendor.ask()
    assert caller.request is not None
    first = caller.respond(world.minted(caller.request, 60)).result()
    world.pass_by(29)
    assert vendor.token() is first
    world.pass_by(2)
    assert vendor.token() != first


def test_valid_for_asks_for_more_or_less() -> None:
    """`valid_for` is what must be left, more or less than the default."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT, TokenCache(renew_ahead=0))
    first = vendor.token()
    world.pass_by(HOUR / 2)
    assert vendor.token(valid_for=timedelta(minutes=29)) is first
    second = vendor.token(valid_for=timedelta(minutes=31))
    assert second != first
    world.pass_by(HOUR - 10)
    assert vendor.token(valid_for=timedelta(seconds=5)) is second
    assert vendor.token(valid_for=timedelta(0)) is second
    assert vendor.token() != second


def test_valid_for_longer_than_any_life_gets_a_fresh_token() -> None:
    """No token lives that long: the token is new, and says when it expires."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    first = vendor.token()
    second = vendor.token(valid_for=timedelta(days=1))
    assert second != first
    assert second.expires_at == datetime.fromtimestamp(world.wall + HOUR, timezone.utc)


@pytest.mark.parametrize("valid_for", [60, timedelta(seconds=-1)])
def test_valid_for_is_checked(valid_for: timedelta) -> None:
    """Anything but a duration is refused before anything is sent."""
    with pytest.raises(InvalidInputError, match="valid_for must"):
        Vendor(World(), STRIGO_MINT).ask(valid_for=valid_for)


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_clock_that_jumps_revives_nothing(jump: float) -> None:
    """If either the time of day or the monotonic clock says that a token has expired, it has."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    first = vendor.token()
    world.wall += jump
    world.pass_by(HOUR + 1)
    assert vendor.token() != first


def test_suspended_machine_revives_nothing() -> None:
    """While a machine sleeps, its monotonic clock may stand still; the time of day decides."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    first = vendor.token()
    monotonic = world.monotonic
    world.pass_by(HOUR + 1)
    world.monotonic = monotonic
    assert vendor.token() != first


def test_clock_that_is_behind_does_not_prolong_a_life() -> None:
    """The vendor's own time counts if ours is behind, though no refusal has shown it."""
    world = World()
    world.wall -= 1800
    vendor = Vendor(world, STRIGO_MINT)
    first = vendor.token()
    world.pass_by(HOUR * 1.01)
    assert vendor.token() != first


def test_end_counts_by_the_corrected_clock() -> None:
    """If a refusal has shown that our clock is wrong, a token's end is corrected too."""
    for behind in (600.0, -600.0):
        world = World()
        world.wall -= behind
        offset = ClockOffset()
        offset.seconds = behind
        vendor = Vendor(world, REUSABLE, offset=offset)
        vendor.token()
        (kept,) = vendor.cache.table.kept.values()
        assert kept.left(world.wall, world.monotonic) == pytest.approx(HOUR, abs=2)


def test_lifetime_that_is_not_told_counts_from_before_sending() -> None:
    """If a vendor gives no lifetime, the client's is used; the mint's own time is part of it."""
    world = World()
    cache = TokenCache(renew_ahead=0)
    vendor = Vendor(world, ZDK_MINT, cache, lifetime=timedelta(minutes=5))
    minting = vendor.ask()
    world.pass_by(60)
    first = minting.respond().result()
    world.pass_by(3 * 60 - 1)
    assert vendor.token() is first
    world.pass_by(2)
    assert vendor.token() != first


def test_lifetime_must_be_known() -> None:
    """Without `token_lifetime`, a ZDK token's end is unknown."""
    with pytest.raises(ConfigurationError, match=r"ZDK doesn't say .* token_lifetime"):
        Vendor(World(), ZDK_MINT).ask()


def test_token_whose_end_is_unreadable_is_not_kept() -> None:
    """A token that should have an end but doesn't is handed out once."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    caller = vendor.ask()
    assert caller.request is not None
    response = world.minted(caller.request)
    broken = type(response)(
        status=200,
        headers=response.headers,
        body=b'{"result": "success", "data": {"token": "t", "expiration": "soon"}}',
    )
    assert caller.respond(broken).result().token == "t"
    assert vendor.ask().request is not None
    assert vendor.cache.statistics().tokens == 0


def test_token_that_has_ended_on_arrival_is_not_kept() -> None:
    """A token whose end is in the past is left to the caller."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    caller = vendor.ask()
    assert caller.request is not None
    caller.respond(world.minted(caller.request, life=-5)).result()
    assert vendor.cache.statistics().tokens == 0


def test_least_recently_used_token_goes_first() -> None:
    """A full cache drops the token that was handed out longest ago."""
    world = World()
    cache = TokenCache(max_tokens=2)
    vendor = Vendor(world, STRIGO_MINT, cache)
    calls = [strigo.UserTokenRequest(email=f"{name}@example.com") for name in "abc"]
    tokens = [vendor.token(call) for call in calls[:2]]
    assert vendor.reuse.hit(calls[0]) is tokens[0]
    vendor.token(calls[2])
    assert vendor.token(calls[0]) is tokens[0]
    assert vendor.ask(calls[1]).request is not None
    assert cache.statistics().tokens == 2


def test_refused_renewal_leaves_the_error_to_nobody() -> None:
    """A vendor's refusal of a renewal affects no caller while the old token is valid."""
    world = World()
    vendor = Vendor(world, STRIGO_MINT)
    first = vendor.token()
    world.pass_by(HOUR * 0.85)
    assert vendor.ask().respond(error_response(500)).result() is first
