"""Where and when figures were taken."""

import os
import platform
from collections.abc import Iterable
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

import attrs

__all__ = ["Machine", "this_machine"]


@attrs.frozen
class Machine:
    """Where and when figures were taken.

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


def this_machine(distributions: Iterable[str | None]) -> Machine:
    """Describe this machine, with the versions of some distributions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Machine(
        processor=_processor(),
        cores=cores or 1,
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        date=datetime.now(timezone.utc).date().isoformat(),
        versions=_versions(distributions),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _versions(distributions: Iterable[str | None]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in distributions:
        if name is not None:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                found[name] = "not installed"
    return found
