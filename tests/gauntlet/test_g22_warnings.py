"""G22: `python -W error -X dev`; no ResourceWarning, no coroutine that nobody awaited.

The whole suite runs with warnings as errors; here a program of its own does, up to its very end.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import every_client
from network_calls import each_family

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest
    from network_calls import Family

STRICT = [sys.executable, "-W", "error", "-X", "dev"]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with everything that it can warn of as an error."""
    return subprocess.run(
        [*STRICT, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@each_family
def test_a_program_that_uses_every_client(family: Family, issuers: Mapping[str, str]) -> None:
    """All six clients, closed or left to their loops' end, leave nothing on stderr."""
    done = run(str(Path(every_client.__file__)), family, **issuers)
    assert (done.stderr, done.stdout, done.returncode) == ("", "done\n", 0)


def test_a_leak_would_be_seen() -> None:
    """The probe is not blind: a socket that nobody closes shows on stderr."""
    done = run("-c", "import socket; socket.socket()")
    assert "ResourceWarning" in done.stderr


def test_the_suite_runs_with_warnings_as_errors(pytestconfig: pytest.Config) -> None:
    """Nothing in the configuration lets a warning of the suite pass."""
    assert pytestconfig.getini("filterwarnings") == ["error"]
