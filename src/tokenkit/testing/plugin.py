"""The pytest plugin: a sandbox, clients for it, and their clock, as fixtures.

pytest loads this module whenever it starts, so it imports nothing expensive until a fixture is
used.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

import pytest

from .clock import FrozenClock
from .comparison import explain

if TYPE_CHECKING:
    from ..extension import AsyncClient
    from ..sandbox import Sandbox
    from ..strigo.client import AsyncStrigoClient, StrigoClient
    from ..zdk.client import AsyncZdkClient, ZdkClient
    from ..zerohash.client import AsyncZeroHashClient, ZeroHashClient

__all__ = [
    "async_strigo_client",
    "async_zdk_client",
    "async_zerohash_client",
    "pytest_assertrepr_compare",
    "strigo_client",
    "tokenkit_clock",
    "tokenkit_environment",
    "tokenkit_sandbox",
    "tokenkit_sandbox_server",
    "zdk_client",
    "zerohash_client",
]

C = TypeVar("C", bound="AsyncClient")

KEPT = pytest.StashKey[dict[str | None, "AsyncClient"]]()


class SandboxTime:
    """The sandbox's time: the machine's clock, or a test's."""

    def __init__(self) -> None:
        self.source: Callable[[], float] = time.time

    def __call__(self) -> float:
        """Return the time of day, in seconds since 1970."""
        return self.source()


@pytest.fixture(scope="session")
def _tokenkit_time() -> SandboxTime:
    return SandboxTime()


@pytest.fixture(scope="session")
def tokenkit_sandbox_server(_tokenkit_time: SandboxTime) -> "Iterator[Sandbox]":
    """Run one sandbox for the whole session, for fixtures of a wider scope than a test.

    Tests take ``tokenkit_sandbox``, which is the same sandbox with nothing left from other tests.
    """
    with _sandbox_class()(clock=_tokenkit_time) as sandbox:
        yield sandbox


@pytest.fixture
def tokenkit_sandbox(
    request: pytest.FixtureRequest,
    tokenkit_sandbox_server: "Sandbox",
    _tokenkit_time: SandboxTime,
) -> "Iterator[Sandbox]":
    """Return a fresh, running sandbox on loopback.

    ``issued`` and ``refused`` show what happened in the test, and ``fail_next()`` makes requests
    fail. In a test that uses ``tokenkit_clock``, as the client fixtures do, the sandbox uses that
    clock.
    """
    tokenkit_sandbox_server.reset()
    if "tokenkit_clock" in request.fixturenames:
        _tokenkit_time.source = request.getfixturevalue("tokenkit_clock").time
    yield tokenkit_sandbox_server
    _tokenkit_time.source = time.time
    tokenkit_sandbox_server.reset()


@pytest.fixture
def tokenkit_environment(
    tokenkit_sandbox: "Sandbox", monkeypatch: pytest.MonkeyPatch
) -> Mapping[str, str]:
    """Set the environment variables that make ``from_env()`` build clients for the sandbox."""
    environment = tokenkit_sandbox.environment
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@pytest.fixture
def tokenkit_clock() -> FrozenClock:
    """Return the clock of the client fixtures; it shows the time at which the test began.

    Override this fixture to start at another time.
    """
    return FrozenClock()


@pytest.fixture
def zdk_client(tokenkit_sandbox: "Sandbox", tokenkit_clock: FrozenClock) -> "Iterator[ZdkClient]":
    """Return a ZDK client for the sandbox, on ``tokenkit_clock``."""
    with tokenkit_sandbox.zdk_client(clock=tokenkit_clock) as client:
        yield client


@pytest.fixture
def zerohash_client(
    tokenkit_sandbox: "Sandbox", tokenkit_clock: FrozenClock
) -> "Iterator[ZeroHashClient]":
    """Return a zerohash client for the sandbox, on ``tokenkit_clock``."""
    with tokenkit_sandbox.zerohash_client(clock=tokenkit_clock) as client:
        yield client


@pytest.fixture
def strigo_client(
    tokenkit_sandbox: "Sandbox", tokenkit_clock: FrozenClock
) -> "Iterator[StrigoClient]":
    """Return a Strigo client for the sandbox, on ``tokenkit_clock``."""
    with tokenkit_sandbox.strigo_client(clock=tokenkit_clock) as client:
        yield client


@pytest.fixture
def async_zdk_client(
    request: pytest.FixtureRequest, tokenkit_sandbox: "Sandbox", tokenkit_clock: FrozenClock
) -> "Iterator[AsyncZdkClient]":
    """Return an async ZDK client for the sandbox, on ``tokenkit_clock``."""
    yield from _lend(request, tokenkit_sandbox.async_zdk_client(clock=tokenkit_clock.as_async()))


@pytest.fixture
def async_zerohash_client(
    request: pytest.FixtureRequest, tokenkit_sandbox: "Sandbox", tokenkit_clock: FrozenClock
) -> "Iterator[AsyncZeroHashClient]":
    """Return an async zerohash client for the sandbox, on ``tokenkit_clock``."""
    yield from _lend(
        request, tokenkit_sandbox.async_zerohash_client(clock=tokenkit_clock.as_async())
    )


@pytest.fixture
def async_strigo_client(
    request: pytest.FixtureRequest, tokenkit_sandbox: "Sandbox", tokenkit_clock: FrozenClock
) -> "Iterator[AsyncStrigoClient]":
    """Return an async Strigo client for the sandbox, on ``tokenkit_clock``."""
    yield from _lend(
        request, tokenkit_sandbox.async_strigo_client(clock=tokenkit_clock.as_async())
    )


def _sandbox_class() -> "type[Sandbox]":
    try:
        from ..sandbox import Sandbox  # noqa: PLC0415 - an extra, which may be missing
    except ModuleNotFoundError as error:
        missing = error.name
    else:
        return Sandbox
    pytest.fail(
        f"tokenkit's sandbox needs the package {missing}: "
        'python -m pip install "tokenkit-sdk[sandbox]"',
        pytrace=False,
    )


def _lend(request: pytest.FixtureRequest, client: C) -> Iterator[C]:
    """Lend an async client to a test, close it, and keep it until the next of its kind.

    Once closed, it makes no call. Its connections belong to the test's event loop, which closes
    them when it ends. If that is after this fixture, a client dropped here would be left to the
    garbage collector; and if a loop serves many tests, clients that are never dropped would keep
    their connections that long.
    """
    kept = request.config.stash.setdefault(KEPT, {})
    kept[request.fixturename] = client
    yield client
    # In a thread, because a loop may be running in this one.
    closing = threading.Thread(target=_close, args=(client,))
    closing.start()
    closing.join()


def _close(client: "AsyncClient") -> None:
    import asyncio  # noqa: PLC0415 - keeps the start of pytest fast

    asyncio.run(client.aclose())


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Show no token when ``assert token == other`` fails."""
    return explain(left, right) if op == "==" else None
