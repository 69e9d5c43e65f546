"""Experiences of account funding: deposits, linked accounts, withdrawals."""

from ..details import ClientDeviceInfo, DepositDetails, WithdrawalDetails
from ..models import ClientAuthTokenRequest, Permission
from .required import experience

__all__ = [
    "account_funding_account_link",
    "account_funding_deposits",
    "account_funding_withdrawals",
]


@experience
def account_funding_deposits(
    *,
    participant_code: str,
    reference_id: str | None = None,
    deposit_details: DepositDetails | None = None,
    client_device_info: ClientDeviceInfo | None = None,
) -> ClientAuthTokenRequest:
    """Let a participant fund an account; permission ``fwc``.

    An e-mail alone serves onboarding only, so the code is required (documented). The token comes
    with a ``deposit_intent_id`` (documented).

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id to link later events by, at most 50 characters.
        deposit_details: The account, and the amount, which only this permission takes.
        client_device_info: Where the SDK will run.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for the
    deposits of account funding (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.FWC],
        participant_code=participant_code,
        reference_id=reference_id,
        deposit_details=deposit_details,
        client_device_info=client_device_info,
    )


@experience
def account_funding_account_link(*, participant_code: str) -> ClientAuthTokenRequest:
    """Let a participant link a crypto account; permission ``crypto-account-link``.

    An e-mail alone serves onboarding only, so the code is required (documented).

    Args:
        participant_code: The participant, 6 characters.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for the
    account link of account funding (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.CRYPTO_ACCOUNT_LINK], participant_code=participant_code
    )


@experience
def account_funding_withdrawals(
    *,
    participant_code: str,
    withdrawal_details: WithdrawalDetails,
    reference_id: str | None = None,
) -> ClientAuthTokenRequest:
    """Let a participant withdraw from a funded account; permission ``crypto-withdrawals``.

    The permission is that of :func:`crypto_withdrawals`, but this variant requires the details of
    the withdrawal (documented). The token lasts 5 minutes and comes with a ``payment_id``, by
    which alone later webhooks can be matched (documented). A mint whose answer was lost is not
    repeated, since it may have opened the payment (inferred).

    Args:
        participant_code: The participant, 6 characters.
        withdrawal_details: What to withdraw, and to which account.
        reference_id: Your id to link later events by, at most 50 characters.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for the
    withdrawals of account funding (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.CRYPTO_WITHDRAWALS],
        participant_code=participant_code,
        withdrawal_details=withdrawal_details,
        reference_id=reference_id,
    )
