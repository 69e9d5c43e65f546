import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from clocks import async_frozen_clock, frozen_clock
from vendors_support import responding, scripted_strigo

from tokenkit import (
    AsyncStrigoClient,
    DecodeError,
    InvalidInputError,
    StrigoClient,
    strigo,
)
from tokenkit.extension import Headers, ResponseInfo
from tokenkit.sandbox import Sandbox

NOW = 1_714_445_704.25  # 2024-04-30T02:55:04.250Z
RECEIVED = ResponseInfo(
    status=200, headers=Headers(), received_at=datetime.fromtimestamp(NOW, timezone.utc)
)
IN_30_DAYS = datetime(2024, 5, 30, 2, 55, 4, 250_000, timezone.utc)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=lambda: NOW) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[StrigoClient]:
    with sandbox.strigo_client(clock=frozen_clock(NOW)) as client:
        yield client


def test_sync_against_another_process(issuers: Mapping[str, str]) -> None:
    """A sync client mints over a real socket, and the response's parts are typed values."""
    with StrigoClient.from_env(environ=issuers) as client:
        before = datetime.now(timezone.utc)
        token = client.create_user_token(
            email="user1@strigo.io",
            name="user1",
            external_user_id="external-user-id",
            expiration=timedelta(days=30),
            groups=["sales", "emea"],
        )
        after = datetime.now(timezone.utc)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token.token)
    assert token.user_id is not None
    assert re.fullmatch(r"[A-Za-z0-9]{17}", token.user_id)
    assert token.email == "user1@strigo.io"
    assert token.expires_at == token.expiration
    assert token.expires_at is not None
    step = timedelta(milliseconds=1)
    assert before - step <= token.expires_at - timedelta(days=30) <= after
    assert token.extra == {}


@pytest.mark.anyio
async def test_async_against_another_process(issuers: Mapping[str, str]) -> None:
    """An async client mints and checks the health over a real socket, on either event loop."""
    async with AsyncStrigoClient.from_env(environ=issuers) as client:
        token = await client.create_user_token(email="user2@strigo.io")
        health = await client.check_health()
    assert (token.email, len(token.token)) == ("user2@strigo.io", 43)
    assert health == strigo.Health(status="ok", message="Healthy")


def test_health(issuers: Mapping[str, str]) -> None:
    """The health check reads the response, which has no envelope."""
    with StrigoClient.from_env(environ=issuers) as client:
        health = client.check_health()
    assert (health.status, health.message, health.extra) == ("ok", "Healthy", {})


def test_wire_form_of_everything(sandbox: Sandbox, client: StrigoClient) -> None:
    """Strigo gets the documented names, and the expiration in epoch milliseconds."""
    token = client.create_user_token(
        email="user1@strigo.io",
        name="Zoë",
        external_user_id="ext-1",
        expiration=timedelta(days=30),
        groups=("sales", "emea"),
        extra={"locale": "de"},
    )
    assert sandbox.issued[-1].request == {
        "email": "user1@strigo.io",
        "name": "Zoë",
        "externalUserId": "ext-1",
        "expiration": 1_717_037_704_250,
        "groups": ["sales", "emea"],
        "locale": "de",
    }
    assert token.token == sandbox.issued[-1].token
    assert token.expires_at == IN_30_DAYS


def test_wire_form_of_the_least(sandbox: Sandbox, client: StrigoClient) -> None:
    """Missing fields are not sent, so that Strigo's defaults apply."""
    client.create_user_token(email="user1@strigo.io")
    assert sandbox.issued[-1].request == {"email": "user1@strigo.io"}


def test_empty_values_are_sent(sandbox: Sandbox, client: StrigoClient) -> None:
    """Empty strings and lists are sent, unlike missing fields."""
    client.create_user_token(email="a@b.io", name="", external_user_id="", groups=[])
    assert sandbox.issued[-1].request == {
        "email": "a@b.io",
        "name": "",
        "externalUserId": "",
        "groups": [],
    }


def test_datetime_expiration(sandbox: Sandbox, client: StrigoClient) -> None:
    """A datetime of any time zone means the same instant."""
    india = timezone(timedelta(hours=5, minutes=30))
    client.create_user_token(email="a@b.io", expiration=IN_30_DAYS.astimezone(india))
    assert sandbox.issued[-1].request["expiration"] == 1_717_037_704_250


@pytest.mark.anyio
async def test_async_wire_form(sandbox: Sandbox) -> None:
    """The async client sends exactly the same body."""
    async with sandbox.async_strigo_client(clock=async_frozen_clock(NOW)) as client:
        await client.create_user_token(
            email="a@b.io", external_user_id="ext-1", expiration=timedelta(hours=1)
        )
    assert sandbox.issued[-1].request == {
        "email": "a@b.io",
        "externalUserId": "ext-1",
        "expiration": 1_714_449_304_250,
    }


@pytest.mark.parametrize(
    "lasts", [timedelta(0), timedelta(seconds=-1), timedelta(days=62, milliseconds=1)]
)
def test_expiration_out_of_range(sandbox: Sandbox, client: StrigoClient, lasts: timedelta) -> None:
    """An expiration in the past or beyond 62 days is refused before anything is sent."""
    count = len(sandbox.issued) + len(sandbox.refused)
    with pytest.raises(InvalidInputError) as relative:
        client.create_user_token(email="a@b.io", expiration=lasts)
    with pytest.raises(InvalidInputError, match="62 days"):
        client.create_user_token(
            email="a@b.io", expiration=datetime.fromtimestamp(NOW, timezone.utc) + lasts
        )
    assert str(relative.value) == (
        "StrigoClient.create_user_token(): expiration must be in the future, at "
        "most 2 months (62 days) ahead"
    )
    assert len(sandbox.issued) + len(sandbox.refused) == count


def test_62_days_are_let_through(sandbox: Sandbox, client: StrigoClient) -> None:
    """The longest expiration is sent to Strigo, which decides."""
    client.create_user_token(email="a@b.io", expiration=timedelta(days=62))
    assert sandbox.issued[-1].request["expiration"] == 1_719_802_504_250


def test_unfit_arguments_are_reported_together() -> None:
    """One error names every problem, by Python name and wire name, and nothing is sent."""
    transport = responding(200)
    arguments: dict[str, Any] = {
        "email": "",
        "external_user_id": 7,
        "expiration": datetime(2024, 5, 30),  # noqa: DTZ001 - the lack of a zone is the point
        "groups": "sales",
    }
    with pytest.raises(InvalidInputError) as caught:
        scripted_strigo(transport).create_user_token(**arguments)
    assert str(caught.value) == (
        "StrigoClient.create_user_token(): email must not be empty; "
        "external_user_id ('externalUserId' in JSON) must be a string, not int; "
        "expiration must be a datetime with a time zone, such as datetime.now(timezone.utc); "
        "groups must be a list of strings, not a single string"
    )
    assert transport.requests == []


def test_bare_number_as_expiration() -> None:
    """A number is refused: it could mean seconds or milliseconds."""
    milliseconds: Any = 1_648_100_582_468
    client = scripted_strigo(responding(200))
    with pytest.raises(InvalidInputError, match="expiration must be a datetime or a timed"):
        client.create_user_token(email="a@b.io", expiration=milliseconds)


def test_created_status() -> None:
    """A 201 is as good as a 200: Strigo's sources vary."""
    with Sandbox(strigo_success_status=201) as sandbox, sandbox.strigo_client() as client:
        reply = client.send_raw(strigo.UserTokenRequest(email="a@b.io"))
    assert reply.status == 201
    assert reply.value.token == sandbox.issued[0].token


DOCUMENTED = {
    "user_id": "X7TnEwMSg66pBi8GZ",
    "expiration": 1_648_100_582_468,
    "token": "HfT31jk4WLIJ4f4ebR2MGzBIK0jp1M3tlbdvP20TBGd",
}


def test_the_documented_response() -> None:
    """The documentation's own response is read as it says, to the millisecond."""
    transport = responding(200, {"result": "success", "data": DOCUMENTED})
    token = scripted_strigo(transport).create_user_token(email="user1@strigo.io")
    assert token.token == "HfT31jk4WLIJ4f4ebR2MGzBIK0jp1M3tlbdvP20TBGd"
    assert token.user_id == "X7TnEwMSg66pBi8GZ"
    assert token.expires_at == datetime(2022, 3, 24, 5, 43, 2, 468_000, timezone.utc)
    assert token.to_sdk_setup() == {
        "email": "user1@strigo.io",
        "token": {
            "token": "HfT31jk4WLIJ4f4ebR2MGzBIK0jp1M3tlbdvP20TBGd",
            "expiration": 1_648_100_582_468,
        },
    }


def test_response_with_the_token_only() -> None:
    """Once a token exists, nothing beside it causes an error, and no unknown field is lost."""
    data = {"token": "t0ken", "user_id": 7, "expiration": "soon", "plan": {"seats": 3}}
    transport = responding(200, {"result": "success", "data": data})
    token = scripted_strigo(transport).create_user_token(email="a@b.io")
    assert (token.user_id, token.expires_at, token.is_expired()) == (None, None, False)
    assert token.extra == {"user_id": 7, "expiration": "soon", "plan": {"seats": 3}}
    assert token.to_sdk_setup() == {
        "email": "a@b.io",
        "token": {"token": "t0ken", "expiration": None},
    }


@pytest.mark.parametrize(
    ("body", "path", "problem"),
    [
        ({"result": "success", "data": {}}, "$.data.token", "a required field is missing"),
        ({"result": "success", "data": {"token": 5}}, "$.data.token", "found a number"),
        ({"result": "success", "data": {"token": ""}}, "$.data.token", "found an empty string"),
        ({"result": "success"}, "$.data", "expected an object, found null"),
        (
            {"result": "done", "data": DOCUMENTED},
            "$.result",
            "'success' or 'failure', found a string",
        ),
        ([DOCUMENTED], "$", "expected an object, found an array"),
        (b"", "$", "the body is empty"),
    ],
)
def test_unreadable_responses(body: object, path: str, problem: str) -> None:
    """A success without a readable token is a DecodeError that says where and shows no value."""
    with pytest.raises(DecodeError) as caught:
        scripted_strigo(responding(200, body)).create_user_token(email="a@b.io")
    assert caught.value.path == path
    assert problem in str(caught.value)
    assert "HfT31jk4" not in str(caught.value)


def test_a_call_needs_a_reader() -> None:
    """A subclass of the envelope's base that reads no data says so."""
    with pytest.raises(NotImplementedError):
        strigo.StrigoCall[str]().decode({"result": "success", "data": None}, RECEIVED)
