import inspect
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from credentials import ZEROHASH_PRIVATE_KEY, async_zerohash_client, zerohash_client
from vendors_support import (
    Received,
    Script,
    listening,
    make_response,
    responding,
    scripted_zerohash,
    signature,
)

from tokenkit import (
    AsyncZeroHashClient,
    DecodeError,
    InvalidInputError,
    NotFoundError,
    ServerError,
    ZeroHashClient,
    zerohash,
)
from tokenkit.zerohash import PaymentStatus
from tokenkit.zerohash.values import amount_value, instant

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
PAYMENT = {
    "payment_id": "p-1",
    "payment_type": "payout",
    "payment_details": {"withdrawal_request_id": "w-1", "network_fee_quantity": "0.0001"},
    "participant_code": "CUST01",
    "description": "",
    "total": "100.10",
    "quantity": "0.0010",
    "asset": "BTC",
    "quoted_asset": "USD",
    "status": "posted",
    "external_account_id": "e-1",
    "network": "bitcoin",
    "obo_participant": {"participant_code": "CUST02"},
    "created_at": "2026-03-01T12:00:00.123Z",
    "updated_at": "2026-03-01T14:00:00.5+02:00",
    "failure_reason": None,
    "reference_id": "order-7",
    "later": [1],
}


def pages_of(ids: list[str], size: int) -> list[list[dict[str, str]]]:
    return [[{"payment_id": one} for one in ids[i : i + size]] for i in range(0, len(ids), size)]


def listed(*items: object, **beside: object) -> Any:
    return make_response(200, {"message": list(items), **beside})


def queries(script: Script) -> list[str]:
    return [request.url.raw_path.decode() for request in script.requests]


def test_a_payment() -> None:
    """A payment's amounts are exact, its times aware, and unknown fields are kept."""
    script = responding(200, {"message": PAYMENT, "request_id": "r-1"})
    payment = scripted_zerohash(script).get_payment(payment_id="p-1")
    assert queries(script) == ["/payments/p-1"]
    assert (payment.payment_id, payment.reference_id) == ("p-1", "order-7")
    assert (str(payment.total), str(payment.quantity)) == ("100.10", "0.0010")
    assert payment.status is PaymentStatus.POSTED
    assert f"{payment.status}" == str(payment.status) == "posted"
    assert not payment.is_final
    assert payment.created_at == NOON.replace(microsecond=123_000)
    assert payment.updated_at == NOON.replace(microsecond=500_000)
    assert payment.payment_details is not None
    assert payment.payment_details.network_fee_quantity == Decimal("0.0001")
    assert payment.obo_participant == {"participant_code": "CUST02"}
    assert payment.extra == {"later": [1]}


@pytest.mark.parametrize("status", ["settled", "failed", "abandoned"])
def test_a_payment_that_has_ended(status: str) -> None:
    """Three of the statuses are final."""
    script = responding(200, {"message": {"status": status}})
    assert scripted_zerohash(script).get_payment(payment_id="p").is_final


def test_a_status_that_came_later() -> None:
    """An unknown status stays a string."""
    script = responding(200, {"message": {"status": "on-hold"}})
    payment = scripted_zerohash(script).get_payment(payment_id="p")
    assert payment.status == "on-hold"
    assert not payment.is_final


def test_values_that_cannot_be_read() -> None:
    """Nothing in a payment causes an error: unreadable fields are kept as they came."""
    wrong: dict[str, Any] = {
        "total": 1.5,
        "quantity": "1e3",
        "status": 7,
        "created_at": "yesterday",
        "payment_details": [],
        "obo_participant": "CUST02",
    }
    payment = scripted_zerohash(responding(200, {"message": wrong})).get_payment(payment_id="p")
    assert payment.extra == wrong
    assert (payment.total, payment.status, payment.created_at) == (None, None, None)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1_745_262_000, 1_745_262_000),
        (99_999_999_999, 99_999_999_999),
        (100_000_000_000, 100_000_000),
        (1_745_262_000_123, 1_745_262_000.123),
        (1_745_262_000_123_456_789, 1_745_262_000.123456),
        (1_745_262_000.5, 1_745_262_000.5),
        ("2025-04-21T19:00:00Z", 1_745_262_000),
        ("2025-04-21 21:00:00.123456789+02:00", 1_745_262_000.123456),
    ],
)
def test_instants_by_their_magnitude(value: Any, seconds: float) -> None:
    """Seconds, milliseconds and nanoseconds are distinguished, and ISO 8601 is read."""
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert instant(value) - epoch == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [None, True, "2025-04-21", "2025-04-21T19:00:00", "2025-13-01T00:00:00Z", 10**30, -(10**30),
     float("inf"), float("nan"), "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_instants_that_are_none(value: Any) -> None:
    """Anything but an instant is refused, and causes no other error."""
    message = scripted_zerohash(responding(200, {"message": {}})).get_payment(payment_id="p")
    assert message.created_at is None
    with pytest.raises(Exception, match="expected an instant"):
        instant(value)


def test_amounts() -> None:
    """Amounts are strings or whole numbers; a float, which has lost digits, is refused."""
    assert (amount_value("-0.50"), amount_value(7)) == (Decimal("-0.50"), Decimal(7))
    for value in (1.5, True, "1,5", "\u0661", "NaN", None):
        with pytest.raises(Exception, match="expected an amount"):
            amount_value(value)


def test_one_page_of_payments() -> None:
    """A list is one request, with its filters in the query, and returns one page."""
    script = responding(
        200, {"message": [PAYMENT], "request_id": "r", "platform_code": "PLATFO", "total": 51}
    )
    page = scripted_zerohash(script).list_payments(
        participant_code="CUST01",
        start_date=NOON,
        end_date=NOON.astimezone(timezone(timedelta(hours=2))) + timedelta(seconds=1.9),
        page=2,
        size=50,
        extra={"a b": "ä&", "flag": True, "n": 3},
    )
    assert queries(script) == [
        (
            "/payments?participant_code=CUST01&start_date=1772366400&end_date=1772366401&page=2"
            "&size=50&a%20b=%C3%A4%26&flag=true&n=3"
        )
    ]
    assert [payment.payment_id for payment in page.items] == ["p-1"]
    assert (page.total, page.platform_code, page.request_id) == (51, "PLATFO", "r")
    assert page.extra == {}


def test_all_payments() -> None:
    """An iterator requests the pages one after the other, each when it is reached."""
    script = Script(tuple(listed(*page, total=5) for page in pages_of(list("abcde"), 2)))
    payments = scripted_zerohash(script).iter_payments(participant_code="CUST01", size=2)
    assert isinstance(payments, Iterator)
    assert script.requests == []
    assert next(payments).payment_id == "a"
    assert len(script.requests) == 1
    assert [payment.payment_id for payment in payments] == ["b", "c", "d", "e"]
    assert queries(script) == [
        "/payments?participant_code=CUST01&size=2",
        "/payments?participant_code=CUST01&page=2&size=2",
        "/payments?participant_code=CUST01&page=3&size=2",
    ]
    assert list(payments) == []


@pytest.mark.parametrize(
    "total", [{}, {"total": 0}, {"total": 1}, {"total": None}, {"total": "4"}], ids=str
)
@pytest.mark.parametrize("size", [2, 50])
def test_no_page_is_overlooked(total: dict[str, object], size: int) -> None:
    """A missing or wrong total, or a short page, doesn't end the list before an empty page."""
    bodies = [*pages_of(list("abcd"), 2), []]
    script = Script(tuple(listed(*page, **total) for page in bodies))
    payments = list(scripted_zerohash(script).iter_payments(size=size))
    assert [payment.payment_id for payment in payments] == list("abcd")
    assert len(script.requests) == 3


def test_full_pages_with_the_total_reached() -> None:
    """A full page is never taken for the last one, even with the total reached."""
    script = Script(tuple(listed(*page, total=4) for page in [*pages_of(list("abcd"), 2), []]))
    assert len(list(scripted_zerohash(script).iter_payments(size=2))) == 4
    assert len(script.requests) == 3


def test_a_server_with_smaller_pages() -> None:
    """A page that is shorter than requested isn't the last one before the total is reached."""
    script = Script(tuple(listed(*page, total=6) for page in pages_of(list("abcdef"), 2)))
    payments = list(scripted_zerohash(script).iter_payments(size=4))
    assert [payment.payment_id for payment in payments] == list("abcdef")
    assert len(script.requests) == 3


def test_a_page_that_fails() -> None:
    """After a failed request, the iterator continues where it was, and skips nothing."""
    first, second = (listed({"payment_id": one}, total=2) for one in "ab")
    script = Script((first, make_response(503), second))
    payments = scripted_zerohash(script).iter_payments(size=1)
    assert next(payments).payment_id == "a"
    with pytest.raises(ServerError):
        next(payments)
    assert next(payments).payment_id == "b"


def test_a_server_that_does_not_turn_pages() -> None:
    """A page that repeats is an error: what is on the others is unknown."""
    payments = scripted_zerohash(responding(200, {"message": [PAYMENT]})).iter_payments(size=1)
    assert next(payments).payment_id == "p-1"
    with pytest.raises(DecodeError, match="/payments: a page came twice"):
        next(payments)


def test_fund_transactions() -> None:
    """Fund transactions have their own filters, pages and iterator."""
    transaction = {
        "fund_id": "f-1",
        "success": False,
        "quantity": "0",
        "deposit_timestamp": 1_745_261_950_000,
        "status_reason_code": "deposit_session_expired",
        "is_first_deposit": True,
    }
    first = listed(transaction, page=1, page_size=1, total_pages=2)
    second = listed({"fund_id": "f-2"}, page=2, page_size=1, total_pages=2)
    script = Script((first, first, second))
    client = scripted_zerohash(script)
    page = client.list_fund_transactions(
        participant_code="CUST01",
        success=False,
        deposit_timestamp_gte=1,
        deposit_intent_id="d-1",
        page_size=1,
    )
    assert (page.page, page.page_size, page.total_pages) == (1, 1, 2)
    (found,) = page.items
    assert (found.success, found.is_first_deposit) == (False, True)
    assert found.quantity == Decimal(0)
    assert found.deposit_timestamp == datetime(2025, 4, 21, 18, 59, 10, tzinfo=timezone.utc)
    walked = client.iter_fund_transactions(reference_id="order 7")
    assert [one.fund_id for one in walked] == ["f-1", "f-2"]
    assert queries(script) == [
        (
            "/fund/transactions?participant_code=CUST01&success=false&deposit_timestamp_gte=1"
            "&deposit_intent_id=d-1&page_size=1"
        ),
        "/fund/transactions?reference_id=order%207",
        "/fund/transactions?reference_id=order%207&page=2",
    ]


@pytest.mark.parametrize("beside", [{}, {"total_pages": None}, {"total_pages": 0}])
def test_fund_transactions_without_a_number_of_pages(beside: dict[str, Any]) -> None:
    """Without ``total_pages``, or with an impossible one, an empty page ends the list."""
    script = Script((listed({"fund_id": "f-1"}, **beside), listed(**beside)))
    found = scripted_zerohash(script).iter_fund_transactions()
    assert [one.fund_id for one in found] == ["f-1"]
    assert len(queries(script)) == 2


@pytest.mark.parametrize(
    ("call", "arguments", "field"),
    [
        ("get_payment", {"payment_id": ""}, "payment_id must not be empty"),
        ("get_payment", {"payment_id": ".."}, "payment_id must not be '.' or '..'"),
        ("list_payments", {"start_date": datetime(2026, 1, 1)}, "start_date"),  # noqa: DTZ001 - naive on purpose
        ("list_payments", {"start_date": 1}, "start_date"),
        ("list_payments", {"end_date": NOON.replace(year=1969)}, "end_date must not be before"),
        ("list_payments", {"page": 0}, "page must be at least 1, not 0"),
        ("list_payments", {"page": True}, "page must be a whole number"),
        ("list_payments", {"size": "50"}, "size must be a whole number"),
        ("list_payments", {"extra": {"a": 1.5}}, "extra: 'a' must be a string, a"),
        ("list_payments", {"extra": {"a": "\n"}}, "extra"),
        ("list_payments", {"extra": {"": "x"}}, "extra: the name '' must not be empty"),
        ("list_payments", {"extra": {"page": 2}}, "extra"),
        ("iter_payments", {"page": -1}, "page"),
        ("list_fund_transactions", {"page_size": 51}, "page_size must be at most 50, not 51"),
        ("list_fund_transactions", {"success": "true"}, "success must be True or False"),
        ("iter_fund_transactions", {"deposit_timestamp_lt": 1.5}, "deposit_timestamp_lt"),
    ],
)
def test_arguments_that_are_refused(call: str, arguments: Any, field: str) -> None:
    """Arguments that can't be sent are refused by name, an iterator's at once."""
    script = responding(200, {"message": []})
    with pytest.raises(InvalidInputError, match=field):
        getattr(scripted_zerohash(script), call)(**arguments)
    assert script.requests == []


def test_ids_within_the_path() -> None:
    """Whatever an id contains, it stays one segment of the path."""
    script = responding(200, {"message": {}})
    scripted_zerohash(script).get_payment(payment_id="a/../b?c ä")
    assert queries(script) == ["/payments/a%2F..%2Fb%3Fc%20%C3%A4"]


@pytest.mark.parametrize(
    ("call", "body", "path"),
    [
        ("list_payments", [], "$"),
        ("list_payments", {"message": {}}, "$.message"),
        ("list_payments", {"message": [7]}, "$.message[0]"),
        ("list_fund_transactions", {}, "$.message"),
        ("get_payment", {"message": []}, "$.message"),
    ],
)
def test_responses_that_are_no_lists(call: str, body: object, path: str) -> None:
    """A response of another form is an error that says where."""
    arguments = {"payment_id": "p"} if call == "get_payment" else {}
    with pytest.raises(DecodeError) as caught:
        getattr(scripted_zerohash(responding(200, body)), call)(**arguments)
    assert caught.value.path == path


def test_a_payment_that_is_not_there() -> None:
    """An unknown payment is the error of HTTP 404."""
    with pytest.raises(NotFoundError):
        scripted_zerohash(responding(404, {"error": "Not Found"})).get_payment(payment_id="p")


def vendor(request: Received) -> tuple[int, object]:
    """Respond only if the request is signed as the documentation says, query included."""
    headers = request.headers
    text = f"{headers['x-scx-timestamp']}{request.method}{request.route}{{}}"
    if headers["x-scx-signed"] != signature(ZEROHASH_PRIVATE_KEY, text.encode()):
        return 401, {"error": True, "message": "signature"}
    number = int(request.route.partition("page=")[2].partition("&")[0] or "1")
    items = [{"payment_id": f"p-{number}", "fund_id": f"f-{number}"}] if number < 3 else []
    return 200, {"message": items if "?" in request.route else items[0]}


def test_what_is_signed() -> None:
    """The query is part of the signed route, and an empty object replaces the body."""
    with listening(vendor) as server, zerohash_client(server.url) as client:
        assert client.get_payment(payment_id="p-1").payment_id == "p-1"
        found = [one.payment_id for one in client.iter_payments(participant_code="CU ST", size=1)]
        assert found == ["p-1", "p-2"]
        funds = [one.fund_id for one in client.iter_fund_transactions(reference_id="order/7")]
        assert funds == ["f-1", "f-2"]


@pytest.mark.anyio
async def test_what_is_signed_async() -> None:
    """The async client does the same, and an iterator may be left before its end."""
    with listening(vendor) as server:
        async with async_zerohash_client(server.url) as client:
            assert (await client.get_payment(payment_id="p-1")).payment_id == "p-1"
            assert (await client.list_payments(size=1)).items[0].payment_id == "p-1"
            payments = client.iter_payments(participant_code="CU ST", size=1)
            assert isinstance(payments, AsyncIterator)
            assert [one.payment_id async for one in payments] == ["p-1", "p-2"]
            async for one in client.iter_fund_transactions(reference_id="order/7"):
                assert one.fund_id == "f-1"
                break


def test_how_the_methods_look() -> None:
    """Each method has its name, its parameters and its result's type."""
    kinds: list[tuple[Any, Any]] = [
        (ZeroHashClient, Iterator),
        (AsyncZeroHashClient, AsyncIterator),
    ]
    for client, iterator in kinds:
        method = client.iter_payments
        signature = inspect.signature(method)
        assert list(signature.parameters)[:3] == ["self", "participant_code", "start_date"]
        assert signature.return_annotation == iterator[zerohash.Payment]
        assert method.__qualname__ == f"{client.__name__}.iter_payments"
        assert "Iterate over" in (inspect.getdoc(method) or "")
        assert inspect.signature(client.list_payments).return_annotation is zerohash.PaymentPage
