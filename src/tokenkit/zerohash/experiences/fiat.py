"""Experiences with fiat money: deposits, withdrawals, linked accounts."""

from collections.abc import Mapping
from typing import ClassVar

import attrs

from ...extension import JSON, extra_fields
from ..details import DepositDetails, WithdrawalDetails
from ..models import CODE, DEPOSIT, REFERENCE, WITHDRAWAL, Permission
from .base import Experience

__all__ = ["FiatAccountLink", "FiatDeposits", "FiatWithdrawals"]


@attrs.frozen(kw_only=True)
class FiatDeposits(Experience):
    """Let a participant deposit fiat money; permission ``fiat-deposits``.

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id for matching later events, at most 50 characters.
        deposit_details: The account to deposit to.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.FIAT_DEPOSITS

    participant_code: str = attrs.field(metadata=CODE)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    deposit_details: DepositDetails | None = attrs.field(default=None, metadata=DEPOSIT)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class FiatWithdrawals(Experience):
    """Let a participant withdraw fiat money; permission ``fiat-withdrawals``.

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id for matching later events, at most 50 characters.
        withdrawal_details: What to withdraw, and to which account.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.FIAT_WITHDRAWALS

    participant_code: str = attrs.field(metadata=CODE)
    reference_id: str | None = attrs.field(default=None, metadata=REFERENCE)
    withdrawal_details: WithdrawalDetails | None = attrs.field(default=None, metadata=WITHDRAWAL)
    extra: Mapping[str, JSON] = extra_fields()


@attrs.frozen(kw_only=True)
class FiatAccountLink(Experience):
    """Let a participant link a fiat account; permission ``fiat-account-link``.

    Args:
        participant_code: The participant, 6 characters.
        extra: Fields that zerohash added later.
    """

    permission: ClassVar[Permission] = Permission.FIAT_ACCOUNT_LINK

    participant_code: str = attrs.field(metadata=CODE)
    extra: Mapping[str, JSON] = extra_fields()
