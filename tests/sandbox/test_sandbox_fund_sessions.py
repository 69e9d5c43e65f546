from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sandbox_requests import zerohash_get, zerohash_mint

from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tokenkit.testing import FrozenClock

START_MS = 1_714_445_704_000


def listed(sandbox: Sandbox, query: str = "") -> list[Mapping[str, Any]]:
    response = zerohash_get(sandbox, f"/fund/transactions{query}")
    assert response.status_code == 200
    found: list[Mapping[str, Any]] = response.json()["message"]
    return found


def test_a_session_without_a_deposit(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """A session ends without success 30 minutes after its mint, and is listed from then on."""
    minted = zerohash_mint(timed_sandbox, "fwc", reference_id="order-1")
    clock.advance(1799)
    assert listed(timed_sandbox) == []
    clock.advance(100)
    (transaction,) = listed(timed_sandbox)
    assert {
        "participant_code": "CUST01",
        "account_label": "general",
        "success": False,
        "status_reason": "deposit session has expired.",
        "reference_id": "order-1",
        "fund_timestamp": START_MS + 1_800_000,
    }.items() <= transaction.items()
    (session,) = timed_sandbox.fund_sessions
    assert session.deposit_intent_id == minted["deposit_intent_id"]


def test_a_deposit(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """A session with a deposit ends successfully, and stays so."""
    zerohash_mint(timed_sandbox, "fwc", deposit_details={"account_label": "savings"})
    clock.advance(60)
    timed_sandbox.complete_fund_session(fund_asset="BTC", quantity="0.5", notional="31000")
    clock.advance(3600)
    (transaction,) = listed(timed_sandbox)
    assert {
        "success": True,
        "fund_asset": "BTC",
        "deposited_asset": "BTC",
        "quantity": "0.5",
        "notional": "31000",
        "account_label": "savings",
        "status_reason": "",
        "deposit_timestamp": START_MS + 60_000,
    }.items() <= transaction.items()


def test_a_session_that_is_ended(timed_sandbox: Sandbox) -> None:
    """A session can be ended at once, with a test's own reason."""
    first = zerohash_mint(timed_sandbox, "fwc")["deposit_intent_id"]
    zerohash_mint(timed_sandbox, "fwc")
    timed_sandbox.end_fund_session(first, reason="too little", reason_code="MINIMUM")
    (transaction,) = listed(timed_sandbox)
    assert (transaction["status_reason"], transaction["status_reason_code"]) == (
        "too little",
        "MINIMUM",
    )


def test_sessions_that_cannot_end(timed_sandbox: Sandbox) -> None:
    """A session that doesn't exist or has ended cannot end."""
    with pytest.raises(LookupError, match="no open fund session"):
        timed_sandbox.end_fund_session()
    with pytest.raises(LookupError, match="no fund session nobody"):
        timed_sandbox.end_fund_session("nobody")
    first = zerohash_mint(timed_sandbox, "fwc")["deposit_intent_id"]
    timed_sandbox.complete_fund_session()
    with pytest.raises(LookupError, match="has ended"):
        timed_sandbox.end_fund_session(first)
    with pytest.raises(LookupError, match="no open fund session"):
        timed_sandbox.complete_fund_session()


def test_open_sessions_may_be_listed(clock: FrozenClock) -> None:
    """A switch shows sessions before they end; they have no success and no time yet."""
    with Sandbox(clock=clock.time, zerohash_lists_open_fund_sessions=True) as sandbox:
        zerohash_mint(sandbox, "fwc", reference_id="order-1")
        (transaction,) = listed(sandbox, "?reference_id=order-1")
        assert listed(sandbox, "?deposit_timestamp_gte=0") == []
    assert transaction["success"] is transaction["deposit_timestamp"] is None


def test_the_reference_belongs_to_the_latest_session(timed_sandbox: Sandbox) -> None:
    """A repeated mint takes over the reference_id; other mints keep theirs."""
    zerohash_mint(timed_sandbox, "fwc", reference_id="order-1")
    zerohash_mint(timed_sandbox, "fwc", reference_id="order-2")
    zerohash_mint(timed_sandbox, "fwc")
    latest = zerohash_mint(timed_sandbox, "fwc", reference_id="order-1")["deposit_intent_id"]
    references = [session.reference_id for session in timed_sandbox.fund_sessions]
    assert references == [None, "order-2", None, "order-1"]
    timed_sandbox.complete_fund_session(latest)
    assert len(listed(timed_sandbox, "?reference_id=order-1")) == 1


def test_filters(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """Every documented filter narrows the list."""
    zerohash_mint(timed_sandbox, "fwc", participant_code="OTHER1")
    timed_sandbox.end_fund_session()
    clock.advance(1)
    minted = zerohash_mint(timed_sandbox, "fwc", reference_id="order-1")
    mine = timed_sandbox.complete_fund_session(fund_asset="BTC")
    later = START_MS + 1000
    for query in (
        "participant_code=CUST01",
        "fund_asset=BTC",
        f"fund_id={mine.fund_id}",
        "success=true",
        f"deposit_timestamp_gte={later}",
        f"deposit_timestamp_gt={later - 1}",
        f"deposit_timestamp_lt={later + 1}&success=true",
        f"deposit_timestamp_lte={later}&success=true",
        f"deposit_intent_id={minted['deposit_intent_id']}",
        "reference_id=order-1",
    ):
        assert [found["fund_id"] for found in listed(timed_sandbox, f"?{query}")] == [mine.fund_id]
    for query in ("success=false", f"deposit_timestamp_lt={later}"):
        assert [found["participant_code"] for found in listed(timed_sandbox, f"?{query}")] == [
            "OTHER1"
        ]
    assert listed(timed_sandbox, "?deposit_address=0xabc") == []


def test_pages(timed_sandbox: Sandbox) -> None:
    """The newest come first, with the number of pages."""
    for number in range(3):
        zerohash_mint(timed_sandbox, "fwc", reference_id=f"order-{number}")
        timed_sandbox.complete_fund_session()
    body = zerohash_get(timed_sandbox, "/fund/transactions?page=2&page_size=2").json()
    assert [found["reference_id"] for found in body.pop("message")] == ["order-0"]
    assert body == {"page": 2, "page_size": 2, "total_pages": 2}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("page_size=51", "query/page_size must be <= 50"),
        ("success=perhaps", "query/success must be boolean"),
        ("deposit_timestamp_gt=x", "query/deposit_timestamp_gt must be integer"),
    ],
)
def test_wrong_queries(timed_sandbox: Sandbox, query: str, error: str) -> None:
    """A wrong query gets the errors of a bad request."""
    response = zerohash_get(timed_sandbox, f"/fund/transactions?{query}")
    assert (response.status_code, response.json()) == (400, {"errors": [error]})


def test_memory_is_bounded(clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the newest sessions are remembered."""
    monkeypatch.setattr("tokenkit.sandbox.zerohash.fund_sessions.KEPT_BYTES", 3000)
    with Sandbox(clock=clock.time) as sandbox:
        ids = [zerohash_mint(sandbox, "fwc")["deposit_intent_id"] for _ in range(3)]
        assert [session.deposit_intent_id for session in sandbox.fund_sessions] == ids[1:]
