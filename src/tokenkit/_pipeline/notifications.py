"""The records of a call, for hooks, the log and traces."""

from typing import TypeVar
from uuid import uuid4

from .._model.call import Reply
from .._model.messages import Request, Response
from .._observability.records import (
    AttemptSent,
    CallFailed,
    CallSucceeded,
    ResponseReceived,
    RetryPlanned,
)
from .._policy.failure import redacted_url, request_id_of
from .._redaction import escaped
from ..errors import TokenKitError
from .effects import Notify
from .state import CallState, FailedAttempt

__all__ = ["Notifications"]

T = TypeVar("T")


class Notifications:
    """Makes the records of one call."""

    def __init__(self, state: CallState[object]) -> None:
        self._state = state
        self.call_id = uuid4().hex

    def sent(self, request: Request) -> Notify:
        """Report that a request is about to be sent."""
        return Notify(
            AttemptSent(
                vendor=self._state.vendor,
                operation=self._state.operation,
                call_id=self.call_id,
                method=request.method,
                url=redacted_url(request, self._state.hidden),
                attempt=self._state.attempts,
                request_id=self._state.request_id or None,
            )
        )

    def received(self, response: Response) -> Notify:
        """Report that a response arrived."""
        header = self._state.plan.profile.request_id_header
        found = request_id_of(response.headers, header)
        return Notify(
            ResponseReceived(
                vendor=self._state.vendor,
                operation=self._state.operation,
                call_id=self.call_id,
                attempt=self._state.attempts,
                status=response.status,
                request_id=found and escaped(self._state.hidden.redact(found)),
                seconds=self._state.at.monotonic - self._state.began.monotonic,
            )
        )

    def retry(self, failed: FailedAttempt, wait: float) -> Notify:
        """Report that the call will be tried again."""
        return Notify(
            RetryPlanned(
                vendor=self._state.vendor,
                operation=self._state.operation,
                call_id=self.call_id,
                attempt=self._state.attempts,
                error=type(failed.error).__name__,
                reason=str(failed.error),
                status=failed.status,
                request_id=failed.error.request_id or self._state.request_id or None,
                wait=wait,
                retry=self._state.attempts,
            )
        )

    def succeeded(self, reply: Reply[T]) -> Notify:
        """Report that the call returns a value."""
        return Notify(
            CallSucceeded(
                vendor=self._state.vendor,
                operation=self._state.operation,
                call_id=self.call_id,
                status=reply.status,
                request_id=reply.request_id or self._state.request_id or None,
                attempts=reply.attempts,
                seconds=self._state.at.monotonic - self._state.start.monotonic,
            )
        )

    def failed(self, error: Exception) -> Notify:
        """Report that the call ends with an error."""
        ours = error if isinstance(error, TokenKitError) else None
        last = self._state.failed
        return Notify(
            CallFailed(
                vendor=self._state.vendor,
                operation=self._state.operation,
                call_id=self.call_id,
                error=type(error).__name__,
                reason="" if ours is None else str(ours),
                outcome=self._state.outcome,
                status=last.status if last is not None and last.error is error else None,
                request_id=(self._state.request_id or None) if ours is None else ours.request_id,
                attempts=self._state.attempts,
                seconds=self._state.at.monotonic - self._state.start.monotonic,
            )
        )
