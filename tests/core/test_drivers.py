from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import ZDK_MINT
from clocks import frozen_clock
from core_driver import make_response, minted, untyped, zdk_plan
from scripted_connections import AsyncScriptedConnections, ScriptedConnections

from tokenkit._observability.hooks import Hooks
from tokenkit._observability.records import AttemptSent, ResponseReceived, RetryPlanned
from tokenkit._pipeline.drivers import drive, drive_async
from tokenkit._pipeline.run import perform
from tokenkit._policy.clock import AsyncSystemClock, SystemClock
from tokenkit._secret import Secret
from tokenkit.auth import Bearer
from tokenkit.errors import BadRequestError, ConfigurationError

if TYPE_CHECKING:
    from tokenkit._model.call import Reply
    from tokenkit._model.messages import Response
    from tokenkit.zdk import UserToken


class SyncRun:
    """One call driven by the sync loop."""

    def __init__(self, *script: Response | BaseException) -> None:
        self.clock = frozen_clock()
        self.connections = ScriptedConnections(self.clock, *script)

    def __call__(self, source: object = "the-key", hooks: Hooks | None = None) -> Reply[UserToken]:
        plan = zdk_plan(strategy=Bearer(untyped(source)))
        begin = partial(perform, ZDK_MINT, plan, "")
        if hooks is None:
            return drive(begin, self.connections, self.clock)
        return drive(begin, self.connections, self.clock, hooks)


class AsyncRun:
    """One call driven by the async loop."""

    def __init__(self, *script: Response | BaseException) -> None:
        self.clock = frozen_clock()
        self.connections = AsyncScriptedConnections(self.clock, *script)

    async def __call__(
        self, source: object = "the-key", hooks: Hooks | None = None
    ) -> Reply[UserToken]:
        plan = zdk_plan(strategy=Bearer(untyped(source)))
        begin = partial(perform, ZDK_MINT, plan, "")
        if hooks is None:
            return await drive_async(begin, self.connections, self.clock.as_async())
        return await drive_async(begin, self.connections, self.clock.as_async(), hooks)


def keys(run: SyncRun | AsyncRun) -> list[str]:
    """Return the keys that were sent."""
    return [request.headers["authorization"] for request in run.connections.requests]


BROKEN: list[tuple[object, str]] = [
    (lambda: 5, "must return a string or a Secret, not int"),
    (lambda: b"the-secret", "must return a string or a Secret, not bytes"),
    (lambda: None, "must return a string or a Secret, not None"),
    (lambda: 1 / 0, "<lambda> raised ZeroDivisionError"),
    (iter([]).__next__, "__next__ raised StopIteration"),
    (partial(int, "the-secret"), "^Client: the secret source partial raised ValueError"),
]


def test_sync_retry() -> None:
    """The sync loop sends, sleeps on the caller's clock and sends again, with the time left."""
    run = SyncRun(make_response(503, retry_after="2"), minted())
    assert run().value.token == "minted-token"
    assert run.clock.sleeps == (2.0,)
    assert run.connections.left == [60.0, 57.0]


@pytest.mark.anyio
async def test_async_retry() -> None:
    """The async loop does the same."""
    run = AsyncRun(make_response(503, retry_after="2"), minted())
    assert (await run()).value.token == "minted-token"
    assert run.clock.sleeps == (2.0,)
    assert run.connections.left == [60.0, 57.0]


def test_sync_errors() -> None:
    """An error of the call leaves the sync loop."""
    with pytest.raises(BadRequestError):
        SyncRun(make_response(400))()


@pytest.mark.anyio
async def test_async_errors() -> None:
    """An error of the call leaves the async loop."""
    with pytest.raises(BadRequestError):
        await AsyncRun(make_response(400))()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, ConfigurationError])
def test_sync_interrupts(kind: type[BaseException]) -> None:
    """An exception while a request is out is raised unchanged, as the same object."""
    thrown = kind("stop")
    with pytest.raises(kind) as caught:
        SyncRun(thrown)()
    assert caught.value is thrown


@pytest.mark.anyio
async def test_async_interrupts() -> None:
    """The async loop also raises an interrupt unchanged, as the same object."""
    thrown = KeyboardInterrupt("stop")
    with pytest.raises(KeyboardInterrupt) as caught:
        await AsyncRun(thrown)()
    assert caught.value is thrown


def test_sync_sources() -> None:
    """A source may return a string or a Secret, and is called for each attempt."""
    found: list[str | Secret] = ["first", Secret("second")]
    run = SyncRun(make_response(503), minted())
    run(lambda: found.pop(0))
    assert keys(run) == ["Bearer first", "Bearer second"]


@pytest.mark.anyio
async def test_async_sources() -> None:
    """An async client takes plain and async sources."""

    async def fetch() -> Secret:
        return Secret("fetched")

    for source, expected in ((fetch, "Bearer fetched"), (lambda: "plain", "Bearer plain")):
        run = AsyncRun(minted())
        await run(source)
        assert keys(run) == [expected]


@pytest.mark.parametrize(("source", "text"), BROKEN)
def test_sync_sources_that_fail(source: object, text: str) -> None:
    """If a source raises, or doesn't return a secret, the ConfigurationError names it."""
    run = SyncRun()
    with pytest.raises(ConfigurationError, match=text) as caught:
        run(source)
    assert "the-secret" not in str(caught.value)
    assert caught.value.__context__ is None
    assert run.connections.requests == []


@pytest.mark.anyio
@pytest.mark.parametrize(("source", "text"), BROKEN)
async def test_async_sources_that_fail(source: object, text: str) -> None:
    """The async client does the same."""
    run = AsyncRun()
    with pytest.raises(ConfigurationError, match=text) as caught:
        await run(source)
    assert "the-secret" not in str(caught.value)


@pytest.mark.anyio
async def test_async_sources_that_fail_while_awaited() -> None:
    """An async source that raises is a ConfigurationError that names it."""

    async def vault() -> str:
        raise OSError("the-secret")

    with pytest.raises(ConfigurationError, match=r"vault raised OSError") as caught:
        await AsyncRun()(vault)
    assert "the-secret" not in str(caught.value)


def test_sync_clients_refuse_awaitables() -> None:
    """A sync client recognises an async source, and closes its coroutine."""

    async def vault() -> str:
        raise AssertionError("never awaited")

    class Later:
        def __await__(self) -> Any:
            raise AssertionError("never awaited")

    for source in (vault, Later):
        with pytest.raises(ConfigurationError, match="is async, which only the async clients"):
            SyncRun()(source)


def test_sync_hooks() -> None:
    """The sync loop reports each step of a call to the hooks."""
    seen: list[object] = []
    hooks = Hooks(on_request=seen.append, on_response=seen.append, on_retry=seen.append)
    SyncRun(make_response(503, retry_after="0"), minted())("the-key", hooks)
    assert [type(record) for record in seen] == [
        AttemptSent,
        ResponseReceived,
        RetryPlanned,
        AttemptSent,
        ResponseReceived,
    ]


@pytest.mark.anyio
async def test_async_hooks() -> None:
    """The async loop awaits async hooks and accepts plain ones too."""
    seen: list[object] = []

    async def watch(record: object) -> None:
        seen.append(record)

    hooks = Hooks(on_request=watch, on_error=watch, on_response=seen.append)
    with pytest.raises(BadRequestError):
        await AsyncRun(make_response(400))("the-key", hooks)
    assert len(seen) == 3


def test_sync_hooks_that_raise(caplog: pytest.LogCaptureFixture) -> None:
    """If a hook raises, that is logged and the call goes on."""
    hooks = Hooks(on_request=lambda _: 1 / 0)
    assert SyncRun(minted())("the-key", hooks).attempts == 1
    (entry,) = [item for item in caplog.records if item.levelname == "WARNING"]
    assert "AttemptSent" in entry.getMessage()


def test_sync_hooks_that_return_awaitables(caplog: pytest.LogCaptureFixture) -> None:
    """A plain function around an async hook is logged, its coroutine closed; the call goes on."""

    async def watch(_: object) -> None:
        raise AssertionError("never awaited")

    def tell(record: object) -> object:
        return watch(record)

    class Later:
        def __await__(self) -> Any:
            raise AssertionError("never awaited")

    hooks = Hooks(on_request=tell, on_response=lambda _: Later())
    assert SyncRun(minted())("the-key", hooks).attempts == 1
    entries = [item.getMessage() for item in caplog.records if item.levelname == "WARNING"]
    assert entries == [
        f"A hook on {kind} is async, which only the async clients can wait for"
        for kind in ("AttemptSent", "ResponseReceived")
    ]


@pytest.mark.anyio
async def test_async_hooks_that_raise(caplog: pytest.LogCaptureFixture) -> None:
    """The same holds for a hook that raises while it is awaited."""

    async def broken(_: object) -> None:
        raise ValueError("oops")

    hooks = Hooks(on_request=broken, on_response=lambda _: 1 / 0)
    assert (await AsyncRun(minted())("the-key", hooks)).attempts == 1
    assert len([item for item in caplog.records if item.levelname == "WARNING"]) == 2


def test_the_machines_clock() -> None:
    """The default clock's time of day is in this decade and never goes backwards."""
    clock = SystemClock()
    assert clock.time() > 1_700_000_000
    first = clock.monotonic()
    clock.sleep(0)
    assert clock.monotonic() >= first


@pytest.mark.anyio
async def test_the_machines_async_clock() -> None:
    """The async clients' default clock lets other tasks run on either event loop."""
    clock = AsyncSystemClock()
    first = clock.monotonic()
    await clock.sleep(0)
    assert clock.monotonic() >= first
