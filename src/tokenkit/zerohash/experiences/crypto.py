"""Experiences with crypto: withdrawals, deposits, payments, trades."""

from collections.abc import Mapping
from typing import ClassVar

import attrs

from ...extension import JSON, extra_fields
from ..details import (
    ClientDeviceInfo,
    CustomFeesAndSpreads,
    DepositDetails,
    PaymentDetails,
    WithdrawalDetails,
)
from ..models import CODE, DEPOSIT, DEVICE, FEES, PAYMENT, REFERENCE, WITHDRAWAL, Permission
from .base import Experience

__all__ = [
    "CryptoBuy",
    "CryptoDeposits",
    "CryptoPayouts",
    "CryptoSell",
    "CryptoWithdrawals",
    "Payins",
]


@attrs.frozen(kw_only=True)
class CryptoWithdrawals(Experience):
    """Let a participant withdraw crypto; permission ``crypto-withdrawals``.

    The token lasts 5 minutes and comes with a ``payment_id``, the only id that later webhooks can
    be matched by (documented). A mint whose response was lost is not repeated, because it may have
    opened the payment (inferred).

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id for matching later events, at most 50 characters. Give each mint its
            own, from ``new_reference_id()``, so that ``find_minted()`` can find what a lost mint
            started.
        withdrawal_details: What to withdraw, and to which account.
        client_device_info: Where the SDK will run.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.CRYPTO_WITHDRAWALS

    participant_code: str = attrs.field(metadata=CODE)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    withdrawal_details: WithdrawalDetails | None = attrs.field(default=None, metadata=WITHDRAWAL)
    client_device_info: ClientDeviceInfo | None = attrs.field(default=None, metadata=DEVICE)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class CryptoDeposits(Experience):
    """Let a participant deposit crypto; permission ``crypto-deposits``.

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id for matching later events, at most 50 characters.
        deposit_details: The account, and the wallet that the deposit comes from, which only this
            permission takes.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.CRYPTO_DEPOSITS

    participant_code: str = attrs.field(metadata=CODE)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    deposit_details: DepositDetails | None = attrs.field(default=None, metadata=DEPOSIT)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class CryptoPayouts(Experience):
    """Pay a participant out in crypto; permission ``crypto-payouts``.

    The token comes with a ``payment_id``, the only id that later webhooks can be matched by
    (documented). A mint whose response was lost is not repeated, because it may have opened the
    payment (inferred).

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id for matching later events, at most 50 characters. Give each mint its
            own, from ``new_reference_id()``, so that ``find_minted()`` can find what a lost mint
            started.
        withdrawal_details: What to pay out, and to which account.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.CRYPTO_PAYOUTS

    participant_code: str = attrs.field(metadata=CODE)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    withdrawal_details: WithdrawalDetails | None = attrs.field(default=None, metadata=WITHDRAWAL)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class Payins(Experience):
    """Let a participant pay with crypto; permission ``crypto-pay``.

    A mint whose response was lost is not repeated, because it may have opened the payment
    (inferred).

    Args:
        participant_code: The participant, 6 characters.
        payment_details: The amount and its currency, both required (documented).
        reference_id: Your id for matching later events, at most 50 characters. Give each mint its
            own, from ``new_reference_id()``, so that ``find_minted()`` can find what a lost mint
            started.
        client_device_info: Where the SDK will run.
        merchant_participant_code: The merchant, 1 to 50 characters. Default: the platform.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.CRYPTO_PAY

    participant_code: str = attrs.field(metadata=CODE)
    payment_details: PaymentDetails = attrs.field(metadata=PAYMENT)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    client_device_info: ClientDeviceInfo | None = attrs.field(default=None, metadata=DEVICE)
    merchant_participant_code: str | None = attrs.field(default=None, metadata=REFERENCE)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class CryptoBuy(Experience):
    """Let a participant buy crypto; permission ``crypto-buy``.

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id for matching later events, at most 50 characters.
        custom_fees_and_spreads: What the trade costs, if it differs.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.CRYPTO_BUY

    participant_code: str = attrs.field(metadata=CODE)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    custom_fees_and_spreads: CustomFeesAndSpreads | None = attrs.field(default=None, metadata=FEES)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class CryptoSell(Experience):
    """Let a participant sell crypto; permission ``crypto-sell``.

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id for matching later events, at most 50 characters.
        custom_fees_and_spreads: What the trade costs, if it differs.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.CRYPTO_SELL

    participant_code: str = attrs.field(metadata=CODE)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    custom_fees_and_spreads: CustomFeesAndSpreads | None = attrs.field(default=None, metadata=FEES)
    extra: Mapping[str, JSON] = extra_fields()
