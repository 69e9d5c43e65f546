"""G39 for constructors, siblings and a call's options."""

import asyncio
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from all_clients import ZDK_MINT
from credentials import ZDK
from vendors_support import responding, scripted_zdk

import tokenkit
from tokenkit import (
    AsyncZdkClient,
    Secret,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
)
from tokenkit.auth import Bearer, HmacSigner, OrgKey
from tokenkit.testing import AsyncFrozenClock, FrozenClock
from tokenkit.zerohash import HMAC_SCHEME

KEY = "sk-live-9f8e7d6c5b4a3210"
PACKAGE = str(Path(tokenkit.__file__).parent)
UNTYPED: Any = KEY.encode()
CLIENTS: list[Any] = [ZdkClient, AsyncZdkClient]


def opened(value: Any, depth: int = 4) -> Iterator[str]:
    """Yield what a tracker shows of a value: its repr, and those of a container's items."""
    yield repr(value)
    if depth and isinstance(value, dict):
        items: list[Any] = [*value, *value.values()]
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        items = [*value]
    else:
        items = []
    for item in items:
        yield from opened(item, depth - 1)


def shown(error: BaseException | None) -> Iterator[str]:
    """Yield an error's text and everything that the package's frames show, causes included."""
    while error is not None:
        yield str(error)
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename.startswith(PACKAGE):
                for value in [*frame.f_locals.values()]:
                    yield from opened(value)
        error = error.__cause__ or error.__context__


ATTEMPTS: dict[str, Callable[[Any], object]] = {
    "bytes": lambda kind: kind(api_key=UNTYPED),
    "a list": lambda kind: kind(api_key=[KEY]),
    "by position": lambda kind: kind(KEY),
    "a misspelt keyword": lambda kind: kind(apikey=KEY),
    "an unknown option": lambda kind: kind(api_key=KEY, bogus=1),
    "a line break": lambda kind: kind(api_key=f"{KEY}\n"),
    "a scheme": lambda kind: kind(api_key=f"Bearer {KEY}"),
    "a refused header": lambda kind: kind(**ZDK, headers={"authorization": KEY}),
    "a bad header": lambda kind: kind(**ZDK, headers={"x-key": f"{KEY}\n"}),
    "another bad option": lambda kind: kind(
        api_key=KEY, proxy=f"http://u:{KEY}@h:1", headers={"x-gateway": KEY}, timeout=0
    ),
    "a proxy": lambda kind: kind(**ZDK, proxy=f"ftp://u:{KEY}@h"),
    "a base URL": lambda kind: kind(**ZDK, base_url=f"https://u:{KEY}@h"),
    "a strategy": lambda kind: kind(auth=KEY, headers={"x-gateway": KEY}),
    "the environment": lambda kind: kind.from_env(
        environ={"ZDK_API_KEY": KEY, "ZDK_BASE_URL": f"https://u:{KEY}@h"}
    ),
    "an option beside the environment": lambda kind: kind.from_env(
        environ={"ZDK_API_KEY": KEY}, headers={"x-gateway": KEY}, timeout=0
    ),
    "a sibling": lambda kind: kind(**ZDK).with_options(headers={"x": KEY, "host": "h"}),
    "a misspelt sibling": lambda kind: kind(**ZDK).with_options(headrs={"x": KEY}),
}


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=list(ATTEMPTS))
def test_a_failing_constructor_shows_no_secret(
    kind: Any, attempt: Callable[[Any], object]
) -> None:
    """Whatever is wrong beside a secret, the secret is in no text and in no frame of ours."""
    with pytest.raises((tokenkit.ConfigurationError, TypeError)) as caught:
        attempt(kind)
    assert [text for text in shown(caught.value) if KEY in text] == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: Bearer(UNTYPED),
        lambda: Bearer(f"{KEY}\n"),
        lambda: OrgKey(KEY, UNTYPED),
        lambda: OrgKey(f"{KEY}:x", "y"),
        lambda: HmacSigner(KEY, UNTYPED, "p", scheme=HMAC_SCHEME),
        lambda: HmacSigner(KEY, KEY + "%", KEY, scheme=HMAC_SCHEME),
        lambda: StrigoClient(org_id=KEY, api_key=UNTYPED),
        lambda: ZeroHashClient(api_key=KEY, private_key=KEY, passphrase=UNTYPED),
        lambda: ZeroHashClient.from_env(environ={"ZEROHASH_API_KEY": KEY}),
    ],
)
def test_a_failing_strategy_shows_no_secret(make: Callable[[], object]) -> None:
    """Strategies, and the clients that build them, keep no credential in their frames."""
    with pytest.raises(tokenkit.ConfigurationError) as caught:
        make()
    assert [text for text in shown(caught.value) if KEY in text] == []


class Interrupted(BaseException):
    """An exception from outside, at any line."""


def test_an_exception_from_outside_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted constructor's traceback keeps its lines, but none of their values."""

    def interrupt(*_: object, **__: object) -> None:
        raise Interrupted

    monkeypatch.setattr("tokenkit._client.base.Shared", interrupt)
    for kind in CLIENTS:
        with pytest.raises(Interrupted) as caught:
            kind(api_key=KEY, headers={"x-gateway": KEY}, proxy=f"http://u:{KEY}@h:1")
        assert [text for text in shown(caught.value) if KEY in text] == []
        lines = traceback.extract_tb(caught.value.__traceback__)
        assert "_set_up" in [line.name for line in lines]


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"x-gateway": KEY}, "timeout": 0},
        {"headers": {"x-gateway": KEY}, "timout": 1},
        {"headers": {"x-gateway": KEY}, "request_id": ""},
    ],
)
def test_options_of_a_failing_call_are_in_no_frame(options: dict[str, Any]) -> None:
    """The same holds for a call's options, whether they or the response are at fault."""
    client = scripted_zdk(responding(401, {"message": "no"}))
    sound = {"headers": {"x-gateway": KEY}}
    call = tokenkit.zdk.UserTokenRequest(id="u")
    for given in (options, sound):
        attempts: list[Callable[[Any], object]] = [
            lambda given: client.send(call, **given),
            lambda given: client.send_raw(call, **given),
            lambda given: client.request("POST", "/x", json={"t": KEY}, **given),
        ]
        for attempt in attempts:
            with pytest.raises((tokenkit.TokenKitError, TypeError)) as caught:
                attempt(given)
            frames = shown(caught.value)
            next(frames)  # the text of an API error is not what this is about
            assert [text for text in frames if KEY in text] == []


def test_a_subclass_that_fails_tells_where() -> None:
    """A mistake in a caller's subclass keeps its traceback, without the values."""

    class Mine(ZdkClient):
        def __init__(self, key: str) -> None:
            super().__init__(api_key=Secret(key))
            raise LookupError("a mistake")

    with pytest.raises(LookupError, match="a mistake") as caught:
        Mine(KEY)
    lines = traceback.extract_tb(caught.value.__traceback__)
    assert lines[-1].line == 'raise LookupError("a mistake")'
    assert [text for text in shown(caught.value) if KEY in text] == []


class Striking(FrozenClock):
    """A clock in which an exception from outside strikes."""

    def time(self) -> float:
        """Raise instead of telling the time."""
        raise Interrupted


class AsyncStriking(AsyncFrozenClock):
    """The same for an async client."""

    def time(self) -> float:
        """Raise instead of telling the time."""
        raise Interrupted


def send(client: Any, options: Any) -> None:
    """Send a call with these options."""
    client.send(ZDK_MINT, **options)


def send_async(client: Any, options: Any) -> None:
    """Do the same on an event loop."""
    asyncio.run(client.send(ZDK_MINT, **options))


STARTS: list[Any] = [
    (ZdkClient, Striking(), send),
    (AsyncZdkClient, AsyncStriking(Striking()), send_async),
]


@pytest.mark.parametrize(("kind", "clock", "act"), STARTS)
def test_a_call_interrupted_at_its_start_shows_no_option(kind: Any, clock: Any, act: Any) -> None:
    """What strikes while a call's options are checked leaves them in no frame and no record."""
    records: list[object] = []
    hooks = tokenkit.Hooks(on_error=records.append)
    client = kind(**ZDK, clock=clock, hooks=hooks)
    with pytest.raises(Interrupted) as caught:
        act(client, {"headers": {"x-gateway": KEY}})
    assert [text for text in shown(caught.value) if KEY in text] == []
    assert "time" in [line.name for line in traceback.extract_tb(caught.value.__traceback__)]
    assert records == []
