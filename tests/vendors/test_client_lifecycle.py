import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from clocks import frozen_clock
from credentials import ZDK_API_KEY, async_zdk_client, strigo_client, zdk_client
from http_library import httpx
from pytest_httpx import HTTPXMock
from vendors_support import CLIENTS, responding, scripted_zdk

from tokenkit import (
    ClientClosedError,
    ConfigurationError,
    InvalidInputError,
    RetryPolicy,
    ServerError,
    ZdkClient,
)
from tokenkit.sandbox import Sandbox

CREATE = "https://user.dev.zu.casa/user.tokens.private.v1.Service/Create"
TOKENS = {"tokens": ["t0ken-1"]}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


class CountingTransport(httpx.MockTransport):
    """A transport, sync and async, that counts how often it is closed."""

    def __init__(self) -> None:
        super().__init__(lambda _: httpx.Response(200, json=TOKENS))
        self.closed = 0

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


def test_closed(sandbox: Sandbox) -> None:
    """After the ``with`` block, every way to send raises, and closing again is harmless."""
    with sandbox.zdk_client() as client:
        client.create_user_token(id="u")
    client.close()
    for use in (
        lambda: client.create_user_token(id="u"),
        lambda: client.request("GET", "/x"),
        lambda: client.with_options(timeout=1).create_user_token(id="u"),
    ):
        with pytest.raises(ClientClosedError) as caught:
            use()
        assert str(caught.value) == "This ZdkClient is closed; create a new one"


@pytest.mark.anyio
async def test_async_closed(sandbox: Sandbox) -> None:
    """The async client does the same, on either event loop."""
    async with sandbox.async_zerohash_client() as client:
        await client.get_time()
    await client.aclose()
    with pytest.raises(ClientClosedError) as caught:
        await client.get_time()
    assert str(caught.value) == "This AsyncZeroHashClient is closed; create a new one"


def test_an_unused_client_closes() -> None:
    """A client that never sent anything can be closed as well."""
    with zdk_client() as client:
        pass
    with pytest.raises(ClientClosedError):
        client.create_user_token(id="u")


def test_siblings() -> None:
    """A sibling has its own settings and shares everything else, including the end."""
    transport = CountingTransport()
    owner = zdk_client(transport=transport, headers={"x-team": "a"})
    sibling = owner.with_options(headers={"x-more": "b"})
    assert type(sibling) is ZdkClient
    assert repr(sibling) == repr(owner)
    with sibling:
        sibling.create_user_token(id="u")
    sibling.close()
    sibling.create_user_token(id="u")
    assert owner.create_user_token(id="u").token == "t0ken-1"
    assert transport.closed == 0
    owner.close()
    assert transport.closed == 1
    with pytest.raises(ClientClosedError):
        sibling.create_user_token(id="u")


@pytest.mark.anyio
async def test_async_siblings() -> None:
    """The async client's siblings behave in the same way."""
    transport = CountingTransport()
    owner = async_zdk_client(transport=transport)
    async with owner.with_options(timeout=1) as sibling:
        await sibling.create_user_token(id="u")
    assert (await sibling.create_user_token(id="u")).token == "t0ken-1"
    assert transport.closed == 0
    await owner.aclose()
    assert transport.closed == 1
    with pytest.raises(ClientClosedError):
        await sibling.create_user_token(id="u")


def test_siblings_of_siblings_add_up() -> None:
    """Unchanged settings are kept, and headers are added to the existing ones."""
    transport = responding(503)
    clock = frozen_clock()
    owner = zdk_client(transport=transport, clock=clock, headers={"x-a": "1"})
    once = owner.with_options(retry=RetryPolicy(max_retries=0), headers={"X-B": "2"})
    again = once.with_options(headers={"x-a": "3"})
    with pytest.raises(ServerError) as caught:
        again.create_user_token(id="u")
    assert caught.value.attempts == 1
    sent = transport.requests[-1].headers
    assert (sent["x-a"], sent["x-b"]) == ("3", "2")
    with pytest.raises(ServerError) as caught:
        owner.create_user_token(id="u")
    assert caught.value.attempts == 3
    assert "x-b" not in transport.requests[-1].headers


def test_siblings_share_the_retry_budget() -> None:
    """An outage uses up one budget of 90 retries, whichever sibling meets it."""
    transport = responding(503)
    owner = zdk_client(
        transport=transport, clock=frozen_clock(), deadline=None, retry=RetryPolicy(max_retries=60)
    )
    attempts: list[int] = []
    for client in (owner, owner.with_options(headers={"x-a": "1"}), owner):
        with pytest.raises(ServerError) as caught:
            client.create_user_token(id="u")
        attempts.append(caught.value.attempts)
    assert attempts == [61, 31, 1]


def test_a_sibling_checks_its_settings() -> None:
    """A sibling refuses impossible settings, as a client does."""
    retry: Any = 3
    with pytest.raises(ConfigurationError, match=r"retry must be a RetryPolicy\(\.\.\.\)"):
        scripted_zdk(responding(200)).with_options(retry=retry)


@pytest.mark.parametrize(("kind", "credentials"), CLIENTS)
def test_clients_refuse_to_be_pickled(kind: Any, credentials: dict[str, str]) -> None:
    """A client cannot be pickled; the message explains the alternative."""
    with pytest.raises(TypeError) as caught:
        pickle.dumps(kind(**credentials))
    name = kind.__name__
    assert str(caught.value) == (
        f"{'An' if name.startswith('Async') else 'A'} {name} can't be pickled or copied; "
        f"create a new one, for example with {name}.from_env()"
    )


def test_a_users_client_stays_open() -> None:
    """A caller's client is used and never closed; its default headers are below ours."""
    transport = CountingTransport()
    with httpx.Client(
        transport=transport, headers={"x-team": "a", "user-agent": "theirs"}
    ) as theirs:
        with zdk_client(http_client=theirs) as client:
            assert client.create_user_token(id="u").token == "t0ken-1"
        assert transport.closed == 0
        assert not theirs.is_closed


@pytest.mark.anyio
async def test_a_users_async_client_stays_open() -> None:
    """It is the same for async clients, on either event loop."""
    transport = CountingTransport()
    async with httpx.AsyncClient(transport=transport) as theirs:
        async with async_zdk_client(http_client=theirs) as client:
            assert (await client.create_user_token(id="u")).token == "t0ken-1"
        assert transport.closed == 0


def test_pytest_httpx(httpx_mock: HTTPXMock) -> None:
    """A user's mock of httpx sees the client's own connections."""
    httpx_mock.add_response(method="POST", url=CREATE, json=TOKENS)
    with zdk_client(http_family="httpx") as client:
        assert client.create_user_token(id="u").token == "t0ken-1"
    request = httpx_mock.get_request()
    assert request is not None
    assert request.headers["authorization"] == f"Bearer {ZDK_API_KEY}"
    assert request.read() == b'{"arguments":[{"id":"u"}]}'


@pytest.mark.anyio
async def test_pytest_httpx_async(httpx_mock: HTTPXMock) -> None:
    """It is the same for the async client."""
    httpx_mock.add_response(method="POST", url=CREATE, json=TOKENS)
    async with async_zdk_client(http_family="httpx") as client:
        assert (await client.create_user_token(id="u")).token == "t0ken-1"


def test_errors_before_a_call_name_it() -> None:
    """Invalid arguments and a closed client lead to errors that name the call."""
    client = strigo_client()
    with pytest.raises(InvalidInputError) as invalid:
        client.create_user_token(email="")
    client.close()
    with pytest.raises(ClientClosedError) as closed:
        client.create_user_token(email="user1@example.com")
    with pytest.raises(InvalidInputError) as raw:
        client.request("get", "/x")
    named = [(one.value.vendor, one.value.operation) for one in (invalid, closed, raw)]
    assert named == [
        ("strigo", "create_user_token"),
        ("strigo", "create_user_token"),
        ("strigo", "request"),
    ]
    assert {one.value.outcome for one in (invalid, closed, raw)} == {"not performed"}
    assert {one.value.attempts for one in (invalid, closed, raw)} == {0}
