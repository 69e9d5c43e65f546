"""How a store is asked, and what happens to interruptions on the way."""

from __future__ import annotations

import time
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import anyio
import attrs
import pytest
import reuse_world
from all_clients import REUSABLE, STRIGO_MINT
from memory_store import MemoryStore
from reuse_world import Vendor, World, cache_with

from tokenkit import TokenCache
from tokenkit._reuse.asking import StoreFailure, StoreQuestion
from tokenkit._reuse.circuit import Circuit
from tokenkit._reuse.entry import unseal_entry
from tokenkit._reuse.key import exact_values, reader_of
from tokenkit.errors import ConfigurationError, StoreError
from tokenkit.extension import JSON, Call, IssuedToken, ResponseInfo
from tokenkit.stores import Acquire, Acquired, IsLive, NoSealing, RedisStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from redis_server import RedisServer

    from tokenkit.stores import Command, StoreResponse


def tells(*, busy: bool) -> Callable[[float, float, float], bool]:
    """Return a function that says of every question whether the process was busy."""

    def was_busy(started: float, computed: float, timeout: float) -> bool:
        del started, computed, timeout
        return busy

    return was_busy


@attrs.define
class LateStore:
    """Responds after what each question was given: seconds of waiting, or of blocking."""

    waits: list[float]
    blocks: float = 0.0
    asked: int = 0
    sealing: NoSealing = attrs.field(factory=NoSealing)

    def ask(self, command: Command) -> StoreResponse:
        raise NotImplementedError

    async def ask_async(self, command: Command) -> StoreResponse:
        del command
        self.asked += 1
        wait = self.waits.pop(0)
        if wait and self.blocks:
            time.sleep(self.blocks)  # noqa: ASYNC251 - a busy event loop is what it is for
        await anyio.sleep(wait)
        return True


@pytest.mark.anyio
async def test_slow_store_is_given_up() -> None:
    """A store that doesn't respond within a quarter of a second has failed."""
    store = LateStore([60.0] * 7)
    answer = await StoreQuestion(store, IsLive(mark="m")).ask_async()
    assert isinstance(answer, StoreFailure)
    assert answer.error == "TimeoutError"


@pytest.mark.parametrize(
    ("pressure", "asked"),
    [
        ("some avg10=99.44 avg60=99.43 avg300=98.66 total=10314337805\nfull avg10=0.00", 2),
        ("some avg10=12.00 avg60=99.43 avg300=98.66 total=10314337805\nfull avg10=99.00", 1),
        ("some avg10=", 1),
        ("some avg10=much", 1),
        ("", 1),
        (None, 1),
    ],
)
@pytest.mark.anyio
async def test_busy_machine_is_no_failure_of_the_store(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pressure: str | None, asked: int
) -> None:
    """If programs wait for a CPU most of the time, the store is asked once more."""
    path = tmp_path / "cpu"
    monkeypatch.setattr("tokenkit._reuse.asking.PRESSURE", str(path))
    monkeypatch.setattr("tokenkit._reuse.asking.LATE", 1000.0)
    monkeypatch.setattr("tokenkit._reuse.asking.BUSY", 1000.0)
    if pressure is not None:
        path.write_text(pressure, "ascii")
    store = LateStore([60.0, 0.0])
    response = await StoreQuestion(store, IsLive(mark="m")).ask_async()
    assert store.asked == asked
    assert (response is True) == (asked > 1)


@pytest.mark.anyio
async def test_busy_loop_is_no_failure_of_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the timeout fires late, the loop was late: the store is asked again, but not forever."""
    store = LateStore([60.0, 0.0], blocks=0.3)
    assert await StoreQuestion(store, IsLive(mark="m")).ask_async() is True
    assert store.asked == 2
    monkeypatch.setattr("tokenkit._reuse.asking.TIMEOUTS", (0.01, 0.02, 0.04))
    store = LateStore([60.0] * 4, blocks=0.1)
    assert isinstance(await StoreQuestion(store, IsLive(mark="m")).ask_async(), StoreFailure)
    assert store.asked == 3


@pytest.mark.anyio
async def test_what_must_be_said_is_said_by_the_cancelled_too() -> None:
    """A release is sent even if its caller was cancelled; other questions are not."""
    for insists, asked in ((True, 1), (False, 0)):
        store = LateStore([0.0])
        with anyio.CancelScope() as scope:
            scope.cancel()
            await StoreQuestion(store, IsLive(mark="m"), insists).ask_async()
        assert store.asked == asked


@pytest.mark.anyio
async def test_failing_store_is_a_value() -> None:
    """A store's failure is a response; any other exception is the program's own."""
    store = MemoryStore(lambda: 0.0, down=True)
    answer = await StoreQuestion(store, IsLive(mark="m")).ask_async()
    assert isinstance(answer, StoreFailure)
    assert answer.error == "ConnectionError"


def test_failures_at_once_count_as_one() -> None:
    """Many callers that fail together open the circuit for a second, and no longer."""
    circuit = Circuit()
    for _ in range(20):
        circuit.failed(100.0)
    assert not circuit.allows(100.9)
    assert circuit.allows(101.1)
    assert not circuit.allows(101.2)
    circuit.worked()
    circuit.worked()
    assert circuit.allows(101.3)


def test_interruption_while_an_entry_is_read() -> None:
    """An interruption is raised unchanged, without the frames that hold the token."""

    class Interruption(BaseException):
        pass

    class Interrupting(NoSealing):
        def open(self, sealed: bytes) -> bytes | None:
            token = sealed.decode()
            raise Interruption(len(token))

    with pytest.raises(Interruption) as caught:
        unseal_entry(Interrupting(), "key", b"token-text", STRIGO_MINT, "https://h")
    assert "token = " not in "".join(str(frame.locals) for frame in caught.traceback[1:])
    assert len(caught.traceback) == 2


def test_what_strikes_while_a_stored_response_is_read_comes_out() -> None:
    """A worker's time limit isn't taken for a response that can't be read, which mints again."""

    class TimeLimit(Exception):  # noqa: N818 - named like those of workers
        pass

    class Struck(NoSealing):
        def __init__(self, error: Exception) -> None:
            self.error = error

        def open(self, sealed: bytes) -> bytes | None:
            token = sealed.decode()
            raise self.error if token else AssertionError

    read = partial(
        unseal_entry, key="key", sealed=b"token-text", call=STRIGO_MINT, origin="https://h"
    )
    assert read(Struck(ValueError())) is None
    with pytest.raises(TimeLimit) as caught:
        read(Struck(TimeLimit()))
    assert "token-text" not in "".join(str(frame.locals) for frame in caught.traceback[2:])


@attrs.frozen(kw_only=True)
class PlainRequest(Call[Any]):
    """A call with one field that claims to be reusable, but mints no token."""

    path: ClassVar[str] = "/academy/users/token"
    reusable: ClassVar[bool] = True

    email: str

    def decode(self, body: JSON, response: ResponseInfo) -> Any:
        del body, response
        return "no token"


def test_reusable_call_must_mint_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names a vendor's model that decodes to something else."""
    monkeypatch.setitem(
        reuse_world.PROFILES, PlainRequest, reuse_world.PROFILES[type(STRIGO_MINT)]
    )
    call = PlainRequest(email="a@example.com")
    vendor = Vendor(World(), call)
    with pytest.raises(ConfigurationError, match="PlainRequest has reusable = True, but"):
        vendor.ask().respond().result()
    assert exact_values(call, reader_of(PlainRequest)) == ("a@example.com",)
    assert not issubclass(str, IssuedToken)


def test_token_that_is_dropped_at_this_moment() -> None:
    """Another thread may drop a token between the lookup and its use."""
    dropping = False

    class Dropping(OrderedDict[Any, Any]):
        def get(self, place: Any, default: Any = None) -> Any:
            kept = super().get(place, default)
            if dropping:
                self.clear()
            return kept

    cache = TokenCache()
    cache.table.kept = Dropping()
    vendor = Vendor(World(), STRIGO_MINT, cache)
    token = vendor.token()
    assert vendor.reuse.hit(STRIGO_MINT) is token
    dropping = True
    assert vendor.reuse.hit(STRIGO_MINT) is None
    assert cache.statistics().hits == 1


def test_deadline_after_a_stored_token_that_does_not_serve() -> None:
    """A caller that finds only unreadable entries returns by the deadline."""
    world = World()
    store = MemoryStore(world.now)
    Vendor(world, STRIGO_MINT, cache_with(store)).token()

    class Spoiling(NoSealing):
        def open(self, sealed: bytes) -> bytes | None:
            del sealed
            world.pass_by(100)
            return None

    store.sealing = Spoiling()
    caller = Vendor(world, STRIGO_MINT, cache_with(store)).ask()
    with pytest.raises(TimeoutError):
        caller.result()


def test_settled_flight_is_replaced() -> None:
    """A flight that has ended, but was left in the table, blocks no caller."""
    vendor = Vendor(World(), REUSABLE)
    minting = vendor.ask()
    (flight,) = vendor.cache.table.flights.values()
    flight.settle()
    assert vendor.ask().request is not None
    assert minting.request is not None


@pytest.mark.anyio
async def test_scripts_are_sent_again_where_they_are_unknown(redis_server: RedisServer) -> None:
    """After a restart or a flush, async clients send a script's text again."""
    redis_server.client.script_flush()
    store = RedisStore.from_url(redis_server.url, allow_unencrypted=True)
    command = Acquire(key="k", owner="o", seconds=5, known="", caller="c")
    assert await store.ask_async(command) == Acquired()


@attrs.define
class OddStore:
    """Always gives the same response, or fails in the same way."""

    answer: Any
    sealing: NoSealing = attrs.field(factory=NoSealing)

    def ask(self, command: Command) -> StoreResponse:
        del command
        if isinstance(self.answer, Exception):
            raise self.answer
        answer: StoreResponse = self.answer
        return answer

    async def ask_async(self, command: Command) -> StoreResponse:
        return self.ask(command)


@pytest.mark.parametrize("answer", [None, True, "OK"])
def test_senseless_response_is_a_failure(answer: object) -> None:
    """If a store's response is invalid, the store has failed: the caller still gets a token."""
    vendor = Vendor(World(), STRIGO_MINT, cache_with(OddStore(answer)))
    assert vendor.token().email == STRIGO_MINT.email
    assert vendor.cache.statistics().store_failures == 1


@pytest.mark.anyio
async def test_hanging_store_costs_a_crowd_one_timeout() -> None:
    """Questions that queue up while a store hangs are not asked one by one."""
    store, circuit = LateStore([60.0] * 2000), Circuit()

    async def ask() -> None:
        fault = await StoreQuestion(store, IsLive(mark="m"), circuit=circuit).ask_async()
        assert isinstance(fault, StoreFailure)
        circuit.failed(0.0)

    async with anyio.create_task_group() as group:
        for _ in range(1000):
            group.start_soon(ask)
    assert store.asked < 500


@pytest.mark.parametrize(
    ("busy", "error", "tries"),
    [(True, TimeoutError, 2), (True, OSError, 1), (False, TimeoutError, 1)],
)
def test_busy_process_asks_again(
    monkeypatch: pytest.MonkeyPatch, *, busy: bool, error: type[OSError], tries: int
) -> None:
    """In threads too, a busy process's timeout doesn't count as the store's failure."""
    asked: list[Command] = []

    class Late(OddStore):
        def ask(self, command: Command) -> StoreResponse:
            asked.append(command)
            if len(asked) == 1:
                raise StoreError("late") from error()
            return True

    monkeypatch.setattr("tokenkit._reuse.asking._was_busy", tells(busy=busy))
    answer = StoreQuestion(Late(None), IsLive(mark="m")).ask()
    assert len(asked) == tries
    assert (answer is True) == (tries == 2)


def test_store_is_given_up_by_a_busy_process_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the process is, a store that never responds in time has failed."""
    late = StoreError("late")
    late.__cause__ = TimeoutError()
    monkeypatch.setattr("tokenkit._reuse.asking._was_busy", tells(busy=True))
    answer = StoreQuestion(OddStore(late), IsLive(mark="m")).ask()
    assert isinstance(answer, StoreFailure)
    assert answer.error == "TimeoutError"
