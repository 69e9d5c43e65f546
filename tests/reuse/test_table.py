"""What a process keeps: tokens by place, and the places of each token."""

from __future__ import annotations

import pytest

from tokenkit import TokenCache, strigo
from tokenkit._policy.clock import Moment
from tokenkit._reuse.cache import reset_after_fork
from tokenkit._reuse.flight import Flight
from tokenkit._reuse.kept import Kept, keep, mark_of
from tokenkit._reuse.state import Lead, TokenTable

NOW = Moment(1_800_000_000.0, 1000.0, 0.5)


@pytest.fixture
def cache() -> TokenCache:
    """Return an empty cache."""
    return TokenCache()


def put(table: TokenTable, place: str, token: str) -> Kept:
    """Let a token be minted and kept at a place."""
    kept = keep(
        strigo.UserToken(token=token),
        key="0" * 32,
        wall=NOW.wall,
        monotonic=NOW.monotonic,
        left=3600,
        lifetime=3600,
        renew_ahead=0.25,
        revocable=True,
    )
    own = Flight()
    assert isinstance(table.decide(place, NOW, None, own), Lead)
    table.settle(place, own, kept)
    return kept


def test_token_at_two_places_ends_at_both(cache: TokenCache) -> None:
    """A token for several calls that is forgotten for one still ends for the others."""
    for place in "abc":
        put(cache.table, place, "same")
    put(cache.table, "d", "another")
    cache.table.drop("a")
    assert list(cache.table.kept) == ["b", "c", "d"]
    cache.table.end(mark_of("same"))
    assert list(cache.table.kept) == ["d"]


def test_only_the_token_that_was_looked_at_is_dropped(cache: TokenCache) -> None:
    """A caller that learns late of a revocation does not drop the replacement."""
    old = put(cache.table, "a", "old")
    cache.table.drop("a")
    new = put(cache.table, "a", "new")
    cache.table.drop_kept("a", old)
    assert cache.table.kept["a"] is new
    cache.table.drop_kept("a", new)
    assert not cache.table.kept


def test_forked_process_ends_tokens_of_before(cache: TokenCache) -> None:
    """A token that was kept before a fork is still kept after it, and ends when it is revoked."""
    put(cache.table, "a", "t")
    reset_after_fork()
    assert list(cache.table.kept) == ["a"]
    cache.table.end(mark_of("t"))
    assert not cache.table.kept
