"""Experiences of crypto: withdrawals, deposits, payments, trades."""

from ..details import (
    ClientDeviceInfo,
    CustomFeesAndSpreads,
    DepositDetails,
    PaymentDetails,
    WithdrawalDetails,
)
from ..models import ClientAuthTokenRequest, Permission
from .required import experience

__all__ = [
    "crypto_buy",
    "crypto_deposits",
    "crypto_payouts",
    "crypto_sell",
    "crypto_withdrawals",
    "payins",
]


@experience
def crypto_withdrawals(
    *,
    participant_code: str,
    reference_id: str | None = None,
    withdrawal_details: WithdrawalDetails | None = None,
    client_device_info: ClientDeviceInfo | None = None,
) -> ClientAuthTokenRequest:
    """Let a participant withdraw crypto; permission ``crypto-withdrawals``.

    An e-mail alone serves onboarding only, so the code is required (documented). The token lasts
    5 minutes and comes with a ``payment_id``, by which alone later webhooks can be matched
    (documented). A mint whose answer was lost is not repeated, since it may have opened the
    payment (inferred).

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id to link later events by, at most 50 characters.
        withdrawal_details: What to withdraw, and to which account.
        client_device_info: Where the SDK will run.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for crypto
    withdrawals (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.CRYPTO_WITHDRAWALS],
        participant_code=participant_code,
        reference_id=reference_id,
        withdrawal_details=withdrawal_details,
        client_device_info=client_device_info,
    )


@experience
def crypto_deposits(
    *,
    participant_code: str,
    reference_id: str | None = None,
    deposit_details: DepositDetails | None = None,
) -> ClientAuthTokenRequest:
    """Let a participant deposit crypto; permission ``crypto-deposits``.

    An e-mail alone serves onboarding only, so the code is required (documented).

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id to link later events by, at most 50 characters.
        deposit_details: The account, and the wallet that the deposit comes from, which only this
            permission takes.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for crypto
    deposits (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.CRYPTO_DEPOSITS],
        participant_code=participant_code,
        reference_id=reference_id,
        deposit_details=deposit_details,
    )


@experience
def crypto_payouts(
    *,
    participant_code: str,
    reference_id: str | None = None,
    withdrawal_details: WithdrawalDetails | None = None,
) -> ClientAuthTokenRequest:
    """Pay a participant out in crypto; permission ``crypto-payouts``.

    An e-mail alone serves onboarding only, so the code is required (documented). The token comes
    with a ``payment_id``, by which alone later webhooks can be matched (documented). A mint whose
    answer was lost is not repeated, since it may have opened the payment (inferred).

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id to link later events by, at most 50 characters.
        withdrawal_details: What to pay out, and to which account.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for crypto
    payouts (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.CRYPTO_PAYOUTS],
        participant_code=participant_code,
        reference_id=reference_id,
        withdrawal_details=withdrawal_details,
    )


@experience
def payins(
    *,
    participant_code: str,
    payment_details: PaymentDetails,
    reference_id: str | None = None,
    client_device_info: ClientDeviceInfo | None = None,
    merchant_participant_code: str | None = None,
) -> ClientAuthTokenRequest:
    """Let a participant pay with crypto; permission ``crypto-pay``.

    The variant requires the details of the payment, with both of their fields (documented). A
    mint whose answer was lost is not repeated, since it may have opened the payment (inferred).

    Args:
        participant_code: The participant, 6 characters.
        payment_details: The amount and its currency.
        reference_id: Your id to link later events by, at most 50 characters.
        client_device_info: Where the SDK will run.
        merchant_participant_code: The merchant, 1 to 50 characters. Default: the platform.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for payins
    (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.CRYPTO_PAY],
        participant_code=participant_code,
        payment_details=payment_details,
        reference_id=reference_id,
        client_device_info=client_device_info,
        merchant_participant_code=merchant_participant_code,
    )


@experience
def crypto_buy(
    *,
    participant_code: str,
    reference_id: str | None = None,
    custom_fees_and_spreads: CustomFeesAndSpreads | None = None,
) -> ClientAuthTokenRequest:
    """Let a participant buy crypto; permission ``crypto-buy``.

    An e-mail alone serves onboarding only, so the code is required (documented).

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id to link later events by, at most 50 characters.
        custom_fees_and_spreads: What the trade costs, where it differs.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for buying
    crypto (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.CRYPTO_BUY],
        participant_code=participant_code,
        reference_id=reference_id,
        custom_fees_and_spreads=custom_fees_and_spreads,
    )


@experience
def crypto_sell(
    *,
    participant_code: str,
    reference_id: str | None = None,
    custom_fees_and_spreads: CustomFeesAndSpreads | None = None,
) -> ClientAuthTokenRequest:
    """Let a participant sell crypto; permission ``crypto-sell``.

    An e-mail alone serves onboarding only, so the code is required (documented).

    Args:
        participant_code: The participant, 6 characters.
        reference_id: Your id to link later events by, at most 50 characters.
        custom_fees_and_spreads: What the trade costs, where it differs.

    Raises:
        InvalidInputError: An argument is not valid.

    Source: zerohash's API reference, "Generate a client access token", the variant for selling
    crypto (documented).
    """
    return ClientAuthTokenRequest(
        permissions=[Permission.CRYPTO_SELL],
        participant_code=participant_code,
        reference_id=reference_id,
        custom_fees_and_spreads=custom_fees_and_spreads,
    )
