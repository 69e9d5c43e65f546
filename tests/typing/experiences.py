"""How zerohash's experiences look to a type checker; never run.

Every ``type: ignore`` marks a wrong use: a checker that lets it pass reports the comment.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from typing_extensions import assert_type

from tokenkit import AsyncZeroHashClient, ZeroHashClient, zerohash
from tokenkit.zerohash import experiences

CODE = "CUST01"


def participants() -> None:
    new = experiences.OnboardingNew(email="new@example.com", otp_verified="sms")
    assert_type(new, experiences.OnboardingNew)
    assert_type(new.as_request(), zerohash.ClientAuthTokenRequest)
    experiences.OnboardingResumed(participant_code=CODE, email="new@example.com")
    experiences.UpdateParticipant(participant_code=CODE, reference_id="1")
    experiences.ParticipantProfile(participant_code=CODE)


def funding(
    deposit: zerohash.DepositDetails,
    withdrawal: zerohash.WithdrawalDetails,
    device: zerohash.ClientDeviceInfo,
) -> None:
    experiences.AccountFundingDeposits(
        participant_code=CODE, deposit_details=deposit, client_device_info=device
    )
    experiences.AccountFundingAccountLink(participant_code=CODE)
    experiences.AccountFundingWithdrawals(participant_code=CODE, withdrawal_details=withdrawal)


def crypto(
    payment: zerohash.PaymentDetails,
    withdrawal: zerohash.WithdrawalDetails,
    device: zerohash.ClientDeviceInfo,
    fees: zerohash.CustomFeesAndSpreads,
) -> None:
    experiences.CryptoWithdrawals(participant_code=CODE, client_device_info=device)
    experiences.CryptoDeposits(participant_code=CODE, deposit_details=None)
    experiences.CryptoPayouts(participant_code=CODE, withdrawal_details=withdrawal)
    experiences.Payins(
        participant_code=CODE, payment_details=payment, merchant_participant_code="MERCH1"
    )
    experiences.CryptoBuy(participant_code=CODE, custom_fees_and_spreads=fees)
    zerohash.experiences.CryptoSell(participant_code=CODE, custom_fees_and_spreads=fees)


def fiat(deposit: zerohash.DepositDetails, withdrawal: zerohash.WithdrawalDetails) -> None:
    experiences.FiatDeposits(participant_code=CODE, deposit_details=deposit)
    experiences.FiatWithdrawals(participant_code=CODE, withdrawal_details=withdrawal)
    experiences.FiatAccountLink(participant_code=CODE)


def sending(client: ZeroHashClient) -> None:
    token = client.send(experiences.FiatAccountLink(participant_code=CODE))
    assert_type(token, zerohash.ClientAuthToken)


async def sending_async(client: AsyncZeroHashClient) -> None:
    token = await client.send(experiences.FiatAccountLink(participant_code=CODE))
    assert_type(token, zerohash.ClientAuthToken)


def without_what_is_required(
    payment: zerohash.PaymentDetails, withdrawal: zerohash.WithdrawalDetails
) -> None:
    experiences.OnboardingNew()  # type: ignore[call-arg] # the e-mail is missing
    experiences.OnboardingResumed(email="a@b.c")  # type: ignore[call-arg] # the code is
    experiences.UpdateParticipant(email="a@b.c")  # type: ignore[call-arg] # as above
    experiences.ParticipantProfile()  # type: ignore[call-arg] # as above
    experiences.AccountFundingDeposits()  # type: ignore[call-arg] # as above
    experiences.AccountFundingAccountLink()  # type: ignore[call-arg] # as above
    experiences.AccountFundingWithdrawals(  # type: ignore[call-arg] # as above
        withdrawal_details=withdrawal
    )
    experiences.CryptoWithdrawals()  # type: ignore[call-arg] # as above
    experiences.CryptoDeposits()  # type: ignore[call-arg] # as above
    experiences.CryptoPayouts()  # type: ignore[call-arg] # as above
    experiences.Payins(payment_details=payment)  # type: ignore[call-arg] # as above
    experiences.CryptoBuy()  # type: ignore[call-arg] # as above
    experiences.CryptoSell()  # type: ignore[call-arg] # as above
    experiences.FiatDeposits()  # type: ignore[call-arg] # as above
    experiences.FiatWithdrawals()  # type: ignore[call-arg] # as above
    experiences.FiatAccountLink()  # type: ignore[call-arg] # as above
    experiences.Payins(participant_code=CODE)  # type: ignore[call-arg] # pay what?
    experiences.AccountFundingWithdrawals(  # type: ignore[call-arg] # withdraw what?
        participant_code=CODE
    )


def wrong_uses(deposit: zerohash.DepositDetails) -> None:
    experiences.ParticipantProfile(CODE)  # type: ignore[call-arg] # keywords only
    experiences.CryptoBuy(participant_code=None)  # type: ignore[arg-type] # None is no code
    experiences.OnboardingNew(
        email="a@b.c",
        participant_code=CODE,  # type: ignore[call-arg] # that resumes one
    )
    experiences.FiatAccountLink(
        participant_code=CODE,
        reference_id="1",  # type: ignore[call-arg] # not listed for it
    )
    experiences.Payins(
        participant_code=CODE,
        payment_details=deposit,  # type: ignore[arg-type] # other details
    )
    experiences.CryptoWithdrawals(
        participant_code=CODE,
        withdrawal_details={"quoted_asset": "USD"},  # type: ignore[arg-type] # a class is wanted
    )
