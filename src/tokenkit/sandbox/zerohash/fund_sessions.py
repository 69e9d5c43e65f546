"""The fund sessions that mints with ``fwc`` open, and their transactions.

These are documented: the fields of a transaction, that a session without a deposit ends 30 minutes
after its mint with ``success`` false, and that a ``reference_id`` belongs to the most recent
session. These are modelled: the values that only a real deposit has, that
``GET /fund/transactions`` shows a session only once it has ended (which a switch changes), and the
``status_reason_code``. The unit of the timestamps differs in the vendor's sources: milliseconds in
that list, nanoseconds in webhooks.
"""

import threading
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from ..bounded import Bounded
from ..clock import Clock, milliseconds, utc
from ..json_text import JSON, encode
from .outbox import Outbox

__all__ = ["EXPIRED", "EXPIRED_CODE", "FundSession", "FundSessions"]

LIFETIME = timedelta(minutes=30)
EXPIRED = "deposit session has expired."
EXPIRED_CODE = "deposit_session_expired"
KEPT_BYTES = 16 * 1024 * 1024
"""Memory for sessions; the oldest are dropped first."""


@attrs.frozen(kw_only=True)
class FundSession:
    """One session, from the mint of its token to a deposit or to its end."""

    deposit_intent_id: str
    participant_code: str
    reference_id: str | None
    """As passed to the mint; None once a later session has it."""
    account_label: str
    opened_at: datetime
    expires_at: datetime
    success: bool | None = None
    """Whether it ended with a deposit; None while it is open."""
    ended_at: datetime | None = None
    reason: str = ""
    reason_code: str = ""
    deposit: Mapping[str, JSON] = attrs.field(factory=dict[str, "JSON"], hash=False)
    """The deposit: ``fund_asset``, ``quantity`` and ``notional``."""
    fund_id: str = attrs.field(factory=lambda: str(uuid.uuid4()))

    @property
    def fields(self) -> dict[str, JSON]:
        """Its transaction, by the names of the vendor's fields."""
        ended = None if self.ended_at is None else milliseconds(self.ended_at)
        asset = self.deposit.get("fund_asset")
        return {
            "participant_code": self.participant_code,
            "fund_asset": asset,
            "deposited_asset": asset,
            "rate": "1" if self.deposit else None,
            "quoted_currency": "USD",
            "source_address": None,
            "deposit_address": None,
            "quantity": self.deposit.get("quantity"),
            "notional": self.deposit.get("notional"),
            "fund_id": self.fund_id,
            "fund_timestamp": ended,
            "deposit_timestamp": ended,
            "transaction_id": None,
            "account_label": self.account_label,
            "success": self.success,
            "is_first_deposit": None,
            "status_reason": self.reason,
            "status_reason_code": self.reason_code,
            "reference_id": self.reference_id,
        }


class FundSessions:
    """The fund sessions, by the sandbox's clock. Thread-safe."""

    def __init__(self, clock: Clock, outbox: Outbox) -> None:
        self._clock = clock
        self._outbox = outbox
        self._lock = threading.RLock()
        self._sessions = Bounded[FundSession](KEPT_BYTES)

    def open(self, body: Mapping[str, JSON]) -> FundSession:
        """Open the session of a mint."""
        details = body.get("deposit_details")
        label = details.get("account_label") if isinstance(details, Mapping) else None
        reference = body.get("reference_id")
        now = utc(self._clock.steady())
        session = FundSession(
            deposit_intent_id=str(uuid.uuid4()),
            participant_code=str(body.get("participant_code", "")),
            reference_id=reference if isinstance(reference, str) else None,
            account_label=label if isinstance(label, str) else "general",
            opened_at=now,
            expires_at=now + LIFETIME,
        )
        self.expire()
        with self._lock:
            self._take_reference(session)
            self._keep(session)
        return session

    def all(self) -> tuple[FundSession, ...]:
        """Return every session, oldest first."""
        self.expire()
        with self._lock:
            return tuple(self._sessions)

    def end(
        self,
        deposit_intent_id: str | None,
        *,
        deposit: Mapping[str, JSON],
        reason: str = "",
        reason_code: str = "",
    ) -> FundSession:
        """End a session, successfully if there is a deposit; without an id, the newest open one.

        Raises:
            LookupError: There is no such session, or it has ended.
        """
        self.expire()
        with self._lock:
            session = attrs.evolve(
                self._open(deposit_intent_id),
                deposit=deposit,
                reason=reason,
                reason_code=reason_code,
            )
            return self._end(session, success=bool(deposit), at=utc(self._clock.steady()))

    def expire(self) -> None:
        """End the sessions that were not used in time."""
        now = utc(self._clock.steady())
        with self._lock:
            for session in tuple(self._sessions):
                if session.success is None and session.expires_at <= now:
                    expired = attrs.evolve(session, reason=EXPIRED, reason_code=EXPIRED_CODE)
                    self._end(expired, success=False, at=session.expires_at)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._sessions.clear()

    def _take_reference(self, latest: FundSession) -> None:
        for session in tuple(self._sessions):
            if latest.reference_id is not None and session.reference_id == latest.reference_id:
                self._keep(attrs.evolve(session, reference_id=None))

    def _keep(self, session: FundSession) -> None:
        self._sessions.keep(session.deposit_intent_id, session, len(encode(session.fields)))

    def _open(self, deposit_intent_id: str | None) -> FundSession:
        if deposit_intent_id is None:
            for session in reversed(self._sessions):
                if session.success is None:
                    return session
            raise LookupError("there is no open fund session")
        found = self._sessions.get(deposit_intent_id)
        if found is None:
            raise LookupError(f"there is no fund session {deposit_intent_id}")
        if found.success is not None:
            raise LookupError(f"the fund session {deposit_intent_id} has ended")
        return found

    def _end(self, session: FundSession, *, success: bool, at: datetime) -> FundSession:
        ended = attrs.evolve(session, success=success, ended_at=at)
        self._keep(ended)
        event = ended.fields
        event["reason"] = ended.reason
        event["timestamp"] = milliseconds(at)
        nanoseconds = milliseconds(at) * 1_000_000
        event["fund_timestamp"] = event["deposit_timestamp"] = nanoseconds
        self._outbox.add("deposit_fund_complete", event, at)
        return ended
