from __future__ import annotations

import base64
import json
import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import jwt
import pytest
from sandbox_requests import CLIENT, zerohash_post

from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from tokenkit.testing import FrozenClock

MINT = "/client_auth_token"
REVOKE = "/revoke_auth_token"
DEVICE = {"ip_address": "203.0.113.7", "location": "US-IL"}


def mint(sandbox: Sandbox, *permissions: str, **fields: object) -> dict[str, str]:
    body = {"participant_code": "CUST01", "permissions": permissions, **fields}
    response = zerohash_post(sandbox, MINT, body)
    assert response.status_code == 201
    message: dict[str, str] = response.json()["message"]
    return message


def test_token_has_the_documented_form(sandbox: Sandbox) -> None:
    """A token verifies with the sandbox's public key and has only the documented parts."""
    token = mint(sandbox, "fwc", client_device_info=DEVICE)["token"]
    claims = jwt.decode(token, sandbox.zerohash_public_key, algorithms=["RS256"])
    uuid.UUID(claims.pop("jti"))
    uuid.UUID(claims.pop("iss"))
    assert isinstance(claims.pop("exp"), int)
    assert len(claims.pop("platform_code")) == 6
    payload = claims.pop("payload")
    assert claims == {
        "participant_code": "CUST01",
        "permissions": ["fwc"],
        "application_id": "",
        "device_id": "",
    }
    assert payload.keys() == {
        "participant_code",
        "platform_name",
        "platform_agreement_link",
        "client_device_info",
    }
    assert payload["client_device_info"] == DEVICE
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT"}
    assert len(base64.urlsafe_b64decode(token.rpartition(".")[2] + "==")) == 512


def test_newcomer_by_email(sandbox: Sandbox) -> None:
    """An e-mail alone gets an onboarding token, recorded under the e-mail."""
    body = {"email": "josé@example.com", "permissions": ["onboarding"]}
    response = zerohash_post(sandbox, MINT, json.dumps(body, ensure_ascii=False).encode())
    assert response.status_code == 201
    assert sandbox.issued[-1].subject == "josé@example.com"


@pytest.mark.parametrize(
    ("permissions", "seconds"),
    [
        (["fwc"], 3600),
        (["crypto-withdrawals"], 300),
        (["fwc", "crypto-withdrawals"], 300),
        (["crypto-payouts"], 300),
    ],
)
def test_lifetime(
    timed_sandbox: Sandbox, clock: FrozenClock, permissions: list[str], seconds: int
) -> None:
    """A token lasts an hour, or five minutes if it opens crypto withdrawals."""
    timestamp = str(int(clock.time()))
    body = {"participant_code": "CUST01", "permissions": permissions}
    response = zerohash_post(timed_sandbox, MINT, body, timestamp=timestamp)
    claims = jwt.decode(response.json()["message"]["token"], options={"verify_signature": False})
    assert claims["exp"] == int(clock.time()) + seconds
    (record,) = timed_sandbox.issued
    begun = datetime.fromtimestamp(clock.time(), timezone.utc)
    assert record.expires_at == begun + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("permissions", "ids"),
    [
        (["onboarding"], set[str]()),
        (["fwc"], {"deposit_intent_id"}),
        (["crypto-withdrawals"], {"payment_id"}),
        (["crypto-payouts", "fwc"], {"payment_id", "deposit_intent_id"}),
    ],
)
def test_ids_beside_the_token(sandbox: Sandbox, permissions: list[str], ids: set[str]) -> None:
    """The documented ids come with their permissions."""
    message = mint(sandbox, *permissions)
    assert message.keys() == {"token"} | ids


def test_revocation(sandbox: Sandbox) -> None:
    """A revocation returns 204 without a body, marks the token, and may be repeated."""
    token = mint(sandbox, "fwc")["token"]
    other = mint(sandbox, "fwc")["token"]
    for _ in range(2):
        response = zerohash_post(sandbox, REVOKE, {"token": token})
        assert (response.status_code, response.content) == (204, b"")
    revoked = {record.token: record.revoked for record in sandbox.issued[-2:]}
    assert revoked == {token: True, other: False}


def test_revocation_of_an_unknown_token(sandbox: Sandbox) -> None:
    """A well-formed token that was issued elsewhere gives 204 too."""
    foreign = jwt.encode({"jti": "x"}, "k" * 32, algorithm="HS256")
    assert zerohash_post(sandbox, REVOKE, {"token": foreign}).status_code == 204


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "body/token is required"),
        ({"token": 1}, "body/token must be string"),
        ({"token": "a.b"}, "body/token must be a JWT of three parts"),
        (
            {"token": f"{part({})}.{part({'jti': 'x'})}."},
            "body/token must be a JWT of three parts",
        ),
        ({"token": "a.b.c"}, "body/token must be a well-formed JWT"),
        ({"token": f"{part({})}.!!!!.c"}, "body/token must be a well-formed JWT"),
        ({"token": f"{part({})}.{part([])}.c"}, "body/token must be a well-formed JWT"),
        ({"token": f"{part(1)}.{part({'jti': 'x'})}.c"}, "body/token must be a well-formed JWT"),
        ({"token": f"{part({})}.{part({})}.c"}, "body/token must have a jti claim"),
    ],
)
def test_malformed_token(sandbox: Sandbox, body: object, error: str) -> None:
    """Only a well-formed JWT of three parts with a `jti` can be revoked."""
    response = zerohash_post(sandbox, REVOKE, body)
    assert (response.status_code, response.json()) == (400, {"errors": [error]})


def test_time(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """The server's clock is returned in seconds, without authentication."""
    clock.advance(0.75)
    assert CLIENT.get(timed_sandbox.url + "/time").json() == {"epoch": 1_714_445_704}


def test_time_in_the_other_shape(clock: FrozenClock) -> None:
    """The other documented response, in milliseconds, can be switched on."""
    clock.advance(0.75)
    with Sandbox(clock=clock.time, zerohash_time_shape="message") as sandbox:
        answer = CLIENT.get(sandbox.url + "/time").json()
    assert answer == {
        "message": {
            "epoch": 1_714_445_704_750,
            "epoch_units": "milliseconds",
            "iso_8601": "2024-04-30T02:55:04.750Z",
        }
    }


def test_request_id(sandbox: Sandbox) -> None:
    """A request's id is echoed; without one the server makes a UUID v4."""
    ours = "0b6f7d0e-6d7f-4f0a-8a6e-5a0d6a1b2c3d"
    echoed = CLIENT.get(sandbox.url + "/time", headers={"X-REQUEST-ID": ours})
    made = CLIENT.get(sandbox.url + "/nowhere")
    assert echoed.headers["x-request-id"] == ours
    assert uuid.UUID(made.headers["x-request-id"]).version == 4


@pytest.mark.parametrize(("method", "path"), [("GET", MINT), ("POST", "/time"), ("GET", "/x/y")])
def test_not_found(sandbox: Sandbox, method: str, path: str) -> None:
    """An unknown path, or a wrong method, gives the documented 404."""
    response = CLIENT.request(method, sandbox.url + path)
    assert (response.status_code, response.json()) == (404, {"error": "Not Found"})
