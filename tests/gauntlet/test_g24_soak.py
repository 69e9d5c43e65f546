"""G24: a soak against a server that fails 5 % of the calls; each call ends in a value or an error.

Memory stays flat, and no thread, task or socket is left. Longer soaks run the same program.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from network_calls import each_family

if TYPE_CHECKING:
    from network_calls import Family

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "soak.py"
MEGABYTE = 1_048_576


@each_family
def test_a_short_soak(family: Family) -> None:
    """Every call is accounted for, memory is flat, and nothing is left open."""
    amount = ["--seconds", "4", "--warm-up", "100"]
    command = [sys.executable, str(PROGRAM), *amount, "--family", family]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    lines = (line.rpartition(": ") for line in done.stdout.splitlines())
    figures = {name: int(value) for name, _, value in lines}
    errors = sum(count for name, count in figures.items() if name.startswith("errors of "))
    assert figures["calls"] > 100
    assert figures["values"] > figures["calls"] * 0.9
    assert errors > 0
    assert figures["values"] + errors == figures["calls"]
    left = ("unaccounted", "sockets left", "threads left", "tasks left")
    assert [figures[name] for name in left] == [0, 0, 0, 0]
    grown = figures["memory at end (bytes)"] - figures["memory at start (bytes)"]
    assert grown < MEGABYTE
