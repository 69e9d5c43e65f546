from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pytest
from all_clients import STRIGO_MINT
from clocks import frozen_clock
from credentials import ZDK_API_KEY, zdk_client, zerohash_client
from vendors_support import Script, make_response, responding

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    AsyncZeroHashClient,
    AuthenticationError,
    ConfigurationError,
    Secret,
    SecretGroup,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
    auth,
)

TOKENS = {"tokens": ["t0ken-1"]}


class Rotating:
    """A secret source whose value changes each time."""

    def __init__(self, *values: Any) -> None:
        self.values = iter(values)

    def __call__(self) -> Any:
        return next(self.values)

    async def later(self) -> Any:
        return next(self.values)


def explode() -> str:
    raise KeyError("vault-s3cret")


def explode_as_a_group() -> Mapping[str, str]:
    raise KeyError("vault-s3cret")


async def explode_later() -> str:
    raise KeyError("vault-s3cret")


def number() -> Any:
    return 5


async def number_later() -> Any:
    return 5


def broken_key() -> str:
    return "zdk-s3cret\n"


async def zdk_key() -> str:
    return "zdk-s3cret"


def sent_keys(transport: Script) -> list[str]:
    return [request.headers["authorization"] for request in transport.requests]


def test_rotation_without_a_restart() -> None:
    """A callable is called again for each call; strings and Secrets work too."""
    transport = responding(200, TOKENS)
    client = ZdkClient(api_key=Rotating("one", Secret("two")), transport=transport)
    client.create_user_token(id="u")
    client.create_user_token(id="u")
    assert sent_keys(transport) == ["Bearer one", "Bearer two"]


def test_rotation_between_attempts() -> None:
    """A callable is called again for each attempt of a call, and no value is shown."""
    script = Script((make_response(503), make_response(401, {"message": "not one, not two"})))
    client = ZdkClient(
        api_key=Rotating("s3cret-one", "s3cret-two"), transport=script, clock=frozen_clock()
    )
    with pytest.raises(AuthenticationError):
        client.create_user_token(id="u")
    assert sent_keys(script) == ["Bearer s3cret-one", "Bearer s3cret-two"]


def test_rotated_secrets_are_all_hidden() -> None:
    """A key from an earlier attempt is redacted in the error like the last one."""
    message = "neither s3cret-one nor s3cret-two"
    script = Script((make_response(503), make_response(401, {"message": message})))
    client = ZdkClient(
        api_key=Rotating("s3cret-one", "s3cret-two"), transport=script, clock=frozen_clock()
    )
    with pytest.raises(AuthenticationError) as caught:
        client.create_user_token(id="u")
    assert caught.value.message == "neither [redacted] nor [redacted]"


@pytest.mark.anyio
async def test_async_sources() -> None:
    """An async client awaits async callables, and accepts plain ones too."""
    transport = responding(200, TOKENS)
    async with AsyncZdkClient(
        api_key=Rotating("one", Secret("two")).later, transport=transport
    ) as client:
        await client.create_user_token(id="u")
        await client.create_user_token(id="u")
    async with AsyncZdkClient(api_key=Rotating("three"), transport=transport) as client:
        await client.create_user_token(id="u")
    assert sent_keys(transport) == ["Bearer one", "Bearer two", "Bearer three"]


def test_sources_of_every_credential(issuers: Mapping[str, str]) -> None:
    """Each credential of each vendor may be a callable."""

    def source(name: str) -> Callable[[], str]:
        return lambda: issuers[name]

    with ZeroHashClient(
        api_key=source("ZEROHASH_API_KEY"),
        private_key=source("ZEROHASH_PRIVATE_KEY"),
        passphrase=source("ZEROHASH_PASSPHRASE"),
        base_url=issuers["ZEROHASH_BASE_URL"],
    ) as zerohash:
        token = zerohash.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
        assert token.permissions == ("fwc",)
    with StrigoClient(
        org_id=source("STRIGO_ORG_ID"),
        api_key=source("STRIGO_API_KEY"),
        base_url=issuers["STRIGO_BASE_URL"],
    ) as strigo:
        assert strigo.check_health().status == "ok"


@pytest.mark.anyio
async def test_async_sources_of_every_credential(issuers: Mapping[str, str]) -> None:
    """The async clients accept async callables for each of them."""

    def source(name: str) -> Callable[[], Any]:
        return Rotating(issuers[name]).later

    async with AsyncZeroHashClient(
        api_key=source("ZEROHASH_API_KEY"),
        private_key=source("ZEROHASH_PRIVATE_KEY"),
        passphrase=source("ZEROHASH_PASSPHRASE"),
        base_url=issuers["ZEROHASH_BASE_URL"],
    ) as zerohash:
        token = await zerohash.create_client_auth_token(email="a@b.io", permissions=["onboarding"])
        assert token.permissions == ("onboarding",)
    async with AsyncStrigoClient(
        org_id=source("STRIGO_ORG_ID"),
        api_key=source("STRIGO_API_KEY"),
        base_url=issuers["STRIGO_BASE_URL"],
    ) as strigo:
        assert (await strigo.check_health()).status == "ok"


def test_async_sources_on_sync_clients() -> None:
    """A sync client refuses an async source when it is built, or when it turns out to be one."""
    source: Any = zdk_key
    with pytest.raises(ConfigurationError) as caught:
        ZdkClient(api_key=source)
    assert str(caught.value) == (
        "ZdkClient: api_key is async, which a sync client cannot wait for; use the async client "
        "or a plain function"
    )
    hidden: Any = lambda: zdk_key()  # noqa: E731, PLW0108 - a plain function that returns a coroutine
    transport = responding(200, TOKENS)
    with pytest.raises(
        ConfigurationError, match="is async, which only the async clients can"
    ) as late:
        ZdkClient(api_key=hidden, transport=transport).create_user_token(id="u")
    assert str(late.value).startswith("ZdkClient: api_key: the secret source ")
    assert transport.requests == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (explode, "api_key: the secret source explode raised KeyError"),
        (
            number,
            "api_key: the secret source number must return a string or a Secret, not int",
        ),
        (
            broken_key,
            "api_key begins or ends with whitespace or a line break; strip it",
        ),
        (Rotating(""), "api_key is empty"),
        (
            Rotating(None),
            "api_key: the secret source Rotating must return a string or a Secret, not None",
        ),
    ],
)
def test_sources_that_fail(source: Any, problem: str) -> None:
    """A source that raises or returns nonsense is a ConfigurationError, and nothing is sent.

    What the source itself raised is the cause; nothing else is behind the error.
    """
    transport = responding(200, TOKENS)
    with pytest.raises(ConfigurationError) as caught:
        ZdkClient(api_key=source, transport=transport).create_user_token(id="u")
    assert str(caught.value) == f"ZdkClient: {problem}"
    assert type(caught.value.__cause__) is (KeyError if source is explode else type(None))
    assert caught.value.__context__ is caught.value.__cause__ or caught.value.__context__ is None
    assert transport.requests == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (explode, "api_key: the secret source explode raised KeyError"),
        (
            explode_later,
            "api_key: the secret source explode_later raised KeyError",
        ),
        (
            number_later,
            "api_key: the secret source number_later must return a string or a Secret, not int",
        ),
    ],
)
async def test_async_sources_that_fail(source: Any, problem: str) -> None:
    """The async client says the same, on either event loop."""
    transport = responding(200, TOKENS)
    client = AsyncZdkClient(api_key=source, transport=transport)
    with pytest.raises(ConfigurationError) as caught:
        await client.create_user_token(id="u")
    assert str(caught.value) == f"AsyncZdkClient: {problem}"
    assert transport.requests == []


def test_a_rotated_private_key_is_checked() -> None:
    """A key that a source returns is checked as strictly as one that is passed."""
    client = zerohash_client(private_key=lambda: "not-base64!", transport=responding(200))
    with pytest.raises(ConfigurationError, match=r"^ZeroHashClient: private_key is not base64"):
        client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])


def mint_error(**credentials: Any) -> str:
    """Return why a zerohash client with some of its credentials replaced can't mint."""
    client = zerohash_client(**credentials, transport=responding(200))
    with pytest.raises(ConfigurationError) as caught:
        client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    return str(caught.value)


def test_a_failing_source_is_named_by_each_of_its_options() -> None:
    """One callable may be given for two options, and none of them is left out."""
    assert mint_error(api_key=number, private_key=explode) == (
        "ZeroHashClient: api_key: the secret source number must return a string or a Secret, "
        "not int"
    )
    assert mint_error(private_key=explode, passphrase=explode) == (
        "ZeroHashClient: private_key and passphrase: the secret source explode raised KeyError"
    )
    assert mint_error(api_key=explode, private_key=explode, passphrase=explode) == (
        "ZeroHashClient: api_key, private_key and passphrase: the secret source explode raised "
        "KeyError"
    )


def test_a_failing_group_is_named_by_its_options() -> None:
    """A group stands behind several options; a secret that it lacks is one option's."""
    broken = SecretGroup(explode_as_a_group)
    assert mint_error(api_key=broken["a"], passphrase=broken["b"]) == (
        "ZeroHashClient: api_key and passphrase: the secret source explode_as_a_group raised "
        "KeyError"
    )
    other = SecretGroup(lambda: {"a": "key"})
    assert mint_error(api_key=other["a"], passphrase=other["b"]) == (
        "ZeroHashClient: passphrase: the secret group has no 'b'; it has a"
    )


@pytest.mark.parametrize("source", [explode, SecretGroup(explode_as_a_group)["a"]])
def test_a_failing_source_of_a_strategy_is_named_by_its_client(source: Any) -> None:
    """Where the caller's strategy holds the source, the option is auth, for reused tokens too."""
    client = StrigoClient(auth=auth.Bearer(source), transport=responding(200))
    for begin in (client.send, client.get_token):
        with pytest.raises(ConfigurationError, match=r"^StrigoClient: auth: the secret source e"):
            begin(STRIGO_MINT)


def test_a_source_that_a_vendor_s_strategy_made_is_named_by_its_client() -> None:
    """Such a source is no option's, so the error names the client alone."""

    def made(api_key: object) -> Any:  # noqa: ARG001 - the name is the credential's
        return auth.Bearer(explode)

    class OtherClient(ZdkClient):
        profile = attrs.evolve(ZdkClient.profile, strategy=made)

    with pytest.raises(ConfigurationError) as caught:
        OtherClient(api_key=ZDK_API_KEY, transport=responding(200)).create_user_token(id="u")
    assert str(caught.value) == "OtherClient: the secret source explode raised KeyError"


def test_a_source_that_a_vendor_s_strategy_wraps_is_named_by_its_option() -> None:
    """If one option alone is callable, the wrapped source is that option's."""

    def stripped(api_key: Callable[[], str]) -> auth.Bearer[Any]:
        return auth.Bearer(lambda: api_key().strip())

    class OtherClient(ZdkClient):
        profile = attrs.evolve(ZdkClient.profile, strategy=stripped)

    client = OtherClient(api_key=explode, transport=responding(200))
    with pytest.raises(ConfigurationError, match=r"^OtherClient: api_key: the secret source "):
        client.create_user_token(id="u")


def test_calls_without_authentication_ask_no_source() -> None:
    """get_time() resolves no credential."""
    client = zerohash_client(api_key=explode, transport=responding(200, {"epoch": 0}))
    assert client.get_time().time.year == 1970


def test_no_credential_shows() -> None:
    """Clients and secrets show no credential."""
    client, secret = zdk_client(), Secret(ZDK_API_KEY)
    assert ZDK_API_KEY not in f"{client!r}{client}{secret!r}{secret}"
    assert ZDK_API_KEY not in repr(auth.Bearer(ZDK_API_KEY).secrets)
