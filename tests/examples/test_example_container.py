"""The container example, as far as it runs without a container."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from example_backends import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTAINER = EXAMPLES / "container"
DOCKERFILE = (CONTAINER / "Dockerfile").read_text("utf-8")
COMPOSE = (CONTAINER / "compose.yaml").read_text("utf-8")
VARIABLES = (CONTAINER / "sandbox.env").read_text("utf-8")

# As the network of containers does.
RESOLVE = """
import socket
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **named: resolve(
    "127.0.0.1" if host == "sandbox" else host, *rest, **named
)
"""


def in_exec_form(instruction: str) -> list[str]:
    """Read the arguments of one of the Dockerfile's instructions."""
    written = re.search(rf"^{instruction} (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert written is not None
    arguments: list[str] = json.loads(written[1])
    return arguments


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as finder:
        number: int = finder.getsockname()[1]
    return number


@pytest.fixture
def served(port: int) -> Iterator[subprocess.Popen[str]]:
    """Run the container's command, on another port and on loopback."""
    command = [*in_exec_form("ENTRYPOINT"), *in_exec_form("CMD")]
    here = [part.replace("8700", str(port)).replace("0.0.0.0", "127.0.0.1") for part in command]  # noqa: S104 - not listened on
    with subprocess.Popen(
        [sys.executable, *here[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_the_variables_and_the_program(served: subprocess.Popen[str], port: int) -> None:
    """The variables match what the sandbox prints, the program mints, and a signal ends it."""
    assert served.stdout is not None
    expected = VARIABLES.replace("8700", str(port)).splitlines()
    assert [served.stdout.readline().rstrip("\n") for _ in expected] == expected
    program = textwrap.dedent(COMPOSE.partition("- |\n")[2])
    minted = subprocess.run(
        [sys.executable, "-W", "error", "-c", RESOLVE + program],
        env={**os.environ, **dict(line.split("=", 1) for line in expected)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (minted.returncode, minted.stderr) == (0, "")
    assert [line.partition("(")[0] for line in minted.stdout.splitlines()] == [
        "UserToken",
        "UserToken",
        "ClientAuthToken",
    ]
    probe = [part.replace("8700", str(port)) for part in in_exec_form("HEALTHCHECK .* CMD")]
    subprocess.run([sys.executable, *probe[1:]], check=True)
    served.send_signal(signal.SIGTERM)
    assert served.wait(30) == 0


def test_what_is_copied_is_there() -> None:
    """Each file that the image needs exists, and it needs nothing else from the clone."""
    copied = re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE)
    for name in " ".join(copied).split():
        assert (EXAMPLES.parent / name).exists(), name
