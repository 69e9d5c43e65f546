import base64
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import anyio
import pytest
from credentials import async_zerohash_client
from http_library import httpx
from vendors_support import ECHO, jwt_of, make_response, responding, scripted_zerohash

from tokenkit import DecodeError, MismatchedResponse, zerohash
from tokenkit.zerohash import token as token_module

CLAIMS = {
    "exp": 1_714_449_304,
    "iss": "7f1d4a52-0000-4000-8000-000000000001",
    "jti": "7f1d4a52-0000-4000-8000-000000000002",
    "participant_code": "CUST01",
    "platform_code": "PLATFO",
    "permissions": ["fwc", "crypto-lending"],
    "payload": {"participant_code": "CUST01", "platform_name": "Platform"},
    "application_id": "",
    "device_id": "",
}


def mint(message: object) -> zerohash.ClientAuthToken:
    client = scripted_zerohash(responding(201, {"message": message}))
    return client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])


def test_the_documented_response() -> None:
    """The response's ids and the JWT's claims are there, including unknown permissions."""
    token = mint({"token": jwt_of(CLAIMS), "deposit_intent_id": "di-1", "payment_id": "p-1"})
    assert (token.deposit_intent_id, token.payment_id) == ("di-1", "p-1")
    assert token.unverified_claims == CLAIMS
    assert token.expires_at == datetime(2024, 4, 30, 3, 55, 4, tzinfo=timezone.utc)
    assert token.jti == "7f1d4a52-0000-4000-8000-000000000002"
    assert token.permissions == ("fwc", "crypto-lending")
    assert (token.participant_code, token.email, token.extra) == ("CUST01", None, {})


def test_nulls_and_unknown_fields() -> None:
    """Nullable ids may be null, and unknown fields are kept."""
    token = mint(
        {"token": "t", "deposit_intent_id": None, "payment_id": 7, "session": {"id": "s"}}
    )
    assert (token.deposit_intent_id, token.payment_id) == (None, None)
    assert token.extra == {"payment_id": 7, "session": {"id": "s"}}


@pytest.mark.parametrize(
    "token",
    [
        "opaque",
        "two.parts",
        "a.b.c.d",
        "a.!!.c",
        "a.YQ.c",
        jwt_of("text"),
        jwt_of([1]),
        f"a.{base64.urlsafe_b64encode(b'[' * 100_000).decode()}.c",
        f"a.{base64.urlsafe_b64encode(bytes([255, 254])).decode()}.c",
        "é.é.é",
    ],
)
def test_a_token_that_is_no_jwt(token: str) -> None:
    """Whatever the token is, it was minted: claims are empty and the expiry is unknown."""
    minted = mint({"token": token})
    assert minted.token == token
    assert minted.unverified_claims == {}
    assert (minted.expires_at, minted.jti, minted.permissions) == (None, None, ())
    assert not minted.is_expired(datetime(9999, 1, 1, tzinfo=timezone.utc))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": "soon", "jti": 5, "permissions": "fwc"},
        {"exp": True, "jti": None, "permissions": {"fwc": 1}},
        {"exp": 1e300, "jti": [], "permissions": [1, None]},
        {},
    ],
)
def test_claims_of_other_types(claims: Mapping[str, Any]) -> None:
    """A claim of an unexpected type counts as missing, and can still be inspected."""
    token = mint({"token": jwt_of(claims)})
    assert (token.expires_at, token.jti, token.permissions) == (None, None, ())
    assert token.unverified_claims == claims


def test_claims_are_read_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Minting doesn't parse the token's claims; asking for the expiry does."""
    decoded: list[str] = []

    def counting(token: str) -> Mapping[str, Any]:
        decoded.append(token)
        return {"exp": 0}

    monkeypatch.setattr(token_module, "unverified_claims", counting)
    token = mint({"token": jwt_of(CLAIMS)})
    assert hash(token)
    assert decoded == []
    assert token.expires_at == datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert decoded == [token.token]


def test_is_expired_by_the_claim() -> None:
    """The claim ``exp`` decides: at that second the token expires, or earlier with leeway."""
    token = mint({"token": jwt_of({"exp": 1_714_449_304})})
    ends = datetime(2024, 4, 30, 3, 55, 4, tzinfo=timezone.utc)
    second = timedelta(seconds=1)
    assert [token.is_expired(ends + step) for step in (-second, 0 * second, second)] == [
        False,
        True,
        True,
    ]
    assert token.is_expired(ends - 30 * second, leeway=30)
    assert not token.is_expired(ends - 31 * second, leeway=30)


@pytest.mark.parametrize(
    ("body", "path", "problem"),
    [
        ({"message": {}}, "$.message.token", "a required field is missing"),
        ({"message": {"token": None}}, "$.message.token", "expected a string, found null"),
        ({"message": {"token": ""}}, "$.message.token", "expected a token, found an empty string"),
        ({"message": "created"}, "$.message", "expected an object, found a string"),
        ({}, "$.message", "expected an object, found null"),
        (["eyJ"], "$", "expected an object, found an array"),
        (b"", "$", "the body is empty"),
        (b'{"message":{"token":"eyJhbGciOi', "$", "not JSON"),
    ],
)
def test_unreadable_responses(body: object, path: str, problem: str) -> None:
    """A success without a readable token is a DecodeError that says where and shows no value."""
    client = scripted_zerohash(responding(201, body, {"x-request-id": ECHO}))
    with pytest.raises(DecodeError) as caught:
        client.send(
            zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["fwc"]),
            request_id="req-1",
        )
    error = caught.value
    assert (error.path, error.status, error.request_id) == (path, 201, "req-1")
    assert problem in str(error)
    assert "eyJ" not in str(error)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_status(status: int) -> None:
    """Any 2xx is a success."""
    client = scripted_zerohash(responding(status, {"message": {"token": "t"}}))
    token = client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    assert token.token == "t"


@pytest.mark.parametrize(
    ("body", "moment"),
    [
        ({"epoch": 1_714_445_704}, datetime(2024, 4, 30, 2, 55, 4, tzinfo=timezone.utc)),
        (
            {"message": {"epoch": 1_714_445_704_250}},
            datetime(2024, 4, 30, 2, 55, 4, 250_000, timezone.utc),
        ),
    ],
)
def test_time(body: object, moment: datetime) -> None:
    """The bare form is read in seconds, the detailed one in milliseconds; nothing is signed."""
    transport = responding(200, body)
    assert scripted_zerohash(transport).get_time().time == moment
    (request,) = transport.requests
    assert (request.method, str(request.url)) == ("GET", "https://api.cert.zerohash.com/time")
    assert not [name for name in request.headers if name.startswith("x-scx")]
    assert "authorization" not in request.headers
    assert request.content == b""


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.epoch"),
        ({"epoch": "1714445704"}, "$.epoch"),
        ({"message": {"epoch": None}}, "$.message.epoch"),
        ({"message": 5}, "$.message"),
        ([1_714_445_704], "$"),
        ({"epoch": 10**40}, "$.epoch"),
        ({"epoch": True}, "$.epoch"),
    ],
)
def test_unreadable_time(body: object, path: str) -> None:
    """A time in neither form is a DecodeError that says where."""
    with pytest.raises(DecodeError) as caught:
        scripted_zerohash(responding(200, body)).get_time()
    assert caught.value.path == path


@pytest.mark.anyio
async def test_an_iterator_of_two_tasks() -> None:
    """While one task waits for a page, another one gets an error, and no payment is lost."""
    asked, allowed = anyio.Event(), anyio.Event()

    async def respond(request: httpx.Request) -> httpx.Response:
        del request
        asked.set()
        await allowed.wait()
        return make_response(
            200, {"message": [{"payment_id": "p-1"}, {"payment_id": "p-2"}], "total": 2}
        )

    found: list[str | None] = []
    async with async_zerohash_client(transport=httpx.MockTransport(respond)) as client:
        payments = client.iter_payments()

        async def first() -> None:
            found.append((await anext(payments)).payment_id)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first)
            await asked.wait()
            with pytest.raises(RuntimeError, match="already running in another task"):
                await anext(payments)
            allowed.set()
        found += [payment.payment_id async for payment in payments]
    assert found == ["p-1", "p-2"]


def test_another_payment() -> None:
    """A payment with another id than the requested one is not returned."""
    client = scripted_zerohash(responding(200, {"message": {"payment_id": "p-2"}}))
    assert client.get_payment(payment_id="p-2").payment_id == "p-2"
    with pytest.raises(MismatchedResponse, match="another payment"):
        client.get_payment(payment_id="p-1")
