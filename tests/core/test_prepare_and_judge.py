"""The two pure ends of an attempt, by plain calls: what is sent, and what came of it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, ClassVar, TypeVar

import attrs
import pytest
from all_clients import ZDK_MINT, ZEROHASH_MINT
from core_driver import (
    MONOTONIC,
    REQUEST_ID,
    WALL,
    json_response,
    make_response,
    minted,
    no_response,
    zdk_plan,
    zerohash_minted,
    zerohash_plan,
)
from credentials import ZDK_API_KEY

from tokenkit import Reply
from tokenkit._model.call import Call, RawCall, Repeat
from tokenkit._model.messages import Request, ResponseInfo
from tokenkit._pipeline.judge import judge
from tokenkit._pipeline.prepare import sign, unsigned_request
from tokenkit._pipeline.state import CallState, FailedAttempt
from tokenkit._policy.clock import ClockOffset, Moment
from tokenkit._redaction import Hidden
from tokenkit._secret import Secret
from tokenkit.auth import Bearer
from tokenkit.errors import (
    APIError,
    AuthenticationError,
    ConfigurationError,
    DeadlineExceeded,
    InvalidInputError,
    MismatchedResponse,
    ProtocolError,
    TransportError,
)
from tokenkit.zdk.profile import PROFILE as ZDK
from tokenkit.zerohash.profile import PROFILE as ZEROHASH

if TYPE_CHECKING:
    from tokenkit._model.json import JSON
    from tokenkit._pipeline.prepare import Plan

T = TypeVar("T")


def request_of(call: Call[object]) -> Request:
    """Write a call for zerohash as a request."""
    made = unsigned_request(call, zerohash_plan(), REQUEST_ID, WALL)
    assert isinstance(made, Request)
    return made


def state(
    call: Call[T], plan: Plan | None = None, *, offset: float = 0.0, attempts: int = 1
) -> CallState[T]:
    """Describe how a call has gone so far: a call to zerohash, unless there is another plan."""
    plan = plan or zerohash_plan(offset=ClockOffset())
    if plan.offset is not None:
        plan.offset.seconds = offset
    made = CallState(call, plan, REQUEST_ID, Moment(WALL, MONOTONIC, 0.5))
    made.request = request_of(call)
    made.hidden.add([ZDK_API_KEY])
    made.attempts = attempts
    return made


@attrs.frozen(kw_only=True)
class Task(Call[None]):
    """A call that may be repeated as a test says."""

    path: ClassVar[str] = "/task"

    again: Repeat

    @property
    def repeat(self) -> Repeat:
        return self.again

    def encode(self, now: datetime) -> JSON:  # noqa: ARG002 - it has no body
        return None


def failed(result: object) -> FailedAttempt:
    """Return a failed attempt."""
    assert isinstance(result, FailedAttempt)
    return result


def test_a_request_with_a_body() -> None:
    """It has the body's length and type, the request id and the plan's headers."""
    request = request_of(ZEROHASH_MINT)
    assert (request.method, request.route) == ("POST", "/client_auth_token")
    assert dict(request.headers) == {
        "accept": "application/json",
        "content-length": str(len(request.body)),
        "content-type": "application/json",
        "x-request-id": REQUEST_ID,
    }


def test_a_request_without_a_body() -> None:
    """A GET has neither length nor type; a POST without a body says that it has none."""
    read = request_of(RawCall(verb="GET", target="/x?y=1"))
    assert set(read.headers) == {"accept", "x-request-id"}
    assert request_of(RawCall(verb="POST", target="/x")).headers["content-length"] == "0"


def test_signing_hides_what_it_used() -> None:
    """A signed request has the strategy's headers, and their values are hidden from then on."""
    plan = zdk_plan(strategy=Bearer(ZDK_API_KEY))
    unsigned = unsigned_request(ZDK_MINT, plan, "", WALL)
    assert isinstance(unsigned, Request)
    hidden = Hidden()
    signed = sign(unsigned, plan, [Secret(ZDK_API_KEY)], WALL, hidden)
    assert isinstance(signed, Request)
    assert signed.headers["authorization"] == f"Bearer {ZDK_API_KEY}"
    assert (signed.body, signed.route) == (unsigned.body, unsigned.route)
    assert hidden.redact(f"I got Bearer {ZDK_API_KEY}") == "I got [redacted]"


def test_a_strategy_that_fails() -> None:
    """The error is returned as it is."""
    unsigned = request_of(ZEROHASH_MINT)
    error = sign(unsigned, zdk_plan(strategy=Bearer(ZDK_API_KEY)), [], WALL, Hidden())
    assert isinstance(error, ConfigurationError)
    assert "Bearer.headers() raised IndexError" in str(error)


@attrs.frozen(kw_only=True)
class Lease(Call[datetime]):
    """A call whose response counts from when it arrived."""

    path: ClassVar[str] = "/lease"

    def decode(self, body: JSON, response: ResponseInfo) -> datetime:
        del body
        assert response.status == 201
        assert response.headers["x-lease"] == "5"
        return response.received_at


def test_a_success_is_a_reply() -> None:
    """The model gets the time of the response, corrected by the clock's offset."""
    reply = judge(json_response(201, {}, x_lease="5"), state(Lease(), offset=60.0, attempts=2))
    assert isinstance(reply, Reply)
    assert reply.value == datetime.fromtimestamp(WALL + 60, timezone.utc)
    assert (reply.status, reply.attempts, reply.rate_limit) == (201, 2, None)


def test_rate_limits_of_a_reply() -> None:
    """The vendor's figures are read from the headers."""
    response = json_response(
        200, {"tokens": ["t"]}, x_ratelimit_limit="60", x_ratelimit_reset=str(int(WALL))
    )
    reply = judge(response, state(ZDK_MINT, zdk_plan()))
    assert isinstance(reply, Reply)
    assert reply.rate_limit is not None
    assert (reply.rate_limit.limit, reply.rate_limit.remaining) == (60, None)
    assert reply.rate_limit.reset_at == datetime.fromtimestamp(WALL, timezone.utc)
    assert "value" not in repr(reply)


def test_headers_that_echo_a_key() -> None:
    """A reply's headers contain nothing that was sent as a credential."""
    response = json_response(200, {"tokens": ["t"]}, server=ZDK_API_KEY)
    reply = judge(response, state(ZDK_MINT, zdk_plan()))
    assert isinstance(reply, Reply)
    assert reply.headers["server"] == "[redacted]"


def test_another_requests_response() -> None:
    """A success with another request's id is refused, and the connection isn't trusted."""
    response = attrs.evolve(
        zerohash_minted(), headers=make_response(201, x_request_id="other").headers
    )
    result = failed(judge(response, state(ZEROHASH_MINT)))
    assert isinstance(result.error, MismatchedResponse)
    assert (result.repeatable, result.outcome, result.distrusts_connection) == (
        False,
        "unknown",
        True,
    )
    assert isinstance(judge(minted(), state(ZDK_MINT, zdk_plan())), Reply)


@pytest.mark.parametrize(
    ("repeat", "sent", "repeatable"),
    [
        (Repeat.SAFE, True, True),
        (Repeat.IF_NOT_PERFORMED, True, False),
        (Repeat.IF_NOT_PERFORMED, False, True),
        (Repeat.NEVER, False, True),
    ],
)
def test_what_may_be_repeated(repeat: Repeat, *, sent: bool, repeatable: bool) -> None:
    """A lost response is repeated if the call is safe; a request that was not sent, always."""
    result = failed(judge(no_response(sent=sent), state(Task(again=repeat))))
    assert result.repeatable is repeatable
    assert result.outcome == ("unknown" if sent else "not performed")


def test_the_deadline_ends_all_tries() -> None:
    """An attempt that the deadline ended is not repeated, whether it was sent or not."""
    for sent in (True, False):
        result = failed(judge(no_response(DeadlineExceeded, sent=sent), state(ZEROHASH_MINT)))
        assert not result.repeatable


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('illegal header line: bytearray(b\'{"token": "x"}\')', "illegal header line"),
        ("illegal status line: b'tok'", "illegal status line"),
        ('no ("tok")', "no"),
        ("the answer's body was cut short", "the answer's body was cut short"),
        (f"got {'t0' * 12} here", "got [redacted] here"),
    ],
)
@pytest.mark.parametrize("kind", [ProtocolError, TransportError])
def test_quotations_of_a_response_are_dropped(
    kind: type[TransportError], said: str, shown: str
) -> None:
    """A library's quotation may contain a token; its own words stay, and the origin."""
    origin = ZEROHASH.base_url
    result = judge(no_response(kind, sent=True, message=f"{origin}: {said}"), state(ZEROHASH_MINT))
    assert str(failed(result).error) == f"{origin}: {shown}"
    result = judge(no_response(kind, sent=True, message=said), state(ZEROHASH_MINT))
    assert str(failed(result).error) == shown


def test_a_failure_knows_its_wait() -> None:
    """The wait that zerohash documents for a 429 is in the error as well."""
    result = failed(judge(make_response(429), state(ZEROHASH_MINT)))
    assert (result.asked_wait, result.status, result.repeatable) == (10.0, 429, True)
    assert vars(result.error)["retry_after"] == 10.0


@attrs.frozen(kw_only=True)
class Owned(Call[str]):
    """A call whose response says who it is for."""

    path: ClassVar[str] = "/owned"

    def decode(self, body: JSON, response: ResponseInfo) -> str:
        del response
        raise MismatchedResponse(f"it is for {body}")


def test_a_model_may_find_that_a_response_is_anothers() -> None:
    """If a model says that a response isn't its own, the connection isn't trusted either."""
    result = failed(judge(json_response(200, "bob"), state(Owned())))
    assert str(result.error) == "HTTP 200: it is for bob"
    assert (result.repeatable, result.distrusts_connection) == (False, True)


def test_the_vendors_own_id() -> None:
    """If a vendor doesn't promise to echo an id, a response may have another."""
    response = json_response(200, {"tokens": ["t"]}, x_request_id=f"r-{ZDK_API_KEY}")
    reply = judge(response, state(ZDK_MINT, zdk_plan()))
    assert isinstance(reply, Reply)
    assert reply.request_id == "r-[redacted]"


@pytest.mark.parametrize("path", ["passes", "", "@evil.example/x", "//evil.example/x"])
@pytest.mark.parametrize("base_path", ["", "/api"])
def test_a_path_without_a_slash(path: str, base_path: str) -> None:
    """It would become part of the host or the base URL, so the call is not sent."""

    @attrs.frozen(kw_only=True)
    class Passes(Call[None]):
        target: str

        @property
        def request_line(self) -> tuple[str, str]:
            return "POST", self.target

    plan = attrs.evolve(zdk_plan(), base_path=base_path)
    refused = unsigned_request(Passes(target=path), plan, "", WALL)
    assert isinstance(refused, InvalidInputError)
    assert str(refused) == (
        "Passes: path must start with one slash: requests go only to the client's own base URL"
    )


def test_blame_that_cannot_be_told() -> None:
    """A vendor's function that raises leaves the call its error, and blames no credentials."""

    def blames(error: APIError) -> bool:
        raise KeyError(error.code)

    plan = attrs.evolve(zdk_plan(), profile=attrs.evolve(ZDK, blames_credentials=blames))
    attempt = failed(judge(make_response(401, b"{}"), state(ZDK_MINT, plan)))
    assert isinstance(attempt.error, AuthenticationError)
    assert not attempt.blames_credentials
