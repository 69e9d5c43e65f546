"""One way to mint many tokens, in its own process.

``python -m benchmarks.bulk_program WAY COUNT`` prints JSON: how many succeeded, and what it took.
"""

import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from tokenkit import AsyncStrigoClient, Reply, StrigoClient, strigo
from tokenkit.bulk import Worker, distribute
from tokenkit.bulk.options import Settings
from tokenkit.bulk.sender import Sender, SyncSender
from tokenkit.bulk.sending import SendMany
from tokenkit.extension import Call, Clock, Headers

CELERY_OPTIONS = ["-c", "1", "-l", "ERROR", "--without-gossip", "--without-mingle"]
CELERY = [sys.executable, "-m", "celery", "-A", "benchmarks.celery_mints", "worker"]


def learners(count: int) -> Iterator[strigo.UserTokenRequest]:
    """Yield the calls."""
    return (strigo.UserTokenRequest(email=f"learner{n}@example.com") for n in range(count))


def bulk_sync(count: int) -> int:
    """Mint with a sync client."""
    with StrigoClient.from_env() as client, client.send_many(learners(count)) as results:
        return sum(result.ok for result in results)


def loop(count: int) -> int:
    """Mint one after the other."""
    with StrigoClient.from_env() as client:
        return len([client.send(call) for call in learners(count)])


def bulk_async(count: int) -> int:
    """Mint with an async client."""

    async def main() -> int:
        async with (
            AsyncStrigoClient.from_env() as client,
            client.send_many(learners(count), concurrency=64) as results,
        ):
            return sum([result.ok async for result in results])

    return asyncio.run(main())


def gather(count: int) -> int:
    """Gather tokenkit's calls."""

    async def main() -> int:
        async with AsyncStrigoClient.from_env() as client:
            sent = [client.send(call) for call in learners(count)]
            found = await asyncio.gather(*sent, return_exceptions=True)
            return sum(isinstance(one, strigo.UserToken) for one in found)

    return asyncio.run(main())


async def _posts(count: int, each: Callable[[Any, str], Any]) -> int:
    httpx = import_module("httpx")
    key = f"Bearer {os.environ['STRIGO_ORG_ID']}:{os.environ['STRIGO_API_KEY']}"
    async with httpx.AsyncClient(headers={"authorization": key}, timeout=120) as client:
        sent = [each(client, f"learner{number}@example.com") for number in range(count)]
        found = await asyncio.gather(*sent, return_exceptions=True)
    return sum(getattr(one, "status_code", 0) in (200, 201) for one in found)


def _post(client: Any, email: str) -> Any:
    url = f"{os.environ['STRIGO_BASE_URL']}/academy/users/token"
    return client.post(url, json={"email": email})


def gather_httpx(count: int) -> int:
    """Gather httpx posts."""
    return asyncio.run(_posts(count, _post))


def aiolimiter(count: int) -> int:
    """Gather httpx posts with aiolimiter, whose limit is never reached."""

    async def main() -> int:
        limiter = import_module("aiolimiter").AsyncLimiter(100_000, 1)

        async def limited(client: Any, email: str) -> Any:
            async with limiter:
                return await _post(client, email)

        return await _posts(count, limited)

    return asyncio.run(main())


def celery_group(count: int) -> int:
    """Mint in a group of Celery tasks, one each, with a worker of one process and Redis."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/s"
        os.environ["BROKER"] = f"redis+socket://{path}"
        server = ["redis-server", "--port", "0", "--unixsocket", path, "--save", ""]
        with _running(server):
            while not Path(path).exists():
                time.sleep(0.05)
            # A worker whose broker is gone would never end, so it ends first.
            with _running([*CELERY, *CELERY_OPTIONS]):
                return sum(_group_of_tasks(count))


@contextmanager
def _running(command: list[str]) -> Generator[None, None, None]:
    with subprocess.Popen(  # noqa: S603 - this interpreter, or found by name as in the tests
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def _group_of_tasks(count: int) -> list[bool]:
    mint = import_module("benchmarks.celery_mints").mint
    signatures = [mint.s(call.email) for call in learners(count)]
    group = import_module("celery").group(signatures)()
    found: list[bool] = group.get(timeout=300)
    # Each result takes leave of the broker when it goes, which must still be there then.
    group.forget()
    del group, signatures
    gc.collect()
    return found


def workers(count: int, processes: int) -> int:
    """Mint with a pool of processes."""
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(abs, range(processes)))
        spread = distribute(Worker(StrigoClient.from_env), learners(count), pool)
        return sum(result.ok for result in spread)


class _Clock(Clock):
    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def engine(count: int, journal: str | None = None) -> int:
    """Run the engine with a client that answers at once."""
    reply: Reply[Any] = Reply(
        value=None, status=200, headers=Headers(), request_id=None, attempts=1
    )

    def send(call: Call[Any], *, may_retry: bool) -> Reply[Any]:
        del call, may_retry
        return reply

    sender: SyncSender = Sender(
        name="engine",
        origin_of=lambda _: "https://vendor.test",
        send=send,
        clock=_Clock(),
        secrets=tuple,
        identity=lambda _: b"i" * 32,
        rate=None,
        refused_wait=None,
        blames_credentials=lambda _: False,
    )
    settings = Settings.parse({"concurrency": 4, "journal": journal})
    with SendMany(learners(count), settings, sender) as results:
        return sum(result.ok for result in results)


def with_journal(count: int) -> int:
    """Run the engine with a journal."""
    with tempfile.TemporaryDirectory() as folder:
        return engine(count, f"{folder}/journal")


WAYS: dict[str, Callable[[int], int]] = {
    "bulk-sync": bulk_sync,
    "bulk-async": bulk_async,
    "loop": loop,
    "gather": gather,
    "gather-httpx": gather_httpx,
    "aiolimiter": aiolimiter,
    "celery": celery_group,
    "one-worker": lambda count: workers(count, 1),
    "two-workers": lambda count: workers(count, 2),
    "engine": engine,
    "engine-journal": with_journal,
}


def cpu() -> float:
    """Return the CPU seconds of this process and of those that it has started."""
    own, children = (
        resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main() -> None:
    """Warm up, run, print."""
    way, count = WAYS[sys.argv[1]], int(sys.argv[2])
    # A broker's address is read once, and the worker is started by each run anyway.
    if "--cold" not in sys.argv and sys.argv[1] != "celery":
        way(min(count, 50))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent, began = cpu(), time.perf_counter()
    ok = way(count)
    taken = {"cpu": cpu() - spent, "wall": time.perf_counter() - began, "ok": ok}
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    sys.stdout.write(json.dumps({**taken, "grown": grown * 1024}))


if __name__ == "__main__":
    main()
