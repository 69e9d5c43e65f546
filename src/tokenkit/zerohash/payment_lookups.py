"""Payments, as in ``GET /payments`` and webhooks."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import ClassVar
from urllib.parse import quote

import attrs

from ..errors import MismatchedResponse
from ..extension import (
    JSON,
    Call,
    Mismatch,
    PagedCall,
    ResponseInfo,
    extra_fields,
    kind_of,
    param,
    read_response,
    response_field,
    text,
    text_value,
)
from .envelope import listed, message_of
from .query import QueryCall, epoch_second, instant_since_1970, path_segment, whole_number
from .values import amount_value, instant, known_or_text, whole_value

__all__ = [
    "Payment",
    "PaymentPage",
    "PaymentRequest",
    "PaymentStatus",
    "PaymentTransfer",
    "PaymentsRequest",
]

PAGE_SIZE = 50


class PaymentStatus(str, Enum):
    """The status of a payment; one that is not listed here stays a plain string."""

    INITIALIZED = "initialized"
    SUBMITTED = "submitted"
    PENDING = "pending"
    POSTED = "posted"
    SETTLED = "settled"
    FAILED = "failed"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    RETURNED = "returned"

    def __str__(self) -> str:
        return self.value


FINAL = frozenset({PaymentStatus.SETTLED, PaymentStatus.FAILED, PaymentStatus.ABANDONED})

_text = response_field(lenient=text_value)
_amount = response_field(lenient=amount_value)
_instant = response_field(lenient=instant)
_status = response_field(lenient=partial(known_or_text, known=PaymentStatus))


@attrs.frozen(kw_only=True)
class PaymentTransfer:
    """The transfer behind a payment: zerohash's ``payment_details``.

    Attributes:
        withdrawal_request_id: The withdrawal.
        trade_id: The trade that bought the asset.
        on_chain_transaction_id: The transaction on the chain.
        network_fee_notional: The network's fee in the quoted asset.
        network_fee_quantity: The network's fee in the asset.
        extra: Fields that this release does not know, and values that it cannot read.
    """

    withdrawal_request_id: str | None = attrs.field(default=None, metadata=_text)
    trade_id: str | None = attrs.field(default=None, metadata=_text)
    on_chain_transaction_id: str | None = attrs.field(default=None, metadata=_text)
    network_fee_notional: Decimal | None = attrs.field(default=None, metadata=_amount)
    network_fee_quantity: Decimal | None = attrs.field(default=None, metadata=_amount)
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], repr=False, hash=False)


def _transfer(value: JSON) -> PaymentTransfer:
    return read_response(value, PaymentTransfer)


def _object(value: JSON) -> Mapping[str, JSON]:
    if not isinstance(value, Mapping):
        raise Mismatch(f"expected an object, found {kind_of(value)}")
    return value


@attrs.frozen(kw_only=True)
class Payment:
    """A payment that a mint with ``crypto-withdrawals`` or ``crypto-payouts`` opened.

    zerohash marks none of the fields as required, so each may be ``None``.

    Attributes:
        payment_id: The payment's id.
        payment_type: Its kind, such as ``payout``.
        payment_details: The transfer behind it.
        participant_code: The participant.
        description: The payment's description.
        total: The amount in the quoted asset.
        quantity: The amount in the asset.
        asset: The asset.
        quoted_asset: The asset in which ``total`` is given.
        status: A :class:`PaymentStatus`, or the string of another one.
        external_account_id: The account that it goes to.
        network: The network.
        obo_participant: On whose behalf it is made, as zerohash sent it.
        created_at: When it was opened, in UTC.
        updated_at: When it last changed, in UTC.
        failure_reason: Why it failed.
        reference_id: The ``reference_id`` of the mint.
        extra: Fields that this release does not know, and values that it cannot read.

    Source: zerohash's API reference, "Get payments".
    """

    payment_id: str | None = attrs.field(default=None, metadata=_text)
    payment_type: str | None = attrs.field(default=None, metadata=_text)
    payment_details: PaymentTransfer | None = attrs.field(
        default=None, metadata=response_field(lenient=_transfer)
    )
    participant_code: str | None = attrs.field(default=None, metadata=_text)
    description: str | None = attrs.field(default=None, metadata=_text)
    total: Decimal | None = attrs.field(default=None, metadata=_amount)
    quantity: Decimal | None = attrs.field(default=None, metadata=_amount)
    asset: str | None = attrs.field(default=None, metadata=_text)
    quoted_asset: str | None = attrs.field(default=None, metadata=_text)
    status: PaymentStatus | str | None = attrs.field(default=None, metadata=_status)
    external_account_id: str | None = attrs.field(default=None, metadata=_text)
    network: str | None = attrs.field(default=None, metadata=_text)
    obo_participant: Mapping[str, JSON] | None = attrs.field(
        default=None, hash=False, metadata=response_field(lenient=_object)
    )
    created_at: datetime | None = attrs.field(default=None, metadata=_instant)
    updated_at: datetime | None = attrs.field(default=None, metadata=_instant)
    failure_reason: str | None = attrs.field(default=None, metadata=_text)
    reference_id: str | None = attrs.field(default=None, metadata=_text)
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], repr=False, hash=False)

    @property
    def is_final(self) -> bool:
        """Whether it is settled, failed or abandoned, and won't change again."""
        return self.status in FINAL


@attrs.frozen(kw_only=True)
class PaymentPage:
    """One page of payments.

    Attributes:
        items: The payments.
        total: How many there are on all pages.
        platform_code: Your platform.
        request_id: The id by which zerohash can find the request.
        extra: Fields that this release does not know, and values that it cannot read.
    """

    items: tuple[Payment, ...] = attrs.field(metadata=response_field(wire_name="message"))
    total: int | None = attrs.field(default=None, metadata=response_field(lenient=whole_value))
    platform_code: str | None = attrs.field(default=None, metadata=_text)
    request_id: str | None = attrs.field(default=None, metadata=_text)
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], repr=False, hash=False)


@attrs.frozen(kw_only=True)
class PaymentsRequest(QueryCall[PaymentPage], PagedCall[PaymentPage, Payment]):
    """List one page of payments: ``GET /payments``.

    Args:
        participant_code: Only this participant's.
        start_date: Only those from this instant on: a datetime with a time zone, sent in whole
            seconds.
        end_date: Only those up to this instant, in the same form.
        page: Which page, from 1 on. Default: 1.
        size: How many payments a page has. Default: 50.
        extra: Query parameters that zerohash added later: strings, integers or booleans.

    Raises:
        InvalidInputError: A field is invalid.
    """

    operation: ClassVar[str] = "list_payments"
    path: ClassVar[str] = "/payments"

    participant_code: str | None = attrs.field(default=None, metadata=param(text()))
    start_date: datetime | None = attrs.field(
        default=None, metadata=param(instant_since_1970, dump=epoch_second)
    )
    end_date: datetime | None = attrs.field(
        default=None, metadata=param(instant_since_1970, dump=epoch_second)
    )
    page: int | None = attrs.field(default=None, metadata=param(whole_number()))
    size: int | None = attrs.field(default=None, metadata=param(whole_number()))
    extra: Mapping[str, JSON] = extra_fields()

    def decode(self, body: JSON, response: ResponseInfo) -> PaymentPage:
        """Read the page."""
        del response
        return read_response(listed(body), PaymentPage)

    def next_call(self, page: PaymentPage, seen: int) -> "PaymentsRequest | None":
        """Return the call for the next page, until one is empty, or short with the total reached.

        Neither a short page nor ``total`` alone is trusted, nor a total that is less than what
        was listed: a payment that is missed may be paid twice.
        """
        is_short = len(page.items) < (self.size or PAGE_SIZE)
        if not page.items or (is_short and seen == page.total):
            return None
        return attrs.evolve(self, page=(self.page or 1) + 1)


@attrs.frozen(kw_only=True)
class PaymentRequest(Call[Payment]):
    """Look up one payment: ``GET /payments/{payment_id}``.

    Args:
        payment_id: The payment's id.

    Raises:
        InvalidInputError: A field is invalid.
    """

    operation: ClassVar[str] = "get_payment"
    method: ClassVar[str] = "GET"
    path: ClassVar[str] = "/payments"

    payment_id: str = attrs.field(metadata=param(path_segment))

    @property
    def request_line(self) -> tuple[str, str]:
        """The method, and the path with the payment's id."""
        return self.method, f"{self.path}/{quote(self.payment_id, safe='')}"

    def decode(self, body: JSON, response: ResponseInfo) -> Payment:
        """Read the payment.

        Raises:
            MismatchedResponse: It is another payment.
        """
        del response
        payment = read_response(message_of(body), Payment, path="$.message")
        if payment.payment_id is not None and payment.payment_id != self.payment_id:
            raise MismatchedResponse("this is another payment, so it is not returned")
        return payment
