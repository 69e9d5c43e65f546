"""How zerohash's experiences look to a type checker; never run.

Every ``type: ignore`` marks a wrong use: a checker that lets it pass reports the comment.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from typing_extensions import assert_type

from tokenkit import AsyncZeroHashClient, ZeroHashClient, zerohash
from tokenkit.zerohash import experiences

CODE = "CUST01"


def participants() -> None:
    new = experiences.onboarding_new(email="new@example.com", otp_verified="sms")
    assert_type(new, zerohash.ClientAuthTokenRequest)
    experiences.onboarding_resumed(participant_code=CODE, email="new@example.com")
    experiences.update_participant(participant_code=CODE, reference_id="1")
    experiences.participant_profile(participant_code=CODE)


def funding(
    deposit: zerohash.DepositDetails,
    withdrawal: zerohash.WithdrawalDetails,
    device: zerohash.ClientDeviceInfo,
) -> None:
    experiences.account_funding_deposits(
        participant_code=CODE, deposit_details=deposit, client_device_info=device
    )
    experiences.account_funding_account_link(participant_code=CODE)
    experiences.account_funding_withdrawals(participant_code=CODE, withdrawal_details=withdrawal)


def crypto(
    payment: zerohash.PaymentDetails,
    withdrawal: zerohash.WithdrawalDetails,
    device: zerohash.ClientDeviceInfo,
    fees: zerohash.CustomFeesAndSpreads,
) -> None:
    experiences.crypto_withdrawals(participant_code=CODE, client_device_info=device)
    experiences.crypto_deposits(participant_code=CODE, deposit_details=None)
    experiences.crypto_payouts(participant_code=CODE, withdrawal_details=withdrawal)
    experiences.payins(
        participant_code=CODE, payment_details=payment, merchant_participant_code="MERCH1"
    )
    experiences.crypto_buy(participant_code=CODE, custom_fees_and_spreads=fees)
    zerohash.experiences.crypto_sell(participant_code=CODE, custom_fees_and_spreads=fees)


def fiat(deposit: zerohash.DepositDetails, withdrawal: zerohash.WithdrawalDetails) -> None:
    experiences.fiat_deposits(participant_code=CODE, deposit_details=deposit)
    experiences.fiat_withdrawals(participant_code=CODE, withdrawal_details=withdrawal)
    experiences.fiat_account_link(participant_code=CODE)


def sending(client: ZeroHashClient) -> None:
    token = client.send(experiences.fiat_account_link(participant_code=CODE))
    assert_type(token, zerohash.ClientAuthToken)


async def sending_async(client: AsyncZeroHashClient) -> None:
    token = await client.send(experiences.fiat_account_link(participant_code=CODE))
    assert_type(token, zerohash.ClientAuthToken)


def without_what_is_required(
    payment: zerohash.PaymentDetails, withdrawal: zerohash.WithdrawalDetails
) -> None:
    experiences.onboarding_new()  # type: ignore[call-arg] # the e-mail is missing
    experiences.onboarding_resumed(email="a@b.c")  # type: ignore[call-arg] # the code is
    experiences.update_participant(email="a@b.c")  # type: ignore[call-arg] # likewise
    experiences.participant_profile()  # type: ignore[call-arg] # likewise
    experiences.account_funding_deposits()  # type: ignore[call-arg] # likewise
    experiences.account_funding_account_link()  # type: ignore[call-arg] # likewise
    experiences.account_funding_withdrawals(  # type: ignore[call-arg] # likewise
        withdrawal_details=withdrawal
    )
    experiences.crypto_withdrawals()  # type: ignore[call-arg] # likewise
    experiences.crypto_deposits()  # type: ignore[call-arg] # likewise
    experiences.crypto_payouts()  # type: ignore[call-arg] # likewise
    experiences.payins(payment_details=payment)  # type: ignore[call-arg] # likewise
    experiences.crypto_buy()  # type: ignore[call-arg] # likewise
    experiences.crypto_sell()  # type: ignore[call-arg] # likewise
    experiences.fiat_deposits()  # type: ignore[call-arg] # likewise
    experiences.fiat_withdrawals()  # type: ignore[call-arg] # likewise
    experiences.fiat_account_link()  # type: ignore[call-arg] # likewise
    experiences.payins(participant_code=CODE)  # type: ignore[call-arg] # pay what?
    experiences.account_funding_withdrawals(  # type: ignore[call-arg] # withdraw what?
        participant_code=CODE
    )


def wrong_uses(deposit: zerohash.DepositDetails) -> None:
    experiences.participant_profile(CODE)  # type: ignore[call-arg] # keywords only
    experiences.crypto_buy(participant_code=None)  # type: ignore[arg-type] # None is no code
    experiences.onboarding_new(
        email="a@b.c",
        participant_code=CODE,  # type: ignore[call-arg] # that resumes one
    )
    experiences.fiat_account_link(
        participant_code=CODE,
        reference_id="1",  # type: ignore[call-arg] # not listed for it
    )
    experiences.payins(
        participant_code=CODE,
        payment_details=deposit,  # type: ignore[arg-type] # other details
    )
    experiences.crypto_withdrawals(
        participant_code=CODE,
        withdrawal_details={"quoted_asset": "USD"},  # type: ignore[arg-type] # a class is wanted
    )
