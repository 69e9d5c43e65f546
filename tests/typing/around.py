"""How lookups, webhooks and pages look to a type checker; never run.

Every ``type: ignore`` marks a wrong use: a checker that lets it pass reports the comment.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

import time
from collections.abc import AsyncIterator, Generator, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar

import attrs
from typing_extensions import assert_type

from tokenkit import AsyncZdkClient, AsyncZeroHashClient, ZdkClient, ZeroHashClient, zdk, zerohash
from tokenkit.extension import (
    JSON,
    AsyncClient,
    Call,
    Client,
    PagedCall,
    ResponseInfo,
    iteration,
    procedure,
)
from tokenkit.zerohash import experiences, webhooks

NOW = datetime.now(timezone.utc)


def lookups(client: ZeroHashClient) -> None:
    assert_type(client.get_payment(payment_id="p"), zerohash.Payment)
    page = client.list_payments(participant_code="CUST01", start_date=NOW, size=10)
    assert_type(page, zerohash.PaymentPage)
    assert_type(page.items, tuple[zerohash.Payment, ...])
    assert_type(page.items[0].total, Decimal | None)
    assert_type(page.items[0].status, zerohash.PaymentStatus | str | None)
    assert_type(client.iter_payments(participant_code="CUST01"), Iterator[zerohash.Payment])
    funds = client.iter_fund_transactions(success=False)
    assert_type(funds, Iterator[zerohash.FundTransaction])
    request = experiences.CryptoPayouts(participant_code="CUST01", reference_id="r")
    found = client.find_minted(request, since=NOW)
    assert_type(found, zerohash.Payment | zerohash.FundTransaction | None)
    client.list_payments(start_date=1)  # type: ignore[arg-type] # not a datetime
    client.iter_payments(pages=1)  # type: ignore[call-arg] # no such parameter
    client.find_minted("reference", since=NOW)  # type: ignore[arg-type] # not a request
    client.find_minted(request)  # type: ignore[call-arg] # since when?


async def async_lookups(client: AsyncZeroHashClient) -> None:
    assert_type(await client.get_payment(payment_id="p"), zerohash.Payment)
    assert_type(client.iter_payments(), AsyncIterator[zerohash.Payment])
    request = zerohash.ClientAuthTokenRequest(permissions=["fwc"], participant_code="CUST01")
    found = await client.find_minted(request, since=NOW)
    assert_type(found, zerohash.Payment | zerohash.FundTransaction | None)


def services(client: ZdkClient) -> None:
    assert_type(client.create_room_token(user_id="u", room_id="r"), zdk.RoomToken)
    requests = [zdk.ChatTokenRequest(user_id="u", chat_id="c")]
    assert_type(client.create_chat_tokens(requests=requests), tuple[zdk.ChatToken, ...])
    client.create_event_token(user_id="u")  # type: ignore[call-arg] # which event?


async def async_services(client: AsyncZdkClient) -> None:
    assert_type(await client.create_event_token(user_id="u", event_id="e"), zdk.EventToken)


def pages(token: zerohash.ClientAuthToken, user: zdk.UserToken) -> None:
    assert_type(token.to_sdk_setup(), zerohash.SdkSetup)
    assert_type(token.to_sdk_setup(zerohash.AppIdentifier.FUND)["jwt"], str)
    assert_type(token.to_webview_message("FUND")["payload"]["appIdentifier"], str)
    assert_type(user.to_sdk_setup()["userToken"], str)
    token.to_sdk_setup(7)  # type: ignore[arg-type] # not a module's name


def received(body: bytes, headers: dict[str, str], seen: set[str]) -> None:
    event = webhooks.verify(body, headers, secrets="s", seen=seen, tolerance=timedelta(minutes=1))
    assert_type(event, webhooks.Event)
    webhooks.verify(body, [(b"a", b"b")], public_keys=["pem"], scheme="legacy", clock=time)
    if isinstance(event, webhooks.PaymentStatusChanged):
        assert_type(event.payment, zerohash.Payment)
    webhooks.verify("text", headers, secrets="s")  # type: ignore[arg-type] # not the raw bytes
    webhooks.verify(body, headers, secrets="s", scheme="newest")  # type: ignore[arg-type] # no such scheme


@attrs.frozen(kw_only=True)
class Page:
    items: tuple[int, ...]


@attrs.frozen(kw_only=True)
class NumbersRequest(PagedCall[Page, int]):
    path: ClassVar[str] = "/numbers"

    start: int

    def decode(self, body: JSON, response: ResponseInfo) -> Page:
        raise NotImplementedError

    def next_call(self, page: Page, seen: int) -> "NumbersRequest | None": ...


def sum_of(*, start: int) -> Generator[Call[Any], Any, int]:
    page: Page = yield NumbersRequest(start=start)
    return sum(page.items)


class Calls:
    @iteration(NumbersRequest)
    def iter_numbers(self) -> None:
        """Iterate over all numbers."""

    @procedure(sum_of)
    def sum_of(self) -> None:
        """Add numbers."""


class NumbersClient(Calls, Client): ...


class AsyncNumbersClient(Calls, AsyncClient): ...


def own_methods(client: NumbersClient) -> None:
    assert_type(client.iter_numbers(start=1), Iterator[int])
    assert_type(client.sum_of(start=1), int)
    client.sum_of(begin=1)  # type: ignore[call-arg] # no such parameter


async def own_async_methods(client: AsyncNumbersClient) -> None:
    assert_type(client.iter_numbers(start=1), AsyncIterator[int])
    assert_type(await client.sum_of(start=1), int)
