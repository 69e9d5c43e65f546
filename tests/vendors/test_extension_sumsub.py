"""A vendor outside the package, with a server that checks as the real one would."""

import ast
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sumsub_vendor
from clocks import frozen_clock
from listed_problems import problems_with
from sumsub_vendor import AsyncSumsubClient, SdkTokenRequest, SumsubClient
from vendors_support import Listener, Received, listening

from tokenkit import (
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    DecodeError,
    InvalidInputError,
    Secret,
    extension,
)

APP_TOKEN, SECRET_KEY = "sbx:app", "s3cr€t-key"
ENVIRON = {"SUMSUB_APP_TOKEN": APP_TOKEN, "SUMSUB_SECRET_KEY": SECRET_KEY}


def respond(request: Received) -> tuple[int, object]:
    """Check the signature and the clock, then do what the level's name asks for."""
    stamp = request.headers["x-app-access-ts"]
    signed = f"{stamp}{request.method}{request.route}".encode() + request.body
    expected = hmac.new(SECRET_KEY.encode(), signed, hashlib.sha256).hexdigest()
    sent = (request.headers["x-app-token"], request.headers["x-app-access-sig"])
    if sent != (APP_TOKEN, expected) or abs(int(stamp) - time.time()) > 60:
        return 401, {"description": "Signature mismatch", "correlationId": "req-1"}
    wanted = json.loads(request.body)
    if wanted["levelName"] == "none":
        return 400, {"description": "No such level", "correlationId": "req-2"}
    if wanted["levelName"] == "odd":
        return 200, {"token": 5, "userId": "u"}
    return 200, {"token": f"_act-{wanted['userId']}", "userId": wanted["userId"]}


@pytest.fixture(scope="module")
def sumsub() -> Iterator[Listener]:
    with listening(respond) as server:
        yield server


@pytest.fixture
def client(sumsub: Listener) -> Iterator[SumsubClient]:
    with SumsubClient.from_env(environ={**ENVIRON, "SUMSUB_BASE_URL": sumsub.url}) as client:
        yield client


def test_it_needs_public_names_only() -> None:
    """The vendor uses only public names of the package."""
    tree = ast.parse(Path(sumsub_vendor.__file__).read_text("utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name for name in modules if name and name.startswith("tokenkit")}
    assert ours == {"tokenkit.auth", "tokenkit.extension"}
    names = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert not [name for name in names if name.startswith("_")]


def test_mint(sumsub: Listener, client: SumsubClient) -> None:
    """A token is minted with a signed request, and its lifetime counts from the response."""
    before = time.time()
    token = client.create_sdk_token(user_id="ü-1", level_name="basic", ttl_in_secs=60)
    assert (token.token, token.subject, token.issuer) == ("_act-ü-1", "ü-1", "Sumsub")
    assert token.expires_at is not None
    assert before + 59 < token.expires_at.timestamp() < time.time() + 61
    request = sumsub.received[-1]
    assert json.loads(request.body) == {"userId": "ü-1", "levelName": "basic", "ttlInSecs": 60}
    assert request.headers["x-sdk"] == "tokenkit"


@pytest.mark.anyio
async def test_async_mint(sumsub: Listener) -> None:
    """The async client does the same on either event loop, with an async secret source."""

    async def secret_key() -> Secret:
        return Secret(SECRET_KEY)

    async with AsyncSumsubClient(
        app_token=APP_TOKEN, secret_key=secret_key, base_url=sumsub.url
    ) as client:
        token = await client.create_sdk_token(user_id="u", level_name="basic")
    assert token.token == "_act-u"
    assert token.expires_at is not None
    assert not token.is_expired()
    assert token.is_expired(token.expires_at + timedelta(seconds=1))


def test_a_wrong_clock_is_corrected(sumsub: Listener) -> None:
    """A signature that is refused for its time is made again with the vendor's time."""
    with SumsubClient(
        app_token=APP_TOKEN,
        secret_key=SECRET_KEY,
        base_url=sumsub.url,
        clock=frozen_clock(time.time() - 3600),
    ) as client:
        assert client.create_sdk_token(user_id="u", level_name="basic").token


def test_errors(client: SumsubClient, sumsub: Listener) -> None:
    """An error has the vendor's message, and the request id from its body."""
    with pytest.raises(BadRequestError, match="No such level") as caught:
        client.create_sdk_token(user_id="u", level_name="none")
    assert (caught.value.request_id, caught.value.operation) == ("req-2", "create_sdk_token")
    with pytest.raises(DecodeError, match="token"):
        client.create_sdk_token(user_id="u", level_name="odd")
    with (
        SumsubClient(app_token=APP_TOKEN, secret_key="wrong", base_url=sumsub.url) as stranger,
        pytest.raises(AuthenticationError, match="check the app token and the secret key"),
    ):
        stranger.create_sdk_token(user_id="u", level_name="basic")


@pytest.mark.parametrize(
    ("lifetime", "problem"),
    [
        (0, "must be at least 1 and at most 86400"),
        (86_401, "must be at least 1 and at most 86400"),
        ("60", "must be a whole number, not str"),
        (True, "must be a whole number, not bool"),
        (1.5, "must be a whole number, not float"),
    ],
)
def test_whole_numbers(lifetime: Any, problem: str) -> None:
    """A lifetime is a whole number within the vendor's limits."""
    with pytest.raises(InvalidInputError) as caught:
        SdkTokenRequest(user_id="u", level_name="l", ttl_in_secs=lifetime)
    (error,) = caught.value.errors
    assert (error.field, error.wire_name, error.message) == ("ttl_in_secs", "ttlInSecs", problem)


def test_whole_numbers_with_one_limit() -> None:
    """Either limit may be left out, or both."""
    assert extension.integer(minimum=3)(2) == "must be at least 3"
    assert extension.integer(maximum=3)(4) == "must be at most 3"
    assert extension.integer()(-(10**30)) is None


def test_its_credentials_have_its_names() -> None:
    """The error about a credential uses the vendor's own words."""
    assert problems_with(SumsubClient, app_token="Bearer x", secret_key="") == [
        "app_token starts with 'Bearer '; pass the key alone",
        "secret_key is empty",
    ]
    with pytest.raises(ConfigurationError, match=r"pass app_token=\.\.\. and secret_key=\.\.\."):
        AsyncSumsubClient()


class Tagged(SumsubClient):
    """A subclass in another package, with attributes of its own."""

    __slots__ = ("__tag", "empty")

    def __init__(self, tag: str, url: str) -> None:
        super().__init__(app_token=APP_TOKEN, secret_key=SECRET_KEY, base_url=url)
        self.__tag = tag
        self.minted: list[str] = []

    def mint(self, user: str) -> str:
        token = self.create_sdk_token(user_id=user, level_name="basic").token
        self.minted.append(token)
        return f"{self.__tag}:{token}"


def test_siblings_keep_what_a_subclass_added(sumsub: Listener) -> None:
    """A sibling has its client's attributes, even in slots, and shares its connections."""
    with Tagged("a", sumsub.url) as client:
        sibling = client.with_options(timeout=5).with_options(headers={"x-team": "b"})
        assert type(sibling) is Tagged
        assert sibling.mint("u") == "a:_act-u"
        assert sumsub.received[-1].headers["x-team"] == "b"
        assert client.minted is sibling.minted
        assert not hasattr(sibling, "empty")
        sibling.close()
        assert client.mint("v") == "a:_act-v"


class Sealed(Tagged):
    """A subclass whose slots can't be set by their names."""

    __slots__ = ("level", "tenant")

    def __init__(self, url: str) -> None:
        super().__init__("a", url)
        for name in Sealed.__slots__:
            vars(Sealed)[name].__set__(self, f"our {name}")

    def __setattr__(self, name: str, value: object) -> None:
        if name in Sealed.__slots__:
            raise AttributeError(f"{name} is read-only")
        super().__setattr__(name, value)


class Hiding(Sealed):
    """A subclass that hides its base's slots: behind a property, and behind an empty slot."""

    __slots__ = ("level",)

    @property
    def tenant(self) -> str:
        return f"hidden: {vars(Sealed)['tenant'].__get__(self)}"


@pytest.mark.parametrize("kind", [Sealed, Hiding])
def test_siblings_keep_slots_that_their_names_do_not_reach(kind: type[Sealed]) -> None:
    """Slots are copied as such, whatever a subclass makes of their names."""
    client = kind("https://a.example")
    sibling = client.with_options(timeout=5)
    assert [vars(Sealed)[name].__get__(sibling) for name in Sealed.__slots__] == [
        "our level",
        "our tenant",
    ]
    assert getattr(sibling, "tenant") == getattr(client, "tenant")  # noqa: B009 - a slot has no type
    assert hasattr(sibling, "level") is hasattr(client, "level") is (kind is Sealed)
