"""The life of a call, as one generator of effects.

It signs, sends, retries within the deadline and the budget, and turns the answer into a value
or an error. It does no I/O itself: a driver performs each effect and sends back its result with
the time and a random number, so that the whole policy can be driven by hand.
"""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Generic, TypeVar

import attrs

from .._model.call import Call, Repeat, Reply
from .._model.messages import (
    REDIRECTS,
    SUCCESSES,
    Headers,
    Request,
    Response,
    fits_header,
)
from .._observability.records import (
    AttemptSent,
    CallFailed,
    ResponseReceived,
    RetryPlanned,
)
from .._policy.clock import ClockOffset, Moment
from .._policy.failure import read_failure, request_id_of
from .._policy.profile import Profile
from .._policy.retry import RetryBudget, RetryPolicy, wait_before
from .._policy.timeouts import Timeouts
from .._secret import (
    Hidden,
    Secret,
    redact,
    without_frames,
)
from ..auth.strategy import AsyncStrategy
from ..errors import (
    ConfigurationError,
    DeadlineExceeded,
    ResponseTooLarge,
    TokenKitError,
)
from .effects import (
    AttemptOutcome,
    Effect,
    NoResponse,
    Notify,
    Resolve,
    Result,
    Send,
    Sleep,
    Steps,
)
from .request_body import encode_body
from .success import read_success, unexpected_redirect

__all__ = ["Plan", "perform"]

R = TypeVar("R")
T = TypeVar("T")

METHODS_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})
# A shorter header value, such as a timestamp, proves nothing and stands elsewhere too.
SHORTEST_SIGNATURE = 16


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Plan:
    """Everything about a call that is settled before it starts.

    Attributes:
        profile: The vendor.
        origin: Scheme, host and port.
        base_path: What stands before each call's path.
        headers: The headers of every request.
        strategy: Authenticates the request.
        timeouts: For each step of an attempt.
        deadline: Seconds for everything together; infinite for no deadline.
        policy: When to retry.
        budget: The client's retry budget.
        offset: How far the vendor's clock is ahead; ``None`` not to correct ours.
        watched: Whether anybody is to be told what happens.
    """

    profile: Profile
    origin: str
    base_path: str
    headers: Headers
    strategy: AsyncStrategy
    timeouts: Timeouts
    deadline: float
    policy: RetryPolicy
    budget: RetryBudget
    offset: ClockOffset | None = None
    watched: bool = True


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FailedAttempt:
    """An attempt that failed: the error it means, and whether trying again is allowed."""

    error: TokenKitError
    repeatable: bool
    asked_wait: float | None = None
    blames_credentials: bool = False


def perform(call: Call[T], plan: Plan, request_id: str, start: Moment) -> Steps[Reply[T]]:
    """Return the life of a call as a generator of effects.

    Args:
        call: The call.
        plan: Everything else that is settled.
        request_id: The id for the vendor's request-id header, where it has one.
        start: The moment of the start.
    """
    return _Life(call, plan, request_id, start).run()


class _Life(Generic[T]):
    def __init__(self, call: Call[T], plan: Plan, request_id: str, start: Moment) -> None:
        self.call = call
        self.plan = plan
        self.request_id = request_id
        self.at = start
        self.until = start.monotonic + plan.deadline
        self.attempts = 0
        self.hidden = Hidden(call.tokens)
        self.began = start
        self.used_offset = 0.0
        self.offset_before: float | None = None

    def run(self) -> Steps[Reply[T]]:
        unsigned = self._unsigned_request()
        while True:
            outcome = yield from self._attempt(unsigned)
            judged = self._judge(outcome, unsigned)
            if isinstance(judged, Reply):
                self.plan.budget.refund(self.attempts - 1)
                return judged
            if self._corrects_clock(judged, outcome):
                yield from self._announce_retry(judged, 0.0)
                continue
            # Its headers may echo a credential, and error reports show this frame.
            del outcome
            wait = self._wait_before_retry(judged)
            if wait is None:
                yield from self._announce_failure(judged.error)
                raise judged.error
            yield from self._announce_retry(judged, wait)
            yield from self._do(Sleep(wait))

    def _repeat(self) -> Repeat:
        repeat = self.call.repeat
        unless_paid = self.plan.policy.repeat_payments and repeat is Repeat.IF_NOT_PERFORMED
        return Repeat.SAFE if unless_paid else repeat

    def _shown(self, text: str) -> str:
        return redact(text, self.hidden)

    def _do(self, effect: Effect[R]) -> Steps[R]:
        result: Result[R] = yield effect
        self.at = result.at
        return result.value

    def _unsigned_request(self) -> Request:
        plan = self.plan
        body = encode_body(self.call, datetime.fromtimestamp(self.at.wall, timezone.utc))
        if isinstance(body, TokenKitError):
            raise body
        method, path = self.call.request_line
        added: dict[str, str] = {}
        if body or method in METHODS_WITH_BODY:
            added["content-length"] = str(len(body))
        if body:
            added["content-type"] = "application/json"
        if plan.profile.request_id_header is not None:
            added[plan.profile.request_id_header] = self.request_id
        return Request(
            method=method,
            origin=plan.origin,
            route=plan.base_path + path,
            headers=plan.headers.merged_with(Headers(added)),
            body=body,
        )

    def _attempt(self, unsigned: Request) -> Steps[AttemptOutcome]:
        request = unsigned
        if self.call.authenticated:
            secrets = [one for one in self.plan.strategy.secrets if isinstance(one, Secret)]
            if len(secrets) < len(self.plan.strategy.secrets):
                secrets = yield from self._resolved()
            request = self._signed(unsigned, secrets)
        if self.at.monotonic >= self.until:
            return NoResponse(
                error=DeadlineExceeded,
                message="The deadline passed before the request could be sent",
                sent=False,
            )
        self.attempts += 1
        if self.plan.watched:
            yield from self._announce_attempt(request)
        self.began = self.at
        # A generator less than with _do(), on each call's way.
        result: Result[AttemptOutcome] = yield Send(request, self.plan.timeouts, self.until)
        self.at, outcome = result.at, result.value
        if self.plan.watched and isinstance(outcome, Response):
            yield from self._announce_response(outcome)
        return outcome

    def _resolved(self) -> Steps[list[Secret]]:
        secrets: list[Secret] = []
        for source in self.plan.strategy.secrets:
            if isinstance(source, Secret):
                secrets.append(source)
            else:
                secrets.append((yield from self._do(Resolve(source))))
        return secrets

    def _signed(self, unsigned: Request, secrets: Sequence[Secret]) -> Request:
        strategy = self.plan.strategy
        self.used_offset = self.plan.offset.seconds if self.plan.offset else 0.0
        now = self.at.wall + self.used_offset
        added = _authentication(strategy, unsigned, secrets, now)
        if isinstance(added, TokenKitError):
            raise added
        self.hidden.update([secret.reveal() for secret in secrets])
        self.hidden.update([value for value in added.values() if len(value) >= SHORTEST_SIGNATURE])
        return Request(
            method=unsigned.method,
            origin=unsigned.origin,
            route=unsigned.route,
            headers=unsigned.headers.merged_with(added),
            body=unsigned.body,
        )

    def _judge(self, outcome: AttemptOutcome, request: Request) -> Reply[T] | FailedAttempt:
        if isinstance(outcome, NoResponse):
            return self._judge_fault(outcome, request)
        if outcome.status in REDIRECTS:
            location = self._shown(outcome.headers.get("location", ""))
            return FailedAttempt(error=unexpected_redirect(outcome, location), repeatable=False)
        if outcome.status not in SUCCESSES:
            return self._judge_failure(outcome, request)
        request_id = self._request_id_of(outcome)
        wall = self.at.wall + (self.plan.offset.seconds if self.plan.offset else 0.0)
        received_at = datetime.fromtimestamp(wall, timezone.utc)
        value = read_success(
            self.call, outcome, self._shown, request_id, received_at, request.origin
        )
        if isinstance(value, TokenKitError):
            return FailedAttempt(error=value, repeatable=False)
        if value is None:
            return self._judge_failure(outcome, request)
        return Reply(
            value=value.value,
            status=outcome.status,
            headers=outcome.headers,
            request_id=request_id,
            attempts=self.attempts,
            body=value.body,
            received_at=received_at,
        )

    def _judge_fault(self, fault: NoResponse, request: Request) -> FailedAttempt:
        partial = fault.response
        if partial is not None and partial.status not in (*SUCCESSES, *REDIRECTS):
            return self._judge_failure(partial, request)
        message = self._shown(fault.message)
        if issubclass(fault.error, ResponseTooLarge):
            return FailedAttempt(error=fault.error(message), repeatable=False)
        error = fault.error(message, attempts=self.attempts)
        return FailedAttempt(
            error=error, repeatable=not fault.sent or self._repeat() is Repeat.SAFE
        )

    def _judge_failure(self, response: Response, request: Request) -> FailedAttempt:
        profile = self.plan.profile
        error = read_failure(
            response,
            request,
            reader=profile.read_failure,
            request_id_header=profile.request_id_header,
            secrets=self.hidden,
            wall=self.at.wall,
            attempts=self.attempts,
        )
        return FailedAttempt(
            error=error,
            repeatable=profile.retries.allow(response.status, response.headers, self._repeat()),
            asked_wait=profile.retries.wait(response.status, response.headers, self.at.wall),
            blames_credentials=profile.blames_credentials(error),
        )

    def _corrects_clock(self, refusal: FailedAttempt, outcome: AttemptOutcome) -> bool:
        """Tell whether a wrong clock explains a refusal, and is corrected: once a call."""
        offset = self.plan.offset
        if offset is None or not refusal.blames_credentials or not isinstance(outcome, Response):
            return False
        if self.offset_before is not None:
            offset.seconds = self.offset_before
            return False
        if not (self.plan.strategy.uses_time and self.call.authenticated):
            return False
        middle = (self.began.wall + self.at.wall) / 2
        if not offset.adopt(outcome.headers, middle, self.used_offset):
            return False
        self.offset_before = self.used_offset
        if self.plan.budget.take():
            return True
        offset.seconds = self.used_offset
        return False

    def _wait_before_retry(self, refusal: FailedAttempt) -> float | None:
        if not refusal.repeatable or isinstance(refusal.error, DeadlineExceeded):
            return None
        left = self.until - self.at.monotonic
        wait = wait_before(
            self.plan.policy, self.attempts, self.at.chance, refusal.asked_wait, left
        )
        return wait if wait is not None and self.plan.budget.take() else None

    def _announce_attempt(self, request: Request) -> Steps[None]:
        url = request.url.partition("?")[0]
        record = AttemptSent(method=request.method, url=url, attempt=self.attempts)
        yield from self._do(Notify(record))

    def _announce_response(self, response: Response) -> Steps[None]:
        record = ResponseReceived(
            status=response.status,
            request_id=self._request_id_of(response),
            seconds=self.at.monotonic - self.began.monotonic,
        )
        yield from self._do(Notify(record))

    def _announce_retry(self, refusal: FailedAttempt, wait: float) -> Steps[None]:
        if self.plan.watched:
            record = RetryPlanned(reason=str(refusal.error), wait=wait, retry=self.attempts)
            yield from self._do(Notify(record))

    def _announce_failure(self, error: TokenKitError) -> Steps[None]:
        if self.plan.watched:
            name, reason = type(error).__name__, str(error)
            record = CallFailed(error=name, reason=reason, attempts=self.attempts)
            yield from self._do(Notify(record))

    def _request_id_of(self, response: Response) -> str | None:
        found = request_id_of(response.headers, self.plan.profile.request_id_header)
        # Ours, echoed, is no secret, and most answers echo it.
        return found if found in (None, self.request_id) else self._shown(found)


def _authentication(
    strategy: AsyncStrategy, unsigned: Request, secrets: Sequence[Secret], now: float
) -> Headers | ConfigurationError:
    try:
        added = Headers(strategy.headers(unsigned, secrets, now))
        unfit = [name for name, value in added.items() if not fits_header(value)]
    except ConfigurationError as error:
        return without_frames(error)
    except Exception as error:  # noqa: BLE001 - a strategy of the caller's may raise anything
        problem = f"raised {type(error).__name__}"
    else:
        if not unfit:
            return added
        problem = f"returned a value for {unfit[0]!r} that no header can carry"
    return ConfigurationError(f"{type(strategy).__name__}.headers() {problem}")
