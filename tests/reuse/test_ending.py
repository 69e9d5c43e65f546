"""A revoked token is no longer handed out, from the moment that the revocation returns."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import REUSABLE, STRIGO_MINT
from memory_store import MemoryStore
from reuse_world import HOUR, Caller, Vendor, World, cache_with, error_response, lost

from tokenkit import TokenCache, zerohash
from tokenkit._model.messages import Headers, Response
from tokenkit._pipeline.run import perform
from tokenkit._reuse.cache import all_caches
from tokenkit._reuse.ending import ending
from tokenkit.errors import ConfigurationError, ConnectionLostError, ServerError, StoreError

if TYPE_CHECKING:
    from tokenkit._model.token import IssuedToken
    from tokenkit.stores import Command, StoreResponse

REVOKED = Response(status=204, headers=Headers({}), body=b"")


def revoking(vendor: Vendor, token: IssuedToken) -> Caller:
    """Start a revocation; return where it stops."""
    call = zerohash.RevokeAuthTokenRequest(token=token.token)
    begin: Any = partial(perform, call, vendor.reuse.plan, "request-id")
    return Caller(vendor.world, ending(call, begin, vendor.cache, "zerohash"))


def test_revoked_token_is_gone() -> None:
    """In the process, even for other caches, a revoked token is gone before the vendor is told."""
    world = World()
    vendor, other = Vendor(world, REUSABLE), Vendor(world, REUSABLE)
    first = vendor.token()
    other_first = other.token()
    revocation = revoking(other, first)
    assert vendor.ask().request is not None
    revocation.respond(REVOKED).result()
    assert other.token() is other_first


def test_revocation_that_fails_at_the_vendor() -> None:
    """If the vendor refuses, the token is still no longer handed out."""
    world = World()
    vendor = Vendor(world, REUSABLE)
    first = vendor.token()
    with pytest.raises(ServerError):
        revoking(vendor, first).respond(error_response(500)).result()
    assert vendor.token() != first


def test_token_revoked_during_its_renewal() -> None:
    """The new token is a different one and is kept; if the renewal fails, the old one is gone."""
    world = World()
    for outcome in (None, lost()):
        vendor = Vendor(world, REUSABLE)
        first = vendor.token()
        world.pass_by(HOUR * 0.85)
        renewing = vendor.ask()
        revoking(vendor, first).respond(REVOKED)
        if outcome is None:
            second = renewing.respond().result()
            assert second != first
            assert vendor.token() is second
        else:
            assert renewing.respond(outcome).request is not None
            assert renewing.respond().result() != first


def test_follower_does_not_get_what_was_revoked_meanwhile() -> None:
    """Between the mint and a follower's waking, its token may have been revoked."""
    vendor = Vendor(World(), REUSABLE)
    minting, follower = vendor.ask(), vendor.ask()
    first = minting.respond().result()
    revoking(vendor, first).respond(REVOKED)
    assert follower.go_on().request is not None


def test_revoked_token_is_gone_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """If one process revokes a token, others with the same store don't hand it out."""
    world = World()
    store = MemoryStore(world.now)
    one, two = (Vendor(world, REUSABLE, cache_with(store)) for _ in range(2))
    first = one.token()
    assert two.ask().result() == first
    assert two.ask().result() == first
    # The processes of this test are one: each knows its own caches only.
    monkeypatch.setattr("tokenkit._reuse.ending.all_caches", lambda: [one.cache])
    revocation = revoking(one, first)
    minting = two.ask()
    assert minting.request is not None
    revocation.respond(REVOKED)
    second = minting.respond().result()
    assert second != first
    assert one.token() == second


def test_copies_may_be_allowed_to_be_old() -> None:
    """`local_copies_for` avoids the question for the time that it says."""
    world = World()
    store = MemoryStore(world.now)
    cache = cache_with(store, local_copies_for=timedelta(seconds=5))
    vendor = Vendor(world, REUSABLE, cache)
    first = vendor.token()
    asked = len(store.asked)
    assert vendor.reuse.hit(REUSABLE) is first
    world.pass_by(4)
    assert vendor.reuse.hit(REUSABLE) is first
    assert len(store.asked) == asked
    world.pass_by(1)
    assert vendor.reuse.hit(REUSABLE) is None
    assert vendor.ask().result() is first
    assert len(store.asked) == asked + 1
    store.live.clear()
    world.pass_by(5)
    assert vendor.ask().request is not None


def test_evicted_mark_is_a_lost_token() -> None:
    """A store that forgets loses tokens, but never revives one."""
    world = World()
    store = MemoryStore(world.now)
    vendor = Vendor(world, REUSABLE, cache_with(store))
    first = vendor.token()
    store.live.clear()
    assert vendor.token() != first


def test_revival_by_the_store_does_not_reach_who_revoked() -> None:
    """A replica that lags may bring a mark back; the process that revoked it knows better."""
    world = World()
    store = MemoryStore(world.now)
    vendor = Vendor(world, REUSABLE, cache_with(store))
    first = vendor.token()
    revoking(vendor, first).respond(REVOKED)
    (key,) = store.entries
    store.live[store.entries[key].mark] = world.now() + HOUR
    assert vendor.token() != first


def test_store_that_cannot_be_told_is_an_error() -> None:
    """If other processes can't be told, the caller is, and the vendor has ended the token."""
    world = World()
    store = MemoryStore(world.now)
    vendor = Vendor(world, REUSABLE, cache_with(store))
    first = vendor.token()
    store.down = True
    revocation = revoking(vendor, first)
    assert revocation.request is not None
    with pytest.raises(StoreError, match="make this call again") as caught:
        revocation.respond(REVOKED).result()
    assert caught.value.operation == "revoke_client_auth_token"
    assert (caught.value.vendor, caught.value.outcome) == ("zerohash", "performed")
    revocation = revoking(vendor, first)
    store.down = False
    assert revocation.respond(REVOKED).result().status == 204
    assert store.live == {}


def test_revocation_whose_response_is_lost() -> None:
    """After a lost response the token stays out of use, and the caller gets the error."""
    vendor = Vendor(World(), REUSABLE, TokenCache())
    first = vendor.token()
    with pytest.raises(ConnectionLostError):
        revoking(vendor, first).respond(lost()).result()
    assert vendor.token() != first


def test_memory_of_ended_tokens_is_bounded() -> None:
    """Marks of tokens that were ended long ago are forgotten."""
    cache = TokenCache()
    for number in range(10_050):
        cache.table.end(str(number))
    assert len(vars(cache.table)["_ended"]) == 10_000


def test_store_of_somebody_else_is_told_too() -> None:
    """A client without a store ends tokens in the stores of the process's other caches."""
    world = World()
    store = MemoryStore(world.now)
    sharing = Vendor(world, REUSABLE, cache_with(store))
    alone = Vendor(world, REUSABLE)
    first = sharing.token()
    revoking(alone, first).respond(REVOKED).result()
    assert store.live == {}
    second = sharing.token()
    store.down = True
    with pytest.raises(StoreError, match="make this call again"):
        revoking(alone, second).respond(REVOKED).result()


def revoking_beside(store: type[MemoryStore]) -> Caller:
    """Start a revocation while another cache, which serves revocable tokens, has a store."""
    world = World()
    vendor = Vendor(world, REUSABLE)
    token = vendor.token()
    other = cache_with(store(world.now))
    other.table.serves_revocable = True
    assert other in all_caches()
    return revoking(vendor, token)


def test_vendor_is_asked_whatever_a_store_does() -> None:
    """A store that this client cannot even ask doesn't prevent the revocation at the vendor."""

    class StoreForLoops(MemoryStore):
        def ask(self, command: Command) -> StoreResponse:
            raise ConfigurationError(f"its client is async, no {command}")

    revocation = revoking_beside(StoreForLoops)
    assert revocation.request is not None
    with pytest.raises(StoreError, match="could not be updated"):
        revocation.respond(REVOKED).result()


def test_what_strikes_a_store_comes_out_before_the_vendor_is_asked() -> None:
    """A worker's time limit while a store is told isn't the store's failure."""

    class TimeLimit(Exception):  # noqa: N818 - named like those of workers
        pass

    class StruckStore(MemoryStore):
        def ask(self, command: Command) -> StoreResponse:
            raise TimeLimit(command)

    revocation = revoking_beside(StruckStore)
    assert revocation.request is None
    with pytest.raises(TimeLimit):
        revocation.result()


def test_store_that_never_held_such_tokens_is_not_asked() -> None:
    """The store of a cache that serves only another vendor may be down."""
    world = World()
    store = MemoryStore(world.now)
    learner = Vendor(world, STRIGO_MINT, cache_with(store))
    learner.token()
    store.down = True
    asked = len(store.asked)
    vendor = Vendor(world, REUSABLE)
    assert revoking(vendor, vendor.token()).respond(REVOKED).result().status == 204
    assert len(store.asked) == asked
