"""zerohash's webhooks, as typed events.

Each field of a payload is ``None`` if it is missing or cannot be read; :attr:`Event.payload` has
everything as sent.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import attrs

from ...extension import JSON, Mismatch, read_response, text_value
from ..fund_lookups import FundTransaction
from ..payment_lookups import Payment
from ..values import flag, instant, text_list, whole_value

__all__ = [
    "AchPaymentStatusChanged",
    "DepositFundComplete",
    "Event",
    "ExternalAccountStatusChanged",
    "ParticipantStatusChanged",
    "ParticipantUpdated",
    "PaymentStatusChanged",
    "event_of",
]

# The times in a payload that may say when the event happened: the first readable one counts.
TIMES = ("timestamp", "updated_at", "fund_timestamp", "deposit_timestamp")


def _read(payload: Mapping[str, JSON], name: str, load: Callable[[JSON], Any]) -> Any:
    try:
        return load(payload.get(name))
    except Mismatch:
        return None


@attrs.frozen(kw_only=True)
class Event:
    """A webhook of any type; one of a type that is not known here is a plain event.

    Webhooks may arrive out of order: order them by :attr:`occurred_at`.

    Attributes:
        type: What happened, such as ``trade.status_changed``. Not signed.
        notification_id: The webhook's id, the same on each try. Not signed.
        sent_at: When it was signed, in UTC; ``None`` in the legacy scheme.
        payload: The whole payload.
        seen_keys: Its keys in a ``seen`` store.
    """

    type: str
    notification_id: str | None
    sent_at: datetime | None
    payload: Mapping[str, JSON] = attrs.field(repr=False, hash=False)
    seen_keys: tuple[str, ...] = attrs.field(default=(), repr=False, eq=False)

    @property
    def occurred_at(self) -> datetime | None:
        """When it happened, in UTC, by the payload's own time."""
        times = (_read(self.payload, name, instant) for name in TIMES)
        return next((time for time in times if time is not None), None)

    @property
    def reference_id(self) -> str | None:
        """The ``reference_id`` of the mint behind it."""
        return self._text("reference_id")

    @property
    def participant_code(self) -> str | None:
        """The participant."""
        return self._text("participant_code")

    def _text(self, name: str) -> str | None:
        text: str | None = _read(self.payload, name, text_value)
        return text

    def _flag(self, name: str) -> bool | None:
        value: bool | None = _read(self.payload, name, flag)
        return value


@attrs.frozen(kw_only=True)
class PaymentStatusChanged(Event):
    """``payment_status_changed``, for a payment of the SDK's withdrawals and payouts.

    Source: zerohash's webhook guide, "Payments status updates".
    """

    @property
    def payment(self) -> Payment:
        """The payment in its new state."""
        return read_response(self.payload, Payment)


@attrs.frozen(kw_only=True)
class AchPaymentStatusChanged(Event):
    """``payment_status_changed``, for an ACH payment.

    Source: zerohash's webhook guide, "Payments status updates".
    """

    @property
    def transaction_id(self) -> str | None:
        """The payment's id."""
        return self._text("transaction_id")

    @property
    def payment_status(self) -> str | None:
        """Its status, such as ``settled`` or ``returned``."""
        return self._text("payment_status")

    @property
    def payment_type(self) -> str | None:
        """``credit`` or ``debit``, as the payload's ``type`` says."""
        return self._text("type")

    @property
    def reason_code(self) -> str | None:
        """Nacha's code, if it was returned."""
        return self._text("reason_code")

    @property
    def reason_description(self) -> str | None:
        """What the code means."""
        return self._text("reason_description")


@attrs.frozen(kw_only=True)
class DepositFundComplete(Event):
    """``deposit_fund_complete``: a deposit was converted, or a session ended without one.

    Source: zerohash's webhook guide, "Account Funding transaction updates".
    """

    @property
    def transaction(self) -> FundTransaction:
        """The fund transaction."""
        return read_response(self.payload, FundTransaction)

    @property
    def success(self) -> bool | None:
        """Whether the deposit was converted; ``None`` if the payload doesn't say."""
        return self._flag("success")

    @property
    def reason(self) -> str | None:
        """The outcome in words, such as ``deposit session has expired.``."""
        return self._text("reason") or self._text("status_reason")


@attrs.frozen(kw_only=True)
class ParticipantStatusChanged(Event):
    """``participant_status_changed``.

    Source: zerohash's webhook guide, "Participant status updates".
    """

    @property
    def participant_status(self) -> str | None:
        """Whether the participant may trade, such as ``approved`` or ``rejected``."""
        return self._text("participant_status")

    @property
    def reason_code(self) -> str | None:
        """Why the participant is locked, disabled, closed, divested or rejected."""
        return self._text("reason_code")

    @property
    def reject_reasons(self) -> tuple[str, ...]:
        """Why the verification failed."""
        return _read(self.payload, "reject_reasons", text_list) or ()

    @property
    def kyc_attempts(self) -> int | None:
        """How often the participant was rejected."""
        attempts: int | None = _read(self.payload, "kyc_attempts", whole_value)
        return attempts


@attrs.frozen(kw_only=True)
class ParticipantUpdated(Event):
    """``participant_updated``: a part of the onboarding was completed.

    Source: zerohash's webhook guide, "Participant onboarding status update".
    """

    @property
    def edd_required(self) -> bool | None:
        """Whether enhanced due diligence is required."""
        return self._flag("edd_required")

    @property
    def edd(self) -> bool | None:
        """Whether enhanced due diligence was provided."""
        return self._flag("edd")

    @property
    def tax_id(self) -> bool | None:
        """Whether a tax id was provided."""
        return self._flag("tax_id")

    @property
    def idv(self) -> str | None:
        """How the verification of the id document went, such as ``pass``."""
        return self._text("idv")

    @property
    def liveness_check(self) -> str | None:
        """How the liveness check went, such as ``pass``."""
        return self._text("liveness_check")


@attrs.frozen(kw_only=True)
class ExternalAccountStatusChanged(Event):
    """``external_account_status_changed``.

    Source: zerohash's webhook guide, "External account status updates".
    """

    @property
    def external_account_id(self) -> str | None:
        """The account's id."""
        return self._text("external_account_id")

    @property
    def external_account_status(self) -> str | None:
        """Whether the account can be used, such as ``approved``."""
        return self._text("external_account_status")

    @property
    def account_nickname(self) -> str | None:
        """The account's name."""
        return self._text("account_nickname")

    @property
    def account_type(self) -> str | None:
        """The account's kind."""
        return self._text("account_type")

    @property
    def status_reason(self) -> str | None:
        """Why the account was rejected."""
        return self._text("status_reason")


TYPES: Mapping[str, type[Event]] = {
    "deposit_fund_complete": DepositFundComplete,
    "external_account_status_changed": ExternalAccountStatusChanged,
    "participant_status_changed": ParticipantStatusChanged,
    "participant_updated": ParticipantUpdated,
    "payment_status_changed": PaymentStatusChanged,
}


def event_of(
    kind: str,
    payload: Mapping[str, JSON],
    *,
    notification_id: str | None,
    sent_at: datetime | None,
    seen_keys: tuple[str, ...],
) -> Event:
    """Make the event of a verified webhook."""
    event = TYPES.get(kind, Event)
    # Two kinds of payments share a type; only ACH payments have this field (documented).
    if event is PaymentStatusChanged and "payment_status" in payload:
        event = AchPaymentStatusChanged
    return event(
        type=kind,
        notification_id=notification_id,
        sent_at=sent_at,
        payload=payload,
        seen_keys=seen_keys,
    )
