import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from vendors_support import jwt_of, responding, scripted_zerohash

from tokenkit import (
    AsyncZeroHashClient,
    InvalidInputError,
    ZeroHashClient,
    zerohash,
)
from tokenkit.sandbox import Sandbox

PERMISSIONS = [
    "onboarding",
    "update-participant",
    "participant-profile",
    "csp-active",
    "csp-recovery",
    "fiat-deposits",
    "fiat-withdrawals",
    "fiat-account-link",
    "crypto-deposits",
    "crypto-withdrawals",
    "crypto-account-link",
    "crypto-payouts",
    "crypto-pay",
    "crypto-buy",
    "crypto-sell",
    "fwc",
]
PAYING = ("crypto-pay", "crypto-withdrawals", "crypto-deposits", "fwc")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[ZeroHashClient]:
    with sandbox.zerohash_client() as client:
        yield client


def test_sync_against_another_process(issuers: Mapping[str, str]) -> None:
    """A sync client mints, reads the claims, revokes and asks the time over a real socket."""
    with ZeroHashClient.from_env(environ=issuers) as client:
        token = client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
        client.revoke_client_auth_token(token=token)
        time = client.get_time()
    assert (token.participant_code, token.permissions) == ("CUST01", ("fwc",))
    assert token.unverified_claims["participant_code"] == "CUST01"
    assert token.jti is not None
    assert UUID.fullmatch(token.jti)
    assert token.expires_at is not None
    lasts = token.expires_at - datetime.now(timezone.utc)
    assert timedelta(minutes=59) < lasts <= timedelta(hours=1)
    assert token.deposit_intent_id is not None
    assert UUID.fullmatch(token.deposit_intent_id)
    assert token.payment_id is None
    assert abs(time.time - datetime.now(timezone.utc)) < timedelta(seconds=60)


@pytest.mark.anyio
async def test_async_against_another_process(issuers: Mapping[str, str]) -> None:
    """An async client does the same, on either event loop; withdrawals last 5 minutes."""
    async with AsyncZeroHashClient.from_env(environ=issuers) as client:
        token = await client.create_client_auth_token(
            participant_code="CUST01", permissions=[zerohash.Permission.CRYPTO_WITHDRAWALS]
        )
        await client.revoke_client_auth_token(token=token)
        time = await client.get_time()
    assert token.expires_at is not None
    assert token.expires_at - time.time <= timedelta(minutes=5, seconds=1)
    assert token.payment_id is not None
    assert UUID.fullmatch(token.payment_id)
    assert token.deposit_intent_id is None


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_every_permission(sandbox: Sandbox, client: ZeroHashClient, permission: str) -> None:
    """Each documented permission is accepted as a string and as an enum, and sent as a string."""
    for given in (permission, zerohash.Permission(permission)):
        token = client.create_client_auth_token(participant_code="CUST01", permissions=[given])
        assert sandbox.issued[-1].request == {
            "participant_code": "CUST01",
            "permissions": [permission],
        }
        assert token.permissions == (permission,)


def test_the_enum_is_the_documented_list() -> None:
    """The enum has the documented permissions, and an unknown one adds nothing to it."""
    unknown: str = "crypto-lending"
    zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=[unknown])
    assert [permission.value for permission in zerohash.Permission] == PERMISSIONS


def test_wire_form_of_everything(sandbox: Sandbox, client: ZeroHashClient) -> None:
    """Zerohash gets every documented name, and amounts as strings with all their digits."""
    token = client.create_client_auth_token(
        participant_code="CUST01",
        email="josé@example.com",
        phone_number="+15551234567",
        otp_verified="sms",
        reference_id="r" * 50,
        merchant_participant_code="MERCH1",
        permissions=(permission for permission in PAYING),
        withdrawal_details=zerohash.WithdrawalDetails(
            quoted_asset="USD",
            withdrawal_request_amount=Decimal("10.500"),
            external_account_id="acc-1",
            account_label="general",
            underlying_asset="BTC",
            network="bitcoin",
        ),
        deposit_details=zerohash.DepositDetails(
            account_label="general",
            external_wallet_address="bc1q",
            deposit_amount="1e3",
            denominated_currency="USD",
            extra={"memo": "m"},
        ),
        payment_details=zerohash.PaymentDetails(purchase_amount=99, denominated_currency="USD"),
        client_device_info=zerohash.ClientDeviceInfo(ip_address="203.0.113.9", location="US-IL"),
        custom_fees_and_spreads=zerohash.CustomFeesAndSpreads(
            crypto_buy=zerohash.FeesAndSpread(
                spread_bps=50,
                fees=[
                    zerohash.Fee(type="bps", amount=10, name="fee"),
                    zerohash.Fee(type="notional", amount="0.10", name="flat"),
                ],
            ),
            crypto_sell=zerohash.FeesAndSpread(spread_bps="7"),
        ),
        extra={"channel": {"kind": "web"}},
    )
    assert sandbox.issued[-1].request == {
        "participant_code": "CUST01",
        "email": "josé@example.com",
        "phone_number": "+15551234567",
        "otp_verified": "sms",
        "reference_id": "r" * 50,
        "merchant_participant_code": "MERCH1",
        "permissions": ["crypto-pay", "crypto-withdrawals", "crypto-deposits", "fwc"],
        "withdrawal_details": {
            "quoted_asset": "USD",
            "withdrawal_request_amount": "10.500",
            "external_account_id": "acc-1",
            "account_label": "general",
            "underlying_asset": "BTC",
            "network": "bitcoin",
        },
        "deposit_details": {
            "account_label": "general",
            "external_wallet_address": "bc1q",
            "deposit_amount": "1000",
            "denominated_currency": "USD",
            "memo": "m",
        },
        "payment_details": {"purchase_amount": "99", "denominated_currency": "USD"},
        "client_device_info": {"ip_address": "203.0.113.9", "location": "US-IL"},
        "custom_fees_and_spreads": {
            "crypto_buy": {
                "spread_bps": "50",
                "fees": [
                    {"type": "bps", "amount": "10", "name": "fee"},
                    {"type": "notional", "amount": "0.10", "name": "flat"},
                ],
            },
            "crypto_sell": {"spread_bps": "7"},
        },
        "channel": {"kind": "web"},
    }
    assert (token.subject, token.email) == ("CUST01", "josé@example.com")
    assert token.deposit_intent_id is not None
    assert token.payment_id is not None


def test_email_alone(sandbox: Sandbox, client: ZeroHashClient) -> None:
    """Someone who is not onboarded yet is known by e-mail, and nothing else is sent."""
    token = client.create_client_auth_token(email="new@example.com", permissions=["onboarding"])
    assert sandbox.issued[-1].request == {
        "email": "new@example.com",
        "permissions": ["onboarding"],
    }
    assert (token.subject, token.participant_code) == ("new@example.com", None)


@pytest.mark.anyio
async def test_async_wire_form(sandbox: Sandbox) -> None:
    """The async client sends exactly the same body, and revokes by string as well."""
    async with sandbox.async_zerohash_client() as client:
        token = await client.create_client_auth_token(
            participant_code="CUST02",
            permissions=["crypto-pay"],
            payment_details=zerohash.PaymentDetails(
                purchase_amount=Decimal("0.000000010"), denominated_currency="USD"
            ),
        )
        mine = next(record for record in sandbox.issued if record.token == token.token)
        await client.revoke_client_auth_token(token=token.token)
    assert mine.request == {
        "participant_code": "CUST02",
        "permissions": ["crypto-pay"],
        "payment_details": {"purchase_amount": "0.000000010", "denominated_currency": "USD"},
    }
    assert [record.revoked for record in sandbox.issued if record.token == token.token] == [True]


@pytest.mark.parametrize("as_text", [False, True])
def test_revocation(sandbox: Sandbox, client: ZeroHashClient, *, as_text: bool) -> None:
    """A token is revoked as an object or as a string, and a second time without harm."""
    token = client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    assert not sandbox.issued[-1].revoked
    for _ in range(2):
        client.revoke_client_auth_token(token=token.token if as_text else token)
        assert sandbox.issued[-1].revoked


def test_revocation_sends_the_token_alone() -> None:
    """The body of a revocation is the token, whatever else the object knows."""
    token = zerohash.ClientAuthToken(token=jwt_of({"jti": "1"}), participant_code="CUST01")
    transport = responding(204)
    scripted_zerohash(transport).revoke_client_auth_token(token=token)
    assert transport.bodies == [f'{{"token":"{token.token}"}}'.encode()]


@pytest.mark.parametrize(
    "token", ["", "opaque", "a.b.c", jwt_of({"exp": 1}), jwt_of({"jti": 5}), jwt_of(["jti"])]
)
def test_revoking_no_token(token: str) -> None:
    """Anything but a JWT with a jti is refused before anything is sent, and not shown."""
    transport = responding(204)
    with pytest.raises(InvalidInputError) as caught:
        scripted_zerohash(transport).revoke_client_auth_token(token=token)
    problem = "must be a JWT with a jti claim" if token else "must not be empty"
    method = "ZeroHashClient.revoke_client_auth_token()"
    assert str(caught.value) == f"{method}: token {problem}"
    assert transport.requests == []


def test_revocation_with_a_body() -> None:
    """A success means that the token is revoked, whatever body it has."""
    client = scripted_zerohash(responding(200, {"token": "t"}))
    client.revoke_client_auth_token(token=jwt_of({"jti": "1"}))


@pytest.mark.parametrize("shape", ["epoch", "message"])
def test_time_of_the_sandbox(shape: Any) -> None:
    """Both documented forms of the time give the same instant, and no credentials are sent."""
    moment = datetime(2024, 4, 30, 2, 55, 4, 250_000, timezone.utc)
    with (
        Sandbox(clock=moment.timestamp, zerohash_time_shape=shape) as sandbox,
        sandbox.zerohash_client() as client,
    ):
        time = client.get_time()
    exact = shape == "message"
    assert time.time == (moment if exact else moment.replace(microsecond=0))
    assert time.extra == (
        {"epoch_units": "milliseconds", "iso_8601": "2024-04-30T02:55:04.250Z"} if exact else {}
    )
