"""Whatever happens, in whatever order, the promises of reuse hold."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import attrs
from credentials import ZEROHASH_PRIVATE_KEY
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from memory_store import MemoryStore
from reuse_world import Caller, Vendor, World, cache_with, error_response, lost

import tokenkit._reuse.ending
from tokenkit import TokenCache, strigo, zerohash
from tokenkit._model.messages import Headers, Response
from tokenkit._pipeline.run import perform
from tokenkit._reuse.ending import ending
from tokenkit.auth import HmacSigner, OrgKey
from tokenkit.errors import TokenKitError
from tokenkit.zerohash.profile import HMAC_SCHEME

if TYPE_CHECKING:
    from tokenkit._model.call import Call

REVOKED = Response(status=204, headers=Headers({}), body=b"")
LIFE = 1000.0


@attrs.define(eq=False)
class Asked:
    """A caller that has asked, with what it must get."""

    caller: Caller
    tenant: str
    user: str
    process: int
    revocable: bool
    began: int
    revoked_before: frozenset[str]


class Interruption(BaseException):
    """The exception of a cancellation."""


class Reuse(RuleBasedStateMachine):
    """Two processes, two tenants, two users, with or without a store that may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.pending: list[Asked] = []
        self.born: dict[str, float] = {}
        self.revoked: set[str] = set()
        self.store: MemoryStore | None = None
        self.caches: list[TokenCache] = []
        self.events = 0

    @initialize(shared=st.booleans())
    def start(self, shared: bool) -> None:  # noqa: FBT001 - hypothesis draws it
        """Start the processes; without a store each has its own tokens."""
        if shared:
            self.store = MemoryStore(self.world.now)
            self.caches = [cache_with(self.store) for _ in range(2)]
        else:
            self.caches = [TokenCache(max_tokens=3)]

    def _call(self, user: str, *, revocable: bool) -> Call[Any]:
        if revocable:
            return zerohash.ClientAuthTokenRequest(
                participant_code=user, permissions=["crypto-buy"]
            )
        return strigo.UserTokenRequest(email=user)

    def _vendor(self, tenant: str, user: str, process: int, *, revocable: bool) -> Vendor:
        strategy: Any = OrgKey(tenant, "key")
        if revocable:
            strategy = HmacSigner(tenant, ZEROHASH_PRIVATE_KEY, "phrase", scheme=HMAC_SCHEME)
        call = self._call(user, revocable=revocable)
        return Vendor(self.world, call, self.caches[process % len(self.caches)], strategy=strategy)

    tenants = st.sampled_from(["tenant-1", "tenant-2"])
    users = st.sampled_from(["USER01", "USER02"])
    processes = st.integers(0, 1)

    @rule(tenant=tenants, user=users, process=processes, revocable=st.booleans())
    def ask(self, tenant: str, user: str, process: int, revocable: bool) -> None:  # noqa: FBT001 - as above
        """Let a caller ask for a token."""
        vendor = self._vendor(tenant, user, process, revocable=revocable)
        self.events += 1
        known = frozenset(self.revoked)
        asked = Asked(vendor.ask(), tenant, user, process, revocable, self.events, known)
        self.pending.append(asked)
        self._settle()

    def _pick(self, data: st.DataObject, waits_for: str) -> Asked | None:
        fitting = [
            asked
            for asked in self.pending
            if (waits_for == "vendor") == (asked.caller.request is not None)
        ]
        return data.draw(st.sampled_from(fitting)) if fitting else None

    @precondition(lambda self: self.pending)
    @rule(data=st.data(), outcome=st.sampled_from(["token"] * 6 + ["lost", "500", "429"]))
    def respond(self, data: st.DataObject, outcome: str) -> None:
        """Let the vendor respond to a caller."""
        asked = self._pick(data, "vendor")
        if asked is None:
            return
        request = asked.caller.request
        assert request is not None
        if outcome == "token":
            response = self.world.minted(request, LIFE)
            asked.caller.respond(response)
            body = json.loads(response.body)
            token = body.get("data", body.get("message"))["token"]
            self.born[token] = self.world.true_wall
        elif outcome == "lost":
            asked.caller.respond(lost())
        else:
            asked.caller.respond(error_response(int(outcome), retry_after="20"))
        self._settle()

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """Let a waiting or polling caller look again."""
        asked = self._pick(data, "others")
        if asked is not None:
            asked.caller.go_on()
            self._settle()

    @precondition(lambda self: self.pending)
    @rule(data=st.data(), how=st.sampled_from(["cancel", "drop"]))
    def give_up(self, data: st.DataObject, how: str) -> None:
        """Cancel a caller, or let the garbage collector remove it."""
        asked = data.draw(st.sampled_from(self.pending))
        if how == "cancel":
            asked.caller.cancel(Interruption())
        else:
            asked.caller.drop()
        self.pending.remove(asked)

    @rule(seconds=st.sampled_from([1.0, 6.0, 40.0, 200.0, 700.0, 950.0]))
    def time_passes(self, seconds: float) -> None:
        """Let time pass."""
        self.world.pass_by(seconds)

    @rule(seconds=st.sampled_from([-86_000.0, -500.0, 500.0, 86_000.0]))
    def clock_jumps(self, seconds: float) -> None:
        """Set the machine's clock wrong, or right again."""
        off = self.world.wall + seconds - self.world.true_wall
        if abs(off) <= 86_000:
            self.world.wall += seconds

    @rule(tenant=tenants, user=users, process=processes, revocable=st.booleans())
    def invalidate(self, tenant: str, user: str, process: int, revocable: bool) -> None:  # noqa: FBT001 - as above
        """Invalidate a caller's token."""
        vendor = self._vendor(tenant, user, process, revocable=revocable)
        try:
            vendor.invalidate()
        except TokenKitError:
            assert self.store is not None

    @rule(data=st.data(), process=processes)
    def revoke(self, data: st.DataObject, process: int) -> None:
        """Revoke a token; a revocation that returns has told every process."""
        tokens = sorted(token for token in self.born if "." in token)
        if not tokens:
            return
        token = data.draw(st.sampled_from(tokens))
        vendor = self._vendor("tenant-1", "USER01", process, revocable=True)
        call = zerohash.RevokeAuthTokenRequest(token=token)

        def begin(start: Any) -> Any:
            return perform(call, vendor.reuse.plan, "id", start)

        try:
            # The processes of this test are one: each knows its own caches only.
            with patch.object(tokenkit._reuse.ending, "all_caches", lambda: [vendor.cache]):
                caller = Caller(self.world, ending(call, begin, vendor.cache, "zerohash"))
                caller.respond(REVOKED).result()
        except TokenKitError:
            assert self.store is not None
        else:
            self.revoked.add(token)

    @precondition(lambda self: self.store is not None)
    @rule(fault=st.sampled_from(["down", "up", "lost", "evict", "read-only", "spoil"]))
    def store_fails(self, fault: str) -> None:
        """Let the store fail, forget, or recover."""
        store = self.store
        assert store is not None
        store.down = fault == "down"
        store.refuses_writes = fault == "read-only"
        store.lost = int(fault == "lost")
        if fault == "evict":
            store.live.clear()
        if fault == "spoil":
            for entry in store.entries.values():
                entry.sealed = b"spoiled"

    def _settle(self) -> None:
        for asked in list(self.pending):
            if asked.caller.done:
                self.pending.remove(asked)
                self._check(asked)

    def _check(self, asked: Asked) -> None:
        try:
            token = asked.caller.result().token
        except TokenKitError:
            return
        self.born.setdefault(token, self.world.true_wall)
        age = self.world.true_wall - self.born[token]
        assert age < LIFE, "an ended token was handed out"
        assert token not in asked.revoked_before, "a revoked token was handed out"
        if asked.revocable:
            part = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            whose = (claims["who"], claims["participant_code"])
        else:
            who, user, _ = base64.urlsafe_b64decode(token).decode().split("|")
            whose = (who.removeprefix("Bearer ").partition(":")[0], user)
        assert whose == (asked.tenant, asked.user), "another caller's token was handed out"

    @invariant()
    def one_mint_at_a_time(self) -> None:
        """In a process there is at most one mint for the same token."""
        for cache in self.caches:
            assert all(not flight.settled for flight in cache.table.flights.values())

    def teardown(self) -> None:
        """End all callers; then nothing is under way."""
        for asked in self.pending:
            asked.caller.drop()
        for cache in self.caches:
            assert cache.table.flights == {}, "a flight was left behind"
            assert set(vars(cache.table)["_places"]) == {
                kept.mark for kept in cache.table.kept.values()
            }


TestReuse = Reuse.TestCase
TestReuse.__doc__ = """No ended, revoked or foreign token is handed out, and no flight is left."""
TestReuse.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
