"""What a call knows of itself while it goes on."""

from functools import cached_property

from .._model.call import Call, Repeat
from .._policy.clock import Moment
from .._redaction import Hidden, mask_path
from ..errors import Outcome
from .judge import FailedAttempt
from .prepare import Plan

__all__ = ["Life"]


class Life:
    """The state of one call.

    Attributes:
        call, plan, request_id: As given.
        at: The moment of the latest result.
        began: The moment at which the latest attempt was sent.
        start: The moment of the call's start.
        until: The monotonic time of the deadline.
        attempts: How many times the request was sent.
        charged: How many retries were taken from the budget.
        hidden: What must not be shown.
        outcome: Whether the vendor carried out the call, as far as its attempts tell.
        in_flight: Whether a request is out and nothing is known of it.
        failed: The latest failed attempt.
        remarks: Sentences for the error, should the call end with one.
        used_offset: The clock offset that the latest attempt was signed with.
        offset_before: The one before it was corrected; ``None`` until then.
    """

    outcome: Outcome
    failed: FailedAttempt | None

    def __init__(self, call: Call[object], plan: Plan, request_id: str, start: Moment) -> None:
        self.call = call
        self.plan = plan
        self.request_id = request_id if plan.profile.request_id_header is not None else ""
        self.at = self.began = self.start = start
        self.until = start.monotonic + plan.settings.deadline
        self.attempts = 0
        self.charged = 0
        self.hidden = Hidden(call.tokens)
        self.outcome = "not performed"
        self.in_flight = False
        self.failed = None
        self.remarks: list[str] = []
        self.used_offset = 0.0
        self.offset_before: float | None = None

    @property
    def repeat(self) -> Repeat:
        """When the call may be sent again, after what its client allows."""
        repeat = self.call.repeat
        unless_paid = (
            self.plan.settings.retry.repeat_payments and repeat is Repeat.IF_NOT_PERFORMED
        )
        return Repeat.SAFE if unless_paid else repeat

    @property
    def vendor(self) -> str:
        """The vendor, as records and errors name it."""
        return self.plan.profile.vendor.lower()

    @cached_property
    def operation(self) -> str:
        """The call's name, as it may be shown."""
        name = self.call.operation
        return mask_path(self.hidden.redact(name)) if "/" in name else name

    def charge(self) -> bool:
        """Take a retry from the client's budget, where there is one."""
        taken = self.plan.budget.take()
        self.charged += taken
        return taken
