"""Asking a store: within a time limit, and so that its failure is never the caller's."""

import time
from pathlib import Path

import anyio
import attrs
from anyio.lowlevel import RunVar

from ..errors import StoreError
from .circuit import Circuit
from .commands import Command, Store, StoreResponse

__all__ = ["TICK", "StoreFailure", "StoreQuestion"]

# What a response may take. If the process was busy, it gets more time at the next try: a new
# connection takes several round trips.
TIMEOUTS = (0.25, 0.5, 1.0, 2.0)
SYNC_TIMEOUT = TIMEOUTS[0]
# A busy process reads a response late, which is not the store's failure: its timer fired a tenth
# late, or it computed for a tenth of the time instead of waiting.
LATE, BUSY = 1.1, 0.1
# The same goes for a machine on which programs wait for a CPU for most of the time, as Linux
# reports: the store may be one of them.
PRESSURE, MOST_OF_THE_TIME = "/proc/pressure/cpu", 50.0
MAX_TRIES = 6  # of a sync client, which keeps its own timeout
# Questions of one event loop under way at once. The others wait their turn, and their time limit
# starts then.
MAX_QUESTIONS = 32

_PLACES: RunVar[anyio.Semaphore] = RunVar("tokenkit_store_questions")


@attrs.frozen
class StoreFailure:
    """The store could not be asked.

    Attributes:
        error: The error's class.
        seconds: How long it took.
    """

    error: str
    seconds: float


@attrs.frozen(eq=False, repr=False)
class StoreQuestion:
    """A command for a store. The result is the store's response or a :class:`StoreFailure`.

    Attributes:
        store: The store.
        command: The command.
        insists: Whether to ask even if the caller was cancelled.
        circuit: Counts the store's failures. If the store fails while the question waits for its
            turn, the question isn't asked.
    """

    store: Store
    command: Command
    insists: bool = False
    circuit: Circuit | None = None

    def ask(self) -> StoreResponse | StoreFailure:
        """Ask. The store's own timeout limits each try, and every command may be repeated."""
        begun, problem = time.monotonic(), ""
        for _ in range(MAX_TRIES):
            started, computed = time.monotonic(), time.process_time()
            try:
                return self.store.ask(self.command)
            except StoreError as error:
                problem = _name_of(error)
            if problem != "TimeoutError" or not _was_busy(started, computed, SYNC_TIMEOUT):
                break
        return StoreFailure(problem, time.monotonic() - begun)

    @property
    def _failures(self) -> int:
        return 0 if self.circuit is None else self.circuit.failures

    async def ask_async(self) -> StoreResponse | StoreFailure:
        """Ask, with a timeout; every command may be repeated."""
        begun, problem = time.monotonic(), ""
        failures = self._failures
        with anyio.CancelScope(shield=self.insists):
            async with _places():
                if self._failures > failures:
                    return StoreFailure("StoreError", time.monotonic() - begun)
                for timeout in TIMEOUTS:
                    started, computed = time.monotonic(), time.process_time()
                    problem = "TimeoutError"
                    try:
                        with anyio.move_on_after(timeout, shield=self.insists):
                            return await self.store.ask_async(self.command)
                    except StoreError as error:
                        problem = _name_of(error)
                    if problem != "TimeoutError" or not _was_busy(started, computed, timeout):
                        break
        return StoreFailure(problem, time.monotonic() - begun)


def _was_busy(started: float, computed: float, timeout: float) -> bool:
    """Return whether the process was busy: a client library's own timer is late too."""
    late = time.monotonic() - started >= timeout * LATE
    return late or time.process_time() - computed >= timeout * BUSY or _is_short_of_cpu()


def _is_short_of_cpu() -> bool:
    """Return whether programs on this machine waited for a CPU in the last ten seconds."""
    try:
        with Path(PRESSURE).open(encoding="ascii") as pressure:
            share = pressure.readline().partition("avg10=")[2].split()[0]
        return float(share) >= MOST_OF_THE_TIME
    except (OSError, ValueError, IndexError):  # another system, or an older kernel
        return False


def _name_of(error: StoreError) -> str:
    """Name the error's class; its text may hold anything."""
    return type(error.__cause__ or error).__name__


def _places() -> anyio.Semaphore:
    try:
        return _PLACES.get()
    except LookupError:
        _PLACES.set(anyio.Semaphore(MAX_QUESTIONS, fast_acquire=True))
    return _PLACES.get()


class _Tick:
    """An empty question: the driver's result carries the time."""

    def ask(self) -> None:
        """Return at once."""

    async def ask_async(self) -> None:
        """Return at once."""


TICK = _Tick()
