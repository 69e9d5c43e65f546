"""Several credentials from one read."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import credentials
import pytest
from all_clients import ZEROHASH_MINT
from clocks import frozen_clock
from core_driver import make_plan, make_response, zerohash_minted
from scripted_connections import AsyncScriptedConnections, ScriptedConnections

from tokenkit import AsyncSecretGroup, ConfigurationError, Secret, SecretGroup
from tokenkit._pipeline.drivers import drive, drive_async
from tokenkit._pipeline.run import perform
from tokenkit.auth import HmacSigner
from tokenkit.zerohash.profile import HMAC_SCHEME
from tokenkit.zerohash.profile import PROFILE as ZEROHASH

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS: Mapping[str, str | Secret] = {
    **credentials.ZEROHASH,
    "private_key": Secret(credentials.ZEROHASH_PRIVATE_KEY),
}


def strategy(group: SecretGroup | AsyncSecretGroup) -> HmacSigner[Any]:
    """Sign with the members of a group."""
    members = [group[name] for name in ("api_key", "private_key", "passphrase")]
    return HmacSigner(*members, scheme=HMAC_SCHEME)


def call(group: SecretGroup | AsyncSecretGroup) -> tuple[int, list[str]]:
    """Make a sync call that is repeated once; return the attempts and the keys sent."""
    clock = frozen_clock()
    connections = ScriptedConnections(clock, make_response(503), zerohash_minted())
    plan = make_plan(ZEROHASH, strategy(group))
    reply = drive(partial(perform, ZEROHASH_MINT, plan, ""), connections, clock)
    return reply.attempts, [one.headers["x-scx-api-key"] for one in connections.requests]


@pytest.mark.parametrize("kind", [SecretGroup, AsyncSecretGroup])
def test_a_group_needs_a_function(kind: Any) -> None:
    """The secrets themselves, passed by mistake, are refused at once and not shown."""
    with pytest.raises(ConfigurationError) as caught:
        kind(KEYS)
    assert str(caught.value) == (
        f"{kind.__name__}: read must be a function that returns the credentials by name, not dict"
    )


def test_a_group_is_read_once_an_attempt() -> None:
    """All credentials of an attempt come from one read, and the next attempt reads again."""
    reads: list[int] = []

    def read() -> Mapping[str, str | Secret]:
        reads.append(1)
        return {**KEYS, "api_key": f"key-{len(reads)}"}

    assert call(SecretGroup(read)) == (2, ["key-1", "key-2"])
    assert len(reads) == 2


@pytest.mark.anyio
async def test_an_async_group() -> None:
    """An async client awaits the read, and accepts a plain group too."""

    async def read() -> Mapping[str, str | Secret]:
        return KEYS

    for group in (AsyncSecretGroup(read), SecretGroup(lambda: KEYS)):
        clock = frozen_clock()
        connections = AsyncScriptedConnections(clock, zerohash_minted())
        plan = make_plan(ZEROHASH, strategy(group))
        reply = await drive_async(
            partial(perform, ZEROHASH_MINT, plan, ""), connections, clock.as_async()
        )
        assert reply.attempts == 1
        assert connections.requests[0].headers["x-scx-api-key"] == credentials.ZEROHASH_API_KEY
    assert await AsyncSecretGroup(read)["api_key"]() == credentials.ZEROHASH_API_KEY


def test_a_member_can_be_asked_alone() -> None:
    """A member is a callable like any other source."""
    assert SecretGroup(lambda: KEYS)["passphrase"]() == credentials.ZEROHASH_PASSPHRASE


def raising() -> Mapping[str, str | Secret]:
    raise OSError("the-secret")


async def later() -> Mapping[str, str | Secret]:
    return KEYS


class Later(Awaitable[Any]):
    def __await__(self) -> Any:
        raise AssertionError("never awaited")


BROKEN: list[tuple[Callable[[], Any], str]] = [
    (raising, "raising raised OSError"),
    (lambda: "the-secret", "must return a mapping of names to secrets, not str"),
    (lambda: {"api_key": 5}, "must return strings or Secrets, not int"),
    (lambda: {"api_key": "x"}, "^Client: the secret group has no 'private_key'; it has api_key"),
    (dict, "^Client: the secret group has no 'api_key'; it has nothing"),
    (later, "is async, which only the async clients can wait for"),
    (Later, "is async, which only the async clients can wait for"),
]


@pytest.mark.parametrize(("read", "problem"), BROKEN)
def test_groups_that_fail(read: Callable[[], Any], problem: str) -> None:
    """If a group raises, or returns something else, the error doesn't show what it returned."""
    with pytest.raises(ConfigurationError, match=problem) as caught:
        call(SecretGroup(read))
    assert "the-secret" not in f"{caught.value}{vars(caught.value)}"


@pytest.mark.anyio
async def test_async_groups_that_fail() -> None:
    """An awaited read behaves the same."""

    async def read() -> Any:
        raise OSError("the-secret")

    clock = frozen_clock()
    plan = make_plan(ZEROHASH, strategy(AsyncSecretGroup(read)))
    with pytest.raises(ConfigurationError, match="read raised OSError"):
        await drive_async(
            partial(perform, ZEROHASH_MINT, plan, ""),
            AsyncScriptedConnections(clock),
            clock.as_async(),
        )
