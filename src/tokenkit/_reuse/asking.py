"""How a store is asked: within a time, and never so that a failure of it is the caller's."""

import time

import anyio
import attrs
from anyio.lowlevel import RunVar

from ..errors import StoreError
from .circuit import Circuit
from .commands import Answer, Command, Store

__all__ = ["TICK", "StoreFault", "StoreQuestion"]

STORE_TIMEOUT = 0.25
# A process that had so much else to do reads an answer late: no fault of the store. Its timer
# fired late by a tenth, or it computed for a tenth of the time instead of waiting.
LATE, BUSY = 1.1, 0.1
MAX_TRIES = 6
# The questions of one event loop that are under way at once; the others wait their turn, and
# their time counts from then.
MAX_QUESTIONS = 32

_PLACES: RunVar[anyio.Semaphore] = RunVar("tokenkit_store_questions")


@attrs.frozen
class StoreFault:
    """The store could not be asked.

    Attributes:
        error: The error's class.
        seconds: The time that was lost with it.
    """

    error: str
    seconds: float


@attrs.frozen(eq=False, repr=False)
class StoreQuestion:
    """A command for a store; answered by its answer or a :class:`StoreFault`.

    Attributes:
        store: The store.
        command: The command.
        insists: Whether it is to be asked although the caller was cancelled.
        circuit: Counts the store's failures: if it fails while the question waits for its turn,
            the question isn't asked.
    """

    store: Store
    command: Command
    insists: bool = False
    circuit: Circuit | None = None

    def ask(self) -> Answer | StoreFault:
        """Ask; the store's own timeout bounds each time, and every command may be repeated."""
        begun, problem = time.monotonic(), ""
        for _ in range(MAX_TRIES):
            started, computed = time.monotonic(), time.process_time()
            try:
                return self.store.ask(self.command)
            except StoreError as error:
                problem = _name_of(error)
            if problem != "TimeoutError" or not _was_busy(started, computed):
                break
        return StoreFault(problem, time.monotonic() - begun)

    @property
    def _failures(self) -> int:
        return 0 if self.circuit is None else self.circuit.failures

    async def ask_async(self) -> Answer | StoreFault:
        """Ask, in a quarter of a second of waiting; every command may be repeated."""
        begun, problem = time.monotonic(), ""
        failures = self._failures
        with anyio.CancelScope(shield=self.insists):
            async with _places():
                if self._failures > failures:
                    return StoreFault("StoreError", time.monotonic() - begun)
                for _ in range(MAX_TRIES):
                    started, computed = time.monotonic(), time.process_time()
                    problem = "TimeoutError"
                    try:
                        with anyio.move_on_after(STORE_TIMEOUT, shield=self.insists):
                            return await self.store.ask_async(self.command)
                    except StoreError as error:
                        problem = _name_of(error)
                    if problem != "TimeoutError" or not _was_busy(started, computed):
                        break
        return StoreFault(problem, time.monotonic() - begun)


def _was_busy(started: float, computed: float) -> bool:
    """Tell whether the process is to blame: a client's own timer is as late as ours."""
    late = time.monotonic() - started >= STORE_TIMEOUT * LATE
    return late or time.process_time() - computed >= STORE_TIMEOUT * BUSY


def _name_of(error: StoreError) -> str:
    """Name what the store ran into; its text may hold anything."""
    return type(error.__cause__ or error).__name__


def _places() -> anyio.Semaphore:
    try:
        return _PLACES.get()
    except LookupError:
        _PLACES.set(anyio.Semaphore(MAX_QUESTIONS, fast_acquire=True))
    return _PLACES.get()


class _Tick:
    """A question about nothing: what a driver answers comes with the time."""

    def ask(self) -> None:
        """Return at once."""

    async def ask_async(self) -> None:
        """Return at once."""


TICK = _Tick()
