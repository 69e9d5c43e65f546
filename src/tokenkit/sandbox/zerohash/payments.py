"""The payments that zerohash's mints open, from ``initialized`` to their end.

These are documented: the fields, the statuses ``initialized``, ``settled``, ``failed`` and
``abandoned``, and that a payment is abandoned when its token ends unused. These are modelled: the
values that only a real payment has, the order of a list (newest first), that any other status
keeps a payment from being abandoned, and that a revoked token's payment is abandoned at the time
that the token had.
"""

import threading
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from ..bounded import Bounded
from ..clock import Clock, iso_8601, milliseconds, utc
from ..json_text import JSON, encode
from .outbox import Outbox

__all__ = ["Payment", "Payments"]

ENDS = frozenset({"settled", "failed", "abandoned"})
"""The statuses that never change; documented."""

KEPT_BYTES = 16 * 1024 * 1024
"""Memory for payments; the oldest are dropped first."""


@attrs.frozen(kw_only=True)
class Payment:
    """One payment, as ``GET /payments`` shows it."""

    payment_id: str
    participant_code: str
    status: str
    reference_id: str | None
    """As passed to the mint."""
    created_at: datetime
    updated_at: datetime
    abandoned_at: datetime
    """When the token expires, and with it a payment that is still ``initialized``."""
    withdrawal: Mapping[str, JSON] = attrs.field(hash=False)
    """The ``withdrawal_details`` of the mint."""
    details: Mapping[str, JSON] = attrs.field(hash=False)
    """The ``payment_details``, empty until the payment settles."""
    failure_reason: str | None = None

    @property
    def fields(self) -> dict[str, JSON]:
        """All its fields, by the vendor's names."""
        withdrawal = self.withdrawal
        amount = withdrawal.get("withdrawal_request_amount")
        return {
            "payment_id": self.payment_id,
            "payment_type": "payout",
            "payment_details": self.details,
            "participant_code": self.participant_code,
            "description": "",
            "total": amount,
            "quantity": amount,
            "asset": withdrawal.get("underlying_asset"),
            "quoted_asset": withdrawal.get("quoted_asset"),
            "status": self.status,
            "external_account_id": withdrawal.get("external_account_id"),
            "network": withdrawal.get("network"),
            "obo_participant": {"participant_code": self.participant_code},
            "created_at": iso_8601(self.created_at),
            "updated_at": iso_8601(self.updated_at),
            "failure_reason": self.failure_reason,
            "reference_id": self.reference_id,
        }


class Payments:
    """The payments, by the sandbox's clock. Thread-safe."""

    def __init__(self, clock: Clock, outbox: Outbox) -> None:
        self._clock = clock
        self._outbox = outbox
        self._lock = threading.RLock()
        self._payments = Bounded[Payment](KEPT_BYTES)

    def open(self, body: Mapping[str, JSON], lifetime: float) -> Payment:
        """Open the payment of a mint whose token lasts so many seconds."""
        withdrawal = body.get("withdrawal_details")
        now = utc(self._clock.steady())
        payment = Payment(
            payment_id=str(uuid.uuid4()),
            participant_code=str(body.get("participant_code", "")),
            status="initialized",
            reference_id=_text(body.get("reference_id")),
            created_at=now,
            updated_at=now,
            abandoned_at=now + timedelta(seconds=lifetime),
            withdrawal=withdrawal if isinstance(withdrawal, Mapping) else {},
            details={},
        )
        self.expire()
        with self._lock:
            self._keep(payment)
        return payment

    def all(self) -> tuple[Payment, ...]:
        """Return every payment, oldest first."""
        self.expire()
        with self._lock:
            return tuple(self._payments)

    def find(self, payment_id: str) -> Payment | None:
        """Return the payment with an id, or None."""
        self.expire()
        with self._lock:
            return self._payments.get(payment_id)

    def change(self, payment_id: str | None, status: str, failure_reason: str | None) -> Payment:
        """Give a payment another status; without an id, the newest that has not ended.

        Raises:
            LookupError: There is no such payment, or it has ended.
        """
        self.expire()
        with self._lock:
            payment = self._changeable(payment_id)
            changed = attrs.evolve(
                payment,
                status=status,
                failure_reason=failure_reason,
                updated_at=utc(self._clock.steady()),
                details=_settlement() if status == "settled" else payment.details,
            )
            self._keep(changed)
            return changed

    def expire(self) -> None:
        """Abandon the payments whose tokens have ended unused."""
        now = utc(self._clock.steady())
        with self._lock:
            for payment in tuple(self._payments):
                if payment.status == "initialized" and payment.abandoned_at <= now:
                    at = payment.abandoned_at
                    self._keep(attrs.evolve(payment, status="abandoned", updated_at=at))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._payments.clear()

    def _changeable(self, payment_id: str | None) -> Payment:
        if payment_id is None:
            for payment in reversed(self._payments):
                if payment.status not in ENDS:
                    return payment
            raise LookupError("there is no payment that has not ended")
        found = self._payments.get(payment_id)
        if found is None:
            raise LookupError(f"there is no payment {payment_id}")
        if found.status in ENDS:
            raise LookupError(f"the payment {payment_id} has ended: {found.status}")
        return found

    def _keep(self, payment: Payment) -> None:
        self._payments.keep(payment.payment_id, payment, len(encode(payment.fields)))
        told = ("failure_reason", "description", "quoted_asset")  # not among the event's fields
        event = {name: value for name, value in payment.fields.items() if name not in told}
        event["timestamp"] = milliseconds(payment.updated_at)
        self._outbox.add("payment_status_changed", event, payment.updated_at)


def _text(value: JSON) -> str | None:
    return value if isinstance(value, str) else None


def _settlement() -> dict[str, JSON]:
    """Make up the values that only a real payment has; modelled."""
    return {
        "withdrawal_request_id": str(uuid.uuid4()),
        "trade_id": str(uuid.uuid4()),
        "on_chain_transaction_id": f"0x{uuid.uuid4().hex}",
        "network_fee_notional": "0",
        "network_fee_quantity": "0",
    }
