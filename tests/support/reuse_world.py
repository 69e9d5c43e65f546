"""A world for token requests: a clock, a vendor and callers, all driven by hand."""

from __future__ import annotations

import base64
import json
from email.utils import formatdate
from itertools import count
from typing import TYPE_CHECKING, Any

import attrs
from credentials import ZEROHASH_PRIVATE_KEY

from tokenkit import TokenCache, strigo, zdk, zerohash
from tokenkit._model.messages import Headers, Request, Response
from tokenkit._pipeline.effects import (
    Ask,
    NoResponse,
    Notify,
    Resolve,
    Result,
    Send,
    Sleep,
    Wait,
)
from tokenkit._pipeline.prepare import Plan
from tokenkit._policy.clock import Moment
from tokenkit._policy.retry import RetryBudget, RetryPolicy
from tokenkit._policy.settings import CallSettings
from tokenkit._reuse.flight import Flight
from tokenkit._reuse.reuse import Reuse
from tokenkit._secret import Secret
from tokenkit.auth import Bearer, HmacSigner, OrgKey
from tokenkit.errors import ConnectionLostError
from tokenkit.strigo.profile import PROFILE as STRIGO
from tokenkit.zdk.profile import PROFILE as ZDK
from tokenkit.zerohash.profile import HMAC_SCHEME
from tokenkit.zerohash.profile import PROFILE as ZEROHASH

if TYPE_CHECKING:
    from datetime import timedelta

    from tokenkit._model.call import Call
    from tokenkit._observability.records import Record
    from tokenkit._policy.clock import ClockOffset
    from tokenkit.auth import AsyncStrategy, Strategy
    from tokenkit.stores import Store

HOUR = 3600.0


def lost(*, sent: bool = True) -> NoResponse:
    """Make an attempt whose response was lost."""
    return NoResponse(error=ConnectionLostError, message="lost", sent=sent)


def error_response(status: int, **headers: str) -> Response:
    """Make an error response."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers=Headers(named), body=b'{"error": "refused"}')


@attrs.define
class World:
    """Time, and what the vendor and those who watch have seen.

    Attributes:
        wall: The time of day, as the machine shows it.
        monotonic: The seconds that really pass.
        true_wall: The time of day, as it really is.
    """

    wall: float = 1_800_000_000.0
    monotonic: float = 1000.0
    true_wall: float = 1_800_000_000.0
    requests: list[Request] = attrs.field(factory=list)
    records: list[Record] = attrs.field(factory=list)
    sleeps: list[float] = attrs.field(factory=list)
    numbers: Any = attrs.field(factory=count)

    def time(self) -> float:
        return self.wall

    def now(self) -> float:
        return self.true_wall

    def moment(self) -> Moment:
        return Moment(self.wall, self.monotonic, 0.5)

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.true_wall += seconds
        self.monotonic += seconds

    def minted(self, request: Request, life: float = HOUR) -> Response:
        """Make the vendor's response to a mint; its token says who it is for."""
        body = json.loads(request.body)
        who = request.headers.get("authorization", request.headers.get("x-scx-api-key", ""))
        number, ends = next(self.numbers), self.true_wall + life
        content: object
        if "email" in body and "permissions" not in body:
            token = base64.urlsafe_b64encode(f"{who}|{body['email']}|{number}".encode()).decode()
            data = {"token": token, "expiration": int(ends * 1000), "user_id": "u"}
            content = {"result": "success", "data": data}
        elif "arguments" in body:
            content = {"tokens": [f"token-{number}"]}
        else:
            claims = {"jti": f"jti-{number}", "exp": int(ends), "who": who, **body}
            part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
            content = {"message": {"token": f"e30.{part}.c2ln"}}
        return Response(
            status=200,
            headers=Headers({"date": formatdate(self.true_wall, usegmt=True)}),
            body=json.dumps(content).encode(),
        )


class Vendor:
    """One client of one vendor in one process.

    Args:
        world: Where it is.
        call: A call of the vendor's.
        cache: Where it keeps tokens.
        strategy: Who it is.
        deadline: The seconds that a caller waits.
        lifetime: The client's ``token_lifetime``.
        retries: How often a call is retried.
        headers: The client's headers.
        offset: How far the vendor's clock is known to be ahead.
    """

    def __init__(  # noqa: PLR0913 - each is an option of its own
        self,
        world: World,
        call: Call[Any],
        cache: TokenCache | None = None,
        *,
        strategy: AsyncStrategy | None = None,
        deadline: float = 60.0,
        lifetime: timedelta | None = None,
        retries: int = 0,
        headers: dict[str, str] | None = None,
        tells_hits: bool = False,
        offset: ClockOffset | None = None,
    ) -> None:
        self.world = world
        self.call = call
        self.cache = cache or TokenCache()
        profile, usual = PROFILES[type(call)]
        plan = Plan(
            profile=profile,
            origin=profile.base_url,
            base_path="",
            settings=CallSettings(
                deadline=deadline,
                retry=RetryPolicy(max_retries=retries),
                headers=Headers(headers or {}),
            ),
            strategy=strategy or usual("tenant"),
            budget=RetryBudget(),
            offset=offset,
        )
        self.reuse = Reuse(
            cache=self.cache,
            plan=plan,
            http_client=None,
            clock=_ClockOf(world),
            lifetime=lifetime,
            tells_hits=tells_hits,
        )

    def ask(self, call: Call[Any] | None = None, *, valid_for: timedelta | None = None) -> Caller:
        """Let a caller ask for a token; return where it stops."""
        return Caller(
            self.world, self.reuse.begin(call or self.call, valid_for, "request-id", "get_token")
        )

    def token(self, call: Call[Any] | None = None, **options: Any) -> Any:
        """Return a token, whether it is kept or has to be minted."""
        caller = self.ask(call, **options)
        if caller.request is not None:
            caller.respond(self.world.minted(caller.request))
        assert caller.done, caller.halted_at
        return caller.result()

    def invalidate(self) -> None:
        """Invalidate the call's token."""
        Caller(self.world, self.reuse.begin_invalidation(self.call, "invalidate_token")).result()


def strigo_key(name: str) -> Strategy:
    """Return credentials for Strigo."""
    return OrgKey(name, "key")


def zerohash_key(name: str) -> Strategy:
    """Return credentials for zerohash."""
    return HmacSigner(name, ZEROHASH_PRIVATE_KEY, "phrase", scheme=HMAC_SCHEME)


PROFILES: Any = {
    strigo.UserTokenRequest: (STRIGO, strigo_key),
    zdk.UserTokenRequest: (ZDK, Bearer),
    zerohash.ClientAuthTokenRequest: (ZEROHASH, zerohash_key),
}


@attrs.define
class _ClockOf:
    world: World

    def time(self) -> float:
        return self.world.wall

    def monotonic(self) -> float:
        return self.world.monotonic


class Caller:
    """A caller of get_token: runs until it needs the vendor, another caller or time."""

    def __init__(self, world: World, begin: Any) -> None:
        self.world = world
        self.done = False
        self.halted_at: object = None
        self._value: Any = None
        self._error: BaseException | None = None
        self._steps = begin(world.moment())
        self._go(lambda: next(self._steps))

    @property
    def request(self) -> Request | None:
        """The request that it waits for, if any."""
        return self.halted_at.request if isinstance(self.halted_at, Send) else None

    @property
    def follows(self) -> bool:
        """Whether it waits for another caller's mint."""
        return isinstance(self.halted_at, Wait)

    @property
    def polls(self) -> bool:
        """Whether it waits before it asks the store again."""
        return isinstance(self.halted_at, Sleep)

    def respond(self, outcome: Response | NoResponse | None = None) -> Caller:
        """Let the vendor respond, by default with a token."""
        assert self.request is not None, self.halted_at
        self._send(outcome or self.world.minted(self.request))
        return self

    def go_on(self) -> Caller:
        """Let the thing that it waits for end."""
        if isinstance(self.halted_at, Sleep):
            self.world.sleeps.append(self.halted_at.seconds)
            self.world.pass_by(self.halted_at.seconds)
        self._send(None)
        return self

    def cancel(self, error: BaseException) -> None:
        """Throw an exception in, as a driver does."""
        self._go(lambda: self._steps.throw(error))

    def drop(self) -> None:
        """Let the garbage collector remove it."""
        self._steps.close()
        self.done = True

    def result(self) -> Any:
        """Return its result."""
        assert self.done, self.halted_at
        if self._error is not None:
            raise self._error
        return self._value

    def _send(self, value: object) -> None:
        self._go(lambda: self._steps.send(Result(value, self.world.moment())))

    def _go(self, step: Any) -> None:
        self.halted_at = None
        try:
            effect = step()
            while not self._halts(effect):
                effect = self._next(effect)
            self.halted_at = effect
        except StopIteration as stop:
            self.done, self._value = True, stop.value
        except BaseException as error:  # noqa: BLE001 - result() raises it
            self.done, self._error = True, error

    def _next(self, effect: object) -> object:
        try:
            value = self._perform(effect)
        except Exception as error:  # noqa: BLE001 - as the drivers do
            return self._steps.throw(error)
        return self._steps.send(Result(value, self.world.moment()))

    def _halts(self, effect: object) -> bool:
        if isinstance(effect, Send):
            self.world.requests.append(effect.request)
            return True
        waits = (
            isinstance(effect, Wait) and isinstance(effect.on, Flight) and not effect.on.settled
        )
        return waits or isinstance(effect, Sleep)

    def _perform(self, effect: object) -> object:
        match effect:
            case Ask():
                return effect.question.ask()
            case Notify():
                self.world.records.append(effect.record)
            case Resolve():
                source: Any = effect.source
                value = source()
                return value if isinstance(value, Secret) else Secret(value)
            case _:
                assert isinstance(effect, Wait)
        return None


def cache_with(store: Store, **settings: Any) -> TokenCache:
    """Make the cache of a process that shares a store."""
    return TokenCache(store=store, **settings)
