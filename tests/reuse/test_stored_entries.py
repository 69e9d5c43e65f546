"""Entries of a shared store: sealed, bound to their key, and a miss if unreadable."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from all_clients import STRIGO_MINT
from credentials import STORE_KEY
from reuse_processes import Processes
from reuse_world import HOUR, Vendor, cache_with

from tokenkit import strigo
from tokenkit.stores import FernetSealing

OTHER_KEY = "bXlrZXlteWtleW15a2V5bXlrZXlteWtleW15a2V5MTI="


def test_spoiled_entry_is_replaced() -> None:
    """An unreadable entry is a miss: the store hasn't failed, and the entry is replaced."""
    for spoiled in (b"", b"{}", b"\xff", b'{"form": 1, "key": "other"}', b"[]", b"null"):
        p = Processes()
        p.vendors[0].token()
        (entry,) = p.store.entries.values()
        entry.sealed = spoiled
        minting = p.vendors[1].ask()
        token = minting.respond().result()
        assert p.vendors[1].cache.statistics().store_failures == 0
        third = Vendor(p.world, STRIGO_MINT, cache_with(p.store))
        assert third.ask().result() == token


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lifetime", -1),
        ("lifetime", "long"),
        ("status", None),
        ("headers", []),
        ("received_at", float("nan")),
        ("body", {"result": "success", "data": {}}),
        ("form", 2),
    ],
)
def test_entry_with_a_wrong_field_is_a_miss(field: str, value: object) -> None:
    """Whatever is wrong with an entry, the token is minted."""
    p = Processes()
    p.vendors[0].token()
    (entry,) = p.store.entries.values()
    entry.sealed = json.dumps({**json.loads(entry.sealed), field: value}).encode()
    assert p.vendors[1].ask().request is not None


def test_moved_entry_does_not_open() -> None:
    """A writer of the store can't give one user's token to another."""
    p = Processes()
    p.store.sealing = FernetSealing([STORE_KEY])
    other = strigo.UserTokenRequest(email="mallory@example.com")
    p.vendors[0].token()
    p.vendors[0].token(other)
    one, two = p.store.entries.values()
    one.sealed, two.sealed = two.sealed, one.sealed
    for call in (other, STRIGO_MINT):
        minting = p.vendors[1].ask(call)
        assert minting.request is not None
        assert minting.respond().result().email == call.email


def test_stored_token_is_too_short_lived_for_one_who_waits() -> None:
    """A waiting caller that needs more time than the other's token has left mints."""
    p = Processes()
    first = p.vendors[0].token()
    p.world.pass_by(HOUR / 2)
    ((key, entry),) = p.store.entries.items()
    p.store.entries.clear()
    p.store.locks[key] = ("another process", p.world.now() + 5)
    leader = p.vendors[1].ask()
    assert leader.polls
    follower = p.vendors[1].ask(valid_for=timedelta(seconds=HOUR * 0.9))
    assert follower.follows
    p.store.entries[key] = entry
    p.store.locks.clear()
    assert leader.go_on().result() == first
    assert follower.go_on().request is not None
    assert follower.respond().result() != first


def test_keys_can_be_rotated() -> None:
    """A new first key seals, old ones still open; without the old one, its tokens are minted."""
    p = Processes(number=3)
    p.store.sealing = FernetSealing([STORE_KEY])
    token = p.vendors[0].token()
    p.store.sealing = FernetSealing([OTHER_KEY, STORE_KEY])
    assert p.vendors[1].ask().result() == token
    p.store.sealing = FernetSealing([OTHER_KEY])
    assert p.vendors[2].ask().request is not None


def test_sealed_entry_shows_nothing() -> None:
    """A store shows neither the token nor who it is for."""
    p = Processes()
    p.store.sealing = FernetSealing([STORE_KEY])
    token = p.vendors[0].token()
    stored = f"{p.store.entries}{p.store.asked}"
    assert token.token not in stored
    assert STRIGO_MINT.email not in stored


def test_token_of_unknown_life_is_not_stored() -> None:
    """A token that has expired on arrival is its caller's; the lock is released."""
    p = Processes()
    minting = p.vendors[0].ask()
    assert minting.request is not None
    minting.respond(p.world.minted(minting.request, life=-10)).result()
    assert p.store.entries == {}
    assert p.vendors[1].ask().request is not None
