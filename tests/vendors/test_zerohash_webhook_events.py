import json
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from clocks import frozen_clock
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from signed_webhooks import NOW, SECRET, TIMESTAMP, signed

from tokenkit.zerohash import PaymentStatus, WebhookVerificationError, webhooks

WITHDRAWAL = {
    "payment_id": "0f68333e-2114-469d-b505-c850d776e061",
    "obo_participant": {"participant_code": "CUST02"},
    "payment_details": {"trade_id": "t-1", "network_fee_notional": "0.12", "later": True},
    "asset": "BTC",
    "network": "bitcoin",
    "payment_type": "payout",
    "external_account_id": "e-1",
    "participant_code": "CUST01",
    "quantity": "0.00100000",
    "status": "settled",
    "created_at": "2025-06-20T07:35:05.186Z",
    "updated_at": "2025-06-20T07:36:05.186Z",
    "total": "100.00",
    "reference_id": "order-7",
    "later": {"a": 1},
}


def received(payload: Mapping[str, object], kind: str) -> webhooks.Event:
    body, headers = signed(payload, kind=kind)
    return webhooks.verify(body, headers, secrets=SECRET, clock=frozen_clock(NOW))


def test_the_payment_of_an_sdk_withdrawal() -> None:
    """A payment's webhook has the payment as a lookup would, exact and with unknown fields."""
    event = received(WITHDRAWAL, "payment_status_changed")
    assert isinstance(event, webhooks.PaymentStatusChanged)
    payment = event.payment
    assert payment.status is PaymentStatus.SETTLED
    assert payment.is_final
    assert (str(payment.quantity), payment.total) == ("0.00100000", Decimal("100.00"))
    assert payment.payment_details is not None
    assert payment.payment_details.network_fee_notional == Decimal("0.12")
    assert payment.payment_details.extra == {"later": True}
    assert payment.extra == {"later": {"a": 1}}
    assert event.occurred_at == datetime(2025, 6, 20, 7, 36, 5, 186000, tzinfo=timezone.utc)
    assert (event.reference_id, event.participant_code) == ("order-7", "CUST01")


def test_an_ach_payment() -> None:
    """The other form of the same type is another event."""
    event = received(
        {
            "participant_code": "ABC123",
            "type": "debit",
            "transaction_id": "e8641f4b",
            "payment_status": "returned",
            "reason_code": "R01",
            "reason_description": "Insufficient funds",
        },
        "payment_status_changed",
    )
    assert isinstance(event, webhooks.AchPaymentStatusChanged)
    assert (event.transaction_id, event.payment_status) == ("e8641f4b", "returned")
    assert (event.payment_type, event.reason_code) == ("debit", "R01")
    assert event.reason_description == "Insufficient funds"
    assert event.occurred_at is None


def test_a_deposit() -> None:
    """A fund session's end has the transaction; its times are nanoseconds."""
    event = received(
        {
            "participant_code": "CUST01",
            "fund_asset": "USDC",
            "rate": "1",
            "notional": "495.00",
            "fund_timestamp": 1_745_262_000_000_000_000,
            "deposit_timestamp": 1_745_261_950_000_000_001,
            "success": True,
            "reason": "Deposit processed",
            "reference_id": "abc123",
            "raw_fee_bps": "100",
        },
        "deposit_fund_complete",
    )
    assert isinstance(event, webhooks.DepositFundComplete)
    assert (event.success, event.reason) == (True, "Deposit processed")
    assert event.transaction.notional == Decimal("495.00")
    assert event.transaction.raw_fee_bps == Decimal(100)
    assert event.transaction.fund_timestamp == event.occurred_at
    assert event.occurred_at == datetime(2025, 4, 21, 19, 0, tzinfo=timezone.utc)


def test_a_session_that_expired() -> None:
    """A session without a deposit is not a success, whatever else is missing."""
    payload = {"success": False, "status_reason": "deposit session has expired."}
    event = received(payload, "deposit_fund_complete")
    assert isinstance(event, webhooks.DepositFundComplete)
    assert (event.success, event.reason) == (False, "deposit session has expired.")
    assert event.transaction.quantity is None


@pytest.mark.parametrize("payload", [{}, {"success": None}, {"success": "true"}, {"success": 1}])
def test_a_session_that_does_not_say_how_it_ended(payload: dict[str, object]) -> None:
    """If ``success`` is missing or unreadable, it is neither true nor false."""
    event = received(payload, "deposit_fund_complete")
    assert isinstance(event, webhooks.DepositFundComplete)
    assert event.success is None


def test_a_participant() -> None:
    """Changes of a participant's status and onboarding have their documented fields."""
    event = received(
        {
            "participant_code": "ABC123",
            "participant_status": "rejected",
            "reason_code": "compliance_issue",
            "reject_reasons": ["a", "b"],
            "kyc_attempts": 2,
            "timestamp": 1_670_958_435_349,
        },
        "participant_status_changed",
    )
    assert isinstance(event, webhooks.ParticipantStatusChanged)
    assert (event.participant_status, event.reason_code) == ("rejected", "compliance_issue")
    assert (event.reject_reasons, event.kyc_attempts) == (("a", "b"), 2)
    assert event.occurred_at == datetime(2022, 12, 13, 19, 7, 15, 349000, tzinfo=timezone.utc)

    updated = received(
        {
            "participant_code": "ABC123",
            "edd_required": False,
            "edd": True,
            "tax_id": "yes",
            "idv": "pass",
            "liveness_check": "fail",
        },
        "participant_updated",
    )
    assert isinstance(updated, webhooks.ParticipantUpdated)
    assert (updated.edd_required, updated.edd, updated.tax_id) == (False, True, None)
    assert (updated.idv, updated.liveness_check) == ("pass", "fail")


def test_an_external_account() -> None:
    """A change of an external account has its documented fields."""
    event = received(
        {
            "participant_code": "CUST01",
            "account_nickname": "wallet",
            "account_type": "checking",
            "external_account_id": "c476a81f",
            "external_account_status": "rejected",
            "status_reason": "INVALID_SCORES",
        },
        "external_account_status_changed",
    )
    assert isinstance(event, webhooks.ExternalAccountStatusChanged)
    assert (event.external_account_id, event.external_account_status) == ("c476a81f", "rejected")
    assert (event.account_nickname, event.account_type) == ("wallet", "checking")
    assert event.status_reason == "INVALID_SCORES"


def test_types_that_came_later() -> None:
    """An event of an unknown type is a plain one, with its whole payload."""
    event = received({"quote": [1, {"b": None}]}, "connect_quote_changed")
    assert type(event) is webhooks.Event
    assert (event.type, event.payload) == ("connect_quote_changed", {"quote": [1, {"b": None}]})
    assert "quote" not in repr(event).replace("connect_quote", "")


KINDS = [
    "payment_status_changed",
    "deposit_fund_complete",
    "participant_status_changed",
    "participant_updated",
    "external_account_status_changed",
]
NAMES = [*WITHDRAWAL, "payment_status", "success", "timestamp", "reject_reasons", "fund_timestamp"]
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_payloads_of_any_shape(kind: str, payload: dict[str, Any]) -> None:
    """However wrong the values of a signed payload are, the event is created and readable."""
    event = received(payload, kind)
    for name in dir(event):
        if not name.startswith("_"):
            getattr(event, name)
    assert event.payload == json.loads(json.dumps(payload))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.binary() | st.text() | st.none(),
    st.dictionaries(
        st.sampled_from(
            ["x-zh-hook-signature", "x-zh-hook-timestamp", "X-ZH-HOOK-PAYLOAD-TYPE", "host"]
        )
        | st.text()
        | st.binary(),
        st.text() | st.binary() | st.none() | st.just(TIMESTAMP),
    )
    | st.lists(st.tuples(st.text(), st.text()))
    | st.text(),
    st.sampled_from(["timestamped", "legacy"]),
)
@example(b"{}", {"x-zh-hook-signature-256": "00"}, "legacy")
def test_garbage_of_every_kind(body: Any, headers: Any, scheme: Any) -> None:
    """Whatever is sent, any failure is the one error."""
    with pytest.raises(WebhookVerificationError):
        webhooks.verify(body, headers, secrets=SECRET, scheme=scheme, clock=frozen_clock(NOW))
