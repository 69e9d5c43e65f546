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
from tokenkit.extension import Repeat
from tokenkit.sandbox import Sandbox
from tokenkit.zerohash import experiences


@attrs.frozen
class Row:
    """A row of the vendor's table of experiences."""

    name: str
    permission: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def request(self, *fields: str) -> experiences.Experience:
        build: Any = getattr(experiences, self.name)
        request: experiences.Experience = build(**{name: GIVEN[name] for name in fields})
        return request

    def body(self, *fields: str) -> dict[str, object]:
        return {"permissions": [self.permission], **{name: SENT[name] for name in fields}}


CODE = ("participant_code",)
CONTACT = ("phone_number", "otp_verified")
DEVICE = ("client_device_info",)
FEES = ("reference_id", "custom_fees_and_spreads")
TABLE = [
    Row("OnboardingNew", "onboarding", ("email",), ("reference_id", *CONTACT)),
    Row("OnboardingResumed", "onboarding", CODE, ("email", "reference_id", *CONTACT)),
    Row("UpdateParticipant", "update-participant", CODE, ("email", "reference_id")),
    Row("ParticipantProfile", "participant-profile", CODE),
    Row("AccountFundingDeposits", "fwc", CODE, ("reference_id", "deposit_details", *DEVICE)),
    Row("AccountFundingAccountLink", "crypto-account-link", CODE),
    Row(
        "AccountFundingWithdrawals",
        "crypto-withdrawals",
        (*CODE, "withdrawal_details"),
        ("reference_id",),
    ),
    Row(
        "CryptoWithdrawals",
        "crypto-withdrawals",
        CODE,
        ("reference_id", "withdrawal_details", *DEVICE),
    ),
    Row("CryptoDeposits", "crypto-deposits", CODE, ("reference_id", "deposit_details")),
    Row("CryptoPayouts", "crypto-payouts", CODE, ("reference_id", "withdrawal_details")),
    Row(
        "Payins",
        "crypto-pay",
        (*CODE, "payment_details"),
        ("reference_id", *DEVICE, "merchant_participant_code"),
    ),
    Row("CryptoBuy", "crypto-buy", CODE, FEES),
    Row("CryptoSell", "crypto-sell", CODE, FEES),
    Row("FiatDeposits", "fiat-deposits", CODE, ("reference_id", "deposit_details")),
    Row("FiatWithdrawals", "fiat-withdrawals", CODE, ("reference_id", "withdrawal_details")),
    Row("FiatAccountLink", "fiat-account-link", CODE),
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
each_row = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Iterator[ZeroHashClient]:
    with sandbox.zerohash_client() as client:
        yield client


def test_every_experience_has_a_model() -> None:
    """The package's module has a model for each row of the table."""
    assert sorted([*(row.name for row in TABLE), "Experience"]) == sorted(experiences.__all__)
    assert zerohash.experiences is experiences


@each_row
def test_signatures(row: Row) -> None:
    """A model requires the keywords that its row requires; the rest may be left out."""
    parameters = inspect.signature(getattr(experiences, row.name)).parameters
    assert {one.kind for one in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    asked = {name for name, one in parameters.items() if one.default is one.empty}
    offered = {name for name, one in parameters.items() if one.default is None}
    assert (asked, offered) == (set(row.required), set(row.optional))
    assert [*parameters][-1] == "extra"


@each_row
def test_what_is_required_suffices(row: Row, sandbox: Sandbox, client: ZeroHashClient) -> None:
    """The required fields alone are accepted, and only the permission is sent besides."""
    token = client.send(row.request(*row.required))
    assert sandbox.issued[-1].request == row.body(*row.required)
    assert token.permissions == (row.permission,)
    identity = row.required[0]
    assert token.subject == SENT[identity]


@each_row
def test_everything_is_sent(row: Row, sandbox: Sandbox, client: ZeroHashClient) -> None:
    """Each field of the row is sent to zerohash under its name."""
    client.send(row.request(*row.required, *row.optional))
    assert sandbox.issued[-1].request == row.body(*row.required, *row.optional)


@pytest.mark.anyio
async def test_async_clients_send_them_all(issuers: Mapping[str, str]) -> None:
    """An async client mints for each experience, and gets its ids."""
    async with AsyncZeroHashClient.from_env(environ=issuers) as client:
        for row in TABLE:
            token = await client.send(row.request(*row.required, *row.optional))
            assert token.permissions == (row.permission,)
            pays = row.permission in ("crypto-withdrawals", "crypto-payouts")
            assert (token.payment_id is not None) == pays
            assert (token.deposit_intent_id is not None) == (row.permission == "fwc")


@each_row
def test_what_is_missing_is_a_type_error(row: Row) -> None:
    """A missing required field is Python's own error, naming model and field."""
    for name in row.required:
        given = [other for other in row.required if other != name]
        with pytest.raises(TypeError, match=rf"^{row.name}\.__init__\(\) missing 1 .*'{name}'$"):
            row.request(*given)


@each_row
def test_none_is_missing_as_well(row: Row) -> None:
    """``None`` for a required field is refused: it would mean another experience."""
    build: Any = getattr(experiences, row.name)
    with pytest.raises(InvalidInputError) as caught:
        build(**dict.fromkeys(row.required), **{name: GIVEN[name] for name in row.optional})
    named = {error.field: error.message for error in caught.value.errors}
    assert named.keys() == {*row.required}
    assert all(problem.endswith("not None") for problem in named.values())


@each_row
def test_documented(row: Row) -> None:
    """Each model documents its permission and arguments, the base the source and its standing."""
    text = inspect.getdoc(getattr(experiences, row.name)) or ""
    first, *_ = text.splitlines()
    assert f"permission ``{row.permission}``." in first
    for name in (*row.required, *row.optional):
        assert f"\n    {name}: " in text
    base = inspect.getdoc(experiences.Experience) or ""
    assert "Source: zerohash's API reference" in base
    assert base.endswith("(documented).")


def test_details_of_one_permission(sandbox: Sandbox, client: ZeroHashClient) -> None:
    """A wallet belongs to crypto deposits, an amount to the deposits of account funding."""
    wallet = zerohash.DepositDetails(external_wallet_address="bc1q")
    client.send(experiences.CryptoDeposits(participant_code="CUST01", deposit_details=wallet))
    assert sandbox.issued[-1].request["deposit_details"] == {"external_wallet_address": "bc1q"}
    amount = zerohash.DepositDetails(deposit_amount="25.00", denominated_currency="USD")
    client.send(
        experiences.AccountFundingDeposits(participant_code="CUST01", deposit_details=amount)
    )
    assert sandbox.issued[-1].request["deposit_details"] == {
        "deposit_amount": "25.00",
        "denominated_currency": "USD",
    }


def test_several_experiences_on_one_token(sandbox: Sandbox, client: ZeroHashClient) -> None:
    """A mint can be given more permissions and fields than its experience lists."""
    request = experiences.CryptoBuy(participant_code="CUST01", extra={"a": 1}).as_request()
    assert request == zerohash.ClientAuthTokenRequest(
        permissions=["crypto-buy"], participant_code="CUST01", extra={"a": 1}
    )
    both = attrs.evolve(
        request, permissions=[*request.permissions, "crypto-sell"], extra={"channel": "web"}
    )
    assert client.send(both).permissions == ("crypto-buy", "crypto-sell")
    assert sandbox.issued[-1].request == {
        "participant_code": "CUST01",
        "permissions": ["crypto-buy", "crypto-sell"],
        "channel": "web",
    }


@each_row
def test_repeats(row: Row) -> None:
    """A mint that may open a payment is repeated only if the first was not performed."""
    pays = row.permission in ("crypto-withdrawals", "crypto-payouts", "crypto-pay")
    repeat = Repeat.IF_NOT_PERFORMED if pays else Repeat.SAFE
    request = row.request(*row.required)
    assert request.repeat is repeat
    assert request.operation == "create_client_auth_token"


def test_an_experience_keeps_its_permission() -> None:
    """New fields may be added to an experience, other permissions may not."""
    assert experiences.CryptoBuy(participant_code="CUST01", extra={"later": 1}).extra
    with pytest.raises(InvalidInputError, match=r"extra: .*as_request\(\) for further ones"):
        experiences.CryptoBuy(participant_code="CUST01", extra={"permissions": ["fwc"]})


def test_limits_are_the_requests_own() -> None:
    """It refuses what a request refuses, and names every problem at once."""
    with pytest.raises(InvalidInputError) as caught:
        experiences.OnboardingResumed(
            participant_code="CUST1", otp_verified="voice", reference_id="r" * 51
        )
    assert [error.field for error in caught.value.errors] == [
        "participant_code",
        "reference_id",
        "otp_verified",
    ]
