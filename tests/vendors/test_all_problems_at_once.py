"""Everything that is wrong with a client's options and variables, in one error."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest
from credentials import ENVIRONMENT, ZDK, ZEROHASH, zdk_client
from http_library import FAMILY, httpx
from listed_problems import problems_with
from vendors_support import CLIENTS, responding

from tokenkit import (
    AsyncSecretGroup,
    AsyncZdkClient,
    AsyncZeroHashClient,
    ConfigurationError,
    Hooks,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
    auth,
    zdk,
)
from tokenkit.testing import FrozenClock

EACH = pytest.mark.parametrize(("kind", "credentials"), CLIENTS)
ZERO = "timeout must be Timeouts(...) or a positive number of seconds, at most a million, not 0"
PROXY_FORMS = "must be like http://host:port, https://host:port or socks5://host:port"
URL_FORMS = "base_url must be like https://host or http://localhost:8000"
ENVIRONMENTS = "environment must be one of 'us-cert', 'us-production', 'eu-cert', 'eu-production'"


@EACH
def test_an_unknown_family_hides_no_other_problem(
    kind: Any, credentials: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxy and CA file are checked with the default family in its place."""
    monkeypatch.setenv("SSL_CERT_FILE", "/missing.pem")
    assert problems_with(kind, **credentials, http_family="bogus", proxy="foo", timeout=0) == [
        ZERO,
        "http_family must be 'httpx' or 'httpx2', not 'bogus'",
        f"proxy {PROXY_FORMS}: it has no scheme",
        "SSL_CERT_FILE: /missing.pem can't be read: No such file or directory",
    ]


@pytest.mark.parametrize(
    ("family", "shown"), [([], "list"), ({}, "dict"), (0, "int"), ("x\n" * 99, r"'x\\nx\\n")]
)
def test_a_family_must_be_a_name(family: object, shown: str) -> None:
    """A value that isn't even hashable is refused like any other, and not written out."""
    with pytest.raises(ConfigurationError, match=f"'httpx' or 'httpx2', not {shown}") as caught:
        zdk_client(http_family=family)
    assert len(str(caught.value)) < 120


@EACH
def test_variables_of_connections_are_all_checked(
    kind: Any, credentials: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CA directory, key log and proxy of the environment are reported together."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", "/missing")
    monkeypatch.setenv("SSLKEYLOGFILE", "/missing/keys.log")
    monkeypatch.setenv("HTTPS_PROXY", "foo://user:s3cret@proxy.example")
    expected = [
        "SSL_CERT_DIR: /missing can't be read: No such file or directory",
        "SSLKEYLOGFILE: /missing/keys.log can't be written: No such file or directory",
        f"HTTPS_PROXY {PROXY_FORMS}: it has another scheme",
    ]
    assert problems_with(kind, **credentials) == expected
    # The base URL might be excepted from the proxy, which nobody can tell here.
    assert problems_with(kind, **credentials, base_url="ftp://x")[1:] == expected
    monkeypatch.setenv("NO_PROXY", "*")
    assert problems_with(kind, **credentials, base_url="ftp://x")[1:] == expected[:2]
    monkeypatch.delenv("NO_PROXY")
    # A given proxy takes the place of the environment's, even if it can't be used.
    for proxy, problem in (("foo://x", PROXY_FORMS), (3, "must be a string such as")):
        problems = "\n".join(problems_with(kind, **credentials, proxy=proxy))
        assert f"proxy {problem}" in problems
        assert "HTTPS_PROXY" not in problems
    assert problems_with(kind, **credentials, trust_env="no") == [
        "trust_env must be True or False, not str"
    ]
    kind(**credentials, trust_env=False)


def test_authorities_of_an_https_proxy_are_checked_with_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the caller's TLS settings, the environment's authorities still judge its own proxy."""
    import ssl  # noqa: PLC0415 - for this test alone

    monkeypatch.setenv("SSL_CERT_FILE", "/missing.pem")
    monkeypatch.setenv("HTTPS_PROXY", "https://proxy.example:3128")
    context = ssl.create_default_context()
    authorities = "SSL_CERT_FILE: /missing.pem can't be read: No such file or directory"
    for kind in (ZdkClient, AsyncZdkClient):
        assert problems_with(kind, **ZDK, ssl_context=context) == [authorities]
        assert problems_with(kind, **ZDK, ssl_context=context, timeout=0) == [ZERO, authorities]
        assert problems_with(kind, **ZDK, timeout=0) == [ZERO, authorities]


@EACH
def test_what_is_no_client_hides_no_other_problem(kind: Any, credentials: dict[str, str]) -> None:
    """A client, a transport and a family that can't be used are all named."""
    prefix = "Async" if kind.__name__.startswith("Async") else ""
    options = {"http_client": 3, "transport": "t", "http_family": "bogus"}
    assert problems_with(kind, **credentials, **options) == [
        "http_client and transport can't be combined",
        f"http_client must be an httpx.{prefix}Client, not int",
        f"transport must be an httpx.{prefix}BaseTransport, not str",
        "http_family must be 'httpx' or 'httpx2', not 'bogus'",
    ]


def test_a_family_beside_a_callers_client() -> None:
    """The family that isn't the client's own is named, and what is no name is not written out."""
    with httpx.Client() as http_client:
        for family, shown in (("bogus", "'bogus'"), (0, "int")):
            (problem,) = problems_with(
                ZdkClient, **ZDK, http_client=http_client, http_family=family
            )
            assert problem.startswith("http_client is for httpx")
            assert problem.endswith(f" but http_family={shown}")


def test_without_any_family(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even httpx can be imported, that is the one problem with connections."""
    family = import_module("tokenkit._http.family")
    monkeypatch.setitem(sys.modules, FAMILY, None)
    family._load.cache_clear()
    problems = problems_with(ZdkClient, **ZDK, http_family="bogus", proxy="foo", timeout=0)
    assert problems == [ZERO, "http_family must be 'httpx' or 'httpx2', not 'bogus'"]


@pytest.mark.parametrize("kind", [ZeroHashClient, AsyncZeroHashClient])
def test_credentials_are_all_checked(kind: Any) -> None:
    """One that is missing or of another type keeps none of the others from being checked."""
    private_key = (
        "private_key is not base64: pass it as the vendor shows it (standard alphabet, padded "
        "with '='), not decoded or shortened"
    )
    assert problems_with(kind, api_key="a\nb", private_key="!!", passphrase=3) == [
        "passphrase must be a string, a Secret or a callable, not int",
        "api_key contains a line break",
        private_key,
    ]
    assert problems_with(kind, private_key="!!", timeout=0) == [
        "pass api_key=... and passphrase=... or auth=...",
        private_key,
        ZERO,
    ]
    assert problems_with(kind, auth=auth.Bearer, api_key=ZEROHASH["api_key"]) == [
        "pass either auth or api_key, not both",
        "auth must be a strategy such as Bearer(...), not the class Bearer",
    ]


def test_an_async_source_beside_other_problems() -> None:
    """A sync client says which credentials it can't wait for, whatever else is wrong."""

    async def read() -> Any:
        raise AssertionError("never asked")

    asynchronous = (
        "is async, which a sync client cannot wait for; use the async client or a plain function"
    )
    assert problems_with(StrigoClient, org_id="a:b", api_key=read) == [
        "org_id contains a colon, which separates it from the api_key",
        f"api_key {asynchronous}",
    ]
    keys = AsyncSecretGroup(read)
    for source in (read, keys["private_key"]):
        credentials: dict[str, Any] = {**ZEROHASH, "private_key": source}
        assert problems_with(ZeroHashClient, **credentials) == [f"private_key {asynchronous}"]
        AsyncZeroHashClient(**credentials)
    assert problems_with(ZeroHashClient, api_key=read, private_key=read, passphrase="") == [
        "passphrase is empty",
        f"api_key {asynchronous}",
        f"private_key {asynchronous}",
    ]


@pytest.mark.parametrize("kind", [ZeroHashClient, AsyncZeroHashClient])
def test_addresses_that_exclude_each_other_are_checked_too(kind: Any) -> None:
    """Both values are judged, as either may be the one that is kept."""
    assert problems_with(kind, **ZEROHASH, environment="moon", base_url="x") == [
        "pass either environment or base_url, not both",
        f"{ENVIRONMENTS}, not 'moon'",
        f"{URL_FORMS}: it lacks https:// before the host",
    ]


@pytest.mark.parametrize("kind", [ZeroHashClient, AsyncZeroHashClient])
def test_missing_variables_are_reported_with_the_rest(kind: Any) -> None:
    """What is missing in the environment, what is wrong in it, and the options."""
    environ = {"ZEROHASH_PASSPHRASE": " p", "ZEROHASH_ENVIRONMENT": "moon"}
    assert problems_with(kind.from_env, environ=environ, timeout=0, proxy="foo") == [
        "set ZEROHASH_API_KEY and ZEROHASH_PRIVATE_KEY in the environment",
        (
            "passphrase (from ZEROHASH_PASSPHRASE) begins or ends with whitespace or a line "
            "break; strip it"
        ),
        f"{ENVIRONMENTS}, not 'moon'".replace(
            "environment", "environment (from ZEROHASH_ENVIRONMENT)"
        ),
        ZERO,
        f"proxy {PROXY_FORMS}: it has no scheme",
    ]


@pytest.mark.parametrize("kind", [ZdkClient, AsyncZdkClient])
@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("x:0", "has port 0, on which no server listens"),
        ("x:99999", "has a port above 65535"),
        (f"x:{'9' * 5000}", "has a port above 65535"),
        ("x.", "must be a host such as 'dev.zu.casa': it must begin and end with a letter"),
    ],
)
def test_the_host_is_blamed_and_not_the_base_url(kind: Any, host: str, problem: str) -> None:
    """An error names the option that was passed, and the variable that was set."""
    assert problems_with(kind, **ZDK, base_host=host)[0].startswith(f"base_host {problem}")
    environ = {**ENVIRONMENT, "ZDK_API_HOST": host}
    (told,) = problems_with(kind.from_env, environ=environ)
    assert told.startswith(f"base_host (from ZDK_API_HOST) {problem}")


@pytest.mark.parametrize(
    ("environ", "options", "problem"),
    [
        (
            {"ZDK_BASE_URL": "https://x:99999/"},
            {},
            "base_url (from ZDK_BASE_URL) has a port above",
        ),
        ({"ZDK_API_HOST": "a/b"}, {"base_url": "https://x:0"}, "base_url has port 0, on which"),
        ({}, {"base_url": "ftp://x"}, "base_url must be like https://host"),
        (
            {"ZDK_BASE_URL": "ftp://x", "ZDK_API_HOST": "y"},
            {},
            "base_url (from ZDK_BASE_URL) must",
        ),
    ],
)
def test_only_variables_that_are_set_are_named(
    environ: Mapping[str, str], options: dict[str, Any], problem: str
) -> None:
    """A value that was passed, or was never there, comes from no variable."""
    (told,) = problems_with(ZdkClient.from_env, environ={**ENVIRONMENT, **environ}, **options)
    assert told.startswith(problem)


@EACH
def test_each_hook_is_checked(kind: Any, credentials: dict[str, str]) -> None:
    """Hooks that can't be called are all named."""
    wrong: Any = {"on_request": "no", "on_retry": 5}
    assert problems_with(kind, **credentials, hooks=Hooks(**wrong), timeout=0) == [
        "hooks: on_request must be a function, not str",
        "hooks: on_retry must be a function, not int",
        ZERO,
    ]


@EACH
def test_a_suffix_and_a_user_agent_exclude_each_other(
    kind: Any, credentials: dict[str, str]
) -> None:
    """The suffix would vanish, as the header takes the place of what it is added to."""
    assert problems_with(
        kind, **credentials, headers={"User-AGENT": "me"}, user_agent_suffix="app\n", timeout=0
    ) == [
        "user_agent_suffix contains a line break",
        "pass either user_agent_suffix or a User-Agent in headers, not both",
        ZERO,
    ]
    kind(**credentials, headers={"X-Agent": "me"}, user_agent_suffix="app/1")


def test_another_user_agent_replaces_the_suffix() -> None:
    """A copy, or a call, may still send another user agent than the client with its suffix."""
    transport = responding(200, {"tokens": ["t"]})
    client = zdk_client(transport=transport, user_agent_suffix="app/1")
    client.with_options(headers={"User-Agent": "me"}).create_user_token(id="u")
    client.send(zdk.UserTokenRequest(id="u"), headers={"user-agent": "me"})
    client.create_user_token(id="u")
    agents = [request.headers["user-agent"] for request in transport.requests]
    assert agents[:2] == ["me", "me"]
    assert agents[2].endswith(" app/1")


@pytest.mark.parametrize("end", ["/path", "?x=1", "/?x", "#f"])
def test_a_proxy_has_no_path(end: str) -> None:
    """What no proxy gets to see is refused instead of lost; a slash at the end is harmless."""
    (found,) = problems_with(ZdkClient, **ZDK, proxy=f"http://user:leaked@proxy.example:1{end}")
    assert found.endswith("socks5://host:port, without a path, query or fragment")
    assert "leaked" not in found
    for proxy in ("http://proxy.example:1/", "http://proxy.example.", "http://[::1]:1"):
        ZdkClient(**ZDK, proxy=proxy).close()


@pytest.mark.parametrize(
    "option",
    [
        *("base_url", "clock", "deadline", "headers", "hooks", "http_client", "http_family"),
        *("proxy", "retry", "retry_budget", "ssl_context", "timeout", "token_cache"),
        *("token_lifetime", "tracing", "trust_env", "user_agent_suffix"),
    ],
)
def test_a_class_in_an_objects_place(option: str) -> None:
    """For a forgotten ``()``, the error names the option and the class that was passed."""
    (found,) = problems_with(ZdkClient, **{**ZDK, option: FrozenClock})
    assert found.startswith(option)
    assert found.endswith(", not the class FrozenClock")
