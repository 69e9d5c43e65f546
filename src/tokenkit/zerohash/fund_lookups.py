"""Fund transactions, as in ``GET /fund/transactions`` and webhooks."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import attrs

from ..extension import (
    JSON,
    PagedCall,
    ResponseInfo,
    extra_fields,
    param,
    read_response,
    response_field,
    text,
    text_value,
)
from .envelope import listed
from .query import QueryCall, boolean, whole_number
from .values import amount_value, flag, instant, whole_value

__all__ = ["FundTransaction", "FundTransactionPage", "FundTransactionsRequest"]

LARGEST_PAGE = 50

_text = response_field(lenient=text_value)
_amount = response_field(lenient=amount_value)
_instant = response_field(lenient=instant)
_flag = response_field(lenient=flag)
_number = response_field(lenient=whole_value)


@attrs.frozen(kw_only=True)
class FundTransaction:
    """A deposit, or a session without one, that a mint with ``fwc`` started.

    zerohash marks none of the fields as required, so each may be ``None``. Branch on
    ``status_reason_code``, never on a reason's text.

    Attributes:
        participant_code: The participant.
        fund_asset: The asset that was to be deposited.
        deposited_asset: The asset that was deposited.
        rate: The rate of the conversion.
        quoted_currency: The currency that the deposit was converted to.
        source_address: The address that the deposit came from.
        deposit_address: The address that the deposit went to.
        quantity: The amount in the asset.
        notional: The amount in the quoted currency.
        fund_id: The id of the fund transaction.
        fund_timestamp: When the conversion was done, in UTC, to the microsecond.
        deposit_timestamp: When the deposit was confirmed, in UTC, to the microsecond.
        transaction_id: The transaction on the chain.
        account_label: The account that was credited.
        success: Whether the deposit was converted.
        is_first_deposit: Whether it is the participant's first.
        status_reason: The outcome in words, which may change at any time.
        status_reason_code: The outcome.
        reference_id: The ``reference_id`` of the mint, or of the latest one for this session.
        raw_fee_bps: The fee in basis points, before your share of it.
        deposit_fee_bps: The fee in basis points.
        raw_fee_notional: The fee in the quoted currency, before your share of it.
        deposit_fee_notional: The fee in the quoted currency.
        extra: Fields that this release does not know, and values that it cannot read.

    Source: zerohash's API reference, "Get fund transactions", and its webhook guide, "Account
    Funding transaction updates".
    """

    participant_code: str | None = attrs.field(default=None, metadata=_text)
    fund_asset: str | None = attrs.field(default=None, metadata=_text)
    deposited_asset: str | None = attrs.field(default=None, metadata=_text)
    rate: Decimal | None = attrs.field(default=None, metadata=_amount)
    quoted_currency: str | None = attrs.field(default=None, metadata=_text)
    source_address: str | None = attrs.field(default=None, metadata=_text)
    deposit_address: str | None = attrs.field(default=None, metadata=_text)
    quantity: Decimal | None = attrs.field(default=None, metadata=_amount)
    notional: Decimal | None = attrs.field(default=None, metadata=_amount)
    fund_id: str | None = attrs.field(default=None, metadata=_text)
    fund_timestamp: datetime | None = attrs.field(default=None, metadata=_instant)
    deposit_timestamp: datetime | None = attrs.field(default=None, metadata=_instant)
    transaction_id: str | None = attrs.field(default=None, metadata=_text)
    account_label: str | None = attrs.field(default=None, metadata=_text)
    success: bool | None = attrs.field(default=None, metadata=_flag)
    is_first_deposit: bool | None = attrs.field(default=None, metadata=_flag)
    status_reason: str | None = attrs.field(default=None, metadata=_text)
    status_reason_code: str | None = attrs.field(default=None, metadata=_text)
    reference_id: str | None = attrs.field(default=None, metadata=_text)
    raw_fee_bps: Decimal | None = attrs.field(default=None, metadata=_amount)
    deposit_fee_bps: Decimal | None = attrs.field(default=None, metadata=_amount)
    raw_fee_notional: Decimal | None = attrs.field(default=None, metadata=_amount)
    deposit_fee_notional: Decimal | None = attrs.field(default=None, metadata=_amount)
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], repr=False, hash=False)


@attrs.frozen(kw_only=True)
class FundTransactionPage:
    """One page of fund transactions.

    Attributes:
        items: The fund transactions.
        page: Which page this is, from 1 on.
        page_size: How many a page has.
        total_pages: How many pages there are.
        extra: Fields that this release does not know, and values that it cannot read.
    """

    items: tuple[FundTransaction, ...] = attrs.field(metadata=response_field(wire_name="message"))
    page: int | None = attrs.field(default=None, metadata=_number)
    page_size: int | None = attrs.field(default=None, metadata=_number)
    total_pages: int | None = attrs.field(default=None, metadata=_number)
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], repr=False, hash=False)


@attrs.frozen(kw_only=True)
class FundTransactionsRequest(
    QueryCall[FundTransactionPage], PagedCall[FundTransactionPage, FundTransaction]
):
    """List one page of fund transactions: ``GET /fund/transactions``.

    The unit of the ``deposit_timestamp_…`` numbers is not documented: they are sent as given.

    Args:
        participant_code: Only this participant's.
        fund_asset: Only those of this asset.
        deposit_address: Only those to this address.
        fund_id: Only the one with this id.
        success: Only those that were, or were not, successful.
        deposit_timestamp_gte: Only those deposited at or after this time.
        deposit_timestamp_gt: Only those deposited after it.
        deposit_timestamp_lt: Only those deposited before it.
        deposit_timestamp_lte: Only those deposited at or before it.
        deposit_intent_id: Only those of this mint; see
            :attr:`ClientAuthToken.deposit_intent_id`.
        reference_id: Only those of the mint with this ``reference_id``.
        page: Which page, from 1 on. Default: 1.
        page_size: How many a page has, at most 50.
        extra: Query parameters that zerohash added later: strings, integers or booleans.

    Raises:
        InvalidInputError: A field is invalid.
    """

    operation: ClassVar[str] = "list_fund_transactions"
    path: ClassVar[str] = "/fund/transactions"

    participant_code: str | None = attrs.field(default=None, metadata=param(text()))
    fund_asset: str | None = attrs.field(default=None, metadata=param(text()))
    deposit_address: str | None = attrs.field(default=None, metadata=param(text()))
    fund_id: str | None = attrs.field(default=None, metadata=param(text()))
    success: bool | None = attrs.field(default=None, metadata=param(boolean))
    deposit_timestamp_gte: int | None = attrs.field(default=None, metadata=param(whole_number()))
    deposit_timestamp_gt: int | None = attrs.field(default=None, metadata=param(whole_number()))
    deposit_timestamp_lt: int | None = attrs.field(default=None, metadata=param(whole_number()))
    deposit_timestamp_lte: int | None = attrs.field(default=None, metadata=param(whole_number()))
    deposit_intent_id: str | None = attrs.field(default=None, metadata=param(text()))
    reference_id: str | None = attrs.field(default=None, metadata=param(text()))
    page: int | None = attrs.field(default=None, metadata=param(whole_number()))
    page_size: int | None = attrs.field(
        default=None, metadata=param(whole_number(at_most=LARGEST_PAGE))
    )
    extra: Mapping[str, JSON] = extra_fields()

    def decode(self, body: JSON, response: ResponseInfo) -> FundTransactionPage:
        """Read the page."""
        del response
        return read_response(listed(body), FundTransactionPage)

    def next_call(self, page: FundTransactionPage, seen: int) -> "FundTransactionsRequest | None":
        """Return the call for the next page, until all are read or one is empty.

        A total of 0 pages is ignored if the page has items.
        """
        del seen
        number = self.page or 1
        if not page.items or 0 < (page.total_pages or 0) <= number:
            return None
        return attrs.evolve(self, page=number + 1)
