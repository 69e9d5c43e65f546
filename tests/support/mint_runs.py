"""Runs of ``python -m tokenkit mint``, in this process."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from tokenkit.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


def mint(*arguments: str | Path, vendor: str = "strigo") -> int:
    """Run the command; return its exit code."""
    return main(["mint", vendor, *map(str, arguments)])


def read_csv(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """Read a table."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))
