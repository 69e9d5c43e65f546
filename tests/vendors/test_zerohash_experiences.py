import inspect
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import attrs
import pytest

from tokenkit import (
    AsyncZeroHashClient,
    InvalidInputError,
    ZeroHashClient,
    zerohash,
)
from tokenkit.sandbox import Sandbox
from tokenkit.zerohash import experiences


@attrs.frozen
class Row:
    """A row of the vendor's table of experiences."""

    function: str
    permission: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def request(self, *fields: str) -> zerohash.ClientAuthTokenRequest:
        build: Any = getattr(experiences, self.function)
        request: zerohash.ClientAuthTokenRequest = build(**{name: GIVEN[name] for name in fields})
        return request

    def body(self, *fields: str) -> dict[str, object]:
        return {"permissions": [self.permission], **{name: SENT[name] for name in fields}}


CODE = ("participant_code",)
CONTACT = ("phone_number", "otp_verified")
DEVICE = ("client_device_info",)
FEES = ("reference_id", "custom_fees_and_spreads")
TABLE = [
    Row("onboarding_new", "onboarding", ("email",), ("reference_id", *CONTACT)),
    Row("onboarding_resumed", "onboarding", CODE, ("email", "reference_id", *CONTACT)),
    Row("update_participant", "update-participant", CODE, ("email", "reference_id")),
    Row("participant_profile", "participant-profile", CODE),
    Row("account_funding_deposits", "fwc", CODE, ("reference_id", "deposit_details", *DEVICE)),
    Row("account_funding_account_link", "crypto-account-link", CODE),
    Row(
        "account_funding_withdrawals",
        "crypto-withdrawals",
        (*CODE, "withdrawal_details"),
        ("reference_id",),
    ),
    Row(
        "crypto_withdrawals",
        "crypto-withdrawals",
        CODE,
        ("reference_id", "withdrawal_details", *DEVICE),
    ),
    Row("crypto_deposits", "crypto-deposits", CODE, ("reference_id", "deposit_details")),
    Row("crypto_payouts", "crypto-payouts", CODE, ("reference_id", "withdrawal_details")),
    Row(
        "payins",
        "crypto-pay",
        (*CODE, "payment_details"),
        ("reference_id", *DEVICE, "merchant_participant_code"),
    ),
    Row("crypto_buy", "crypto-buy", CODE, FEES),
    Row("crypto_sell", "crypto-sell", CODE, FEES),
    Row("fiat_deposits", "fiat-deposits", CODE, ("reference_id", "deposit_details")),
    Row("fiat_withdrawals", "fiat-withdrawals", CODE, ("reference_id", "withdrawal_details")),
    Row("fiat_account_link", "fiat-account-link", CODE),
]
GIVEN: Mapping[str, object] = {
    "participant_code": "CUST01",
    "email": "new@example.com",
    "phone_number": "+15551234567",
    "otp_verified": "sms",
    "reference_id": "order-1",
    "merchant_participant_code": "MERCH1",
    "withdrawal_details": zerohash.WithdrawalDetails(
        quoted_asset="USD",
        withdrawal_request_amount=Decimal("10.50"),
        external_account_id="acc-1",
    ),
    "deposit_details": zerohash.DepositDetails(account_label="general"),
    "payment_details": zerohash.PaymentDetails(purchase_amount=99, denominated_currency="USD"),
    "client_device_info": zerohash.ClientDeviceInfo(ip_address="203.0.113.9", location="US-IL"),
    "custom_fees_and_spreads": zerohash.CustomFeesAndSpreads(
        crypto_buy=zerohash.FeesAndSpread(spread_bps=50)
    ),
}
SENT: Mapping[str, object] = {
    "participant_code": "CUST01",
    "email": "new@example.com",
    "phone_number": "+15551234567",
    "otp_verified": "sms",
    "reference_id": "order-1",
    "merchant_participant_code": "MERCH1",
    "withdrawal_details": {
        "quoted_asset": "USD",
        "withdrawal_request_amount": "10.50",
        "external_account_id": "acc-1",
    },
    "deposit_details": {"account_label": "general"},
    "payment_details": {"purchase_amount": "99", "denominated_currency": "USD"},
    "client_device_info": {"ip_address": "203.0.113.9", "location": "US-IL"},
    "custom_fees_and_spreads": {"crypto_buy": {"spread_bps": "50"}},
}
each_row = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.function)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Iterator[ZeroHashClient]:
    with sandbox.zerohash_client() as client:
        yield client


def test_every_experience_has_a_function() -> None:
    """The module has a function for each row of the table, and is reached from the package."""
    assert sorted(row.function for row in TABLE) == sorted(experiences.__all__)
    assert zerohash.experiences is experiences


@each_row
def test_signatures(row: Row) -> None:
    """A function asks by keyword for what its row requires; the rest may be left out."""
    parameters = inspect.signature(getattr(experiences, row.function)).parameters
    assert {one.kind for one in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    asked = {name for name, one in parameters.items() if one.default is one.empty}
    offered = {name for name, one in parameters.items() if one.default is None}
    assert (asked, offered) == (set(row.required), set(row.optional))


@each_row
def test_what_is_required_suffices(row: Row, sandbox: Sandbox, client: ZeroHashClient) -> None:
    """The required fields alone are accepted, and nothing else is sent beside the permission."""
    token = client.send(row.request(*row.required))
    assert sandbox.issued[-1].request == row.body(*row.required)
    assert token.permissions == (row.permission,)
    identity = row.required[0]
    assert token.subject == SENT[identity]


@each_row
def test_everything_is_sent(row: Row, sandbox: Sandbox, client: ZeroHashClient) -> None:
    """Each field of the row reaches zerohash under its name."""
    client.send(row.request(*row.required, *row.optional))
    assert sandbox.issued[-1].request == row.body(*row.required, *row.optional)


@pytest.mark.anyio
async def test_async_clients_send_them_all(issuers: Mapping[str, str]) -> None:
    """An async client mints for each experience, and gets the ids that go with it."""
    async with AsyncZeroHashClient.from_env(environ=issuers) as client:
        for row in TABLE:
            token = await client.send(row.request(*row.required, *row.optional))
            assert token.permissions == (row.permission,)
            pays = row.permission in ("crypto-withdrawals", "crypto-payouts")
            assert (token.payment_id is not None) == pays
            assert (token.deposit_intent_id is not None) == (row.permission == "fwc")


@each_row
def test_what_is_missing_is_a_type_error(row: Row) -> None:
    """A required field that is left out is Python's own error, naming function and field."""
    for name in row.required:
        given = [other for other in row.required if other != name]
        with pytest.raises(TypeError, match=rf"^{row.function}\(\) missing 1 .*'{name}'$"):
            row.request(*given)


@each_row
def test_none_is_missing_as_well(row: Row) -> None:
    """``None`` for a required field is refused: it would ask for another experience."""
    build: Any = getattr(experiences, row.function)
    with pytest.raises(InvalidInputError) as caught:
        build(**dict.fromkeys(row.required), **{name: GIVEN[name] for name in row.optional})
    problems = "; ".join(f"{name}: must be given" for name in row.required)
    assert str(caught.value) == f"{row.function}() is not valid: {problems}"


@each_row
def test_documented(row: Row) -> None:
    """Each function tells its permission, its arguments, its source and the source's standing."""
    text = inspect.getdoc(getattr(experiences, row.function)) or ""
    first, *_ = text.splitlines()
    assert f"permission ``{row.permission}``." in first
    for name in (*row.required, *row.optional):
        assert f"\n    {name}: " in text
    assert "Source: zerohash's API reference" in text
    assert text.endswith("(documented).")


def test_details_of_one_permission(sandbox: Sandbox, client: ZeroHashClient) -> None:
    """A wallet goes with crypto deposits, an amount with the deposits of account funding."""
    wallet = zerohash.DepositDetails(external_wallet_address="bc1q")
    client.send(experiences.crypto_deposits(participant_code="CUST01", deposit_details=wallet))
    assert sandbox.issued[-1].request["deposit_details"] == {"external_wallet_address": "bc1q"}
    amount = zerohash.DepositDetails(deposit_amount="25.00", denominated_currency="USD")
    client.send(
        experiences.account_funding_deposits(participant_code="CUST01", deposit_details=amount)
    )
    assert sandbox.issued[-1].request["deposit_details"] == {
        "deposit_amount": "25.00",
        "denominated_currency": "USD",
    }


def test_several_experiences_on_one_token(sandbox: Sandbox, client: ZeroHashClient) -> None:
    """A request can be given more permissions and fields than its experience lists."""
    request = experiences.crypto_buy(participant_code="CUST01")
    both = attrs.evolve(
        request, permissions=[*request.permissions, "crypto-sell"], extra={"channel": "web"}
    )
    assert client.send(both).permissions == ("crypto-buy", "crypto-sell")
    assert sandbox.issued[-1].request == {
        "participant_code": "CUST01",
        "permissions": ["crypto-buy", "crypto-sell"],
        "channel": "web",
    }


def test_limits_are_the_requests_own() -> None:
    """What a request refuses, it refuses here as well, and names every problem at once."""
    with pytest.raises(InvalidInputError) as caught:
        experiences.onboarding_resumed(
            participant_code="CUST1", otp_verified="voice", reference_id="r" * 51
        )
    assert [error.field for error in caught.value.errors] == [
        "participant_code",
        "otp_verified",
        "reference_id",
    ]
