"""What a vendor's author may get wrong in a profile, told when a client is built."""

from typing import Any, ClassVar

import attrs
import pytest
from listed_problems import listed_problems
from sample_vendor import PROFILE, AcmeClient, AsyncAcmeClient
from vendors_support import responding

from tokenkit import ConfigurationError, InvalidInputError, auth
from tokenkit.extension import (
    JSON,
    BaseURLSetting,
    Call,
    Client,
    Profile,
    Rate,
    ResponseInfo,
    SecretSource,
)


def made(changes: dict[str, Any], **options: Any) -> Client:
    """Build a client whose profile differs from Acme's."""

    class Changed(AcmeClient):
        profile: ClassVar[Profile] = attrs.evolve(PROFILE, **changes)

    return Changed(secret="s", **options)


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ({"x y": "leaked"}, "'x y' is not a valid header name; use letters, digits and hyphens"),
        ({"X-A": "1", "x-b": "leaked\n1"}, "the value of x-b contains a line break"),
        ({"X-A": 5}, "the value of x-a must be a string, not int"),
        ({"Host": "leaked"}, "host is set by the client itself"),
        ({"Content-Length": "5"}, "content-length is set by the client itself"),
        ({"X-Acme-Trace": "5"}, "x-acme-trace is set by the client itself"),
        ({"X-Acme-Digest": "d"}, "x-acme-digest is set by the client's auth strategy"),
    ],
)
def test_headers_of_a_profile_are_checked(headers: Any, problem: str) -> None:
    """They are held to what callers' headers are held to, as soon as the profile is made."""
    with pytest.raises(ConfigurationError) as caught:
        attrs.evolve(PROFILE, headers=headers)
    assert str(caught.value) == f"Profile: headers: {problem}"


def test_all_headers_of_a_profile_are_named() -> None:
    """Neither the first header nor another field hides what is wrong with the others."""
    with pytest.raises(ConfigurationError) as caught:
        attrs.evolve(PROFILE, headers={"Host": "a", "Te": "b"}, vendor="")
    assert listed_problems(caught.value, "Profile") == [
        "vendor must not be empty",
        "headers: host is set by the client itself",
        "headers: te is set by the client itself",
    ]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "base_url must be like https://host or http://localhost:8000: it is empty"),
        (
            "https://a..b",
            "base_url must be like https://host or http://localhost:8000: it has an invalid host",
        ),
        ("https://acme.example/a b", "the path of base_url must be percent-encoded"),
        (
            "http://acme.example:80/v1",
            "base_url would send credentials to acme.example over plain http; use https",
        ),
    ],
)
def test_the_base_url_of_a_profile_is_checked(url: str, problem: str) -> None:
    """One that no client could use is refused with the profile, without advice for callers."""
    with pytest.raises(ConfigurationError) as caught:
        attrs.evolve(PROFILE, base_url=url)
    assert str(caught.value).startswith(f"Profile: {problem}")
    assert "allow_insecure_http" not in str(caught.value)
    assert attrs.evolve(PROFILE, base_url="http://localhost:8000").base_url


def test_a_user_agent_of_the_profile() -> None:
    """A vendor's own takes the place of ours, and a caller's suffix follows it."""
    for suffix, agent in ((None, "acme-sdk/2"), ("app/1", "acme-sdk/2 app/1")):
        transport = responding(200, {"pass": {"token": "t", "ends": 1}})
        client = made(
            {"headers": {"User-Agent": "acme-sdk/2"}},
            transport=transport,
            user_agent_suffix=suffix,
        )
        client.request("GET", "/passes")
        (request,) = transport.requests
        assert request.headers["user-agent"] == agent


REGION = BaseURLSetting(variable="ACME_REGION", base_url="https://{}.example".format)


class Misspelt(Client):
    """A client that passes a base URL setting which its profile lacks."""

    profile: ClassVar[Profile] = PROFILE

    def __init__(self, *, secret: SecretSource, region: str | None = None) -> None:
        super().__init__(credentials={"secret": secret}, base_url_settings={"regoin": region})


@pytest.mark.parametrize("region", [None, "eu"])
def test_a_base_url_setting_that_the_profile_lacks(
    region: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names it and says where it belongs, even if no value was passed."""
    with pytest.raises(ConfigurationError) as caught:
        Misspelt(secret="s", region=region)
    assert str(caught.value) == (
        "Misspelt: regoin is not in base_url_settings of Acme's profile; add it there"
    )
    profile = attrs.evolve(PROFILE, base_url_settings={"region": REGION})
    monkeypatch.setattr(Misspelt, "profile", profile)
    with pytest.raises(ConfigurationError, match=r"Acme's profile; did you mean 'region'\?$"):
        Misspelt(secret="s", region=region)


def test_a_credential_that_the_profile_lacks() -> None:
    """The error names it beside the one that is missing, and suggests that one."""
    with pytest.raises(ConfigurationError) as caught:
        Client.__init__(Misspelt.__new__(Misspelt), credentials={"secrets": "s"})
    assert listed_problems(caught.value, "Misspelt") == [
        "pass secret=... or auth=...",
        "unknown credential 'secrets'; did you mean 'secret'?",
    ]


def test_a_base_url_setting_that_makes_no_url() -> None:
    """What a profile's function makes is judged by the name of its setting."""
    setting = BaseURLSetting(variable="ACME_REGION", base_url=lambda region: f"https://{region}:0")

    class Regional(Client):
        profile: ClassVar[Profile] = attrs.evolve(PROFILE, base_url_settings={"region": setting})

        def __init__(self, *, secret: SecretSource, region: str | None = None) -> None:
            super().__init__(credentials={"secret": secret}, base_url_settings={"region": region})

    with pytest.raises(ConfigurationError, match=r"^Regional: region has port 0, on which no "):
        Regional(secret="s", region="eu")
    assert Regional(secret="s").base_url == "https://passes.acme.example/v2"


def test_a_service_that_makes_no_url() -> None:
    """A service's URL that can't be used is named by the service."""
    services: dict[str, Any] = {"desk": "desk.{}".format}
    with pytest.raises(ConfigurationError, match="the base URL of the service desk must be like"):
        made({"services": services})


def test_credentials_that_the_strategy_does_not_take() -> None:
    """Where profile and strategy disagree about names, the error says how to fix it."""
    with pytest.raises(ConfigurationError) as caught:
        made({"strategy": auth.Bearer})
    assert str(caught.value) == (
        "Changed: the strategy of Acme's profile can't be called with secret: missing a required "
        "argument: 'api_key'; credential_variables and credentials must have the names of its "
        "parameters"
    )


def test_an_error_of_a_strategy_itself() -> None:
    """A strategy's own mistake comes out as it is, but only if nothing else is wrong."""

    def broken(secret: object) -> Any:
        raise TypeError(f"broken by {type(secret).__name__}")

    with pytest.raises(TypeError, match="broken by Secret"):
        made({"strategy": broken})

    class Broken(AsyncAcmeClient):
        profile: ClassVar[Profile] = attrs.evolve(PROFILE, strategy=broken)

    with pytest.raises(ConfigurationError, match=r"^Broken: pass secret=\.\.\. or auth=\.\.\.$"):
        Broken()


@pytest.mark.parametrize("name", ["echoes_request_id", "tokens_are_revocable", "tells_lifetime"])
def test_switches_of_a_profile(name: str) -> None:
    """A string such as "no" would count as true."""
    wrong: Any = {name: "no"}
    with pytest.raises(ConfigurationError) as caught:
        attrs.evolve(PROFILE, **wrong)
    assert str(caught.value) == f"Profile: {name} must be True or False, not str"


def test_fields_of_a_profile() -> None:
    """One of the wrong kind is refused when the profile is made, not in the first call."""
    wrong: Any = {"vendor": None, "strategy": "Bearer", "credential_variables": ["ACME_SECRET"]}
    with pytest.raises(ConfigurationError) as caught:
        attrs.evolve(PROFILE, **wrong)
    assert listed_problems(caught.value, "Profile") == [
        "vendor must be a string, not None",
        "credential_variables must be a mapping, not list",
        "strategy must be a class or a function, not str",
    ]


@pytest.mark.parametrize(("found", "shown"), [({}, "None"), ({"profile": "acme"}, "str")])
def test_a_client_without_a_profile(found: dict[str, Any], shown: str) -> None:
    """Each way to make it says what its class lacks."""
    kind: Any = type("Bare", (Client,), found)
    for make in (kind, kind.from_env):
        with pytest.raises(ConfigurationError) as caught:
            make()
        assert str(caught.value) == f"Bare: profile must be the vendor's Profile(...), not {shown}"


class Lookup:
    """A strategy without ``uses_time``."""

    secrets = ()

    def headers(self, *given: object) -> dict[str, str]:
        del given
        return {}


@pytest.mark.parametrize(
    ("returned", "shown"),
    [
        (None, "None"),
        (5, "int"),
        (auth.Bearer, "the class Bearer"),
        (Lookup(), "Lookup, which lacks uses_time"),
    ],
)
def test_a_strategy_function_that_makes_no_strategy(returned: object, shown: str) -> None:
    """The error says what was returned and what it must be, unless credentials are missing."""

    def strategy(secret: object) -> Any:
        del secret
        return returned

    problem = (
        f"the strategy of Acme's profile must return a strategy such as Bearer(...), not {shown}"
    )
    with pytest.raises(ConfigurationError) as caught:
        made({"strategy": strategy})
    assert listed_problems(caught.value, "Changed") == [problem]

    class Changed(AsyncAcmeClient):
        profile: ClassVar[Profile] = attrs.evolve(PROFILE, strategy=strategy)

    with pytest.raises(ConfigurationError, match=r"^Changed: pass secret=\.\.\. or auth=\.\.\.$"):
        Changed()
    assert isinstance(Changed(auth=auth.Bearer("b")), AsyncAcmeClient)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("base_url", None, "base_url must be a string, not None"),
        ("base_url_variable", "", "base_url_variable must not be empty"),
        (
            "base_url_settings",
            {"region": "eu"},
            "base_url_settings['region'] must be a BaseURLSetting(...), not str",
        ),
        ("services", {"desk": 5}, "services['desk'] must be a function, not int"),
        ("services", {5: str}, "services must have only strings as keys; it has int"),
        ("services", None, "services must be a mapping, not None"),
        (
            "credential_variables",
            {"secret": None},
            "credential_variables['secret'] must be a string, not None",
        ),
        (
            "credential_variables",
            {"secret": ""},
            "credential_variables['secret'] must not be empty",
        ),
        ("headers", 5, "headers must be a mapping of names to strings, not int"),
        ("headers", None, "headers must be a mapping of names to strings, not None"),
        ("headers", "x-a: b", "headers must be a mapping of names to strings, not str"),
        ("headers", [5], "headers must be a mapping of names to strings, not list"),
        ("headers", {5: "a"}, "headers: the name of header 1 must be a string, not int"),
        ("blames_credentials", 5, "blames_credentials must be a function, not int"),
        ("retries", None, "retries must be a RetryRules(...), not None"),
        ("retries", 5, "retries must be a RetryRules(...), not int"),
        ("rate", 5, "rate must be None or a Rate(...), not int"),
        (
            "credential_headers",
            "authorization",
            "credential_headers must be a set of header names, not str",
        ),
        (
            "credential_headers",
            {5},
            "credential_headers must be a set of header names; it has int",
        ),
        ("request_id_header", 5, "request_id_header must be a header name, not int"),
        ("request_id_header", "x id", "request_id_header must be a header name, not 'x id'"),
        *(
            (
                "request_id_header",
                name,
                f"request_id_header must be a header of its own, not {name!r}",
            )
            for name in (
                *("host", "Content-Type", "content-length", "User-Agent", "Accept"),
                *("authorization", "X-Acme-Digest"),
            )
        ),
    ],
)
def test_each_field_of_a_profile(field: str, value: object, problem: str) -> None:
    """A value of another kind is named by its field, together with whatever else is wrong."""
    wrong: Any = {field: value, "read_failure": None}
    with pytest.raises(ConfigurationError) as caught:
        attrs.evolve(PROFILE, **wrong)
    found = listed_problems(caught.value, "Profile")
    assert sorted(found) == sorted([problem, "read_failure must be a function, not None"])


def test_a_header_is_checked_beside_other_names_that_are_wrong() -> None:
    """Names that can't be used are all listed, and hide no problem with a header."""
    wrong: dict[str, Any] = {"credential_headers": {"a b", 5}, "request_id_header": "x id"}
    with pytest.raises(ConfigurationError) as caught:
        attrs.evolve(PROFILE, headers={"c d": "e", "Host": "f"}, **wrong)
    assert sorted(listed_problems(caught.value, "Profile")) == [
        "credential_headers must be a set of header names; it has 'a b'",
        "credential_headers must be a set of header names; it has int",
        "headers: 'c d' is not a valid header name; use letters, digits and hyphens",
        "headers: host is set by the client itself",
        "request_id_header must be a header name, not 'x id'",
    ]
    wrong = {"headers": {"c d": "e"}, "credential_headers": "x"}
    with pytest.raises(ConfigurationError) as caught:
        attrs.evolve(PROFILE, **wrong)
    assert len(listed_problems(caught.value, "Profile")) == 2


def test_parts_of_a_profile() -> None:
    """A rate and a setting of the base URL that can't work are refused where they are made."""
    kind: Any = Rate
    with pytest.raises(ConfigurationError) as caught:
        kind(requests=0, per="minute")
    assert listed_problems(caught.value, "Rate") == [
        "requests must be at least 1, not 0",
        "per must be a positive number of seconds, at most a million, not str",
    ]
    with pytest.raises(ConfigurationError, match=r"^Rate: requests must be a whole number, not f"):
        kind(requests=1.5, per=1)
    kind = BaseURLSetting
    with pytest.raises(ConfigurationError) as caught:
        kind(variable=None, base_url="https://acme.example")
    assert listed_problems(caught.value, "BaseURLSetting") == [
        "variable must be a string, not None",
        "base_url must be a function, not str",
    ]


def test_names_of_credential_headers_compare_without_case() -> None:
    """A header that is named in capitals is protected as well."""
    names = {"X-Acme-Digest", "X-Acme-Time"}
    with pytest.raises(ConfigurationError) as caught:
        made({"credential_headers": names}, headers={"x-Acme-digest": "leaked"})
    assert listed_problems(caught.value, "Changed") == [
        "headers: x-Acme-digest is set by the client's auth strategy"
    ]


def test_a_path_without_a_slash_is_not_sent() -> None:
    """The error names the call and its path; with a base URL that has a path, too."""

    @attrs.frozen(kw_only=True)
    class Gates(Call[None]):
        path: ClassVar[str] = "gates"

        def decode(self, body: JSON, response: ResponseInfo) -> None:
            del body, response

    transport = responding(200, {})
    for base_url in (None, "https://acme.example"):
        client = made({}, base_url=base_url, transport=transport)
        with pytest.raises(InvalidInputError, match=r"^Gates: path must start "):
            client.send(Gates())
    assert not transport.requests
