"""Experiences of account funding: deposits, linked accounts, withdrawals."""

from collections.abc import Mapping
from typing import ClassVar

import attrs

from ...extension import JSON, extra_fields
from ..details import ClientDeviceInfo, DepositDetails, WithdrawalDetails
from ..models import CODE, DEPOSIT, DEVICE, REFERENCE, WITHDRAWAL, Permission
from .base import Experience

__all__ = ["AccountFundingAccountLink", "AccountFundingDeposits", "AccountFundingWithdrawals"]


@attrs.frozen(kw_only=True)
class AccountFundingDeposits(Experience):
    """Let a participant fund an account; permission ``fwc``.

    The token comes with a ``deposit_intent_id`` (documented).

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id for matching later events, at most 50 characters. Give each mint its
            own, from ``new_reference_id()``, so that ``find_minted()`` can find what a lost mint
            started.
        deposit_details: The account, and the amount, which only this permission takes.
        client_device_info: Where the SDK will run.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.FWC

    participant_code: str = attrs.field(metadata=CODE)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    deposit_details: DepositDetails | None = attrs.field(default=None, metadata=DEPOSIT)
    client_device_info: ClientDeviceInfo | None = attrs.field(default=None, metadata=DEVICE)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class AccountFundingAccountLink(Experience):
    """Let a participant link a crypto account; permission ``crypto-account-link``.

    Args:
        participant_code: The participant, 6 characters.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.CRYPTO_ACCOUNT_LINK

    participant_code: str = attrs.field(metadata=CODE)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class AccountFundingWithdrawals(Experience):
    """Let a participant withdraw from a funded account; permission ``crypto-withdrawals``.

    It has the permission of :class:`CryptoWithdrawals`, but this variant requires the details of
    the withdrawal (documented). The token lasts 5 minutes and comes with a ``payment_id``, the
    only id that later webhooks can be matched by (documented). A mint whose response was lost is
    not repeated, because it may have opened the payment (inferred).

    Args:
        participant_code: The participant, 6 characters.
        withdrawal_details: What to withdraw, and to which account.
        reference_id: Your id for matching later events, at most 50 characters. Give each mint its
            own, from ``new_reference_id()``, so that ``find_minted()`` can find what a lost mint
            started.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.CRYPTO_WITHDRAWALS

    participant_code: str = attrs.field(metadata=CODE)
    withdrawal_details: WithdrawalDetails = attrs.field(metadata=WITHDRAWAL)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    extra: Mapping[str, JSON] = extra_fields()
