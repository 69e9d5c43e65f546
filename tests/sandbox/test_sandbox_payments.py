from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sandbox_requests import CLIENT, zerohash_get, zerohash_headers, zerohash_mint

from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tokenkit.testing import FrozenClock

START = 1_714_445_704
WITHDRAWAL = {
    "quoted_asset": "USD",
    "withdrawal_request_amount": "12.5",
    "external_account_id": "account-1",
    "underlying_asset": "USDC.ETH",
    "network": "ETH",
}


def listed(sandbox: Sandbox, query: str = "") -> list[Mapping[str, Any]]:
    response = zerohash_get(sandbox, f"/payments{query}")
    assert response.status_code == 200
    found: list[Mapping[str, Any]] = response.json()["message"]
    return found


def test_a_payment_of_a_mint(timed_sandbox: Sandbox) -> None:
    """A withdrawal's mint opens a payment, which both lookups show with the documented fields."""
    minted = zerohash_mint(
        timed_sandbox, "crypto-withdrawals", withdrawal_details=WITHDRAWAL, reference_id="order-1"
    )
    expected = {
        "payment_id": minted["payment_id"],
        "payment_type": "payout",
        "payment_details": {},
        "participant_code": "CUST01",
        "description": "",
        "total": "12.5",
        "quantity": "12.5",
        "asset": "USDC.ETH",
        "quoted_asset": "USD",
        "status": "initialized",
        "external_account_id": "account-1",
        "network": "ETH",
        "obo_participant": {"participant_code": "CUST01"},
        "created_at": "2024-04-30T02:55:04.000Z",
        "updated_at": "2024-04-30T02:55:04.000Z",
        "failure_reason": None,
        "reference_id": "order-1",
    }
    headers = {"x-request-id": "request-1"}
    many = zerohash_get(timed_sandbox, "/payments", headers=headers).json()
    assert many == {
        "message": [expected],
        "request_id": "request-1",
        "platform_code": "SANDBX",
        "total": 1,
    }
    one = zerohash_get(timed_sandbox, f"/payments/{minted['payment_id']}", headers=headers).json()
    assert one == {"message": expected, "request_id": "request-1"}


def test_only_withdrawals_and_payouts_open_payments(timed_sandbox: Sandbox) -> None:
    """Other mints open none, and their responses have no payment_id."""
    assert "payment_id" not in zerohash_mint(timed_sandbox, "fwc", "crypto-buy")
    zerohash_mint(timed_sandbox, "crypto-payouts")
    assert [payment["reference_id"] for payment in listed(timed_sandbox)] == [None]


def test_abandoned_at_the_end_of_the_token(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """An unconfirmed payment is abandoned when its token expires, not before."""
    zerohash_mint(timed_sandbox, "crypto-payouts")
    clock.advance(299)
    assert listed(timed_sandbox)[0]["status"] == "initialized"
    clock.advance(100)
    (payment,) = listed(timed_sandbox)
    assert (payment["status"], payment["updated_at"]) == ("abandoned", "2024-04-30T03:00:04.000Z")


def test_a_settled_payment(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """A settled payment has its details, and stays settled when its token expires."""
    zerohash_mint(timed_sandbox, "crypto-payouts")
    clock.advance(10)
    settled = timed_sandbox.settle_payment()
    assert settled.updated_at - settled.created_at == timedelta(seconds=10)
    clock.advance(3600)
    (payment,) = listed(timed_sandbox)
    assert payment["status"] == "settled"
    assert payment["payment_details"].keys() == {
        "withdrawal_request_id",
        "trade_id",
        "on_chain_transaction_id",
        "network_fee_notional",
        "network_fee_quantity",
    }


def test_a_failed_payment(timed_sandbox: Sandbox) -> None:
    """A payment that fails says why."""
    payment_id = zerohash_mint(timed_sandbox, "crypto-payouts")["payment_id"]
    zerohash_mint(timed_sandbox, "crypto-payouts")
    timed_sandbox.fail_payment(payment_id, reason="no funds")
    statuses = [(payment.status, payment.failure_reason) for payment in timed_sandbox.payments]
    assert statuses == [("failed", "no funds"), ("initialized", None)]


def test_a_confirmed_payment(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """A payment with an unlisted status is not abandoned, and can still settle."""
    zerohash_mint(timed_sandbox, "crypto-payouts")
    timed_sandbox.set_payment_status(status="posted")
    clock.advance(3600)
    assert listed(timed_sandbox)[0]["status"] == "posted"
    assert timed_sandbox.settle_payment().status == "settled"


def test_payments_that_cannot_change(timed_sandbox: Sandbox) -> None:
    """A payment that doesn't exist or has ended cannot change."""
    with pytest.raises(LookupError, match="no payment that has not ended"):
        timed_sandbox.settle_payment()
    with pytest.raises(LookupError, match="there is no payment nobody"):
        timed_sandbox.settle_payment("nobody")
    payment_id = zerohash_mint(timed_sandbox, "crypto-payouts")["payment_id"]
    timed_sandbox.settle_payment()
    with pytest.raises(LookupError, match="has ended: settled"):
        timed_sandbox.fail_payment(payment_id)
    with pytest.raises(LookupError, match="no payment that has not ended"):
        timed_sandbox.fail_payment()


def test_pages(timed_sandbox: Sandbox) -> None:
    """The newest come first, page by page; a page after the last is empty."""
    ids = [zerohash_mint(timed_sandbox, "crypto-payouts")["payment_id"] for _ in range(3)]
    pages = [listed(timed_sandbox, f"?page={page}&size=2") for page in (1, 2, 3)]
    assert [[payment["payment_id"] for payment in page] for page in pages] == [
        [ids[2], ids[1]],
        [ids[0]],
        [],
    ]
    assert zerohash_get(timed_sandbox, "/payments?size=1").json()["total"] == 3


def test_filters(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """Participant and period narrow the list."""
    zerohash_mint(timed_sandbox, "crypto-payouts", participant_code="OTHER1")
    clock.advance(60)
    zerohash_mint(timed_sandbox, "crypto-payouts")
    codes = {
        query: [payment["participant_code"] for payment in listed(timed_sandbox, query)]
        for query in (
            "?participant_code=CUST01",
            f"?start_date={START + 60}",
            f"?end_date={START + 59}",
            f"?start_date={START}&end_date={START + 60}&unknown=x",
        )
    }
    assert list(codes.values()) == [["CUST01"], ["CUST01"], ["OTHER1"], ["CUST01", "OTHER1"]]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("page=0", "query/page must be >= 1"),
        ("size=many", "query/size must be integer"),
        ("start_date=-1", "query/start_date must be integer"),
        (f"end_date={'9' * 30}", "query/end_date must be integer"),
    ],
)
def test_wrong_queries(timed_sandbox: Sandbox, query: str, error: str) -> None:
    """A wrong query gets the errors of a bad request."""
    response = zerohash_get(timed_sandbox, f"/payments?{query}")
    assert (response.status_code, response.json()) == (400, {"errors": [error]})


def test_unknown_payment(timed_sandbox: Sandbox) -> None:
    """A payment that doesn't exist gets the documented 404."""
    response = zerohash_get(timed_sandbox, "/payments/nobody")
    assert (response.status_code, response.json()) == (404, {"error": "Not Found"})


@pytest.mark.parametrize("path", ["/payments", "/payments/some", "/fund/transactions"])
def test_lookups_are_signed_with_their_query(timed_sandbox: Sandbox, path: str) -> None:
    """A signature without the query is refused, with that as the likely cause."""
    timestamp = str(int(timed_sandbox.time()))
    signed = zerohash_headers(timed_sandbox, "GET", path, timestamp=timestamp)
    response = CLIENT.get(timed_sandbox.url + path + "?page=1", headers=signed)
    assert response.status_code == 401
    hint = timed_sandbox.refused[-1].hint
    assert hint == "the query string was left out of the signed route"


def test_memory_is_bounded(clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the newest payments are remembered."""
    monkeypatch.setattr("tokenkit.sandbox.zerohash.payments.KEPT_BYTES", 3000)
    with Sandbox(clock=clock.time) as sandbox:
        ids = [zerohash_mint(sandbox, "crypto-payouts")["payment_id"] for _ in range(3)]
        assert [payment.payment_id for payment in sandbox.payments] == ids[1:]


def test_reset(timed_sandbox: Sandbox) -> None:
    """A reset forgets payments and fund sessions, and resets the clock."""
    before = timed_sandbox.time()
    zerohash_mint(timed_sandbox, "crypto-payouts", "fwc")
    timed_sandbox.advance(10_000)
    timed_sandbox.reset()
    assert timed_sandbox.payments == ()
    assert timed_sandbox.fund_sessions == ()
    assert timed_sandbox.time() == before


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_time_runs_forwards(timed_sandbox: Sandbox, seconds: float) -> None:
    """The clock cannot be moved back or to an invalid time."""
    with pytest.raises(ValueError, match="finite and not negative"):
        timed_sandbox.advance(seconds)
