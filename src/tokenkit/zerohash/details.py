"""The objects nested in a client auth token request.

Amounts are Decimals, ints or numeric strings, never floats; zerohash gets them as strings,
digit for digit.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import attrs

from ..errors import FieldError
from ..extension import (
    JSON,
    RequestModel,
    amount,
    extra_fields,
    instance,
    instances,
    param,
    text,
    to_decimal,
    to_decimal_or_none,
    to_tuple,
)

__all__ = [
    "ClientDeviceInfo",
    "CustomFeesAndSpreads",
    "DepositDetails",
    "Fee",
    "FeesAndSpread",
    "PaymentDetails",
    "WithdrawalDetails",
]

SUBDIVISION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")


def _plain_whole(value: Decimal) -> str:
    """Write a whole number without decimals."""
    return str(int(value))


def _location(value: object) -> str | None:
    if isinstance(value, str) and SUBDIVISION.fullmatch(value):
        return None
    return "must be an ISO 3166-2 subdivision, such as 'US-IL'"


@attrs.frozen(kw_only=True)
class WithdrawalDetails(RequestModel):
    """Details of crypto withdrawals and payouts.

    Args:
        quoted_asset: The asset in which the amount is quoted.
        withdrawal_request_amount: The amount.
        external_account_id: The account to withdraw to.
        account_label: The label of the account to withdraw from.
        underlying_asset: The asset to withdraw; only with ``network``.
        network: The network to withdraw on; only with ``underlying_asset``.
        extra: Fields that zerohash added later.
    """

    quoted_asset: str | None = attrs.field(default=None, metadata=param(text()))
    withdrawal_request_amount: Decimal | None = attrs.field(
        default=None, converter=to_decimal_or_none, metadata=param(amount())
    )
    external_account_id: str | None = attrs.field(default=None, metadata=param(text()))
    account_label: str | None = attrs.field(default=None, metadata=param(text()))
    underlying_asset: str | None = attrs.field(default=None, metadata=param(text()))
    network: str | None = attrs.field(default=None, metadata=param(text()))
    extra: Mapping[str, JSON] = extra_fields()

    def check(self) -> Iterator[FieldError]:
        """Check that the asset and the network are given together."""
        if self.underlying_asset is None and self.network is not None:
            yield FieldError(field="underlying_asset", message="is missing: network needs it")
        if self.network is None and self.underlying_asset is not None:
            yield FieldError(field="network", message="is missing: underlying_asset needs it")


@attrs.frozen(kw_only=True)
class DepositDetails(RequestModel):
    """Details of deposits.

    Args:
        account_label: The label of the account to deposit to. Default: ``general``.
        external_wallet_address: The wallet that the deposit comes from; only with the
            permission ``crypto-deposits``.
        deposit_amount: The amount; only with the permission ``fwc``.
        denominated_currency: The currency of the amount; zerohash takes ``USD`` only.
        extra: Fields that zerohash added later.
    """

    account_label: str | None = attrs.field(default=None, metadata=param(text()))
    external_wallet_address: str | None = attrs.field(default=None, metadata=param(text()))
    deposit_amount: Decimal | None = attrs.field(
        default=None, converter=to_decimal_or_none, metadata=param(amount())
    )
    denominated_currency: str | None = attrs.field(default=None, metadata=param(text()))
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class PaymentDetails(RequestModel):
    """Details of a crypto payment.

    Args:
        purchase_amount: The amount.
        denominated_currency: The amount's currency.
        extra: Fields that zerohash added later.
    """

    purchase_amount: Decimal = attrs.field(converter=to_decimal, metadata=param(amount()))
    denominated_currency: str = attrs.field(metadata=param(text()))
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class ClientDeviceInfo(RequestModel):
    """Where the SDK will run.

    Args:
        ip_address: The device's public IP address.
        location: The device's place as an ISO 3166-2 subdivision, such as ``US-IL``.
        extra: Fields that zerohash added later.
    """

    ip_address: str = attrs.field(metadata=param(text()))
    location: str = attrs.field(metadata=param(_location))
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class Fee(RequestModel):
    """One fee on a trade.

    Args:
        type: ``bps`` or ``notional``.
        amount: The fee: a whole number of basis points, or a notional amount.
        name: The fee's name.
        extra: Fields that zerohash added later.
    """

    type: str | None = attrs.field(default=None, metadata=param(text()))
    amount: Decimal | None = attrs.field(
        default=None, converter=to_decimal_or_none, metadata=param(amount())
    )
    name: str | None = attrs.field(default=None, metadata=param(text()))
    extra: Mapping[str, JSON] = extra_fields()

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.type == "bps" and self.amount is not None:
            object.__setattr__(self, "amount", Decimal(int(self.amount)))

    def check(self) -> Iterator[FieldError]:
        """Check that basis points are whole."""
        problem = amount(integer=True)(self.amount) if self.amount is not None else None
        if self.type == "bps" and problem is not None:
            yield FieldError(field="amount", message=f"{problem} when type is 'bps'")


def _to_fees(value: Iterable[Fee] | None) -> tuple[Fee, ...] | None:
    return None if value is None else to_tuple(value)


@attrs.frozen(kw_only=True)
class FeesAndSpread(RequestModel):
    """The fees and the spread of one kind of trade.

    Args:
        spread_bps: The spread in basis points, a whole number.
        fees: The fees.
        extra: Fields that zerohash added later.
    """

    spread_bps: Decimal | None = attrs.field(
        default=None,
        converter=to_decimal_or_none,
        metadata=param(amount(integer=True), dump=_plain_whole),
    )
    fees: tuple[Fee, ...] | None = attrs.field(
        default=None, converter=_to_fees, metadata=param(instances(Fee))
    )
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class CustomFeesAndSpreads(RequestModel):
    """Custom fees and spreads for crypto trades.

    Args:
        crypto_buy: What buying costs.
        crypto_sell: What selling costs.
        extra: Fields that zerohash added later.
    """

    crypto_buy: FeesAndSpread | None = attrs.field(
        default=None, metadata=param(instance(FeesAndSpread))
    )
    crypto_sell: FeesAndSpread | None = attrs.field(
        default=None, metadata=param(instance(FeesAndSpread))
    )
    extra: Mapping[str, JSON] = extra_fields()
