"""A value of each model that the pickle and copy tests don't make themselves."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from tokenkit import auth, extension, zdk, zerohash

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)
NEW = {"newField": [1, None, {"deep": "x"}]}
ZDK: dict[str, Any] = {
    "user_id": "u",
    "metadata": {"a": [1]},
    "permissions": ["CHAT"],
    "extra": NEW,
}
CHAT = zdk.ChatTokenRequest(chat_id="c", **ZDK)
EVENT = zdk.EventTokenRequest(event_id="e", **ZDK)
ROOM = zdk.RoomTokenRequest(room_id="r", **ZDK)
TRANSFER = zerohash.PaymentTransfer(trade_id="t", network_fee_notional=Decimal("0.10"), extra=NEW)
PAYMENT = zerohash.Payment(
    payment_id="p",
    payment_details=TRANSFER,
    total=Decimal("10.50"),
    status=zerohash.PaymentStatus.POSTED,
    created_at=MOMENT,
    extra=NEW,
)
FUND = zerohash.FundTransaction(
    fund_id="f", rate=Decimal("1.1"), fund_timestamp=MOMENT, success=True, extra=NEW
)
SAME: dict[str, Any] = {"vendor": "strigo", "operation": "check_health", "call_id": "c1"}
ABOUT: dict[str, Any] = {"vendor": "zdk", "operation": "get_token"}

LATER_MODELS: list[Any] = [
    CHAT,
    zdk.ChatTokensRequest(requests=[CHAT], extra=NEW),
    zdk.ChatToken(token="t", user_id="u", chat_id="c", extra=NEW),
    EVENT,
    zdk.EventTokensRequest(requests=[EVENT], extra=NEW),
    zdk.EventToken(token="t", user_id="u", event_id="e", extra=NEW),
    ROOM,
    zdk.RoomTokensRequest(requests=[ROOM], extra=NEW),
    zdk.RoomToken(token="t", user_id="u", room_id="r", extra=NEW),
    TRANSFER,
    PAYMENT,
    zerohash.PaymentPage(items=(PAYMENT,), total=1, request_id="r", extra=NEW),
    zerohash.PaymentRequest(payment_id="p"),
    zerohash.PaymentsRequest(participant_code="CUST01", start_date=MOMENT, page=1),
    FUND,
    zerohash.FundTransactionPage(items=(FUND,), page=1, total_pages=1, extra=NEW),
    zerohash.FundTransactionsRequest(participant_code="CUST01", success=True, page=1),
    extension.AttemptSent(**SAME, method="GET", url="https://h/x", attempt=1, request_id=None),
    extension.ResponseReceived(**SAME, attempt=1, status=200, request_id="r", seconds=0.5),
    extension.RetryPlanned(
        **SAME,
        attempt=1,
        error="ServerError",
        reason="HTTP 503",
        status=503,
        request_id="r",
        wait=0.5,
        retry=1,
    ),
    extension.CallSucceeded(**SAME, status=200, request_id="r", attempts=3, seconds=0.5),
    extension.CallFailed(
        **SAME,
        error="ServerError",
        reason="HTTP 503",
        outcome="unknown",
        status=503,
        request_id="r",
        attempts=3,
        seconds=0.5,
    ),
    extension.StoreFailed(**ABOUT, error="StoreError", seconds=0.5),
    extension.TokenMinted(**ABOUT, reason="missing"),
    extension.TokenServed(**ABOUT, source="store", age=1.0, left=2.0),
    extension.Statistics(
        hits=1,
        store_hits=2,
        misses=3,
        mints=4,
        renewals=5,
        waits=6,
        store_failures=7,
        tokens=8,
    ),
    auth.HmacScheme(
        api_key_header="a", signature_header="b", timestamp_header="c", key_format="text"
    ),
]
