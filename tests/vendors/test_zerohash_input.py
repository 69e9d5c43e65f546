import json
from decimal import Decimal
from typing import Any

import pytest
from vendors_support import responding, scripted_zerohash

from tokenkit import InvalidInputError, zerohash

SOUND: dict[str, Any] = {"participant_code": "CUST01", "permissions": ["fwc"]}
FEE: Any = {"type": "bps"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"permissions": []}, "permissions must not be empty"),
        ({"permissions": "fwc"}, "permissions must be a list of strings, not a single string"),
        ({"permissions": ["fwc", ""]}, "permissions: item 1 must not be empty"),
        ({"permissions": [5]}, "permissions: item 0 must be a string, not int"),
        ({"permissions": None}, "permissions must be a list of strings, not None"),
        (
            {"participant_code": "CUST1"},
            "participant_code must have exactly 6 characters, not 5",
        ),
        ({"participant_code": ""}, "participant_code must have exactly 6 characters, not 0"),
        (
            {"participant_code": None},
            "participant_code is missing; pass it or email",
        ),
        ({"email": ""}, "email must not be empty"),
        ({"otp_verified": "voice"}, "otp_verified must be 'email' or 'sms'"),
        ({"otp_verified": ["sms"]}, "otp_verified must be 'email' or 'sms', not list"),
        ({"reference_id": "r" * 51}, "reference_id must have at most 50 characters, not 51"),
        ({"reference_id": "a\nb"}, "reference_id must not contain control characters"),
        ({"reference_id": "\ud800"}, "reference_id must not contain lone surrogates"),
        (
            {"merchant_participant_code": ""},
            "merchant_participant_code must not be empty",
        ),
        (
            {"payment_details": {"purchase_amount": "1"}},
            "payment_details must be a PaymentDetails(...), not dict",
        ),
        ({"deposit_details": 5}, "deposit_details must be a DepositDetails(...), not int"),
        ({"extra": {"email": "a@b.io"}}, "extra: 'email' has its own parameter: email"),
        ({"extra": ["email"]}, "extra must be a mapping, not list"),
    ],
)
def test_requests(changes: dict[str, Any], problem: str) -> None:
    """What the documentation rules out is refused before anything is sent."""
    transport = responding(201)
    with pytest.raises(InvalidInputError) as caught:
        scripted_zerohash(transport).create_client_auth_token(**{**SOUND, **changes})
    method = "ZeroHashClient.create_client_auth_token()"
    assert str(caught.value).startswith(f"{method}: {problem}")
    assert transport.requests == []


def test_misspelt_permission() -> None:
    """The commonest misspelling is Python's own error, naming the client's method."""
    arguments: dict[str, Any] = {"participant_code": "CUST01", "permission": ["fwc"]}
    with pytest.raises(TypeError) as caught:
        scripted_zerohash(responding(201)).create_client_auth_token(**arguments)
    # Newer Pythons add whether another name was meant.
    assert str(caught.value).startswith(
        "ZeroHashClient.create_client_auth_token() got an unexpected keyword argument 'permission'"
    )


@pytest.mark.parametrize("location", ["US-IL", "DE-BY", "GB-ENG", "JP-13"])
def test_locations(location: str) -> None:
    """A location in the form of ISO 3166-2 is accepted."""
    info = zerohash.ClientDeviceInfo(ip_address="203.0.113.9", location=location)
    assert info.location == location


@pytest.mark.parametrize("location", ["us-il", "Illinois", "US", "US-", "US-ILLI", "", None, 5])
def test_unfit_locations(location: Any) -> None:
    """Any other location is refused, with an example."""
    with pytest.raises(InvalidInputError) as caught:
        zerohash.ClientDeviceInfo(ip_address="203.0.113.9", location=location)
    assert str(caught.value) == (
        "ClientDeviceInfo: location must be an ISO 3166-2 subdivision, such as 'US-IL'"
    )


@pytest.mark.parametrize(
    ("given", "name"), [("underlying_asset", "network"), ("network", "underlying_asset")]
)
def test_asset_and_network_come_together(given: str, name: str) -> None:
    """One of the two without the other is refused with a message that names both."""
    fields: dict[str, Any] = {given: "x"}
    with pytest.raises(InvalidInputError) as caught:
        zerohash.WithdrawalDetails(**fields)
    assert str(caught.value) == f"WithdrawalDetails: {name} is missing: {given} needs it"


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-8"), "0.00000001"),
        ("007.10", "7.10"),
        ("-0.5", "-0.5"),
        (0, "0"),
        (10**30, "1" + "0" * 30),
        (
            "0.1234567890123456789012345678901234567890",
            "0.1234567890123456789012345678901234567890",
        ),
    ],
)
def test_amounts_keep_their_digits(amount: Any, written: str) -> None:
    """An amount is sent as a plain string, digit for digit."""
    transport = responding(201, {"message": {"token": "t"}})
    scripted_zerohash(transport).create_client_auth_token(
        participant_code="CUST01",
        permissions=["crypto-pay"],
        payment_details=zerohash.PaymentDetails(
            purchase_amount=amount, denominated_currency="USD"
        ),
    )
    (body,) = transport.bodies
    assert json.loads(body)["payment_details"]["purchase_amount"] == written


@pytest.mark.parametrize(
    "amount",
    [
        1.5,
        True,
        None,
        "",
        "1,5",
        "1_000",
        " 1",
        "NaN",
        "\u0661",
        float("nan"),
        [1],
        "1e9999",
        "0x10",
    ],
)
def test_unfit_amounts(amount: Any) -> None:
    """Floats, booleans and strings that are not plain numbers are refused."""
    with pytest.raises(InvalidInputError, match="purchase_amount must"):
        zerohash.PaymentDetails(purchase_amount=amount, denominated_currency="USD")


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), Decimal("-sNaN")])
def test_amounts_that_are_not_finite(amount: Decimal) -> None:
    """A Decimal that is not finite is refused, not sent."""
    with pytest.raises(InvalidInputError, match="purchase_amount must be a finite number"):
        zerohash.PaymentDetails(purchase_amount=amount, denominated_currency="USD")


def test_basis_points_are_whole() -> None:
    """A fee in basis points and a spread must be whole numbers; a notional fee needn't be."""
    with pytest.raises(InvalidInputError) as caught:
        zerohash.Fee(type="bps", amount="1.5")
    assert str(caught.value) == ("Fee: amount must be a whole number when type is 'bps'")
    with pytest.raises(InvalidInputError, match="spread_bps must be a whole number"):
        zerohash.FeesAndSpread(spread_bps="0.5")
    assert zerohash.Fee(type="bps", amount="2.0").amount == 2
    assert zerohash.Fee(type="notional", amount="1.5").amount == Decimal("1.5")
    assert zerohash.Fee(type="bps").amount is None


def test_fees_are_objects() -> None:
    """A mapping instead of a fee is refused with a message that names the class."""
    with pytest.raises(InvalidInputError) as caught:
        zerohash.FeesAndSpread(fees=[FEE])
    assert str(caught.value) == ("FeesAndSpread: fees: item 0 must be a Fee(...), not dict")


def test_nested_problems_come_first() -> None:
    """A nested object refuses its own fields, and names itself."""
    with pytest.raises(InvalidInputError) as caught:
        zerohash.DepositDetails(account_label="", denominated_currency="")
    assert str(caught.value) == (
        "DepositDetails: account_label must not be empty; denominated_currency must not be empty"
    )
    assert [error.field for error in caught.value.errors] == [
        "account_label",
        "denominated_currency",
    ]
