from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import attrs
import pytest
from all_clients import ZDK_MINT
from clocks import frozen_clock
from credentials import ZDK_API_KEY, zdk_client, zerohash_client
from vendors_support import (
    ECHO,
    listening,
    make_response,
    responding,
    scripted_strigo,
    scripted_zdk,
    scripted_zerohash,
)
from vendors_support import Script as Transport

from tokenkit import (
    AsyncZdkClient,
    ConfigurationError,
    DecodeError,
    InvalidInputError,
    NotFoundError,
    Reply,
    RetryPolicy,
    ServerError,
    strigo,
    zdk,
    zerohash,
)
from tokenkit.extension import JSON, Call, ResponseInfo, text
from tokenkit.extension import param as parameter
from tokenkit.sandbox import Sandbox

TOKENS = {"tokens": ["t0ken-1"]}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def test_send_performs_any_call(sandbox: Sandbox) -> None:
    """A call as a value is sent like the method's own, as often as you like."""
    with sandbox.zdk_client() as client:
        first, second = client.send(ZDK_MINT), client.send(ZDK_MINT)
    assert (first.user_id, second.user_id) == ("user-1", "user-1")
    assert first.token != second.token


@attrs.frozen(kw_only=True)
class Echo(Call[JSON]):
    """A call that this test defines."""

    path = "/echo"
    word: str = attrs.field(metadata=parameter(text()))

    def decode(self, body: JSON, response: ResponseInfo) -> JSON:
        del response
        return body


def test_calls_of_ones_own() -> None:
    """A client sends a user's own call, with the client's credentials."""
    transport = responding(200, {"said": "hi"})
    assert scripted_zdk(transport).send(Echo(word="hi")) == {"said": "hi"}
    (request,) = transport.requests
    assert (request.url.path, request.content) == ("/echo", b'{"word":"hi"}')
    assert request.headers["authorization"] == f"Bearer {ZDK_API_KEY}"


def test_send_raw() -> None:
    """A reply has the value and the response's details."""
    headers = {"X-Request-Id": "req-7", "Retry-After": "0"}
    transport = Transport((make_response(503, b"", headers), make_response(200, TOKENS, headers)))
    client = zdk_client(transport=transport, clock=frozen_clock())
    reply = client.send_raw(ZDK_MINT)
    assert reply == Reply(
        value=zdk.UserToken(token="t0ken-1", user_id="user-1"),
        status=200,
        headers=reply.headers,
        request_id="req-7",
        attempts=2,
    )
    assert reply.headers["x-request-id"] == reply.headers["X-REQUEST-ID"] == "req-7"
    assert "t0ken-1" not in repr(reply)


@pytest.mark.anyio
async def test_async_send_raw(sandbox: Sandbox) -> None:
    """The async client gives the same, on either event loop."""
    async with sandbox.async_zdk_client() as client:
        reply = await client.send_raw(ZDK_MINT)
        token = await client.send(ZDK_MINT)
    assert (reply.status, reply.attempts, reply.value.user_id) == (200, 1, "user-1")
    assert token.user_id == "user-1"


@pytest.mark.parametrize("call", [None, {"id": "a"}, zdk.UserTokenRequest, "POST"])
def test_sending_no_call(call: Any) -> None:
    """Anything but a call is refused before anything is sent."""
    transport = responding(200, TOKENS)
    with pytest.raises(InvalidInputError, match=r"call must be a call such as a request model"):
        scripted_zdk(transport).send(call)
    assert transport.requests == []


def test_overrides_of_one_call() -> None:
    """A call's own settings apply only to it."""
    clock = frozen_clock()
    transport = responding(503)
    client = zdk_client(transport=transport, clock=clock, headers={"x-team": "a", "x-more": "b"})
    for retries in (0, 1):
        with pytest.raises(ServerError) as caught:
            client.send(
                ZDK_MINT,
                headers={"X-Team": "z"},
                timeout=3,
                retry=RetryPolicy(max_retries=retries),
            )
        assert caught.value.attempts == retries + 1
    with pytest.raises(ServerError) as caught:
        client.send(ZDK_MINT)
    assert caught.value.attempts == 3
    first, last = transport.requests[0], transport.requests[-1]
    assert (first.headers["x-team"], first.headers["x-more"]) == ("z", "b")
    assert (last.headers["x-team"], last.headers["x-more"]) == ("a", "b")
    assert first.extensions["timeout"]["read"] == 3
    assert last.extensions["timeout"]["read"] == 30


def test_deadline_of_one_call() -> None:
    """If the call's own deadline doesn't allow a wait, there is none."""
    clock = frozen_clock()
    client = zdk_client(transport=responding(503, b"", {"retry-after": "5"}), clock=clock)
    with pytest.raises(ServerError):
        client.send(ZDK_MINT, deadline=5)
    assert list(clock.sleeps) == []
    with pytest.raises(ServerError):
        client.send(ZDK_MINT, deadline=5.5)
    assert list(clock.sleeps) == [5.0]


def test_unknown_overrides() -> None:
    """An unknown keyword is a TypeError that names the method of the class."""
    options: dict[str, Any] = {"base_url": "https://elsewhere.example"}
    client = scripted_zdk(responding(200, TOKENS))
    with pytest.raises(TypeError) as caught:
        client.send(ZDK_MINT, **options)
    assert str(caught.value) == "ZdkClient.send() got an unexpected keyword argument 'base_url'"
    with pytest.raises(TypeError, match=r"ZdkClient\.with_options\(\) got an unexpected keyword"):
        client.with_options(**options)


@pytest.mark.parametrize("method", ["send", "send_raw", "request"])
def test_errors_name_the_method_that_was_called(method: str) -> None:
    """What is wrong with an option, or with the call, is said of the caller's own method."""
    client = scripted_zdk(responding(200, TOKENS))
    arguments: tuple[Any, ...] = ("GET", "/x") if method == "request" else (ZDK_MINT,)
    with pytest.raises(ConfigurationError, match=rf"ZdkClient\.{method}\(\): timeout"):
        getattr(client, method)(*arguments, timeout=0)
    with pytest.raises(TypeError, match=rf"ZdkClient\.{method}\(\) got .* did you mean 'timeout'"):
        getattr(client, method)(*arguments, timeot=3)
    with pytest.raises(InvalidInputError, match=rf"^ZdkClient\.{method}\(\): request_id"):
        getattr(client, method)(*arguments, request_id="a\n")


def test_request_ids() -> None:
    """Zerohash gets the given request id, or a new UUID for each call; it comes back."""
    transport = responding(200, {"epoch": 0}, {"x-request-id": ECHO})
    client = scripted_zerohash(transport)
    reply = client.send_raw(zerohash.TimeRequest(), request_id="mine 1")
    client.get_time()
    client.get_time()
    sent = [request.headers["x-request-id"] for request in transport.requests]
    assert (sent[0], reply.request_id) == ("mine 1", "mine 1")
    assert UUID(sent[1]).version == UUID(sent[2]).version == 4
    assert sent[1] != sent[2]
    unfit: list[tuple[Any, str]] = [
        ("", "is empty"),
        ("a\nb", "contains a line break"),
        ("é", "contains a character outside ASCII"),
        (" a", "begins or ends with a space"),
        (7, "must be a string, not int"),
    ]
    for given, problem in unfit:
        with pytest.raises(InvalidInputError, match=f"request_id {problem}"):
            client.send(zerohash.TimeRequest(), request_id=given)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/time"),
        ("POST", "/convert_withdraw/execute"),
        ("PUT", "/a/b%20c"),
        ("PATCH", "/a?b=c&d=%C3%A9&e=/?"),
        ("DELETE", "/a~b/(c)"),
    ],
)
def test_request(method: str, path: str) -> None:
    """An endpoint without a model is called by method and path, exactly as written."""
    transport = responding(200, {"a": [1, None]})
    json = None if method == "GET" else {"quote_id": "3fc51610"}
    reply = scripted_zerohash(transport).request(method, path, json=json)
    assert (reply.value, reply.status) == ({"a": [1, None]}, 200)
    (request,) = transport.requests
    assert (request.method, request.url.raw_path.decode()) == (method, path)
    assert request.content == (b"" if json is None else b'{"quote_id":"3fc51610"}')


def test_request_goes_below_the_base_url() -> None:
    """The path is relative to the base URL, including Strigo's version."""
    transport = responding(200, {})
    scripted_strigo(transport).request("GET", "/classes?page=2")
    assert str(transport.requests[0].url) == "https://app.strigo.io/api/v1/classes?page=2"


def test_an_empty_response() -> None:
    """An empty response is ``None``, and one that is not JSON is a DecodeError."""
    client = scripted_zdk(responding(204))
    assert client.request("POST", "/x", json={}).value is None
    with pytest.raises(DecodeError, match="not JSON; it begins '<p>hello'"):
        scripted_zdk(responding(200, b"<p>hello")).request("GET", "/x")


@pytest.mark.parametrize(
    ("method", "path", "problem"),
    [
        ("GET", "https://evil.example/x", "path must start with one slash"),
        ("GET", "//evil.example/x", "path must start with one slash"),
        ("GET", "x", "path must start with one slash"),
        ("GET", "", "path must start with one slash"),
        ("GET", "/a/../b", "path must be percent-encoded, without '.' and '..' segments"),
        ("GET", "/./b", "path must be percent-encoded"),
        ("GET", "/a b", "path must be percent-encoded"),
        ("GET", "/a\r\nHost: b", "path must be percent-encoded"),
        ("GET", "/é", "path must be percent-encoded"),
        ("GET", "/a#b", "path must be percent-encoded"),
        ("GET", "/a\\b", "path must be percent-encoded"),
        ("GET", "/a%zz", "path must be percent-encoded"),
        ("GET", "/a?", "path must not end in a lone '?'"),
        ("GET", None, "path must be a string, not None"),
        ("get", "/a", "method must be an HTTP method in upper case, such as 'POST'"),
        ("CONNECT", "/a", "method must be an HTTP method in upper case"),
        (None, "/a", "method must be an HTTP method in upper case"),
    ],
)
def test_unfit_requests(method: Any, path: Any, problem: str) -> None:
    """Only a plain path below the base URL can be called: no other host, no other route."""
    transport = responding(200, {})
    with pytest.raises(InvalidInputError) as caught:
        scripted_zdk(transport).request(method, path)
    assert str(caught.value).startswith(f"ZdkClient.request(): {problem}")
    assert transport.requests == []


@pytest.mark.parametrize(("method", "attempts"), [("GET", 3), ("POST", 1), ("DELETE", 1)])
def test_repeats_of_requests(method: str, attempts: int) -> None:
    """A GET is retried; about other methods nothing is known, so they are not."""
    client = zdk_client(transport=responding(502), clock=frozen_clock())
    with pytest.raises(ServerError) as caught:
        client.request(method, "/x")
    assert caught.value.attempts == attempts


@pytest.mark.anyio
async def test_async_request(issuers: Mapping[str, str]) -> None:
    """The async client's request() works over a real socket, failures included."""
    async with AsyncZdkClient.from_env(environ=issuers) as client:
        path = "/user.tokens.private.v1.Service/Create"
        reply = await client.request("POST", path, json={"arguments": [{"id": "a"}]})
        with pytest.raises(ServerError, match="HTTP 501 unimplemented"):
            await client.request("POST", "/user.tokens.private.v1.Service/Delete", json={})
    assert isinstance(reply.value, dict)
    assert list(reply.value) == ["tokens"]


def test_a_path_below_a_base_path() -> None:
    """Over a socket, a base URL's path comes before every call's path."""
    with (
        listening(lambda _: (404, {"error": "Not Found"})) as server,
        zerohash_client(f"{server.url}/proxy/zh/") as client,
        pytest.raises(NotFoundError),
    ):
        client.get_time()
    assert [request.route for request in server.received] == ["/proxy/zh/time"]


def test_strigo_calls_as_values() -> None:
    """Calls with the same fields are equal; an empty string differs from nothing."""
    first, second = (strigo.UserTokenRequest(email="a@b.io") for _ in range(2))
    assert first == second
    assert first != strigo.UserTokenRequest(email="a@b.io", name="")
