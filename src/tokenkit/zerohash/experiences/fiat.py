"""Experiences of fiat money: deposits, withdrawals, linked accounts."""

from ..details import DepositDetails, WithdrawalDetails
from ..models import ClientAuthTokenRequest, Permission
from .required import experience

__all__ = ["fiat_account_link", "fiat_deposits", "fiat_withdrawals"]


@experience
def fiat_deposits(
    *,
    participant_code: str,
    reference_id: str | None = None,
    deposit_details: DepositDetails | None = None,
) -> ClientAuthTokenRequest:
    """Let a participant deposit fiat money; permission ``fiat-deposits``.

    An e-mail alone serves onboarding only, so the code is required (documented).

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id to link later events by, at most 50 characters.
        deposit_details: The account to deposit to.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for fiat
    deposits (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.FIAT_DEPOSITS],
        participant_code=participant_code,
        reference_id=reference_id,
        deposit_details=deposit_details,
    )


@experience
def fiat_withdrawals(
    *,
    participant_code: str,
    reference_id: str | None = None,
    withdrawal_details: WithdrawalDetails | None = None,
) -> ClientAuthTokenRequest:
    """Let a participant withdraw fiat money; permission ``fiat-withdrawals``.

    An e-mail alone serves onboarding only, so the code is required (documented).

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id to link later events by, at most 50 characters.
        withdrawal_details: What to withdraw, and to which account.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for fiat
    withdrawals (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.FIAT_WITHDRAWALS],
        participant_code=participant_code,
        reference_id=reference_id,
        withdrawal_details=withdrawal_details,
    )


@experience
def fiat_account_link(*, participant_code: str) -> ClientAuthTokenRequest:
    """Let a participant link a fiat account; permission ``fiat-account-link``.

    An e-mail alone serves onboarding only, so the code is required (documented).

    Args:
        participant_code: The participant, 6 characters.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for linking
    a fiat account (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.FIAT_ACCOUNT_LINK], participant_code=participant_code
    )
