"""The state of one call, from its start to its end."""

from functools import cached_property
from typing import Generic, TypeVar

import attrs

from .._model.call import Call, Repeat
from .._model.messages import Request
from .._policy.clock import Moment
from .._redaction import Hidden, redact_path
from ..errors import Outcome, TokenKitError
from .prepare import Plan

__all__ = ["CallState", "FailedAttempt"]

T_co = TypeVar("T_co", covariant=True)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FailedAttempt:
    """An attempt that failed.

    Attributes:
        error: The error to raise if the call ends with it.
        repeatable: Whether the request may be sent again.
        outcome: Whether the vendor carried out the request.
        status: The HTTP status, if a response arrived.
        asked_wait: The seconds to wait that the vendor asks for or documents.
        blames_credentials: Whether the credentials, the signature or its time were refused.
        distrusts_connection: Whether the connection may hold other requests' responses.
    """

    error: TokenKitError
    repeatable: bool
    outcome: Outcome
    status: int | None = None
    asked_wait: float | None = None
    blames_credentials: bool = False
    distrusts_connection: bool = False


class CallState(Generic[T_co]):
    """What is known about a call while it runs.

    Attributes:
        call, plan: As given.
        request_id: The id that is sent; empty if the vendor takes none.
        request: The request, unsigned.
        hidden: The texts that must not be shown.
        start: The moment of the call's start.
        until: The monotonic time of the deadline.
        at: The moment of the latest result.
        began: The moment at which the latest attempt was sent.
        attempts: How many times the request was sent.
        in_flight: Whether a request was sent that is not known to have failed.
        failed: The latest failed attempt.
        outcome: Whether the vendor carried out the call, as far as its attempts tell.
        charged: How many retries were taken from the budget.
        remarks: Sentences to add to the error if the call ends with one.
        used_offset: The clock offset that the latest attempt was signed with.
        offset_before: The one before it was corrected; ``None`` until then.
    """

    request: Request
    attempts = 0
    in_flight = False
    failed: FailedAttempt | None = None
    outcome: Outcome = "not performed"
    charged = 0
    remarks: tuple[str, ...] = ()
    used_offset = 0.0
    offset_before: float | None = None

    def __init__(self, call: Call[T_co], plan: Plan, request_id: str, start: Moment) -> None:
        self.call = call
        self.plan = plan
        self.request_id = request_id if plan.profile.request_id_header is not None else ""
        self.hidden = Hidden(call.tokens)
        self.at = self.began = self.start = start
        self.until = start.monotonic + plan.settings.deadline

    @property
    def repeat(self) -> Repeat:
        """When the call may be sent again."""
        return self.plan.settings.retry.repeat_of(self.call.repeat)

    @property
    def offset(self) -> float:
        """How far the vendor's clock is known to be ahead, in seconds."""
        return self.plan.offset.seconds if self.plan.offset else 0.0

    @property
    def vendor(self) -> str:
        """The vendor, as records and errors name it."""
        return self.plan.profile.vendor_id

    @cached_property
    def operation(self) -> str:
        """The call's name, as it may be shown."""
        name = self.call.operation
        return redact_path(self.hidden.redact(name)) if "/" in name else name

    def charge(self) -> bool:
        """Take a retry from the client's budget; return whether there was one."""
        taken = self.plan.budget.take()
        self.charged += taken
        return taken
