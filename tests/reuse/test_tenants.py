"""Callers with different credentials never share a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import httpx
import pytest
from all_clients import STRIGO_MINT
from credentials import WRONG_KEY, strigo_client

from tokenkit import (
    AsyncStrigoClient,
    Secret,
    StrigoClient,
    TokenCache,
    strigo,
)
from tokenkit.auth import Bearer, OrgKey
from tokenkit.errors import (
    ConfigurationError,
)
from tokenkit.extension import JSON, Call, ResponseInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tokenkit.extension import Request
    from tokenkit.sandbox import Sandbox


@attrs.frozen(kw_only=True)
class AnyValueRequest(Call[strigo.UserToken]):
    """A vendor's model with a field that takes any value."""

    path: ClassVar[str] = "/any"
    reusable: ClassVar[bool] = True

    value: Any

    def decode(self, body: JSON, response: ResponseInfo) -> strigo.UserToken:
        return STRIGO_MINT.decode(body, response)


class Minting(httpx.MockTransport):
    """Responds like Strigo, with tokens that say who they were issued to."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        super().__init__(self.respond)

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        who = f"{request.headers.get('authorization')}-{request.headers.get('x-tenant')}"
        data = {
            "user_id": "u",
            "expiration": 4_102_444_800_000,
            "token": f"{who}-{request.url}-{len(self.requests)}",
        }
        return httpx.Response(200, json={"result": "success", "data": data})


def test_clients_with_other_credentials_share_nothing() -> None:
    """One cache for many tenants: each gets their own tokens."""
    cache, transport = TokenCache(), Minting()
    tenants: list[dict[str, Any]] = [
        {},
        {"org_id": "two"},
        {"api_key": "other"},
        {"base_url": "https://eu.strigo.example/api/v1"},
        {"headers": {"x-tenant": "a"}},
        {"headers": {"x-tenant": "b"}},
    ]
    clients = [
        strigo_client(transport=transport, token_cache=cache, **options) for options in tenants
    ]
    tokens = [client.get_token(STRIGO_MINT).token for client in clients]
    assert len(set(tokens)) == len(tokens)
    assert [client.get_token(STRIGO_MINT).token for client in clients] == tokens
    same = strigo_client(transport=transport, token_cache=cache)
    assert same.get_token(STRIGO_MINT).token == tokens[0]
    sibling = same.with_options(headers={"x-tenant": "a"})
    assert sibling.get_token(STRIGO_MINT).token == tokens[4]
    assert same.get_token(STRIGO_MINT).token == tokens[0]


def test_values_that_are_equal_but_look_different_on_the_wire_share_nothing() -> None:
    """``True == 1 == 1.0`` in Python, but not in JSON: each has its own token."""
    client = strigo_client(transport=Minting())
    values: list[Any] = [1, True, 1.0, "1", None, "", (1,), (True,), (1.0,), ((1,),), ((True,),)]
    calls = [AnyValueRequest(value=value) for value in values]
    tokens = [client.get_token(call).token for call in calls]
    assert len(set(tokens)) == len(values)
    again = [client.get_token(AnyValueRequest(value=value)).token for value in values]
    assert again == tokens


def test_results_of_a_secret_source_share_nothing() -> None:
    """A callable secret is asked each time: it may return another tenant's."""
    tenant = ["one"]
    client = StrigoClient(
        auth=OrgKey(lambda: tenant[0], lambda: Secret("key")), transport=Minting()
    )
    first = client.get_token(STRIGO_MINT)
    tenant[0] = "two"
    second = client.get_token(STRIGO_MINT)
    tenant[0] = "one"
    assert "one" in first.token
    assert "two" in second.token
    assert client.get_token(STRIGO_MINT) is first


def test_mint_is_signed_with_what_is_in_the_key() -> None:
    """A source that changes its result at any moment stores no token under another's key."""
    answers = iter(["one", "two", "three", "one"])
    client = StrigoClient(auth=OrgKey(lambda: next(answers), lambda: "key"), transport=Minting())
    assert "one" in client.get_token(STRIGO_MINT).token
    assert "two" in client.get_token(STRIGO_MINT).token
    assert "three" in client.get_token(STRIGO_MINT).token
    assert "one" in client.get_token(STRIGO_MINT).token
    assert client.token_cache.statistics().mints == 3


@pytest.mark.anyio
async def test_results_of_an_async_source_share_nothing(sandbox: Sandbox) -> None:
    """It is the same for an async source."""
    asked = 0

    async def org() -> str:
        nonlocal asked
        asked += 1
        return "sandbox-strigo-org-id"

    async with AsyncStrigoClient(
        auth=OrgKey(org, lambda: "sandbox-strigo-api-key"),
        base_url=sandbox.environment["STRIGO_BASE_URL"],
    ) as client:
        assert await client.get_token(STRIGO_MINT) is await client.get_token(STRIGO_MINT)
    assert asked == 2


class TenantKey(Bearer[Secret]):
    """A caller's own strategy that sends more than its secrets."""

    tenant = "one"

    def headers(
        self, request: Request, secrets: Sequence[Secret], now: float
    ) -> Mapping[str, str]:
        return {**super().headers(request, secrets, now), "x-tenant": self.tenant}


def test_strategy_that_sends_more_than_secrets_shares_nothing() -> None:
    """A caller's own strategy is asked what it would send."""
    strategy = TenantKey(Secret("key"))
    client = StrigoClient(auth=strategy, transport=Minting())
    first = client.get_token(STRIGO_MINT)
    strategy.tenant = "two"
    assert client.get_token(STRIGO_MINT).token != first.token
    strategy.tenant = "one"
    assert client.get_token(STRIGO_MINT) is first


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("boom"), "StrigoClient: Failing.headers() raised ValueError"),
        (ConfigurationError("no tenant"), "StrigoClient: no tenant"),
        (ConfigurationError(f"{WRONG_KEY} is old"), "StrigoClient: [redacted] is old"),
    ],
)
def test_strategy_that_fails_is_named(error: Exception, text: str) -> None:
    """If a strategy can't say what it would send, that is the caller's to fix."""

    class Failing(TenantKey):
        def headers(
            self,
            request: Request,  # noqa: ARG002 - it fails
            secrets: Sequence[Secret],  # noqa: ARG002 - as above
            now: float,  # noqa: ARG002 - as above
        ) -> Mapping[str, str]:
            raise error

    client = StrigoClient(auth=Failing(Secret(WRONG_KEY)), transport=Minting())
    for begin in (client.get_token, client.invalidate_token):
        with pytest.raises(ConfigurationError) as caught:
            begin(STRIGO_MINT)
        assert str(caught.value) == text
        assert (caught.value.vendor, caught.value.operation) == ("strigo", begin.__name__)
        cause = None if isinstance(error, ConfigurationError) else error
        assert caught.value.__cause__ is cause


@pytest.mark.parametrize(
    "made",
    [
        {"x-tenant": b"one"},
        {"x-tenant": Secret(WRONG_KEY)},
        {b"x-tenant": "one"},
        {5: "one"},
        {"host": "one"},
        None,
        "one",
        [("x-tenant", "one")],
    ],
)
def test_headers_of_a_strategy_are_checked_for_the_key_too(made: Any, tmp_path: Path) -> None:
    """Whatever a strategy returns, get_token() and a journal say the same as a mint."""

    class Returning(TenantKey):
        def headers(
            self,
            request: Request,  # noqa: ARG002 - it returns what a test says
            secrets: Sequence[Secret],  # noqa: ARG002 - as above
            now: float,  # noqa: ARG002 - as above
        ) -> Mapping[str, str]:
            headers: Mapping[str, str] = made
            return headers

    client = StrigoClient(auth=Returning(Secret(WRONG_KEY)), transport=Minting())

    def send_many(call: strigo.UserTokenRequest) -> None:
        with client.send_many([call], journal=tmp_path / "journal") as results:
            assert next(results).ok

    def told_by(begin: Callable[[strigo.UserTokenRequest], object]) -> str | None:
        try:
            begin(STRIGO_MINT)
        except ConfigurationError as error:
            return str(error)
        return None

    told = told_by(client.send)
    assert (told is None) is isinstance(made, list)
    assert told_by(client.get_token) == told_by(send_many) == told


def test_strategy_that_fails_for_the_mint_alone_is_named() -> None:
    """If a strategy fails only while it signs, the error names it, and not what stands for it."""

    class Picky(TenantKey):
        def headers(
            self, request: Request, secrets: Sequence[Secret], now: float
        ) -> Mapping[str, str]:
            if request.body != b"{}":
                raise KeyError
            return super().headers(request, secrets, now)

    client = StrigoClient(auth=Picky(Secret(WRONG_KEY)), transport=Minting())
    for begin in (client.send, client.get_token):
        with pytest.raises(
            ConfigurationError, match=r"^StrigoClient: Picky\.headers\(\) raised K"
        ):
            begin(STRIGO_MINT)


def test_default_headers_of_a_caller_s_client_share_nothing() -> None:
    """The headers of a caller's httpx client, as they are now, distinguish tenants."""
    transport = Minting()
    with httpx.Client(transport=transport, headers={"x-tenant": "a"}) as own:
        client = strigo_client(http_client=own)
        first = client.get_token(STRIGO_MINT)
        assert client.get_token(STRIGO_MINT) is first
        own.headers["x-tenant"] = "b"
        assert client.get_token(STRIGO_MINT).token != first.token


def test_secret_source_that_fails_is_told() -> None:
    """A source that raises is a ConfigurationError, as for any call."""

    def broken() -> str:
        raise ValueError

    client = StrigoClient(auth=OrgKey("o", broken), transport=Minting())
    for begin in (client.get_token, client.invalidate_token):
        with pytest.raises(ConfigurationError, match="broken raised ValueError") as caught:
            begin(STRIGO_MINT)
        assert (caught.value.vendor, caught.value.operation) == ("strigo", begin.__name__)
    with pytest.raises(ConfigurationError) as caught:
        client.send(STRIGO_MINT)
    assert (caught.value.vendor, caught.value.operation) == ("strigo", "create_user_token")
