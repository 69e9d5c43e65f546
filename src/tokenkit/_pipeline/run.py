"""The life of a call, as one generator of effects.

It signs, sends, retries within the deadline and the budget, and returns a reply or raises an
error. It does no I/O itself: a driver performs each effect and sends back its result with the
time and a random number, so that the whole policy can be driven by hand.
"""

from typing import TypeVar

from .._model.call import Call, Repeat, Reply
from .._model.messages import Request, Response
from .._policy.clock import Moment
from .._policy.retry import wait_before
from .._secret import Secret
from ..errors import APIError, DeadlineExceeded, TokenKitError
from .announcements import Announcements
from .effects import (
    AttemptOutcome,
    Discard,
    Effect,
    NoResponse,
    Result,
    Send,
    Sleep,
    Steps,
)
from .ending import OUT_OF_BUDGET, clock_hint, combined, complete
from .judge import Circumstances, FailedAttempt, judge
from .life import Life
from .prepare import Plan, sign, unsigned_request
from .resolve import resolved

__all__ = ["Plan", "perform"]

R = TypeVar("R")
T = TypeVar("T")


def perform(call: Call[T], plan: Plan, request_id: str, start: Moment) -> Steps[Reply[T]]:
    """Perform a call: yield its effects, and return its reply.

    Args:
        call: The call.
        plan: Everything else that is settled.
        request_id: The id for the vendor's request-id header, where it has one.
        start: The moment of the start.

    Raises:
        TokenKitError: The call failed.
    """
    life = Life(call, plan, request_id, start)
    told = Announcements(life) if plan.watched else None
    try:
        unsigned = unsigned_request(call, plan, request_id, start.wall)
        if isinstance(unsigned, TokenKitError):
            raise unsigned  # noqa: TRY301 - told below, like every error of a call
        while True:
            outcome = yield from _attempt(life, unsigned, told)
            judged = judge(call, outcome, _circumstances(life, unsigned))
            if isinstance(judged, Reply):
                plan.budget.refund(life.charged)
                if told is not None:
                    yield told.succeeded(judged)
                return judged
            if not (yield from _retry(life, judged, outcome, told)):
                # Its headers may echo a credential, and error reports show this frame.
                del outcome
                raise judged.error  # noqa: TRY301 - likewise
    except Exception as error:  # noqa: BLE001 - whatever failed, the call has
        failed = error
    if isinstance(failed, TokenKitError):
        _complete(failed, life)
    if told is not None:
        yield told.failed(failed)
    raise failed


def _retry(
    life: Life, failed: FailedAttempt, outcome: AttemptOutcome, told: Announcements | None
) -> Steps[bool]:
    """Wait for the next attempt; return whether there may be one."""
    life.outcome = combined(life.outcome, failed.outcome)
    life.failed = failed
    if failed.distrusts_connection:
        yield from _do(life, Discard())
    corrected = isinstance(outcome, Response) and _corrects_clock(life, failed, outcome)
    wait = 0.0 if corrected else _wait_before_retry(life, failed)
    if wait is None:
        return False
    if told is not None:
        yield from _do(life, told.retry(failed, wait))
    if not corrected:
        yield from _do(life, Sleep(wait))
    return True


def _do(life: Life, effect: Effect[R]) -> Steps[R]:
    result: Result[R] = yield effect
    life.at = result.at
    return result.value


def _attempt(life: Life, unsigned: Request, told: Announcements | None) -> Steps[AttemptOutcome]:
    plan, request = life.plan, unsigned
    if life.call.authenticated:
        secrets = [one for one in plan.strategy.secrets if isinstance(one, Secret)]
        if len(secrets) < len(plan.strategy.secrets):
            secrets, life.at = yield from resolved(plan.strategy.secrets, life.at)
        life.used_offset = plan.offset.seconds if plan.offset else 0.0
        now = life.at.wall + life.used_offset
        signed = sign(unsigned, plan.strategy, secrets, now, life.hidden)
        if isinstance(signed, TokenKitError):
            raise signed
        request = signed
    if life.at.monotonic >= life.until:
        return NoResponse(
            error=DeadlineExceeded,
            message="The deadline passed before the request could be sent",
            sent=False,
        )
    life.attempts += 1
    if told is not None:
        yield from _do(life, told.sent(request))
    life.began = life.at
    # Until the outcome is known, nobody can tell whether the request has left.
    life.in_flight = True
    # A generator less than with _do(), on each call's way.
    result: Result[AttemptOutcome] = yield Send(request, plan.settings.timeouts, life.until)
    life.in_flight = False
    life.at = result.at
    if told is not None and isinstance(result.value, Response):
        yield from _do(life, told.received(result.value))
    return result.value


def _circumstances(life: Life, unsigned: Request) -> Circumstances:
    plan = life.plan
    return Circumstances(
        profile=plan.profile,
        request=unsigned,
        request_id=life.request_id,
        repeat=life.repeat,
        hidden=life.hidden,
        wall=life.at.wall,
        offset=plan.offset.seconds if plan.offset else 0.0,
        attempts=life.attempts,
    )


def _wait_before_retry(life: Life, failed: FailedAttempt) -> float | None:
    if not failed.repeatable:
        return None
    left = life.until - life.at.monotonic
    wait = wait_before(
        life.plan.settings.retry, life.attempts, life.at.chance, failed.asked_wait, left
    )
    if wait is None or failed.asked_wait or life.charge():
        return wait
    life.remarks.append(OUT_OF_BUDGET)
    return None


def _corrects_clock(life: Life, failed: FailedAttempt, refusal: Response) -> bool:
    """Return whether a wrong clock explains a refusal, and is corrected: once a call."""
    plan, call = life.plan, life.call
    if not (failed.blames_credentials and plan.strategy.uses_time and call.authenticated):
        return False
    middle = (life.began.wall + life.at.wall) / 2
    hint = clock_hint(plan.profile.vendor, refusal.headers, middle, life.used_offset)
    if hint is not None and isinstance(failed.error, APIError):
        failed.error.hint = hint
    offset = plan.offset
    if offset is None:
        return False
    if life.offset_before is not None:
        offset.seconds = life.offset_before
        return False
    if not offset.adopt(refusal.headers, middle, life.used_offset):
        return False
    life.offset_before = life.used_offset
    if life.charge():
        return True
    offset.seconds = life.used_offset
    life.remarks.append(OUT_OF_BUDGET)
    return False


def _remarks(life: Life) -> list[str]:
    withheld = life.repeat is not Repeat.SAFE and life.outcome == "unknown"
    advice = life.call.advice_if_unknown if withheld else None
    return life.remarks if advice is None else [*life.remarks, advice]


def _complete(error: TokenKitError, life: Life) -> None:
    if life.in_flight:
        life.outcome = combined(life.outcome, "unknown")
    if life.failed is None or life.failed.error is not error:
        # Raised by somebody who does not know what must not be shown.
        error.message = life.hidden.redact(error.message)
        error.args = (life.hidden.redact(str(error)),)
    complete(
        error,
        vendor=life.vendor,
        operation=life.operation,
        request_id=(life.request_id or None) if life.attempts else None,
        attempts=life.attempts,
        outcome=life.outcome,
        remarks=_remarks(life),
    )
