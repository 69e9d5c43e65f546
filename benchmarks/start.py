"""Part two: imports, the first token, building clients, and memory."""

import compileall
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import attrs

import tokenkit

from .contestants import library
from .figures import Spread, spread_of
from .processes import LONGEST_RUN, ROOT, output_of, run_program, run_server

__all__ = ["Endurance", "Start", "measure_start"]

# What each import statement stands for in the report.
IMPORTS = {
    "httpx": "import httpx",
    "tokenkit": "import tokenkit",
    "tokenkit, one client's class": "from tokenkit import ZeroHashClient",
    "httpx2": "import httpx2",
    "aiohttp": "import aiohttp",
    "urllib3": "import urllib3",
    "openai": "import openai",
    "anthropic": "import anthropic",
    "stripe": "import stripe",
    "svix": "from svix.api import Svix",
    "githubkit": "import githubkit",
    "workos": "import workos",
    "boto3": "import boto3",
    "azure-core": "from azure.core import PipelineClient",
}
IMPORT_BASELINE = "httpx"
TIMED_IMPORT = """
import time
from benchmarks.memory import resident
memory, started = resident(), time.process_time()
{statement}
print(time.process_time() - started, resident() - memory)
"""
MEGABYTE = 1_048_576


@attrs.frozen
class Endurance:
    """What many calls left behind.

    Attributes:
        calls: How many.
        growth: Bytes of memory added between the warm-up and the end.
        garbage: Objects in cycles that a call leaves.
        own_garbage: How many of them are tokenkit's.
    """

    calls: int
    growth: int
    garbage: float
    own_garbage: float


@attrs.frozen
class Start:
    """All figures of the part; ratios are of CPU time.

    Attributes:
        imports: Of each import, to ``import httpx``.
        import_memory: Of each import, in MB.
        import_failures: Why an import has no figure.
        first_token: Interpreter start to first token, to the same by hand.
        first_token_wall: The same in wall-clock time.
        first_client: The first client, to ``httpx.Client()``.
        later_clients: The second and later clients, to ``httpx.Client()``.
        used_client: A later client, built, used once over https and closed, to the same with
            ``httpx.Client()``.
        endurance: By contestant and mode.
    """

    imports: dict[str, Spread]
    import_memory: dict[str, Spread]
    import_failures: dict[str, str]
    first_token: Spread
    first_token_wall: Spread
    first_client: Spread
    later_clients: Spread
    used_client: Spread
    endurance: dict[str, Endurance]


def measure_start(rounds: int, clients: int, calls: int, report: Callable[[str], object]) -> Start:
    """Measure everything of the part.

    Args:
        rounds: How many samples of each figure.
        clients: How many clients to build.
        calls: How many calls to endure.
        report: Told of the progress.
    """
    for folder in (Path(tokenkit.__file__).parent, Path(__file__).parent):
        compileall.compile_dir(folder, quiet=1)  # as an installation would do
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        certificate, environment = _trusted_certificate(folder)
        origin = stack.enter_context(run_server(str(certificate))).origin
        imports, memory, failures = _imports(rounds)
        report("imports measured")
        cpu, wall = _first_tokens(origin, environment, rounds)
        report("first tokens measured")
        built = [
            output_of("benchmarks.building", origin, str(clients), environment=environment)
            for _ in range(max(rounds // 2, 1))
        ]
        report("clients built")
    return Start(
        imports=imports,
        import_memory=memory,
        import_failures=failures,
        first_token=spread_of(cpu),
        first_token_wall=spread_of(wall),
        first_client=spread_of([one["first"] / one["httpx"] for one in built]),
        later_clients=spread_of([one["later"] / one["httpx"] for one in built]),
        used_client=spread_of([one["used"] / one["httpx_used"] for one in built]),
        endurance=_endurance(calls),
    )


def _trusted_certificate(folder: Path) -> tuple[Path, dict[str, str]]:
    """Make a server's certificate, and the variables by which clients trust it.

    Its authority stands behind all the usual ones, so that reading them costs what it always does.
    """
    authority = library("trustme").CA()
    own = folder / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(own)
    trusted = folder / "trusted.pem"
    usual = Path(library("certifi").where()).read_bytes()
    trusted.write_bytes(usual + b"\n" + authority.cert_pem.bytes())
    return own, {"SSL_CERT_FILE": str(trusted)}


def _imports(rounds: int) -> tuple[dict[str, Spread], dict[str, Spread], dict[str, str]]:
    times: dict[str, list[float]] = {}
    memory: dict[str, list[float]] = {}
    failures: dict[str, str] = {}
    for number in range(rounds + 1):  # the first only compiles the bytecode
        for name in random.sample(list(IMPORTS), len(IMPORTS)):
            script = TIMED_IMPORT.format(statement=IMPORTS[name])
            done = run_program("-c", script)
            if done.returncode:
                failures[name] = done.stderr.strip().rpartition("\n")[2][:200]
            elif number:
                seconds, grown = done.stdout.split()
                times.setdefault(name, []).append(float(seconds))
                memory.setdefault(name, []).append(int(grown) / MEGABYTE)
    base = times[IMPORT_BASELINE]
    ratios = {
        name: spread_of([own / other for own, other in zip(times[name], base, strict=False)])
        for name in IMPORTS
        if name in times
    }
    return ratios, {name: spread_of(memory[name]) for name in ratios}, failures


def _first_tokens(
    origin: str, environment: Mapping[str, str], rounds: int
) -> tuple[list[float], list[float]]:
    ways = ("by-hand", "tokenkit")
    cpu: list[float] = []
    wall: list[float] = []
    for number in range(rounds + 1):  # as above
        taken = {
            way: _cost("-m", "benchmarks.first_token", way, origin, environment=environment)
            for way in random.sample(ways, len(ways))
        }
        if number:
            cpu.append(taken["tokenkit"][0] / taken["by-hand"][0])
            wall.append(taken["tokenkit"][1] / taken["by-hand"][1])
    return cpu, wall


def _endurance(calls: int) -> dict[str, Endurance]:
    """Run all at the same time: this measures memory, not time."""
    contests = {("tokenkit", 0): calls, ("tokenkit", 64): calls, ("httpx", 0): calls // 10}
    figures: dict[str, Endurance] = {}
    with run_server() as server, ExitStack() as stack:
        running = {
            (name, tasks): stack.enter_context(
                _started("benchmarks.endurance", name, server.origin, str(tasks), str(count))
            )
            for (name, tasks), count in contests.items()
        }
        for (name, tasks), process in running.items():
            output, _ = process.communicate(timeout=LONGEST_RUN)
            mode = f"async, {tasks} at a time" if tasks else "sync"
            figures[f"{name}, {mode}"] = Endurance(
                calls=contests[name, tasks], **json.loads(output)
            )
    return figures


def _started(module: str, *arguments: str) -> "subprocess.Popen[str]":
    command: Sequence[str] = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(  # noqa: S603 - as above
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def _cost(*arguments: str, environment: Mapping[str, str]) -> tuple[float, float]:
    """Return the CPU time and the wall-clock time of a whole process."""
    cpu, wall = _children_cpu(), time.perf_counter()
    done = run_program(*arguments, environment=environment)
    wall = time.perf_counter() - wall
    if done.returncode:
        raise RuntimeError(f"{arguments} failed: {done.stderr}")
    return _children_cpu() - cpu, wall


def _children_cpu() -> float:
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        coarse = os.times()
        return coarse.children_user + coarse.children_system
    exact = resource.getrusage(resource.RUSAGE_CHILDREN)
    return exact.ru_utime + exact.ru_stime
