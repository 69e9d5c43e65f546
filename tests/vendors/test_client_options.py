import time
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from credentials import ZDK, ZEROHASH, zdk_client
from http_library import httpx
from listed_problems import problems_with
from vendors_support import CLIENTS, responding, scripted_zdk

from tokenkit import (
    AsyncZdkClient,
    AsyncZeroHashClient,
    InvalidInputError,
    RetryPolicy,
    Secret,
    StrigoClient,
    Timeouts,
    ZdkClient,
    ZeroHashClient,
    auth,
    zdk,
)
from tokenkit.testing import FrozenClock

EACH = pytest.mark.parametrize(("kind", "credentials"), CLIENTS)


class FalsyClock(FrozenClock):
    """A clock that counts as false, as one that holds no timers may."""

    def __bool__(self) -> bool:
        return False


def problems(kind: Any, **arguments: Any) -> str:
    return "\n".join(problems_with(kind, **arguments))


@pytest.mark.parametrize(
    ("kind", "arguments", "url"),
    [
        (ZdkClient, {"base_host": "zu.example"}, "https://user.zu.example"),
        (AsyncZdkClient, {"base_host": "DEV.zu.casa"}, "https://user.dev.zu.casa"),
        (ZdkClient, {"base_host": "zu.example:444"}, "https://user.zu.example:444"),
        (ZdkClient, {"base_url": "https://user.zu.example/"}, "https://user.zu.example"),
        (ZeroHashClient, {"environment": "us-cert"}, "https://api.cert.zerohash.com"),
        (ZeroHashClient, {"environment": "us-production"}, "https://api.zerohash.com"),
        (ZeroHashClient, {"environment": "eu-cert"}, "https://api.cert.zerohash.eu"),
        (AsyncZeroHashClient, {"environment": "eu-production"}, "https://api.zerohash.eu"),
        (StrigoClient, {"base_url": "https://a.example:443/b/"}, "https://a.example/b"),
        (
            StrigoClient,
            {"base_url": "http://a.example", "allow_insecure_http": True},
            "http://a.example",
        ),
    ],
)
def test_addresses(kind: Any, arguments: dict[str, Any], url: str) -> None:
    """Each way to choose the address gives the documented one."""
    credentials = next(given for known, given in CLIENTS if known is kind)
    assert repr(kind(**credentials, **arguments)) == f"{kind.__name__}(base_url='{url}')"


def test_addresses_exclude_each_other() -> None:
    """A base URL with a host or an environment is refused, because it is ambiguous."""
    url = "https://a.example"
    for kind in (ZdkClient, AsyncZdkClient):
        assert problems(kind, **ZDK, base_host="b.example", base_url=url) == (
            "pass either base_host or base_url, not both"
        )
    for other in (ZeroHashClient, AsyncZeroHashClient):
        assert problems(other, **ZEROHASH, environment="eu-cert", base_url=url) == (
            "pass either environment or base_url, not both"
        )


ADDED = "which the client adds; leave it out"


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        (5, ", not int"),
        (["zu.casa"], ", not list"),
        ("", ": it is empty"),
        ("https://zu.casa", ": it has a scheme; leave it out"),
        ("a/b", ": it contains '/', which a host can't"),
        ("a b:1", ": it contains ' ', which a host can't"),
        ("ü", r": it contains '\xfc', which a host can't"),
        ("a" * 254, ": it has 254 characters, more than 253"),
        ("a:b", ": its port must be a number"),
        ("a:", ": its port must be a number"),
        ("zu.casa.", ": it must begin and end with a letter or a digit"),
        (":80", ": it must begin and end with a letter or a digit"),
        ("user.zu.casa", f": it begins with 'user.', {ADDED}"),
        ("room.zu.casa", f": it begins with 'room.', {ADDED}"),
        ("Chat.zu.casa", f": it begins with 'Chat.', {ADDED}"),
        ("event.zu.casa", f": it begins with 'event.', {ADDED}"),
    ],
)
def test_unfit_base_hosts(host: Any, problem: str) -> None:
    """A base host is a bare host, without a service's name before it."""
    told = f"base_host must be a host such as 'dev.zu.casa'{problem}"
    assert problems(ZdkClient, **ZDK, base_host=host) == told


@pytest.mark.parametrize(
    ("proxy", "problem"),
    [
        ("", "is empty"),
        ("proxy.example:8080", "has no scheme"),
        ("ftp://proxy.example", "has another scheme"),
        ("http://", "has no host"),
        ("http://proxy.example:port", "has an invalid host or port"),
        ("http://[::1", "has an invalid host or port"),
        ("http:// h:1", "has an invalid host"),
        ("http://h h:1", "has an invalid host"),
        ("http://<h>:1", "has an invalid host"),
        (r"http://h\x:1", "has an invalid host"),
        ("http://user:leaked@a..b:1", "has an invalid host"),
    ],
)
def test_unfit_proxies(proxy: str, problem: str) -> None:
    """The error says which part of the URL can't be used, and shows no password."""
    forms = "http://host:port, https://host:port or socks5://host:port"
    assert problems(ZdkClient, **ZDK, proxy=proxy) == f"proxy must be like {forms}: it {problem}"


@EACH
def test_a_strategy_or_the_credentials(kind: Any, credentials: dict[str, str]) -> None:
    """Both are refused, neither is refused, and for an incomplete set the rest is named."""
    both = problems(kind, auth=auth.Bearer("b"), **credentials)
    assert both == f"pass either auth or {' and '.join(credentials)}, not both"
    *most, last = (f"{name}=..." for name in credentials)
    listed = f"{', '.join(most)} and {last}" if most else last
    assert problems(kind) == f"pass {listed} or auth=..."
    for name in list(credentials)[1:]:
        given = {other: value for other, value in credentials.items() if other != name}
        assert problems(kind, **given) == f"pass {name}=... or auth=..."


@EACH
def test_a_key_in_a_strategys_place(kind: Any, credentials: dict[str, str]) -> None:
    """Anything but a strategy is refused when the client is built, and not shown."""
    del credentials
    assert problems(kind, auth="a-key") == "auth must be a strategy such as Bearer(...), not str"
    assert problems(kind, auth=auth.Bearer) == (
        "auth must be a strategy such as Bearer(...), not the class Bearer"
    )


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ("", "''"),
        ("cert", "'cert'; did you mean 'us-cert'?"),
        ("us-prodution", "'us-prodution'; did you mean 'us-production'?"),
        (5, "int"),
        (["us-cert"], "list"),
        ("US-CERT", "'US-CERT'"),
    ],
)
def test_unfit_environments(environment: Any, shown: str) -> None:
    """An environment that zerohash doesn't have is refused, and the four are named."""
    for kind in (ZeroHashClient, AsyncZeroHashClient):
        assert problems(kind, **ZEROHASH, environment=environment) == (
            "environment must be one of 'us-cert', 'us-production', 'eu-cert', 'eu-production', "
            f"not {shown}"
        )


def test_another_strategy() -> None:
    """A strategy instead of credentials authenticates the requests."""
    transport = responding(200, {"status": "ok", "message": "Healthy"})
    StrigoClient(auth=auth.Bearer("proxy-key"), transport=transport).check_health()
    assert transport.requests[0].headers["authorization"] == "Bearer proxy-key"


@EACH
def test_credentials_of_the_wrong_type(kind: Any, credentials: dict[str, str]) -> None:
    """A credential is a string, a Secret or a callable."""
    for name, value in credentials.items():
        assert problems(kind, **{**credentials, name: 7}) == (
            f"{name} must be a string, a Secret or a callable, not int"
        )
        assert problems(kind, **{**credentials, name: ""}) == f"{name} is empty"
        assert kind(**{**credentials, name: Secret(value)})


@EACH
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"base_url": 5}, "base_url must be a string, not int"),
        ({"base_url": "ftp://a"}, "base_url must be like https://host or http://localhost:8000"),
        ({"timeout": "5"}, "timeout"),
        ({"deadline": 0}, "deadline"),
        ({"retry": 3}, "retry must be a RetryPolicy(...)"),
        ({"headers": "x"}, "headers must be a mapping of names to values"),
        ({"headers": {"Authorization": "x"}}, "headers: Authorization is set by the client's"),
        ({"headers": {"Content-Type": "x"}}, "headers: Content-Type is set by the client itself"),
        ({"headers": {"Host": "x"}}, "headers: Host is set by the client itself"),
        (
            {"headers": {"a b": "x"}},
            "headers: 'a b' is not a valid header name; use letters, digits and hyphens",
        ),
        ({"headers": {"x": "a\r\nb: c"}}, "headers: the value of x contains a line break"),
        ({"user_agent_suffix": "a\nb"}, "user_agent_suffix contains a line break"),
        ({"user_agent_suffix": 5}, "user_agent_suffix must be a string, not int"),
        ({"transport": 5}, "transport must be an httpx."),
        ({"http_client": 5}, "http_client must be an httpx."),
    ],
)
def test_unfit_options(
    kind: Any, credentials: dict[str, str], options: dict[str, Any], problem: str
) -> None:
    """An option that cannot work is refused when the client is built."""
    assert problems(kind, **credentials, **options).startswith(problem)


@pytest.mark.parametrize(
    "name",
    ["X-SCX-API-KEY", "x-scx-signed", "X-Scx-Timestamp", "x-scx-passphrase", "Authorization"],
)
def test_headers_that_authenticate_zerohash(name: str) -> None:
    """Only the strategy may set the signature's headers."""
    assert problems(ZeroHashClient, **ZEROHASH, headers={name: "x"}) == (
        f"headers: {name} is set by the client's auth strategy"
    )


def test_request_id_header() -> None:
    """Only zerohash has a request-id header, and only the client sets it."""
    assert problems(ZeroHashClient, **ZEROHASH, headers={"X-Request-Id": "x"}) == (
        "headers: X-Request-Id is set by the client itself"
    )
    transport = responding(200, {"tokens": ["t"]})
    client = scripted_zdk(transport).with_options(headers={"X-Request-Id": "mine"})
    client.create_user_token(id="u")
    scripted_zdk(transport).create_user_token(id="u")
    assert transport.requests[0].headers["x-request-id"] == "mine"
    assert "x-request-id" not in transport.requests[1].headers


def test_client_and_transport_exclude_each_other() -> None:
    """A caller's transport is used."""
    with httpx.Client() as http_client:
        assert (
            problems(ZdkClient, **ZDK, http_client=http_client, transport=responding(200))
            == "http_client and transport can't be combined"
        )


@pytest.mark.parametrize(
    ("kind", "clock", "problem"),
    [
        (
            ZdkClient,
            5,
            "clock must have time(), monotonic() and sleep(); int has none of them",
        ),
        (ZdkClient, 0, "clock must have time(), "),
        (AsyncZdkClient, False, "clock must have time(), "),
        (ZdkClient, "", "clock must have time(), "),
        (AsyncZdkClient, [], "clock must have time(), "),
        (
            ZdkClient,
            SimpleNamespace(time=time.time, monotonic=time.monotonic),
            "clock must have time(), monotonic() and sleep(); SimpleNamespace has no sleep()",
        ),
        (
            AsyncZdkClient,
            SimpleNamespace(time=time.time),
            (
                "clock must have time(), monotonic() and sleep(); SimpleNamespace has no "
                "monotonic() or sleep()"
            ),
        ),
        (ZdkClient, FalsyClock(), None),
        (AsyncZdkClient, None, None),
        (ZdkClient, time, None),
        (AsyncZdkClient, time, "clock: sleep() must be async, because an async client awaits it"),
        (ZdkClient, FrozenClock(), None),
        (AsyncZdkClient, FrozenClock(), "clock: sleep() must be async, because an"),
        (AsyncZdkClient, FrozenClock().as_async(), None),
        (ZdkClient, FrozenClock().as_async(), "clock: sleep() is async, which only the async"),
        (AsyncZdkClient, Mock(), None),
    ],
)
def test_a_clock_that_does_not_fit(kind: Any, clock: Any, problem: str | None) -> None:
    """An invalid clock, or one of the other kind, is refused when the client is built."""
    if problem is None:
        assert clock in (None, kind(**ZDK, clock=clock)._shared.clock)
    else:
        assert problems(kind, **ZDK, clock=clock).startswith(problem)


def test_headers_and_user_agent() -> None:
    """A caller's headers are sent beside ours, and the suffix follows our user agent."""
    transport = responding(200, {"tokens": ["t"]})
    client = zdk_client(
        transport=transport,
        headers={"X-Team": "a", "Accept": "application/json;q=1"},
        user_agent_suffix="backend/1.2 (eu)",
        timeout=Timeouts(connect=1, read=2, write=3),
        deadline=None,
        retry=RetryPolicy(max_retries=0),
    )
    client.create_user_token(id="u")
    (request,) = transport.requests
    agent = request.headers["user-agent"]
    assert agent.startswith("tokenkit/0.1.0 python/3.")
    assert agent.endswith(" backend/1.2 (eu)")
    assert request.headers["x-team"] == "a"
    assert request.headers["accept"] == "application/json;q=1"
    assert request.headers["content-type"] == "application/json"
    steps = request.extensions["timeout"]
    assert (steps["connect"], steps["read"], steps["write"]) == (1, 2, 3)


@EACH
def test_switches_are_true_or_false(kind: Any, credentials: dict[str, str]) -> None:
    """Text such as "false" would count as true, and send credentials in clear."""
    for name in ("allow_insecure_http", "correct_clock_skew", "tracing", "trust_env"):
        for wrong in ("false", 0):
            assert (
                problems(kind, **credentials, **{name: wrong})
                .replace(":", "")
                .startswith(f"{name} must be True")
            )


@EACH
def test_connection_settings_are_checked_at_once(kind: Any, credentials: dict[str, str]) -> None:
    """Options that can't open a connection are refused before there is a client."""
    assert "ssl.SSLContext, not str" in problems(kind, **credentials, ssl_context="ca.pem")
    assert "'http://host:port', not int" in problems(kind, **credentials, proxy=3)
    kind(**credentials, ssl_context=None, proxy=None)


def test_a_proxy_of_the_environment_is_reported_with_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An unusable proxy variable is found when the client is built, and its password hidden."""
    monkeypatch.setenv("HTTPS_PROXY", "ftp://user:s3cret@proxy.example")
    for kind in (ZdkClient, AsyncZdkClient):
        found = problems(kind)
        assert found.startswith("pass api_key=... or auth=...\nHTTPS_PROXY")
        assert "s3cret" not in found
        kind(**ZDK, trust_env=False)


def test_what_is_sent_must_be_a_call() -> None:
    """A path or a model's class instead of a call is refused by name."""
    client = scripted_zdk(responding(200))
    wrong: list[Any] = ["/path", zdk.UserTokenRequest, None]
    for call in wrong:
        with pytest.raises(InvalidInputError, match="call must be a call such as a request model"):
            client.send(call)


def test_paths_and_methods_of_requests_are_both_named() -> None:
    """An unusable method and path are reported together."""
    client = scripted_zdk(responding(200))
    with pytest.raises(InvalidInputError) as caught:
        client.request("post", "https://elsewhere.example")
    assert [error.field for error in caught.value.errors] == ["method", "path"]


@EACH
def test_all_problems_are_reported_at_once(
    kind: Any, credentials: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error names every wrong option, including what is wrong in the environment."""
    monkeypatch.setenv("SSL_CERT_FILE", "/missing.pem")
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.example.com")
    text = problems(kind, auth=3, timeout=0, proxy="ftp://proxy.example.com")
    for part in ("auth must", "timeout must", "proxy must", "SSL_CERT_FILE: /missing.pem can't"):
        assert part in text
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "\nHTTPS_PROXY must" in problems(kind, timeout=0, **credentials)
    transport = responding(200)
    assert "HTTPS_PROXY" not in problems(kind, timeout=0, transport=transport, **credentials)


def test_a_proxy_for_a_service_is_checked_with_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """If only a service is reached through the environment's proxy, it is named at once, too."""
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.example.com")
    monkeypatch.setenv("NO_PROXY", "user.dev.zu.casa")
    assert "\nHTTPS_PROXY must" in problems(ZdkClient, timeout=0, **ZDK)
