"""The processes of a run: the server, and one for each contestant."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs

from .server import USAGE
from .worker import Order, Sample

__all__ = [
    "LONGEST_RUN",
    "ROOT",
    "Failure",
    "Server",
    "Worker",
    "clients_cores",
    "output_of",
    "run_program",
    "run_server",
    "run_worker",
]

ROOT = pathlib.Path(__file__).parents[1]
LONGEST_RUN = 900


@attrs.frozen
class Failure:
    """Why a contestant has no figure."""

    reason: str


@attrs.frozen
class Server:
    """A running server."""

    origin: str

    def busy(self) -> float:
        """Return the seconds for which it was not waiting."""
        with urllib.request.urlopen(self.origin + USAGE) as answer:  # noqa: S310 - our own server
            seconds: float = json.load(answer)["busy"]
            return seconds


@attrs.frozen
class Worker:
    """A contestant's process."""

    process: "subprocess.Popen[str]"

    def measure(self, order: Order) -> Sample | Failure:
        """Have it measure."""
        assert self.process.stdin is not None  # noqa: S101 - asked for below
        assert self.process.stdout is not None  # noqa: S101 - as above
        try:
            self.process.stdin.write(json.dumps(attrs.asdict(order)) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            return Failure("its process ended")
        answer = json.loads(line)
        return Failure(answer["error"]) if "error" in answer else Sample(**answer)


@contextmanager
def clients_cores() -> Generator[None, None, None]:
    """Leave the last core to the server meanwhile, where there are several."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = sorted(os.sched_getaffinity(0))
    try:
        os.sched_setaffinity(0, cores[:-1] or cores)
        yield
    finally:
        os.sched_setaffinity(0, cores)


def run_program(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end."""
    return subprocess.run(  # noqa: S603 - this interpreter, our own programs
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_RUN,
    )


def output_of(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    """Run a module of this package, and return the JSON that it prints.

    Raises:
        RuntimeError: It failed.
    """
    done = run_program("-m", module, *arguments, environment=environment)
    if done.returncode:
        raise RuntimeError(f"{module} failed: {done.stderr}")
    return json.loads(done.stdout)


@contextmanager
def _running(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> Generator["subprocess.Popen[str]", None, None]:
    with subprocess.Popen(  # noqa: S603 - this interpreter, our own programs
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what SDKs warn of
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def run_server(certificate: str | None = None) -> Generator[Server, None, None]:
    """Run the server; with a certificate, one that speaks TLS."""
    extra = () if certificate is None else (certificate,)
    with _running("-m", "benchmarks.server", *extra) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        scheme = "http" if certificate is None else "https"
        yield Server(f"{scheme}://127.0.0.1:{int(process.stdout.readline())}")


@contextmanager
def run_worker(
    name: str, environment: Mapping[str, str] | None = None
) -> Generator[Worker, None, None]:
    """Run a contestant's process."""
    with _running("-m", "benchmarks.worker", name, environment=environment) as process:
        yield Worker(process)
