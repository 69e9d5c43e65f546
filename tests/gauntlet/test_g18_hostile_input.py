"""G18: line breaks, NUL, lone surrogates, non-ASCII and a megabyte in every caller's text.

InvalidInputError or ConfigurationError names the field, and nothing is sent.
"""

from __future__ import annotations

import typing
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest
from all_clients import STRIGO, STRIGO_MINT, VENDORS, ZDK, ZEROHASH, each_vendor, perform
from network_calls import each_family, each_flavour
from raw_server import RawServer, responding

from tokenkit import (
    ConfigurationError,
    InvalidInputError,
    TokenKitError,
    strigo,
    zdk,
    zerohash,
)
from tokenkit.extension import Call, Client, RequestModel
from tokenkit.zdk.arguments import TokenRequest, TokensRequest
from tokenkit.zerohash import experiences
from tokenkit.zerohash.models import ClientAuthTokenCall
from tokenkit.zerohash.query import QueryCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from all_clients import Vendor
    from network_calls import Family, Flavour

MEGABYTE = 1_048_576
HOSTILE = {
    "a header": "a\r\nX-Evil: 1",
    "a line break": "a\nb",
    "a carriage return": "a\rb",
    "NUL": "a\x00b",
    "a lone surrogate": "a\ud800b",
    "a megabyte": "a" * MEGABYTE,
}
# Headers carry ASCII only; JSON carries the rest.
HOSTILE_IN_HEADERS = {
    **HOSTILE,
    "non-ASCII": "a\xe9b",
    "a wide character": "a\U0001f600b",
    "a line separator": "a\u2028b",
    "a tab": "a\tb",
    "whitespace around it": " spaced ",
}

JWT = "e30.eyJqdGkiOiAiMSJ9.c2ln"
# Values of these do not exist: they are what models are derived from.
BASES = {
    ClientAuthTokenCall,
    QueryCall,
    TokenRequest,
    TokensRequest,
    experiences.Experience,
    strigo.StrigoCall,
}
# What a required argument may be, by its name; `requests` is of each model's own class.
SAMPLES: Mapping[str, Any] = {
    "chat_id": "chat-1",
    "denominated_currency": "USD",
    "email": "user1@example.com",
    "event_id": "event-1",
    "id": "user-1",
    "ip_address": "203.0.113.9",
    "location": "US-IL",
    "participant_code": "CUST01",
    "payment_details": zerohash.PaymentDetails(purchase_amount="1", denominated_currency="USD"),
    "payment_id": "payment-1",
    "permissions": ["fwc"],
    "purchase_amount": "1",
    "room_id": "room-1",
    "token": JWT,
    "user_id": "user-1",
    "withdrawal_details": zerohash.WithdrawalDetails(),
}
SINGLE: Mapping[type[RequestModel], type[RequestModel]] = {
    zdk.ChatTokensRequest: zdk.ChatTokenRequest,
    zdk.EventTokensRequest: zdk.EventTokenRequest,
    zdk.RoomTokensRequest: zdk.RoomTokenRequest,
    zdk.UserTokensRequest: zdk.UserTokenRequest,
}
# Arguments that are required only together, or one of several.
TOGETHER: Mapping[type[RequestModel], Mapping[str, Any]] = {
    zerohash.ClientAuthTokenRequest: {"participant_code": "CUST01"},
    zerohash.WithdrawalDetails: {"underlying_asset": "BTC", "network": "bitcoin"},
}


def required(model: type[Any]) -> dict[str, Any]:
    """Return the arguments that a model needs."""
    arguments = dict(TOGETHER.get(model, {}))
    for field in attrs.fields(model):
        if field.name == "requests":
            single: Any = SINGLE[model]
            arguments["requests"] = [single(**required(single))]
        elif field.default is attrs.NOTHING:
            arguments[field.name] = SAMPLES[field.name]
    return arguments


def concrete_models(base: type[RequestModel]) -> Iterator[type[RequestModel]]:
    """Yield the request models of the three vendors."""
    for model in base.__subclasses__():
        yield from concrete_models(model)
        of_a_vendor = model.__module__.startswith(("tokenkit.z", "tokenkit.strigo"))
        if of_a_vendor and model not in BASES:
            yield model


def parts_of(hint: object) -> set[object]:
    """Return everything that a type consists of."""
    parts = typing.get_args(hint)
    return {hint}.union(*map(parts_of, parts)) if parts else {hint}


def text_fields() -> Iterator[tuple[type[RequestModel], str, bool]]:
    """Yield every field that is a string or a list of strings, and which of the two it is."""
    for model in sorted(
        set(concrete_models(RequestModel)), key=lambda one: f"{one.__module__}.{one.__qualname__}"
    ):
        hints = typing.get_type_hints(model)
        free = ("extra", "metadata")
        for field in (one for one in attrs.fields(model) if one.name not in free):
            hint = hints[field.name]
            if str in {hint, *typing.get_args(hint)}:
                yield model, field.name, False
            elif str in parts_of(hint):
                yield model, field.name, True


TEXT_FIELDS = list(text_fields())
NAMES = [f"{model.__name__}.{name}" for model, name, _ in TEXT_FIELDS]


def test_every_model_is_tried() -> None:
    """This test has all of the vendors' models, and each string field is found."""
    models = set(concrete_models(RequestModel))
    assert {strigo.UserTokenRequest, zdk.RoomTokensRequest, experiences.CryptoBuy} <= models
    assert all(model(**required(model)) for model in models)
    assert len(NAMES) == len(set(NAMES)) == 83
    assert "ClientAuthTokenRequest.permissions" in NAMES
    assert "RevokeAuthTokenRequest.token" in NAMES


def refused(
    vendor: Vendor,
    flavour: Flavour,
    make_call: Callable[[], Call[Any]],
    options: Mapping[str, Any],
    **send_options: Any,
) -> TokenKitError:
    """Return the error of a call that must not reach the server."""
    with RawServer(responding(lambda _: vendor.minted)) as server:
        with pytest.raises((InvalidInputError, ConfigurationError)) as caught:
            perform(
                vendor.open(flavour, **{"base_url": server.url, **options}),
                flavour,
                make_call,
                **send_options,
            )
        assert server.connections == 0
    assert len(str(caught.value)) < 1000
    return caught.value


@each_flavour
@pytest.mark.parametrize(("model", "name", "many"), TEXT_FIELDS, ids=NAMES)
def test_a_hostile_text_in_a_model(
    flavour: Flavour, model: type[Any], name: str, *, many: bool
) -> None:
    """No string field of any request accepts what would break a line, UTF-8 or the limits."""
    for text in HOSTILE.values():

        def make(text: str = text) -> Call[Any]:
            # A nested object is refused before there is a call to put it in.
            call: Call[Any] = model(**{**required(model), name: [text] if many else text})
            return call

        error = refused(ZDK, flavour, make, {})
        assert isinstance(error, InvalidInputError)
        assert [problem.field for problem in error.errors] == [name]


@each_flavour
@each_family
@pytest.mark.parametrize("field", ["extra", "metadata"])
@pytest.mark.parametrize("text", [HOSTILE["a lone surrogate"], HOSTILE["a megabyte"]])
@pytest.mark.parametrize("place", ["key", "value"])
def test_what_a_body_cannot_carry_in_free_fields(
    flavour: Flavour, family: Family, field: str, text: str, place: str
) -> None:
    """Free-form fields with lone surrogates or a megabyte of text are refused."""
    pair = {text: "x"} if place == "key" else {"x": text}
    free: dict[str, Any] = {field: pair}
    error = refused(
        ZDK,
        flavour,
        lambda: zdk.UserTokenRequest(id="u", **free),
        {"http_family": family},
    )
    assert isinstance(error, InvalidInputError)
    assert error.errors[0].field in {"the body", "arguments", field}


@each_flavour
@each_family
def test_line_breaks_in_free_fields_stay_in_the_body(flavour: Flavour, family: Family) -> None:
    """Line breaks and NUL in metadata and extra arrive as given: JSON escapes them."""
    texts = [HOSTILE["a header"], HOSTILE["NUL"], HOSTILE_IN_HEADERS["a wide character"]]
    free: dict[str, Any] = {text: text for text in texts}
    call = zdk.UserTokenRequest(id="u", metadata=free, extra=free)
    with RawServer(responding(lambda _: ZDK.minted)) as server:
        perform(ZDK.open(flavour, base_url=server.url, http_family=family), flavour, lambda: call)
        (request,) = server.requests
    assert request.json() == {"arguments": [{"id": "u", "metadata": free, **free}]}
    assert "x-evil" not in request.headers


@each_flavour
@each_family
@each_vendor
@pytest.mark.parametrize("text", HOSTILE_IN_HEADERS.values(), ids=HOSTILE_IN_HEADERS)
def test_hostile_credentials(flavour: Flavour, family: Family, vendor: Vendor, text: str) -> None:
    """Every credential that is invalid in a header is refused by name, and not shown."""
    for name in vendor.credentials:
        for source in (text, lambda: text):
            error = refused(
                vendor, flavour, lambda: vendor.mint, {name: source, "http_family": family}
            )
            assert isinstance(error, ConfigurationError)
            assert name in str(error)
            assert text not in str(error)


@each_flavour
@each_family
@pytest.mark.parametrize("text", HOSTILE_IN_HEADERS.values(), ids=HOSTILE_IN_HEADERS)
def test_hostile_texts_for_headers(flavour: Flavour, family: Family, text: str) -> None:
    """Headers, the request id and the user agent accept only printable ASCII of a sane length."""
    common = {"http_family": family}
    refusals: dict[str, list[partial[TokenKitError]]] = {
        "headers": [
            partial(refused, STRIGO, flavour, lambda: STRIGO_MINT, {**common, "headers": headers})
            for headers in ({"x-name": text}, {text: "value"})
        ]
        + [
            partial(refused, STRIGO, flavour, lambda: STRIGO_MINT, common, headers=headers)
            for headers in ({"x-name": text}, {text: "value"})
        ],
        "user_agent_suffix": [
            partial(
                refused,
                STRIGO,
                flavour,
                lambda: STRIGO_MINT,
                {**common, "user_agent_suffix": text},
            )
        ],
        "request_id": [
            partial(refused, ZEROHASH, flavour, lambda: ZEROHASH.mint, common, request_id=text)
        ],
    }
    for name, attempts in refusals.items():
        for attempt in attempts:
            assert name in str(attempt())


@each_flavour
@each_family
@pytest.mark.parametrize("text", HOSTILE_IN_HEADERS.values(), ids=HOSTILE_IN_HEADERS)
def test_hostile_addresses(flavour: Flavour, family: Family, text: str) -> None:
    """No part of an address accepts them: base URL, host, environment, method, path, proxy."""
    settings = [
        (ZDK, {"base_url": f"https://127.0.0.1/{text}"}, "base_url"),
        (ZDK, {"base_url": f"https://{text}.example"}, "base_url"),
        (ZDK, {"base_url": f"{text}://127.0.0.1"}, "base_url"),
    ]
    for vendor, options, name in settings:
        error = refused(vendor, flavour, lambda: ZDK.mint, {**options, "http_family": family})
        assert name in str(error)
    with RawServer(responding(lambda _: ZDK.minted)) as server:
        origin = f"https://127.0.0.1:{server.port}"
        with pytest.raises(ConfigurationError, match=r": base_host"):
            ZDK.open(flavour, base_host=text, http_family=family)
        with pytest.raises(ConfigurationError, match=r": environment") as caught:
            ZEROHASH.open(flavour, environment=text, http_family=family)
        assert len(str(caught.value)) < 1000
        with pytest.raises(ConfigurationError, match=r": proxy (must be like|has a port)"):
            perform(
                ZDK.open(
                    flavour,
                    base_url=origin,
                    proxy=f"http://127.0.0.1:{server.port}{text}",
                    http_family=family,
                ),
                flavour,
                lambda: ZDK.mint,
            )
        for path in (f"/{text}", f"/x?{text}", text):
            with pytest.raises(InvalidInputError) as invalid:
                request(flavour, server.url, family, "GET", path)
            assert [problem.field for problem in invalid.value.errors] == ["path"]
        with pytest.raises(InvalidInputError) as invalid:
            request(flavour, server.url, family, f"GET{text}", "/x")
        assert [problem.field for problem in invalid.value.errors] == ["method"]
        assert server.connections == 0


def request(flavour: Flavour, url: str, family: Family, method: str, path: str) -> None:
    """Reach an endpoint that has no model."""
    client = STRIGO.open(flavour, base_url=url, http_family=family)
    if isinstance(client, Client):
        client.request(method, path)
    else:
        anyio.run(client.request, method, path, backend=flavour)


@each_vendor
@pytest.mark.parametrize("text", HOSTILE_IN_HEADERS.values(), ids=HOSTILE_IN_HEADERS)
def test_hostile_environment_variables(vendor: Vendor, text: str) -> None:
    """A credential from the environment is checked like one that is passed."""
    prefix = next(name for name, other in VENDORS.items() if other is vendor).upper()
    good = {f"{prefix}_{name.upper()}": value for name, value in vendor.credentials.items()}
    for name in vendor.credentials:
        variables = {**good, f"{prefix}_{name.upper()}": text}
        for kind in (vendor.client, vendor.async_client):
            with pytest.raises(ConfigurationError, match=f": {name}") as caught:
                kind.from_env(environ=variables)
            assert text not in str(caught.value)
