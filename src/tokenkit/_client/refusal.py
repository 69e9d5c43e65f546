"""Calls that end before they begin."""

from uuid import uuid4

import attrs

from .._observability.hooks import Listener
from .._observability.records import CallFailed
from .._pipeline.drivers import report, report_async
from ..errors import TokenKitError

__all__ = ["Refusal"]


@attrs.frozen(eq=False, repr=False)
class Refusal:
    """A call that can't begin.

    The frames that made it hold arguments, so it is raised from a frame that has been emptied.

    Attributes:
        error: The error to raise.
        operation: The client's method.
        vendor: The vendor.
        listener: Gets the record.
    """

    error: Exception
    operation: str
    vendor: str
    listener: Listener

    def reported(self) -> Exception:
        """Report the failed call; return the error to raise."""
        report(self._record(), self.listener)
        return self.error

    async def reported_async(self) -> Exception:
        """Report the failed call; return the error to raise."""
        await report_async(self._record(), self.listener)
        return self.error

    def _record(self) -> CallFailed:
        error, reason, outcome = self.error, "", TokenKitError.usual_outcome
        if isinstance(error, TokenKitError):
            error.vendor, error.operation = self.vendor, self.operation
            reason, outcome = str(error), error.outcome
        return CallFailed(
            vendor=self.vendor,
            operation=self.operation,
            call_id=uuid4().hex,
            error=type(error).__name__,
            reason=reason,
            outcome=outcome,
            status=None,
            request_id=None,
            attempts=0,
            seconds=0.0,
        )
