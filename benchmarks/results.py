"""What a run measured, and on which machine; saved as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

import attrs
from cattrs.preconf.json import make_converter

from .bulk import Bulk
from .calls import Calls
from .contestants import CONTESTANTS
from .figures import Spread
from .start import Start

__all__ = ["Machine", "Results", "Stages", "load", "save", "this_machine"]

CONVERTER = make_converter()


@attrs.frozen
class Machine:
    """Where and when the figures were taken.

    Attributes:
        processor: Its name.
        cores: How many this process may use.
        system: The operating system.
        python: The interpreter.
        date: The day.
        versions: Of tokenkit and of what it is compared with.
    """

    processor: str
    cores: int
    system: str
    python: str
    date: str
    versions: dict[str, str]


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
    """A run; a part that was left out is ``None``."""

    machine: Machine
    calls: Calls | None = None
    start: Start | None = None
    stages: Stages | None = None
    bulk: Bulk | None = None


def this_machine() -> Machine:
    """Describe this machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Machine(
        processor=_processor(),
        cores=cores or 1,
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        date=datetime.now(timezone.utc).date().isoformat(),
        versions=_versions([*(one.distribution for one in CONTESTANTS.values()), "sniffio"]),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _versions(distributions: Sequence[str | None]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in distributions:
        if name is not None:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                found[name] = "not installed"
    return found


def save(results: Results, path: Path) -> None:
    """Write a run's results."""
    text = json.dumps(CONVERTER.unstructure(results), indent=1)
    path.write_text(text + "\n", "utf-8")


def load(path: Path) -> Results:
    """Read a run's results."""
    return CONVERTER.loads(path.read_text("utf-8"), Results)
