"""G23: the issuers accept what a model accepts, except what is left to them to decide."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from json_values import JSON_VALUES, JWT

from tokenkit import (
    APIError,
    BadRequestError,
    InvalidInputError,
    UnprocessableError,
    strigo,
    zdk,
    zerohash,
)
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tokenkit.extension import Call, Client

# What contracts and design leave to the server, by the issuers' words for it: the models
# accept these, and a server may refuse them.
LEFT_TO_THE_SERVER = [
    # zerohash: the client checks the length of 6, not the pattern.
    r"body/participant_code must match pattern",
    r"body/email must match pattern",
    # zerohash: which permissions it has come to know.
    r"body/permissions/\d+ must be equal to one of the allowed values",
    # zerohash: which experience needs or forbids which field is guidance, no schema.
    r"body/participant_code is required: email alone is for onboarding only",
    r"body/deposit_details/\w+ is only for [\w-]+",
    r"body/deposit_details/denominated_currency must be equal to one of the allowed values: USD",
    # zerohash: what an address, a fee's type and a sensible amount are.
    r"body/client_device_info/ip_address must be an IP address",
    r".*/type must be equal to one of the allowed values: bps, notional",
    r".* must be >= 0",
    # The same for whole numbers, where the issuers' pattern knows no sign.
    r'.*/(spread_bps|amount) must match pattern "\^\[0-9\]\+\$"',
    # Strigo: the form of an e-mail.
    r"email: Must be a valid email address",
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def judged(client: Client, build: Callable[[], Call[Any]]) -> list[str]:
    """Send what a model accepts; return the issuer's complaint."""
    try:
        client.send(build())
    except InvalidInputError:
        return []
    except (BadRequestError, UnprocessableError) as error:
        return complaints(error)
    return []


def complaints(error: APIError) -> list[str]:
    """Return the single complaints of an issuer."""
    return [
        f"{found.location}/{found.field} {found.message}"
        if found.location and isinstance(error, BadRequestError)
        else f"{found.field}: {found.message}"
        for found in error.errors
    ] or [error.message]


def check_complaints(found: list[str]) -> None:
    """Check that the issuers complain only about what is theirs to decide."""
    known = re.compile("|".join(LEFT_TO_THE_SERVER))
    assert [complaint for complaint in found if not known.match(complaint)] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/client_auth_token", {"permissions": "fwc", "participant_code": "CUST01"}),
        ("/client_auth_token", {"permissions": ["fwc"]}),
        ("/revoke_auth_token", {"token": "no JWT"}),
    ],
)
def test_other_complaints_are_not_overlooked(sandbox: Sandbox, path: str, body: Any) -> None:
    """The issuer refuses what a model would refuse, and the comparison notices."""
    with sandbox.zerohash_client() as client:
        with pytest.raises(BadRequestError) as caught:
            client.request("POST", path, json=body)
        with pytest.raises(AssertionError):
            check_complaints(complaints(caught.value))


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text(max_size=3)
MAYBE_WORDS = st.none() | WORDS
AMOUNTS = (
    st.none()
    | st.integers(-5, 10**20)
    | st.decimals(min_value=-2, max_value=10**6, places=2)
    | st.decimals(allow_nan=True)
    | st.sampled_from(["1", "1.0", "2.50", "1e3", "1E-3", "-0", "-1", "+1.", ".5", "x", ""])
)
SMALL_JSON = st.dictionaries(st.text(max_size=3), JSON_VALUES, max_size=2)
# Each issuer answers over a real connection, and zerohash's signs a token each time.
FEWER = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@FEWER
@given(
    user=WORDS,
    others=st.fixed_dictionaries(
        {},
        optional={
            "nickname": MAYBE_WORDS,
            "fullname": MAYBE_WORDS,
            "avatar": MAYBE_WORDS,
            "metadata": st.none() | SMALL_JSON,
            "permissions": st.none() | st.lists(st.integers() | WORDS, max_size=3),
            "extra": SMALL_JSON,
        },
    ),
)
def test_zdks_issuer_accepts_what_the_model_accepts(
    sandbox: Sandbox, user: str, others: dict[str, Any]
) -> None:
    """ZDK's issuer refuses nothing that the model accepts."""
    with sandbox.zdk_client() as client:
        check_complaints(judged(client, lambda: zdk.UserTokenRequest(id=user, **others)))


@FEWER
@given(
    email=WORDS | st.emails(),
    others=st.fixed_dictionaries(
        {},
        optional={
            "name": MAYBE_WORDS,
            "external_user_id": MAYBE_WORDS,
            "groups": st.none() | st.lists(WORDS, max_size=3),
            "expiration": st.none()
            | st.timedeltas(timedelta(minutes=1), timedelta(days=80))
            | st.timedeltas(timedelta(minutes=1), timedelta(days=80)).map(
                lambda ahead: datetime.now(timezone.utc) + ahead
            )
            | st.datetimes(timezones=st.just(timezone.utc)),
            "extra": SMALL_JSON,
        },
    ),
)
def test_strigos_issuer_accepts_what_the_model_accepts(
    sandbox: Sandbox, email: str, others: dict[str, Any]
) -> None:
    """Strigo's issuer refuses nothing that the model accepts, except an e-mail's format."""
    with sandbox.strigo_client() as client:
        check_complaints(judged(client, lambda: strigo.UserTokenRequest(email=email, **others)))


def sometimes(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw some of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


FEES = sometimes(
    type=st.sampled_from(["bps", "notional", "bps", "other"]), amount=AMOUNTS, name=MAYBE_WORDS
)
CODES = st.sampled_from(["CUST01", "cust01", "CUST0!", "SHORT"])
PERMISSIONS = st.lists(
    st.sampled_from([*zerohash.Permission, "crypto-lending", ""]), min_size=0, max_size=3
)


def mint_of(fields: Mapping[str, Any], nested: Mapping[str, Any]) -> Call[Any]:
    """Build a mint with all its nested objects."""
    parts: dict[str, Any] = {}
    if "withdrawal" in nested:
        parts["withdrawal_details"] = zerohash.WithdrawalDetails(**nested["withdrawal"])
    if "deposit" in nested:
        parts["deposit_details"] = zerohash.DepositDetails(**nested["deposit"])
    if "payment" in nested:
        parts["payment_details"] = zerohash.PaymentDetails(**nested["payment"])
    if "device" in nested:
        parts["client_device_info"] = zerohash.ClientDeviceInfo(**nested["device"])
    if "fees" in nested:
        fees = [zerohash.Fee(**fee) for fee in nested["fees"]]
        costs = zerohash.FeesAndSpread(spread_bps=nested.get("spread"), fees=fees)
        parts["custom_fees_and_spreads"] = zerohash.CustomFeesAndSpreads(crypto_buy=costs)
    return zerohash.ClientAuthTokenRequest(**fields, **parts)


@FEWER
@given(
    fields=st.fixed_dictionaries(
        {"permissions": PERMISSIONS},
        optional={
            "participant_code": CODES,
            "email": st.emails() | WORDS,
            "phone_number": MAYBE_WORDS,
            "otp_verified": st.sampled_from([None, "email", "sms", "fax"]),
            "reference_id": st.none() | st.text(st.characters(categories=["L"]), max_size=52),
            "merchant_participant_code": MAYBE_WORDS,
            "extra": SMALL_JSON,
        },
    ),
    nested=sometimes(
        withdrawal=sometimes(
            quoted_asset=MAYBE_WORDS,
            withdrawal_request_amount=AMOUNTS,
            external_account_id=MAYBE_WORDS,
            account_label=MAYBE_WORDS,
            underlying_asset=st.sampled_from([None, "BTC"]),
            network=st.sampled_from([None, "bitcoin"]),
        ),
        deposit=sometimes(
            account_label=MAYBE_WORDS,
            external_wallet_address=MAYBE_WORDS,
            deposit_amount=AMOUNTS,
            denominated_currency=st.sampled_from([None, "USD", "EUR"]),
        ),
        payment=st.fixed_dictionaries({"purchase_amount": AMOUNTS, "denominated_currency": WORDS}),
        device=st.fixed_dictionaries(
            {
                "ip_address": st.ip_addresses().map(str) | WORDS,
                "location": st.sampled_from(["US-IL", "US", "us-il", "GB-ENG", ""]),
            }
        ),
        fees=st.lists(FEES, max_size=2),
        spread=AMOUNTS,
    ),
)
def test_zerohashs_issuer_accepts_what_the_models_accept(
    sandbox: Sandbox, fields: dict[str, Any], nested: dict[str, Any]
) -> None:
    """Zerohash's issuer refuses only what is left to it to decide."""
    with sandbox.zerohash_client() as client:
        check_complaints(judged(client, lambda: mint_of(fields, nested)))


@pytest.mark.parametrize("amount", ["2.0", "1e1", Decimal("3.000"), 4, "+5."])
def test_basis_points_are_written_as_whole_numbers(sandbox: Sandbox, amount: Any) -> None:
    """However a whole number of basis points is given, the issuer gets an integer as text."""
    fields = {"participant_code": "CUST01", "permissions": ["crypto-buy"]}
    nested = {"fees": [{"type": "bps", "amount": amount}], "spread": amount}
    with sandbox.zerohash_client() as client:
        assert judged(client, lambda: mint_of(fields, nested)) == []


@FEWER
@given(
    token=WORDS
    | st.just(JWT)
    | st.binary(max_size=30).map(
        lambda part: f"e30.{base64.urlsafe_b64encode(part).decode().rstrip('=')}.c2ln"
    )
)
def test_a_revocation_that_the_model_accepts_is_accepted(sandbox: Sandbox, token: str) -> None:
    """Zerohash's issuer accepts every token that the model accepts as a JWT with a jti."""
    with sandbox.zerohash_client() as client:
        check_complaints(judged(client, lambda: zerohash.RevokeAuthTokenRequest(token=token)))
