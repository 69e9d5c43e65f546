"""G24: a soak against a server that fails 5 % of the calls; each call ends in a value or an error.

Memory stays flat, and no thread, task or socket is left. Longer soaks run the same program.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from network_calls import FAMILIES, each_family

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from network_calls import Family

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "soak.py"
MEGABYTE = 1_048_576


@pytest.fixture(scope="module")
def soaks() -> Iterator[Mapping[Family, subprocess.Popen[str]]]:
    """Run the families' soaks at the same time."""
    amount = ["--seconds", "3", "--warm-up", "100"]
    command = [sys.executable, str(PROGRAM), *amount, "--family"]
    with ExitStack() as stack:
        yield {
            family: stack.enter_context(
                subprocess.Popen(
                    [*command, family], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
                )
            )
            for family in FAMILIES
        }


@each_family
def test_a_short_soak(soaks: Mapping[Family, subprocess.Popen[str]], family: Family) -> None:
    """Every call is accounted for, memory is flat, and nothing is left open."""
    stdout, stderr = soaks[family].communicate(timeout=60)
    assert (stderr, soaks[family].returncode) == ("", 0)
    lines = (line.rpartition(": ") for line in stdout.splitlines())
    figures = {name: int(value) for name, _, value in lines}
    errors = sum(count for name, count in figures.items() if name.startswith("errors of "))
    assert figures["calls"] > 10
    assert figures["values"] > 0
    assert errors > 0
    assert figures["values"] + errors == figures["calls"]
    left = ("unaccounted", "sockets left", "threads left", "tasks left")
    assert [figures[name] for name in left] == [0, 0, 0, 0]
    grown = figures["memory at end (bytes)"] - figures["memory at start (bytes)"]
    assert grown < MEGABYTE
