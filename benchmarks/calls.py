"""Part one: the cost of a call, sync and async, for each contestant against httpx."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

import attrs

from .contestants import CONTESTANTS, Contestant
from .figures import Spread, spread_of
from .processes import Failure, Server, Worker, clients_cores, run_server, run_worker
from .worker import Order, Sample

__all__ = ["BASELINE", "MODES", "Calls", "Cell", "Settings", "measure_calls"]

MODES = {"sync": 0, "async1": 1, "async64": 64, "async256": 256, "async1000": 1000}
BASELINE = "httpx"
# A sample that takes longer is taken in a few rounds only.
SLOW = 4.0
SLOW_ROUNDS = 2


@attrs.frozen
class Settings:
    """How much is measured.

    Attributes:
        names: Whose calls.
        modes: In which ways they call.
        rounds: How many samples for each.
        seconds: How long one sample takes, about.
        environment: Variables for the contestants' processes.
    """

    names: Sequence[str]
    modes: Sequence[str]
    rounds: int
    seconds: float
    environment: Mapping[str, str] = attrs.field(factory=dict[str, str])


@attrs.frozen
class Cell:
    """One contestant's figures in one mode.

    Attributes:
        cpu: CPU time for a call, as a ratio to httpx in the same round.
        wall: Time on the clock for a call, as such a ratio too.
        cpu_us: Median CPU time in microseconds, of this machine and run only.
        wall_us: Median time on the clock in microseconds, of this machine and run only.
        server_share: Which share of the time on the clock the server was busy.
        failure: Why there are no figures.
    """

    cpu: Spread | None = None
    wall: Spread | None = None
    cpu_us: float = 0.0
    wall_us: float = 0.0
    server_share: float = 0.0
    failure: str | None = None


@attrs.frozen
class Calls:
    """All figures of the part.

    Attributes:
        cells: By mode, and then by contestant.
        growth: CPU time for a call with 1,000 at a time, as a ratio to 64, by contestant.
    """

    cells: dict[str, dict[str, Cell]]
    growth: dict[str, Spread]


@attrs.frozen
class Taken:
    """One sample, the seconds that it took, and how busy the server was meanwhile."""

    sample: Sample
    passed: float
    server_share: float


Samples = dict[tuple[str, str], dict[int, Taken]]


def takes_part(contestant: Contestant, mode: str) -> bool:
    """Return whether a contestant can be called in a mode."""
    return ("sync" if MODES[mode] == 0 else "async") in contestant.modes


def measure_calls(settings: Settings, report: Callable[[str], object]) -> Calls:
    """Measure in rounds; in each, the modes and the contestants come in random order.

    Args:
        settings: How much.
        report: Told of the progress.
    """
    samples: Samples = {}
    failures: dict[tuple[str, str], str] = {}
    with ExitStack() as stack:
        server = stack.enter_context(run_server())
        stack.enter_context(clients_cores())
        workers = {
            name: stack.enter_context(run_worker(name, settings.environment))
            for name in settings.names
        }
        slow: set[tuple[str, str]] = set()
        for number in range(settings.rounds):
            started = time.monotonic()
            for mode in random.sample(settings.modes, len(settings.modes)):
                names = [name for name in settings.names if takes_part(CONTESTANTS[name], mode)]
                for name in random.sample(names, len(names)):
                    pair = (mode, name)
                    if pair in failures or (pair in slow and number >= SLOW_ROUNDS):
                        continue
                    taken = _take(server, workers[name], MODES[mode], settings.seconds)
                    if isinstance(taken, Failure):
                        failures[pair] = taken.reason
                        continue
                    samples.setdefault(pair, {})[number] = taken
                    if taken.passed > SLOW and name != BASELINE:
                        slow.add(pair)
            report(f"round {number + 1} of {settings.rounds}: {time.monotonic() - started:.0f} s")
    return _summary(settings, samples, failures)


def _take(server: Server, worker: Worker, tasks: int, seconds: float) -> Taken | Failure:
    before, began = server.busy(), time.monotonic()
    sample = worker.measure(Order(server.origin, tasks, seconds))
    if isinstance(sample, Failure):
        return sample
    passed = time.monotonic() - began
    return Taken(sample, passed, (server.busy() - before) / passed)


def _summary(
    settings: Settings, samples: Samples, failures: Mapping[tuple[str, str], str]
) -> Calls:
    cells = {
        mode: {
            name: _cell(mode, name, samples, failures.get((mode, name)))
            for name in settings.names
            if takes_part(CONTESTANTS[name], mode)
        }
        for mode in settings.modes
    }
    growth = {
        name: spread_of(ratios) for name in settings.names if (ratios := _growth(samples, name))
    }
    return Calls(cells, growth)


def _cell(mode: str, name: str, samples: Samples, failure: str | None) -> Cell:
    own, base = samples.get((mode, name), {}), samples.get((mode, BASELINE), {})
    if failure is not None or not own:
        return Cell(failure=failure or "no sample")
    both = sorted(own.keys() & base.keys())
    cpu = [own[number].sample.cpu / base[number].sample.cpu for number in both]
    wall = [own[number].sample.wall / base[number].sample.wall for number in both]
    return Cell(
        cpu=spread_of(cpu) if cpu else None,
        wall=spread_of(wall) if wall else None,
        cpu_us=spread_of([one.sample.cpu for one in own.values()]).median * 1e6,
        wall_us=spread_of([one.sample.wall for one in own.values()]).median * 1e6,
        server_share=spread_of([one.server_share for one in own.values()]).median,
    )


def _growth(samples: Samples, name: str) -> list[float]:
    many, few = samples.get(("async1000", name), {}), samples.get(("async64", name), {})
    return [
        many[number].sample.cpu / few[number].sample.cpu
        for number in sorted(many.keys() & few.keys())
    ]
