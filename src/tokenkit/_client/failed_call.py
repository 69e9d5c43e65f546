"""Calls that fail before they begin, and methods that fail between their calls."""

from typing import TypeVar
from uuid import uuid4

import attrs

from .._model.call import Reply
from .._observability.hooks import Listener
from .._observability.records import CallFailed
from .._pipeline.drivers import report, report_async
from ..errors import InvalidInputError, TokenKitError

__all__ = ["FailedCall", "Sent", "name_method"]

T = TypeVar("T")


@attrs.define
class Sent:
    """What a method of several calls has sent so far.

    Attributes:
        attempts: How many times a request was sent.
        request_id: The vendor's id for the latest one, if it has one.
    """

    attempts: int = 0
    request_id: str | None = None

    def add(self, reply: Reply[T]) -> T:
        """Count a call; return its value."""
        self.attempts += reply.attempts
        self.request_id = reply.request_id
        return reply.value

    def complete(self, error: TokenKitError) -> TokenKitError:
        """Add to an error what was sent before it."""
        error.attempts, error.request_id = self.attempts, self.request_id
        if self.request_id is not None:
            error.args = (f"{error} (request_id={self.request_id})",)
        return error


@attrs.frozen(eq=False, repr=False)
class FailedCall:
    """A call that failed, and is still to be reported: before it began, or between requests.

    The frames that made it hold arguments, so it is raised from a frame that has been emptied.

    Attributes:
        error: The error to raise.
        operation: The client's method.
        vendor: The vendor.
        listener: Gets the record.
    """

    error: BaseException
    operation: str
    vendor: str
    listener: Listener

    def reported(self) -> BaseException:
        """Report the failed call; return the error to raise. An interruption is not a failure."""
        if isinstance(self.error, Exception):
            report(self._record(), self.listener)
        return self.error

    async def reported_async(self) -> BaseException:
        """Report the failed call; return the error to raise. An interruption is not a failure."""
        if isinstance(self.error, Exception):
            await report_async(self._record(), self.listener)
        return self.error

    def _record(self) -> CallFailed:
        error, reason, outcome = self.error, "", TokenKitError.usual_outcome
        sent = Sent()
        if isinstance(error, TokenKitError):
            error.vendor, error.operation = self.vendor, self.operation
            reason, outcome = str(error), error.outcome
            sent = Sent(error.attempts, error.request_id)
        return CallFailed(
            vendor=self.vendor,
            operation=self.operation,
            call_id=uuid4().hex,
            error=type(error).__name__,
            reason=reason,
            outcome=outcome,
            status=None,
            request_id=sent.request_id,
            attempts=sent.attempts,
            seconds=0.0,
        )


def name_method(error: TokenKitError, was: str, now: str) -> None:
    """Name in an error the client's method that was called, instead of what it is made from."""
    if isinstance(error, InvalidInputError) and error.errors:
        error.message = _renamed(error.message, was, now)
        error.args = (_renamed(str(error), was, now),)


def _renamed(text: str, was: str, now: str) -> str:
    return f"{now}{text[len(was) :]}" if text.startswith(f"{was}: ") else text
