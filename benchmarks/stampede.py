"""Many processes that ask for the same tokens at once."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tokenkit.sandbox import Sandbox

from .processes import ROOT

__all__ = ["redis_server", "stampede"]

WORKER = ROOT / "tests" / "support" / "reuse_worker.py"


@contextmanager
def redis_server() -> Generator[str | None, None, None]:
    """Run a redis-server; yield its URL, or nothing where there is none."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="tk") as folder:
        path = f"{folder}/s"
        options = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]
        with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as process:  # noqa: S603 - found by name
            try:
                while not Path(path).exists():
                    time.sleep(0.02)
                yield f"unix://{path}"
            finally:
                process.kill()


def stampede(store: str, views: int, users: int, kind: str, processes: int = 8) -> int:
    """Let processes serve page views at once; return the mints.

    Args:
        store: A file for SQLite, or the URL of a Redis server.
        views: The page views of each process.
        users: The users that they are of.
        kind: ``threads`` or ``tasks``.
        processes: How many there are.
    """
    with Sandbox() as sandbox:
        sandbox.fail_next(delay=0.2, times=10_000)
        command = [sys.executable, str(WORKER), store, str(views), str(users), kind, "10"]
        workers = [
            subprocess.Popen(  # noqa: S603 - our own program
                command,
                env={**os.environ, **sandbox.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(processes)
        ]
        for worker in workers:
            if worker.stdout is not None:
                worker.stdout.readline()
        for worker in workers:
            if worker.stdin is not None:
                worker.stdin.write("go\n")
                worker.stdin.flush()
        for worker in workers:
            worker.communicate()
        return len(sandbox.issued)
