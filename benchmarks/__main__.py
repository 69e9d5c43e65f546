"""``python -m benchmarks``: measure, print, save."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs

from .bulk import measure_bulk
from .calls import BASELINE, MODES, Settings, measure_calls
from .contestants import CONTESTANTS
from .contestants.generated_client import generate
from .figures import spread_of
from .page import update
from .picture import draw
from .processes import output_of, run_server
from .report import lines
from .results import Results, Stages, load, measured_here, save
from .reuse import measure_reuse
from .start import measure_start

PARTS = ("calls", "stages", "start", "reuse", "bulk")


@attrs.frozen
class Amount:
    """How much a run measures.

    Attributes:
        rounds: Samples of each figure.
        seconds: Of CPU time for each sample, about.
        clients: How many clients are built.
        calls: How many calls memory must endure.
        counting: Seconds in which stages are counted.
        modes: The ways to call.
        mints: How many are minted at a time, each way.
        inputs: How many inputs a bulk run must endure.
    """

    rounds: int
    seconds: float
    clients: int
    calls: int
    counting: float
    modes: Sequence[str]
    mints: int
    inputs: int


FULL = Amount(
    rounds=7,
    seconds=0.25,
    clients=1000,
    calls=100_000,
    counting=20.0,
    modes=tuple(MODES),
    mints=600,
    inputs=1_000_000,
)
QUICK = Amount(
    rounds=2,
    seconds=0.1,
    clients=100,
    calls=3000,
    counting=4.0,
    # The others' slowest take as long as everything else together.
    modes=("sync", "async1", "async64"),
    mints=300,
    inputs=50_000,
)


def say(text: str) -> None:
    """Report progress."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def measure(parts: Sequence[str], amount: Amount, names: Sequence[str]) -> Results:
    """Measure the parts."""
    results = measured_here()
    if "calls" in parts:
        with tempfile.TemporaryDirectory() as folder:
            environment = generate(Path(folder)) if "openapi-client" in names else {}
            settings = Settings(names, amount.modes, amount.rounds, amount.seconds, environment)
            results = attrs.evolve(results, calls=measure_calls(settings, say))
    if "stages" in parts:
        results = attrs.evolve(results, stages=_stages(amount.counting))
        say("stages counted")
    if "start" in parts:
        start = measure_start(amount.rounds, amount.clients, amount.calls, say)
        results = attrs.evolve(results, start=start)
    if "reuse" in parts:
        results = attrs.evolve(results, reuse=measure_reuse(1 + amount.rounds, say))
    if "bulk" in parts:
        rounds = 1 + amount.rounds // 3
        bulk = measure_bulk(rounds, amount.mints, amount.inputs, say)
        results = attrs.evolve(results, bulk=bulk)
    return results


def _stages(seconds: float) -> Stages:
    with run_server() as server:
        found = output_of("benchmarks.stages", server.origin, str(seconds))
    return Stages(found["calls"], found["counts"], spread_of(found["added"]))


def _chosen(text: str, known: Sequence[str], parser: argparse.ArgumentParser) -> list[str]:
    chosen = text.split(",")
    unknown = [name for name in chosen if name not in known]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    return chosen


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names, modes, parts = list(CONTESTANTS), list(MODES), list(PARTS)
    parser.add_argument("--quick", action="store_true", help="a look, with few samples")
    parser.add_argument("--only", default=",".join(names), help="contestants, by comma")
    parser.add_argument("--modes", help=f"ways to call, by comma: {','.join(modes)}")
    parser.add_argument("--parts", default=",".join(parts), help="parts, by comma")
    parser.add_argument("--rounds", type=int, help="samples of each figure")
    parser.add_argument("--seconds", type=float, help="of each sample, about")
    parser.add_argument("--json", type=Path, help="save the figures there")
    parser.add_argument("--picture", type=Path, help="draw them there (SVG)")
    parser.add_argument("--from-json", type=Path, help="measure nothing, show saved figures")
    parser.add_argument("--docs", action="store_true", help="put all into docs/")
    options = parser.parse_args()
    amount = QUICK if options.quick else FULL
    amount = attrs.evolve(
        amount,
        rounds=options.rounds or amount.rounds,
        seconds=options.seconds or amount.seconds,
        modes=_chosen(options.modes, modes, parser) if options.modes else amount.modes,
    )
    if options.from_json:
        results = load(options.from_json)
    else:
        only = _chosen(options.only, names, parser)
        results = measure(
            _chosen(options.parts, parts, parser),
            amount,
            only if BASELINE in only else [BASELINE, *only],
        )
    sys.stdout.writelines(line + "\n" for line in lines(results))
    if options.json:
        save(results, options.json)
    if options.picture:
        draw(results, options.picture)
    if options.docs:
        update(results)


if __name__ == "__main__":
    main()
