"""The cost of many mints: CPU per mint, time under a rate limit, memory, the journal."""

import json
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager

import attrs

from tokenkit.sandbox import Fault, Sandbox

from .machine import Machine, this_machine
from .processes import run_program

__all__ = ["GOALS", "Bulk", "measure_bulk"]

MICROSECONDS = 1e6
# Bulk against the same calls made otherwise; a limit of so many requests in so many seconds.
WAYS = ("bulk-sync", "bulk-async", "loop", "gather", "gather-httpx", "aiolimiter", "celery")
LIMIT, WINDOW = 60, 3
LATENCY = 0.1
DISTRIBUTIONS = ("tokenkit-sdk", "httpx", "aiolimiter", "celery", "redis")

GOALS: Mapping[str, tuple[str, float]] = {
    "sync ÷ loop": ("bulk, sync: CPU per mint ÷ tokenkit's own call", 1.0),
    "async ÷ loop": ("bulk, async: CPU per mint ÷ tokenkit's own call", 1.0),
    "async ÷ gather-httpx": ("bulk, async: CPU per mint ÷ gather over httpx posts", 0.2),
    "wall ÷ ideal": ("bulk: wall-clock time under a rate limit ÷ the ideal", 1.5),
    "lost": ("bulk: calls lost under a rate limit", 0.0),
    "engine": ("bulk: the engine's CPU per input, in microseconds", 40.0),
    "engine-journal": ("bulk: the same with a journal, in microseconds", 150.0),
    "grown": ("bulk: MB added by all inputs", 8.0),
    "two ÷ one": ("bulk: wall-clock time of two workers ÷ of one", 0.8),
}


@attrs.frozen
class Bulk:
    """The cost of many mints.

    Attributes:
        machine: Where it was measured.
        cpu: CPU per mint in microseconds, by way; what can't run here is left out.
        figures: What the goals judge, by their short names.
        inputs: How many inputs the memory was measured with.
    """

    machine: Machine
    cpu: dict[str, float]
    figures: dict[str, float]
    inputs: int


@contextmanager
def _sandbox(*options: str) -> Generator[dict[str, str], None, None]:
    command = [sys.executable, "-m", "tokenkit", "sandbox", *options]
    with subprocess.Popen(  # noqa: S603 - this interpreter, our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        lines = [process.stdout.readline().strip() for _ in range(9)]
        try:
            yield dict(line.split("=", 1) for line in lines)
        finally:
            process.terminate()


def _run(
    way: str, count: int, environment: Mapping[str, str] | None = None, *options: str
) -> dict[str, float] | None:
    arguments = ("-m", "benchmarks.bulk_program", way, str(count), *options)
    ran = run_program(*arguments, environment=environment)
    if ran.returncode:
        return None
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def measure_bulk(rounds: int, mints: int, inputs: int, say: Callable[[str], None]) -> Bulk:
    """Measure; each figure is the minimum of the rounds: other programs can only add to it.

    Args:
        rounds: How often.
        mints: Mints of each way in a round.
        inputs: Inputs of the engine alone, for its memory.
        say: Tells of the progress.
    """
    cpu: dict[str, float] = {}
    figures: dict[str, float] = {}
    with _sandbox() as environment:
        for _ in range(rounds):
            for way in WAYS:
                found = _run(way, mints, environment)
                if found is not None and found["ok"] == mints:
                    each = found["cpu"] / mints * MICROSECONDS
                    cpu[way] = min(each, cpu.get(way, each))
                say(f"bulk: {way}")
        figures.update(_ratios(cpu))
    figures.update(_workers(mints))
    figures.update(_under_a_limit())
    say("bulk: under a limit")
    for way in ("engine", "engine-journal"):
        costs = [_run(way, 20_000) for _ in range(rounds)]
        known = [cost["cpu"] / 20_000 * MICROSECONDS for cost in costs if cost is not None]
        figures.update({way: min(known)} if known else {})
    if "engine" in figures and "engine-journal" in figures:
        figures["journal"] = figures["engine-journal"] / figures["engine"]
    grown = _run("engine", inputs)
    figures.update({} if grown is None else {"grown": grown["grown"] / 1_048_576})
    say("bulk: engine")
    return Bulk(this_machine(DISTRIBUTIONS), cpu, figures, inputs)


def _ratios(cpu: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    for name, way, other in (
        ("sync ÷ loop", "bulk-sync", "loop"),
        ("async ÷ loop", "bulk-async", "loop"),
        ("async ÷ gather-httpx", "bulk-async", "gather-httpx"),
    ):
        if way in cpu and other in cpu:
            yield name, cpu[way] / cpu[other]


def _workers(mints: int) -> Iterator[tuple[str, float]]:
    """Measure workers against a vendor with the latency of a network."""
    with Sandbox(faults=[Fault(delay=LATENCY)]) as sandbox:
        walls = [_run(way, mints, sandbox.environment) for way in ("one-worker", "two-workers")]
    if walls[0] is not None and walls[1] is not None:
        yield "two ÷ one", walls[1]["wall"] / walls[0]["wall"]


def _under_a_limit() -> Iterator[tuple[str, float]]:
    count = 10 * LIMIT
    with _sandbox("--strigo-rate-limit", f"{LIMIT}/{WINDOW}") as environment:
        found = _run("bulk-sync", count, environment, "--cold")
    if found is not None:
        yield "wall ÷ ideal", found["wall"] / (count / LIMIT * WINDOW)
        yield "lost", count - found["ok"]
