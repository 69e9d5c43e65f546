"""G23: arbitrary JSON and bytes as responses, arbitrary values in models.

The result is one of tokenkit's own errors, or a value that round-trips.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib
import json
import pickle
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest
from all_clients import STRIGO, ZDK, ZEROHASH, Vendor
from anything import ANYTHING
from credentials import ZEROHASH_PRIVATE_KEY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from json_values import JSON_VALUES, JWT
from network_calls import NO_RETRIES, each_family, each_flavour

from tokenkit import (
    InvalidInputError,
    Secret,
    TokenKitError,
    strigo,
    zdk,
    zerohash,
)
from tokenkit.auth import HmacSigner
from tokenkit.extension import (
    Call,
    Client,
    Headers,
    Reply,
    Request,
    write_model,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from network_calls import Family, Flavour

CALLS: list[tuple[Vendor, Call[Any]]] = [
    (ZDK, ZDK.mint),
    (ZDK, zdk.UserTokensRequest(requests=[zdk.UserTokenRequest(id="a")] * 2)),
    (STRIGO, STRIGO.mint),
    (STRIGO, strigo.HealthRequest()),
    (ZEROHASH, ZEROHASH.mint),
    (ZEROHASH, zerohash.RevokeAuthTokenRequest(token=JWT)),
    (ZEROHASH, zerohash.TimeRequest()),
]
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 409, 422, 429, 503])
CONTENT_TYPES = st.sampled_from(
    ["application/json", "text/html", "text/plain; charset=utf-16", "x; charset=nonsense", ""]
)
MANY = settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def answered(
    flavour: Flavour, family: Family, call: tuple[Vendor, Call[Any]], **answer: Any
) -> Reply[Any] | TokenKitError:
    """Make a call on a mock transport; return its reply or tokenkit's own error."""
    http: Any = importlib.import_module(family)
    vendor, request = call

    def respond(_: object) -> Any:
        return http.Response(**answer)

    transport = http.MockTransport(respond)
    client = vendor.open(flavour, transport=transport, retry=NO_RETRIES)
    try:
        if isinstance(client, Client):
            return client.send_raw(request)
        return anyio.run(client.send_raw, request, backend=flavour)
    except TokenKitError as error:
        return error


def check_outcome(outcome: Reply[Any] | TokenKitError) -> None:
    """Check that the result round-trips, and can be shown."""
    twin: Any = pickle.loads(pickle.dumps(outcome))  # noqa: S301 - our own bytes
    assert repr(twin) == repr(outcome)
    assert str(twin) == str(outcome)
    assert vars(twin) == vars(outcome) if isinstance(outcome, Exception) else twin == outcome


@each_flavour
@each_family
@MANY
@given(call=st.sampled_from(CALLS), value=JSON_VALUES, status=STATUSES, content_type=CONTENT_TYPES)
def test_arbitrary_json_as_response(
    flavour: Flavour,
    family: Family,
    call: tuple[Vendor, Call[Any]],
    value: object,
    status: int,
    content_type: str,
) -> None:
    """Whatever JSON comes with whatever status, the result is a value or an error of tokenkit."""
    body = json.dumps(value).encode()
    headers = {"content-type": content_type}
    check_outcome(
        answered(flavour, family, call, status_code=status, content=body, headers=headers)
    )


@each_flavour
@each_family
@MANY
@given(
    call=st.sampled_from(CALLS),
    body=st.binary(max_size=200),
    status=STATUSES,
    content_type=CONTENT_TYPES,
)
def test_arbitrary_bytes_as_response(
    flavour: Flavour,
    family: Family,
    call: tuple[Vendor, Call[Any]],
    body: bytes,
    status: int,
    content_type: str,
) -> None:
    """Whatever bytes come with whatever status, the result is a value or an error of tokenkit."""
    headers = {"content-type": content_type}
    check_outcome(
        answered(flavour, family, call, status_code=status, content=body, headers=headers)
    )


VALUES: st.SearchStrategy[object] = (
    ANYTHING
    | st.dictionaries(st.text(max_size=2) | st.integers(), JSON_VALUES, max_size=2)
    | st.sampled_from(
        [
            zerohash.Permission.FWC,
            zerohash.DepositDetails(),
            zerohash.Fee(type="bps", amount="1"),
            [zerohash.Fee()],
            zdk.UserTokenRequest(id="a"),
            [zdk.UserTokenRequest(id="a")],
        ]
    )
)
MODELS: list[type[Any]] = [
    zdk.UserTokenRequest,
    zdk.UserTokensRequest,
    strigo.UserTokenRequest,
    strigo.HealthRequest,
    zerohash.ClientAuthTokenRequest,
    zerohash.RevokeAuthTokenRequest,
    zerohash.TimeRequest,
    zerohash.WithdrawalDetails,
    zerohash.DepositDetails,
    zerohash.PaymentDetails,
    zerohash.ClientDeviceInfo,
    zerohash.Fee,
    zerohash.FeesAndSpread,
    zerohash.CustomFeesAndSpreads,
]
REQUIRED: Mapping[type[Any], Mapping[str, Any]] = {
    zdk.UserTokenRequest: {"id": "u"},
    zdk.UserTokensRequest: {"requests": [zdk.UserTokenRequest(id="a")]},
    strigo.UserTokenRequest: {"email": "a@example.com"},
    zerohash.ClientAuthTokenRequest: {"participant_code": "CUST01", "permissions": ["fwc"]},
    zerohash.RevokeAuthTokenRequest: {"token": JWT},
    zerohash.PaymentDetails: {"purchase_amount": "1", "denominated_currency": "USD"},
    zerohash.ClientDeviceInfo: {"ip_address": "203.0.113.9", "location": "US-IL"},
}


@MANY
@given(st.data())
@pytest.mark.parametrize("model", MODELS)
def test_arbitrary_values_in_models(model: type[Any], data: st.DataObject) -> None:
    """Whatever value a field gets, the result is an InvalidInputError or a round-trip model."""
    names = [field.name for field in attrs.fields(model)]
    changes: dict[str, Any] = {}
    if names:
        changes = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=3))
    try:
        built: Any = model(**{**REQUIRED.get(model, {}), **changes})
    except InvalidInputError as error:
        built, problems = None, error.errors
    else:
        problems = ()
    assert {problem.field for problem in problems} <= set(names)
    if built is None:
        assert problems
        return
    assert model(**{name: getattr(built, name) for name in names}) == built
    assert pickle.loads(pickle.dumps(built)) == built  # noqa: S301 - our own bytes
    assert isinstance(hash(built), int)


@MANY
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    route=st.from_regex(r"/[a-z0-9/_-]{0,20}(\?[a-z]=[a-z0-9%]{0,5})?", fullmatch=True),
    body=st.binary(max_size=40),
    now=st.floats(min_value=0, max_value=4e9),
    key=st.binary(min_size=1, max_size=40),
)
def test_the_signed_text(method: str, route: str, body: bytes, now: float, key: bytes) -> None:
    """The signature is the documented one over the time, the method, the route and the bytes."""
    written = base64.b64encode(key).decode()
    signer = HmacSigner("public", written, "phrase", scheme=zerohash.HMAC_SCHEME)
    request = Request(method=method, origin="https://h", route=route, headers=Headers(), body=body)
    headers = signer.headers(request, [Secret(x) for x in ("public", written, "phrase")], now)
    text = f"{int(now)}{method}{route}".encode() + (body or b"{}")
    expected = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    assert headers["x-scx-signed"] == expected
    assert headers["x-scx-timestamp"] == str(int(now))


@each_flavour
@each_family
@MANY
@given(
    reference=st.none()
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50),
    extra=st.dictionaries(st.text(max_size=3), JSON_VALUES, max_size=2),
)
def test_what_is_signed_is_what_is_sent(
    flavour: Flavour, family: Family, reference: str | None, extra: dict[str, Any]
) -> None:
    """The signature matches the exact bytes that are sent, whatever they contain."""
    http: Any = importlib.import_module(family)
    sent: list[Any] = []

    def respond(request: Any) -> Any:
        sent.append(request)
        return http.Response(201, json={"message": {"token": JWT}})

    try:
        call = zerohash.ClientAuthTokenRequest(
            participant_code="CUST01", permissions=["fwc"], reference_id=reference, extra=extra
        )
        client = ZEROHASH.open(flavour, transport=http.MockTransport(respond))
        if isinstance(client, Client):
            client.send(call)
        else:
            anyio.run(client.send, call, backend=flavour)
    except InvalidInputError:
        assert sent == []
        return
    (request,) = sent
    body = b"".join(request.stream)
    time = request.headers["x-scx-timestamp"]
    text = f"{time}POST{request.url.raw_path.decode()}".encode() + body
    key = base64.b64decode(ZEROHASH_PRIVATE_KEY)
    digest = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    assert request.headers["x-scx-signed"] == digest
    assert json.loads(body) == json.loads(json.dumps(write_model(call)))
