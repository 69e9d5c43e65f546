import os
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import pytest
from credentials import ENVIRONMENT, ZDK_API_KEY, zerohash_client
from vendors_support import CLIENTS, responding

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    AsyncZeroHashClient,
    ConfigurationError,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
    auth,
)

KINDS: list[Any] = [kind for kind, _ in CLIENTS]
DEFAULTS = [
    "https://user.dev.zu.casa",
    "https://user.dev.zu.casa",
    "https://api.cert.zerohash.com",
    "https://api.cert.zerohash.com",
    "https://app.strigo.io/api/v1",
    "https://app.strigo.io/api/v1",
]
MISSING = [
    "ZdkClient: set ZDK_API_KEY in the environment",
    (
        "ZeroHashClient: set ZEROHASH_API_KEY, ZEROHASH_PRIVATE_KEY and ZEROHASH_PASSPHRASE in "
        "the environment"
    ),
    "StrigoClient: set STRIGO_ORG_ID and STRIGO_API_KEY in the environment",
]


def base_url_of(client: object) -> str:
    return repr(client).partition("base_url='")[2].removesuffix("')")


@pytest.mark.parametrize(("kind", "url"), [*zip(KINDS, DEFAULTS, strict=True)])
def test_documented_base_urls(kind: Any, url: str) -> None:
    """With credentials alone, the address is the documented one; the repr shows no secret."""
    client = kind.from_env(environ=ENVIRONMENT)
    assert repr(client) == f"{kind.__name__}(base_url='{url}')"


@pytest.mark.parametrize("index", range(6))
def test_all_that_is_missing_is_named(index: int) -> None:
    """For an empty environment, one error names every variable."""
    for environ in ({}, dict.fromkeys(ENVIRONMENT, "")):
        with pytest.raises(ConfigurationError) as caught:
            KINDS[index].from_env(environ=environ)
        prefix = "Async" if index % 2 else ""
        assert str(caught.value) == prefix + MISSING[index // 2]


def test_a_strategy_takes_the_place_of_missing_variables() -> None:
    """With a strategy, variables of credentials may be missing, but not be there as well."""
    given: dict[str, Any] = {"auth": auth.Bearer("b")}
    client = ZdkClient.from_env(environ={"ZDK_API_HOST": "zu.example"}, **given)
    assert base_url_of(client) == "https://user.zu.example"
    with pytest.raises(ConfigurationError, match=r"pass either auth or passphrase.*, not both$"):
        ZeroHashClient.from_env(environ={"ZEROHASH_PASSPHRASE": "p"}, **given)


def test_only_what_is_missing_is_named() -> None:
    """Variables that are set are not listed."""
    with pytest.raises(ConfigurationError) as caught:
        ZeroHashClient.from_env(environ={**ENVIRONMENT, "ZEROHASH_PRIVATE_KEY": ""})
    assert str(caught.value) == "ZeroHashClient: set ZEROHASH_PRIVATE_KEY in the environment"


@pytest.mark.parametrize(
    ("kind", "added", "url"),
    [
        (ZdkClient, {"ZDK_API_HOST": "zu.example"}, "https://user.zu.example"),
        (AsyncZdkClient, {"ZDK_API_HOST": "zu.example:8443"}, "https://user.zu.example:8443"),
        (ZdkClient, {"ZDK_API_HOST": ""}, "https://user.dev.zu.casa"),
        (
            ZdkClient,
            {"ZDK_BASE_URL": "https://a.example", "ZDK_API_HOST": "://"},
            "https://a.example",
        ),
        (ZdkClient, {"ZDK_BASE_URL": ""}, "https://user.dev.zu.casa"),
        (ZeroHashClient, {"ZEROHASH_ENVIRONMENT": "eu-cert"}, "https://api.cert.zerohash.eu"),
        (
            AsyncZeroHashClient,
            {"ZEROHASH_ENVIRONMENT": "us-production"},
            "https://api.zerohash.com",
        ),
        (
            ZeroHashClient,
            {"ZEROHASH_ENVIRONMENT": "nowhere", "ZEROHASH_BASE_URL": "http://localhost:1/x/"},
            "http://localhost:1/x",
        ),
        (StrigoClient, {"STRIGO_BASE_URL": "http://[::1]:8000/api"}, "http://[::1]:8000/api"),
    ],
)
def test_addresses(kind: Any, added: Mapping[str, str], url: str) -> None:
    """Host and environment select the address; the base URL's variable takes precedence."""
    assert base_url_of(kind.from_env(environ={**ENVIRONMENT, **added})) == url


def test_a_base_url_argument_wins() -> None:
    """An argument takes precedence over every variable of the address."""
    environ = {**ENVIRONMENT, "ZDK_BASE_URL": "https://a.example", "ZDK_API_HOST": "b.example"}
    client = ZdkClient.from_env(environ=environ, base_url="https://c.example")
    assert base_url_of(client) == "https://c.example"
    for unfit in ("", "c.example"):
        with pytest.raises(ConfigurationError, match="base_url must be like https://host"):
            ZdkClient.from_env(environ=environ, base_url=unfit)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        (
            {"ZEROHASH_ENVIRONMENT": "production"},
            (
                "environment (from ZEROHASH_ENVIRONMENT) must be one of 'us-cert', "
                "'us-production', 'eu-cert', 'eu-production', not 'production'; did you mean "
                "'us-production'?"
            ),
        ),
        (
            {"ZDK_API_HOST": "https://user.dev.zu.casa"},
            (
                "base_host (from ZDK_API_HOST) must be a host such as 'dev.zu.casa': it has "
                "a scheme; leave it out"
            ),
        ),
        (
            {"STRIGO_BASE_URL": "http://strigo.example/api/v1"},
            (
                "base_url (from STRIGO_BASE_URL) would send credentials to strigo.example over "
                "plain http; use https, or pass allow_insecure_http=True for a test server in "
                "your own network"
            ),
        ),
        (
            {"ZEROHASH_PRIVATE_KEY": "%%%"},
            (
                "private_key (from ZEROHASH_PRIVATE_KEY) is not base64: pass it as the vendor "
                "shows it (standard alphabet, padded with '='), not decoded or shortened"
            ),
        ),
        (
            {"STRIGO_API_KEY": "k\n"},
            (
                "api_key (from STRIGO_API_KEY) begins or ends with whitespace or a line break; "
                "strip it"
            ),
        ),
        (
            {"STRIGO_ORG_ID": "a:b"},
            (
                "org_id (from STRIGO_ORG_ID) contains a colon, which separates it from the "
                "api_key (from STRIGO_API_KEY)"
            ),
        ),
    ],
)
def test_values_that_cannot_work(environ: Mapping[str, str], problem: str) -> None:
    """A value that cannot work is refused when the client is built, with a helpful message."""
    vendor = next(iter(environ)).partition("_")[0]
    index = {"ZDK": 0, "ZEROHASH": 2, "STRIGO": 4}[vendor]
    for kind in KINDS[index : index + 2]:
        with pytest.raises(ConfigurationError) as caught:
            kind.from_env(environ={**ENVIRONMENT, **environ})
        assert str(caught.value) == f"{kind.__name__}: {problem}"


def test_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``environ`` the process's own variables are read."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ZDK_API_HOST", "zu.example")
    transport = responding(200, {"tokens": ["t"]})
    ZdkClient.from_env(transport=transport).create_user_token(id="u")
    (request,) = transport.requests
    assert request.headers["authorization"] == f"Bearer {ZDK_API_KEY}"
    assert str(request.url).startswith("https://user.zu.example/user.tokens.private.v1.Service/")


def test_constructors_read_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A constructor takes nothing from the environment."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in ("ZDK_BASE_URL", "STRIGO_BASE_URL", "ZEROHASH_BASE_URL"):
        monkeypatch.setenv(name, "https://elsewhere.example")
    monkeypatch.setenv("ZEROHASH_ENVIRONMENT", "eu-cert")
    for kind in KINDS:
        with pytest.raises(ConfigurationError, match=r"pass .*api_key=\.\.\..* or auth=\.\.\."):
            kind()
    client = zerohash_client()
    assert base_url_of(client) == "https://api.cert.zerohash.com"


def test_arguments_win_over_variables() -> None:
    """Arguments beside the environment are not overridden by it."""
    environ = {**ENVIRONMENT, "ZEROHASH_ENVIRONMENT": "eu-cert"}
    arguments: dict[str, Any] = {"environment": "us-production"}
    client = ZeroHashClient.from_env(environ=environ, **arguments)
    assert base_url_of(client) == "https://api.zerohash.com"


def test_from_env_takes_options() -> None:
    """Options are passed to the constructor, and unknown ones are Python's own error."""
    client = StrigoClient.from_env(environ=ENVIRONMENT, timeout=1, base_url="https://a.example/b")
    assert base_url_of(client) == "https://a.example/b"
    options: dict[str, Any] = {"time_out": 1}
    for kind in KINDS:
        with pytest.raises(TypeError) as caught:
            kind.from_env(environ=ENVIRONMENT, **options)
        assert str(caught.value) == (
            f"{kind.__name__}() got an unexpected keyword argument 'time_out'; "
            "did you mean 'timeout'?"
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        (3, "environ must be a mapping of names to strings, not int"),
        ("ZDK_API_KEY=key", "environ must be a mapping of names to strings, not str"),
        (
            {"TOKENKIT_ALLOW_INSECURE_HTTP": True},
            "environ: TOKENKIT_ALLOW_INSECURE_HTTP must be a string, not bool",
        ),
    ],
)
def test_an_environment_of_another_kind(kind: Any, environ: object, problem: str) -> None:
    """It is refused by name, and so is each variable that isn't a string."""
    with pytest.raises(ConfigurationError) as caught:
        kind.from_env(environ=environ, timeout=0)
    assert str(caught.value) == f"{kind.__name__}.from_env(): {problem}"


def locals_of(trace: TracebackType | None) -> str:
    """Write out the variables of the package's own frames, as tracebacks with locals do."""
    texts = [
        repr(value)
        for frame, _ in traceback.walk_tb(trace)
        if f"{os.sep}tokenkit{os.sep}" in frame.f_code.co_filename
        for value in frame.f_locals.values()
    ]
    return "\n".join(texts)


@pytest.mark.parametrize("index", range(6))
def test_no_frame_of_a_failure_holds_a_secret(index: int) -> None:
    """A refused setting leaves no secret in the frames of its traceback."""
    kind = KINDS[index]
    vendor = ("ZDK", "ZEROHASH", "STRIGO")[index // 2]
    environments: list[dict[str, str]] = [
        {**ENVIRONMENT, f"{vendor}_BASE_URL": "nonsense"},
        {name: value for name, value in ENVIRONMENT.items() if name != f"{vendor}_API_KEY"},
        {**ENVIRONMENT, f"{vendor}_API_KEY": "s3cret\n"},
    ]
    for environ in environments:
        with pytest.raises(ConfigurationError) as caught:
            kind.from_env(environ=environ)
        shown = locals_of(caught.value.__traceback__)
        assert [secret for secret in ("s3cret", *ENVIRONMENT.values()) if secret in shown] == []


def test_no_frame_of_a_constructor_holds_a_secret() -> None:
    """The constructor itself keeps no credential's text."""
    attempts: list[tuple[Any, dict[str, Any]]] = [
        (ZdkClient, {"api_key": "s3cret", "base_host": "a/b"}),
        (AsyncZdkClient, {"api_key": "s3cret\n"}),
        (StrigoClient, {"org_id": "s3cret:", "api_key": "s3cret"}),
        (AsyncStrigoClient, {"org_id": "s3cret"}),
        (ZeroHashClient, {"api_key": "s3cret", "private_key": "%s3cret", "passphrase": "s3cret"}),
        (AsyncZeroHashClient, {"api_key": "s3cret", "environment": "moon"}),
    ]
    for kind, arguments in attempts:
        with pytest.raises(ConfigurationError) as caught:
            kind(**arguments)
        assert "s3cret" not in locals_of(caught.value.__traceback__)


@pytest.mark.parametrize(
    ("value", "url", "allowed"),
    [
        ("1", "http://sandbox:8700/zdk", True),
        ("TRUE", "http://zdk.internal", True),
        ("1", "http://zdk.example.com", False),
        ("0", "http://sandbox:8700/zdk", False),
        ("", "http://sandbox:8700/zdk", False),
    ],
)
def test_plain_http_by_a_variable(value: str, url: str, allowed: bool) -> None:  # noqa: FBT001 - a table's column
    """A variable allows plain http to private names only; an argument takes precedence."""
    environ = {**ENVIRONMENT, "ZDK_BASE_URL": url, "TOKENKIT_ALLOW_INSECURE_HTTP": value}
    if allowed:
        assert base_url_of(ZdkClient.from_env(environ=environ)) == url
        with pytest.raises(ConfigurationError, match="over plain http"):
            ZdkClient.from_env(environ=environ, allow_insecure_http=False)
    else:
        with pytest.raises(ConfigurationError, match="over plain http"):
            ZdkClient.from_env(environ=environ)


def test_values_that_a_file_left_marks_on() -> None:
    """Quotes, line breaks, byte order marks and full host names are each refused by name."""
    wrong = {
        "ZDK_API_KEY": ["s3t\n", "s3t\r\n", " s3t", "\ufeffs3t", "s3t\x00", '"s3t"', "'s3t'"],
        "ZDK_BASE_URL": ["https://host\n", '"https://host"', "host", "https:/host"],
        "ZDK_API_HOST": ["user.dev.zu.casa", "USER.dev.zu.casa", "dev.zu.casa/", "dev.zu.casa\n"],
    }
    for variable, values in wrong.items():
        for value in values:
            with pytest.raises(ConfigurationError) as caught:
                ZdkClient.from_env(environ={**ENVIRONMENT, variable: value})
            assert f"(from {variable})" in str(caught.value)
            assert "s3t" not in str(caught.value)
