"""G11: pickle, copy and deepcopy of every exception and model: all come back equal."""

from __future__ import annotations

import builtins
import copy
import inspect
import json
import pickle
from collections import ChainMap
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from unittest.mock import create_autospec

import attrs
import pytest
from all_clients import VENDORS, each_vendor, perform
from model_samples import LATER_MODELS
from network_calls import NO_RETRIES, each_family, each_flavour
from raw_server import RawServer, json_response, responding

import tokenkit
from tokenkit import (
    APIError,
    ConfigurationError,
    Hooks,
    RetryPolicy,
    Timeouts,
    TokenKitError,
    errors,
    extension,
    strigo,
    zdk,
    zerohash,
)
from tokenkit.errors import CallContext, FailureDetails, FieldError, RateLimit
from tokenkit.extension import Call, IssuedToken, RequestModel

# Any, as type checkers look at Python 3.10, which has none.
ExceptionGroup: Any = getattr(builtins, "ExceptionGroup", None)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from enum import Enum

    from all_clients import Vendor
    from network_calls import Family, Flavour

T_MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)
CONTEXT = CallContext(
    vendor="strigo",
    operation="create_user_token",
    request_id="r-1",
    attempts=3,
    outcome="unknown",
)
FIELD_ERRORS = (FieldError(message="is wrong", field="email", wire_name="eMail", location="body"),)
DETAILS = FailureDetails(
    status=422,
    message="no",
    code="Bad",
    errors=FIELD_ERRORS,
    hint="look again",
    retry_after=1.5,
    rate_limit=RateLimit(limit=5, remaining=0, reset_at=T_MOMENT),
    method="POST",
    url="https://h/x",
    headers={"server": "x"},
    body='{"a": "\\ud800"}',
)
# What the constructors of errors take, by the names of their parameters.
ARGUMENTS: dict[str, Mapping[str, object]] = {
    "content_type": {"content_type": "text/html"},
    "context": CONTEXT,
    "details": {**DETAILS, **CONTEXT},
    "errors": {"errors": (FieldError(message="no", field="a"), FieldError(message="b"))},
    "location": {"location": "https://h/x"},
    "missing_requirements": {"missing_requirements": ("first_name", "tax_id")},
    "path": {"path": "$.data.token"},
    "problem": {"problem": zerohash.WebhookProblem.BODY},
    "problems": {"problems": ("a must be b; c", "d is e")},
    "state": {"state": zerohash.ApprovalState.PENDING},
    "status": {"status": 307},
    "text": {"text": "it failed"},
    "transaction_id": {"transaction_id": "txn_1"},
}


def error_classes(base: type[TokenKitError]) -> Iterator[type[TokenKitError]]:
    """Yield tokenkit's own error classes, the vendors' included."""
    if base.__module__.startswith("tokenkit."):
        yield base
    for kind in base.__subclasses__():
        yield from error_classes(kind)


ERROR_CLASSES = sorted(
    set(error_classes(TokenKitError)), key=lambda kind: f"{kind.__module__}.{kind.__name__}"
)


def sample(kind: type[TokenKitError]) -> TokenKitError:
    """Build an error with its constructor's own parameters."""
    _, *names = inspect.signature(kind.__init__).parameters
    build: Any = kind
    error: TokenKitError = build(**ChainMap(*(dict(ARGUMENTS[name]) for name in names)))
    vars(error)["__notes__"] = ["while starting"]
    return error


def twins(value: Any) -> Iterator[Any]:
    """Yield a value's copies: shallow, deep, and of every pickle protocol."""
    yield copy.copy(value)
    yield copy.deepcopy(value)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.loads(pickle.dumps(value, protocol))  # noqa: S301 - our own bytes


def check_twins(error: TokenKitError) -> None:
    """Compare an error with its copies; exceptions have no equality of their own."""
    for twin in twins(error):
        assert type(twin) is type(error)
        assert vars(twin) == vars(error)
        assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)


@pytest.mark.parametrize("kind", ERROR_CLASSES)
def test_every_error(kind: type[TokenKitError]) -> None:
    """Every error's copy has its class, its attributes, its notes, its text and its repr."""
    check_twins(sample(kind))


@pytest.mark.parametrize("kind", ERROR_CLASSES)
def test_every_error_crosses_as_json(kind: type[TokenKitError]) -> None:
    """A back end that keeps only class and ``args`` gives back the class and the text."""
    error = sample(kind)
    made: Any = type(error)
    again: TokenKitError = made(*json.loads(json.dumps(error.args)))
    assert (type(again), str(again), again.args) == (kind, str(error), error.args)
    assert {*vars(again), "__notes__"} == set(vars(error))


@pytest.mark.parametrize("kind", ERROR_CLASSES)
def test_every_error_from_a_text_alone(kind: type[TokenKitError]) -> None:
    """An error can be made from a text, raised from another, and noted and grouped."""
    error = kind("slow down")
    assert (str(error), error.message) == ("slow down", "slow down")
    client = create_autospec(tokenkit.StrigoClient, instance=True)
    client.check_health.side_effect = error
    with pytest.raises(kind) as caught:
        client.check_health()
    assert caught.value is error
    cause = ValueError("below")
    with pytest.raises(kind, match="slow down") as caught:
        raise error from cause
    assert caught.value.__cause__ is cause
    check_twins(error)


@pytest.mark.skipif(ExceptionGroup is None, reason="this Python has no exception groups")
@pytest.mark.parametrize("kind", ERROR_CLASSES)
def test_every_error_in_a_group(kind: type[TokenKitError]) -> None:
    """A group keeps its errors' classes, and again after a pickle or a copy."""
    error = sample(kind)
    group = ExceptionGroup("two calls", [error, ExceptionGroup("one", [KeyError("x")])])
    pickled = pickle.loads(pickle.dumps(group))  # noqa: S301 - our own bytes
    for one in (group, pickled, copy.deepcopy(group)):
        found, rest = one.split(kind)
        assert found is not None
        assert rest is not None
        (alike,) = found.exceptions
        assert (type(alike), str(alike), vars(alike)) == (kind, str(error), vars(error))


def test_every_error_class_is_found() -> None:
    """The walk finds the classes that the errors' module exports, and the vendors' own."""
    exported = {getattr(errors, name) for name in errors.__all__}
    classes = {
        item for item in exported if isinstance(item, type) and issubclass(item, TokenKitError)
    }
    assert len(classes) == 25
    assert set(ERROR_CLASSES) == classes | {
        zerohash.InconclusiveLookupError,
        zerohash.ManualApprovalError,
        zerohash.MissingRequirementsError,
        zerohash.RepeatedWebhookError,
        zerohash.WebhookSettingsError,
        zerohash.WebhookVerificationError,
    }


@each_flavour
@each_family
@each_vendor
@pytest.mark.parametrize(
    "answer",
    [
        json_response({"error": {"type": "T", "errors": [{"msg": "m", "param": "p"}]}}, 422),
        json_response({"error": "no", "transaction_id": "txn_1"}, 403),
        json_response({"error": "no", "missing_requirements": ["first_name"]}, 409),
        json_response({"code": "unavailable", "message": "later"}, 503),
        json_response(["no", "object"]),
        b"HTTP/1.1 302 Found\r\nLocation: https://h/x\r\nContent-Length: 0\r\n\r\n",
        b"no HTTP at all\r\n\r\n",
    ],
)
def test_errors_of_real_calls(
    flavour: Flavour, family: Family, vendor: Vendor, answer: bytes
) -> None:
    """An error that a call raised can be pickled and copied like one that a test made."""
    with RawServer(responding(lambda _: answer)) as server:
        client = vendor.open(
            flavour, base_url=server.url, http_family=family, retry=NO_RETRIES, deadline=5
        )
        with pytest.raises(TokenKitError) as caught:
            perform(client, flavour, lambda: vendor.mint)
    check_twins(caught.value)


@each_flavour
@each_family
@each_vendor
def test_replies_of_real_calls(flavour: Flavour, family: Family, vendor: Vendor) -> None:
    """A reply comes back equal from a round trip, and so does the call."""
    with RawServer(responding(lambda _: vendor.minted)) as server:
        client = vendor.open(flavour, base_url=server.url, http_family=family)
        reply = perform(client, flavour, lambda: vendor.mint)
    for value in (reply, reply.value, vendor.mint):
        assert all(twin == value and type(twin) is type(value) for twin in twins(value))


JWT = "e30.eyJqdGkiOiAiMSJ9.c2ln"
NEW = {"newField": [1, None, {"deep": "x"}]}
FEE = zerohash.Fee(type="bps", amount="25", name="fee", extra=NEW)
COSTS = zerohash.FeesAndSpread(spread_bps=10, fees=[FEE], extra=NEW)
PAYMENT = zerohash.PaymentDetails(purchase_amount="10.50", denominated_currency="USD", extra=NEW)
DEVICE = zerohash.ClientDeviceInfo(ip_address="203.0.113.9", location="US-IL", extra=NEW)
WITHDRAWAL = zerohash.WithdrawalDetails(
    quoted_asset="USD",
    withdrawal_request_amount=Decimal("0.10"),
    external_account_id="acc",
    account_label="general",
    underlying_asset="BTC",
    network="bitcoin",
    extra=NEW,
)
DEPOSIT = zerohash.DepositDetails(
    account_label="general",
    external_wallet_address="0x1",
    deposit_amount=5,
    denominated_currency="USD",
    extra=NEW,
)
ZDK_REQUEST = zdk.UserTokenRequest(
    id="u",
    nickname="",
    fullname="U",
    avatar="a",
    metadata=MappingProxyType({"a": {"b": [1]}}),
    permissions=[zdk.CHAT_PERMISSION, "CHAT"],
    extra=NEW,
)
TOKEN = zerohash.ClientAuthToken(
    token=JWT, deposit_intent_id="d", payment_id="p", participant_code="CUST01", extra=NEW
)
HEADERS = extension.Headers({"X-Request-Id": "r", "Date": "today"})

MODELS: list[Any] = [
    ZDK_REQUEST,
    zdk.UserTokensRequest(requests=[ZDK_REQUEST], extra=NEW),
    zdk.UserToken(token="t", user_id="u"),
    zerohash.ClientAuthTokenRequest(
        participant_code="CUST01",
        email="a@example.com",
        phone_number="+15551234567",
        otp_verified="sms",
        reference_id="r",
        merchant_participant_code="M",
        permissions=[zerohash.Permission.FWC, "crypto-lending"],
        withdrawal_details=WITHDRAWAL,
        deposit_details=DEPOSIT,
        payment_details=PAYMENT,
        client_device_info=DEVICE,
        custom_fees_and_spreads=zerohash.CustomFeesAndSpreads(crypto_buy=COSTS, extra=NEW),
        extra=NEW,
    ),
    zerohash.CustomFeesAndSpreads(crypto_sell=COSTS),
    COSTS,
    FEE,
    PAYMENT,
    DEVICE,
    WITHDRAWAL,
    DEPOSIT,
    TOKEN,
    zerohash.RevokeAuthTokenRequest(token=TOKEN),
    zerohash.TimeRequest(),
    zerohash.ServerTime(time=T_MOMENT, extra=NEW),
    zerohash.HMAC_SCHEME,
    strigo.UserTokenRequest(
        email="a@example.com",
        name="",
        external_user_id="x",
        expiration=timedelta(days=1),
        groups=["g"],
        extra=NEW,
    ),
    strigo.UserTokenRequest(email="a@example.com", expiration=T_MOMENT),
    strigo.UserToken(token="t", user_id="u", expiration=T_MOMENT, email="e", extra=NEW),
    strigo.HealthRequest(),
    strigo.Health(status="degraded", message="m", extra=NEW),
    *FIELD_ERRORS,
    RateLimit(limit=1),
    RetryPolicy(max_retries=1, repeat_payments=True),
    Timeouts(connect=1, read=2, write=3),
    Hooks(on_error=print),
    extension.ResponseInfo(status=200, headers=HEADERS, received_at=T_MOMENT),
    extension.ErrorBody(status=500, json=NEW, text="x", origin="https://h"),
    extension.Failure(message="m", code="c", errors=FIELD_ERRORS, error=APIError),
    extension.RawCall(verb="POST", target="/x", json=NEW),
    extension.Request(method="POST", origin="https://h", route="/x", headers=HEADERS, body=b"{}"),
    extension.Response(status=200, headers=HEADERS, body=b"{}"),
    extension.Reply(value=TOKEN, status=200, headers=HEADERS, request_id="r", attempts=2),
    extension.RetryRules(waits={429: 10.0}),
    extension.BaseURLSetting(variable="X", base_url=str),
    extension.Rate(requests=60, per=3.0),
    *(vendor.client.profile for vendor in VENDORS.values()),
    HEADERS,
    *LATER_MODELS,
]
# Values of these do not exist: they are what models are derived from.
BASES = {
    Call,
    IssuedToken,
    RequestModel,
    extension.BatchCall,
    extension.PagedCall,
    strigo.StrigoCall,
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_every_model(model: Any) -> None:
    """Every model's copy is equal to it and has its class."""
    for twin in twins(model):
        assert twin == model
        assert type(twin) is type(model)


def test_every_model_has_a_sample() -> None:
    """The samples cover each attrs class that a public module exports."""
    modules = (tokenkit, errors, extension, strigo, zdk, zerohash, tokenkit.auth)
    public = [getattr(module, name) for module in modules for name in module.__all__]
    models = {item for item in public if isinstance(item, type) and attrs.has(item)}
    assert models - BASES == {type(model) for model in MODELS} - {extension.Headers}
    assert len(models) > 30


@pytest.mark.parametrize(
    "member", [zerohash.Permission.FWC, zerohash.ApprovalState.REJECTED, extension.Repeat.SAFE]
)
def test_enum_members(member: Enum) -> None:
    """An enum's member comes back as itself."""
    assert all(twin is member for twin in twins(member))


@each_vendor
def test_clients_and_secrets_refuse(vendor: Vendor) -> None:
    """Clients and secrets refuse to be pickled, and say what to do instead."""
    with vendor.client(**vendor.credentials) as client:
        for thing in (client, tokenkit.Secret("key")):
            with pytest.raises(TypeError, match=r"from_env\(\)"):
                pickle.dumps(thing)


def test_a_class_of_ones_own() -> None:
    """An error class with required keyword-only arguments works as well."""
    error = OwnError("no key", reason="lost")
    check_twins(error)
    assert [twin.reason for twin in twins(error)] == ["lost"] * 8


class OwnError(ConfigurationError):
    """A caller's own error."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
