"""Drives a call's life by hand: scripted responses, a driven clock, no waiting."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

from credentials import (
    ZDK_API_KEY,
    ZEROHASH_API_KEY,
    ZEROHASH_PASSPHRASE,
    ZEROHASH_PRIVATE_KEY,
)

from tokenkit._model.messages import Headers, Request, Response, ResponseInfo
from tokenkit._pipeline.effects import (
    AttemptOutcome,
    Discard,
    Effect,
    NoResponse,
    Notify,
    Resolve,
    ResolveGroup,
    Result,
    Send,
    Sleep,
)
from tokenkit._pipeline.prepare import Plan
from tokenkit._pipeline.run import perform
from tokenkit._pipeline.secret_sources import resolve_group
from tokenkit._policy.clock import Moment
from tokenkit._policy.failure import (
    ErrorBody,
    Failure,
    read_failure,
    read_plain_failure,
)
from tokenkit._policy.retry import RetryBudget, RetryPolicy, retry_after
from tokenkit._policy.settings import CallSettings
from tokenkit._redaction import Hidden
from tokenkit._secret import Secret
from tokenkit.auth import Bearer, HmacSigner
from tokenkit.errors import (
    APIError,
    ConnectionLostError,
    TokenKitError,
    TransportError,
)
from tokenkit.zdk.profile import PROFILE as ZDK
from tokenkit.zerohash.profile import HMAC_SCHEME
from tokenkit.zerohash.profile import PROFILE as ZEROHASH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tokenkit._model.call import Call, Reply
    from tokenkit._observability.records import Record
    from tokenkit._policy.clock import ClockOffset
    from tokenkit._policy.profile import Profile
    from tokenkit.auth import AsyncStrategy

T = TypeVar("T")

ECHOED_SECRET = "s3cret/key+of=mine"
REQUEST_ID = "3f8b6c1e-0a4f-4d27-9a51-2f0c7d5e8b90"
WALL = 1_714_445_704.0
MONOTONIC = 1000.0
RECEIVED = ResponseInfo(
    status=200, headers=Headers(), received_at=datetime.fromtimestamp(WALL, timezone.utc)
)


def untyped(value: object) -> Any:
    """Pass a value to an argument whose type it does not match."""
    return value


def make_response(status: int, body: bytes | str = b"", **headers: str) -> Response:
    """Make a response; header names are given with underscores."""
    raw = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers=Headers(named), body=raw)


def json_response(status: int, body: object, **headers: str) -> Response:
    """Make a JSON response."""
    return make_response(status, json.dumps(body), content_type="application/json", **headers)


def minted(token: str = "minted-token") -> Response:
    """Make ZDK's response to a mint."""
    return json_response(200, {"tokens": [token]})


def zerohash_minted(token: str = "minted.client.token") -> Response:
    """Make zerohash's response to a mint."""
    return json_response(201, {"message": {"token": token}})


def no_response(
    kind: type[TransportError] = ConnectionLostError,
    *,
    sent: bool,
    message: str = "the connection broke",
    response: Response | None = None,
) -> NoResponse:
    """Make an attempt without a complete response."""
    return NoResponse(error=kind, message=message, sent=sent, response=response)


def make_plan(
    profile: Profile,
    strategy: AsyncStrategy,
    *,
    policy: RetryPolicy | None = None,
    deadline: float = 60.0,
    budget: RetryBudget | None = None,
    base_path: str = "",
    offset: ClockOffset | None = None,
) -> Plan:
    """Make a call's plan, except for what a test varies."""
    return Plan(
        profile=profile,
        origin=profile.base_url,
        base_path=base_path,
        settings=CallSettings(
            headers=Headers({"accept": "application/json"}),
            deadline=deadline,
            retry=policy or RetryPolicy(),
        ),
        strategy=strategy,
        budget=budget or RetryBudget(),
        offset=offset,
    )


def zdk_plan(
    *,
    policy: RetryPolicy | None = None,
    deadline: float = 60.0,
    budget: RetryBudget | None = None,
    strategy: AsyncStrategy | None = None,
) -> Plan:
    """Make the plan of a call to ZDK."""
    auth = strategy or Bearer(ZDK_API_KEY)
    return make_plan(ZDK, auth, policy=policy, deadline=deadline, budget=budget)


def zerohash_plan(
    *,
    policy: RetryPolicy | None = None,
    deadline: float = 60.0,
    offset: ClockOffset | None = None,
    budget: RetryBudget | None = None,
) -> Plan:
    """Make the plan of a call to zerohash."""
    signer = HmacSigner(
        ZEROHASH_API_KEY, ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME
    )
    return make_plan(
        ZEROHASH, signer, policy=policy, deadline=deadline, offset=offset, budget=budget
    )


def read_body(
    response: Response,
    reader: Callable[[ErrorBody], Failure] = read_plain_failure,
    request_id_header: str | None = None,
) -> APIError:
    """Read an error response to a call that had a secret."""
    request = Request(
        method="POST", origin="https://h", route="/x?token=abc", headers=Headers(), body=b"{}"
    )
    return read_failure(
        response,
        request,
        reader=reader,
        request_id_header=request_id_header,
        hidden=Hidden([ECHOED_SECRET]),
        retry_after=retry_after(response.headers, WALL),
    )


class Driver:
    """Performs a call's effects from a script.

    Args:
        *script: The result of each sending: a response, none, or an exception to throw in.
        chance: The random number of every moment.
        seconds: How long each sending takes, as far as the deadline lets it.
        wall: The time of day at the start.
    """

    def __init__(
        self,
        *script: AttemptOutcome | BaseException,
        chance: float = 0.5,
        seconds: float = 0.0,
        wall: float = WALL,
    ) -> None:
        self.script = list(script)
        self.chance = chance
        self.seconds = seconds
        self.wall = wall
        self.elapsed = 0.0
        self.requests: list[Request] = []
        self.untils: list[float] = []
        self.sleeps: list[float] = []
        self.records: list[Record] = []
        self.discarded = 0

    def moment(self) -> Moment:
        """Return the driven clock's time."""
        return Moment(self.wall + self.elapsed, MONOTONIC + self.elapsed, self.chance)

    def run(self, call: Call[T], plan: Plan) -> Reply[T]:
        """Drive a call to its end."""
        steps = perform(call, plan, REQUEST_ID, self.moment())
        effect = next(steps)
        try:
            while True:
                value, thrown = self._perform(effect)
                effect = (
                    steps.send(Result(value, self.moment()))
                    if thrown is None
                    else steps.throw(thrown)
                )
        except StopIteration as stop:
            reply: Reply[T] = stop.value
            return reply

    def error(self, call: Call[Any], plan: Plan) -> TokenKitError:
        """Drive a call that must fail; return its error."""
        try:
            reply = self.run(call, plan)
        except TokenKitError as error:
            return error
        raise AssertionError(f"no error but {reply!r}")

    def _perform(self, effect: Effect[Any]) -> tuple[object, BaseException | None]:
        match effect:
            case Send():
                self.requests.append(effect.request)
                self.untils.append(effect.until)
                self.elapsed += min(self.seconds, effect.until - self.moment().monotonic)
                result = self.script.pop(0)
                return (None, result) if isinstance(result, BaseException) else (result, None)
            case Sleep():
                self.sleeps.append(effect.seconds)
                self.elapsed += effect.seconds
            case Resolve():
                source: Any = effect.source
                try:
                    value: object = source()
                except TokenKitError as error:
                    return None, error
                return value if isinstance(value, Secret) else Secret(str(value)), None
            case ResolveGroup():
                return resolve_group(effect.group, effect.plan), None
            case Discard():
                self.discarded += 1
            case _:
                assert isinstance(effect, Notify)
                self.records.append(effect.record)
        return None, None
