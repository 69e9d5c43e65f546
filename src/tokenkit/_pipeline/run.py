"""A call from start to end, as one generator of effects.

It signs, sends, retries within the deadline and the budget, and returns a reply or raises an
error. It does no I/O itself: a driver performs each effect and sends back its result with the
time and a random number, so that the whole policy can be driven by hand.
"""

from typing import TypeVar

from .._model.call import Call, Reply
from .._model.data_errors import DATA_ERRORS
from .._model.messages import Response
from .._policy.clock import Moment
from .._policy.retry import wait_before
from .._secret import Secret
from ..errors import DeadlineExceeded, TokenKitError
from .clock_correction import OUT_OF_BUDGET, corrects_clock
from .effects import AttemptOutcome, Discard, NoResponse, Result, Send, Sleep, Steps
from .final_error import combined_outcome, complete
from .judge import judge
from .notifications import Notifications
from .prepare import Plan, sign, unsigned_request
from .secret_sources import resolved
from .state import CallState, FailedAttempt
from .stop_iteration import as_raised

__all__ = ["perform"]

T = TypeVar("T")


def perform(call: Call[T], plan: Plan, request_id: str, start: Moment) -> Steps[Reply[T]]:
    """Perform a call: yield its effects, and return its reply.

    Args:
        call: The call.
        plan: Everything decided before the call starts.
        request_id: The id for the vendor's request-id header, if it has one.
        start: The moment of the start.

    Raises:
        TokenKitError: The call failed.
    """
    state = CallState(call, plan, request_id, start)
    watcher = Notifications(state) if plan.watched else None
    try:
        unsigned = unsigned_request(call, plan, request_id, start.wall)
        if isinstance(unsigned, TokenKitError):
            raise unsigned  # noqa: TRY301 - reported below, like every error of a call
        state.request = unsigned
        while True:
            outcome = yield from _attempt(state, watcher)
            judged = judge(outcome, state)
            if isinstance(judged, Reply):
                plan.budget.refund(state.charged)
                if watcher is not None:
                    yield watcher.succeeded(judged)
                return judged
            state.in_flight = False
            if not (yield from _retry(state, judged, outcome, watcher)):
                # Its headers may echo a credential, and error reports show this frame.
                del outcome
                raise judged.error  # noqa: TRY301 - reported below, like every error of a call
    except Exception as error:  # noqa: BLE001 - whatever it is, the call failed
        failed = as_raised(error)
    complete(failed, state)
    if watcher is not None:
        try:
            yield watcher.failed(failed)
        except Exception as error:
            # A broken clock is in the error already; a time limit is not.
            if not isinstance(error, (type(failed), *DATA_ERRORS)):
                raise
    raise failed


def _attempt(state: CallState[object], watcher: Notifications | None) -> Steps[AttemptOutcome]:
    """Sign the request with fresh secrets, and send it."""
    plan, request = state.plan, state.request
    if state.call.authenticated:
        secrets = [one for one in plan.strategy.secrets if isinstance(one, Secret)]
        if len(secrets) < len(plan.strategy.secrets):
            secrets, state.at = yield from resolved(plan, state.at)
        state.used_offset = state.offset
        now = state.at.wall + state.used_offset
        signed = sign(request, plan, secrets, now, state.hidden)
        if isinstance(signed, TokenKitError):
            raise signed
        request = signed
    if state.at.monotonic >= state.until:
        message = "The deadline passed before the request could be sent"
        return NoResponse(error=DeadlineExceeded, message=message, sent=False)
    state.attempts += 1
    if watcher is not None:
        state.at = (yield watcher.sent(request)).at
    state.began = state.at
    # Until it is known to have failed, the vendor may have performed the call.
    state.in_flight = True
    result: Result[AttemptOutcome] = yield Send(request, plan.settings.timeouts, state.until)
    state.at = result.at
    if watcher is not None and isinstance(result.value, Response):
        state.at = (yield watcher.received(result.value)).at
    return result.value


def _retry(
    state: CallState[object],
    failed: FailedAttempt,
    outcome: AttemptOutcome,
    watcher: Notifications | None,
) -> Steps[bool]:
    """Wait for the next attempt; return whether there may be one."""
    state.outcome = combined_outcome(state.outcome, failed.outcome)
    state.failed = failed
    if failed.distrusts_connection:
        state.at = (yield Discard()).at
    corrected = isinstance(outcome, Response) and corrects_clock(state, failed, outcome.headers)
    wait = 0.0 if corrected else _wait_before_retry(state, failed)
    if wait is None:
        return False
    if watcher is not None:
        state.at = (yield watcher.retry(failed, wait)).at
    if not corrected:
        state.at = (yield Sleep(wait)).at
    return True


def _wait_before_retry(state: CallState[object], failed: FailedAttempt) -> float | None:
    """Return how long to wait before the next attempt; ``None`` if there must be none."""
    if not failed.repeatable:
        return None
    policy, left = state.plan.settings.retry, state.until - state.at.monotonic
    wait = wait_before(policy, state.attempts, state.at.chance, failed.asked_wait, left)
    # A wait that the vendor asks for protects it better than the budget does.
    if wait is None or failed.asked_wait or state.charge():
        return wait
    state.remarks += (OUT_OF_BUDGET,)
    return None
