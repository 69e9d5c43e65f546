"""What a run measured, and on which machine; saved as JSON."""

import json
from pathlib import Path

import attrs
from cattrs.preconf.json import make_converter

from .bulk import Bulk
from .calls import Calls
from .contestants import CONTESTANTS
from .figures import Spread
from .machine import Machine, this_machine
from .reuse import Reuse
from .start import Start

__all__ = ["Results", "Stages", "load", "measured_here", "merged", "save"]

CONVERTER = make_converter()


@attrs.frozen
class Stages:
    """Where a call's time goes.

    Attributes:
        calls: How many calls were watched.
        counts: By stage, how often it was found running.
        added: What tokenkit adds to its transport's call in memory, as a share of httpx's call.
    """

    calls: int
    counts: dict[str, int]
    added: Spread


@attrs.frozen
class Results:
    """A run; a part that was left out is ``None``.

    Attributes:
        machine: Where calls, start and stages were measured; the other parts have their own.
    """

    machine: Machine
    calls: Calls | None = None
    start: Start | None = None
    stages: Stages | None = None
    reuse: Reuse | None = None
    bulk: Bulk | None = None


def measured_here() -> Results:
    """Return results without a part, measured on this machine."""
    versions = [*(one.distribution for one in CONTESTANTS.values()), "sniffio"]
    return Results(this_machine(versions))


def merged(saved: Results, run: Results) -> Results:
    """Return saved results with the parts that a run has measured."""
    parts = {
        name: part
        for name in ("calls", "start", "stages", "reuse", "bulk")
        if (part := getattr(run, name)) is not None
    }
    machine = saved.machine if run.calls is None else run.machine
    return attrs.evolve(saved, machine=machine, **parts)


def save(results: Results, path: Path) -> None:
    """Write a run's results."""
    text = json.dumps(CONVERTER.unstructure(results), indent=1)
    path.write_text(text + "\n", "utf-8")


def load(path: Path) -> Results:
    """Read a run's results."""
    return CONVERTER.loads(path.read_text("utf-8"), Results)
