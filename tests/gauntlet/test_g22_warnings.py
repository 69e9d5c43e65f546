"""G22: `python -W error -X dev`; no ResourceWarning, no unawaited coroutine.

The whole suite runs like that; here a separate program does, up to its very end.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import all_clients_program
from network_calls import each_family

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest
    from network_calls import Family

STRICT = [sys.executable, "-W", "error", "-X", "dev"]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with every warning as an error."""
    return subprocess.run(
        [*STRICT, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@each_family
def test_a_program_that_uses_every_client(family: Family, issuers: Mapping[str, str]) -> None:
    """All six clients, closed or left to their loop's end, leave nothing on stderr."""
    done = run(str(Path(all_clients_program.__file__)), family, **issuers)
    assert (done.stderr, done.stdout, done.returncode) == ("", "done\n", 0)


def test_a_leak_would_be_seen() -> None:
    """The test works: a socket that is never closed shows on stderr."""
    done = run("-c", "import socket; socket.socket()")
    assert "ResourceWarning" in done.stderr


LEAKS = """
import socket

async def nothing():
    pass

def test_a_socket():
    socket.socket()

def test_a_coroutine():
    nothing()

def test_neither():
    pass
"""


def test_a_test_that_leaks_fails(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """With the suite's own settings, a socket or coroutine that is left behind is a failure."""
    leaks = tmp_path / "test_leaks.py"
    leaks.write_text(LEAKS)
    settings = ["-c", str(pytestconfig.inipath), "--rootdir", str(tmp_path), "-p", "no:xdist"]
    done = run("-m", "pytest", "-q", *settings, str(leaks))
    assert "2 failed, 1 passed" in done.stdout
    assert "ResourceWarning: unclosed <socket" in done.stdout
    assert "coroutine 'nothing' was never awaited" in done.stdout


def test_the_suite_runs_with_warnings_as_errors(pytestconfig: pytest.Config) -> None:
    """Nothing in the configuration ignores a warning of the suite."""
    assert pytestconfig.getini("filterwarnings") == ["error"]
