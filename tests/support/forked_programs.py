"""Programs that fork while they use a client, each run in its own process.

Run as a program it has everything imported, and forks a process for each line of its standard
input: the name of a function here, the URL, the family, the file for what it writes to stderr and
the file with the authority that it trusts. It prints the exit status of that process.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

import trio
from credentials import async_strigo_client, strigo_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tokenkit import AsyncStrigoClient, StrigoClient

PATIENCE = 60
OURS = ("tokenkit", "http")

Family: TypeAlias = Literal["httpx", "httpx2"]


class Options(TypedDict):
    base_url: str
    http_family: Family


def check(child: int) -> None:
    assert os.waitpid(child, 0)[1] == 0


def in_a_child(run: Callable[[], object], leave: Callable[[int], object] = os._exit) -> None:
    child = os.fork()
    if child == 0:
        run()
        leave(0)
    check(child)


async def in_a_child_of_a_loop(run: Callable[[], Awaitable[object]]) -> None:
    child = os.fork()
    if child == 0:
        await run()
        os._exit(0)
    check(child)


def use_and_close(client: StrigoClient) -> None:
    client.check_health()
    client.close()


def fork_twice(options: Options) -> None:
    """Fork two children, each of which calls twice."""
    client = strigo_client(**options)
    client.check_health()

    def call_twice() -> None:
        client.check_health()
        use_and_close(client)

    in_a_child(call_twice)
    in_a_child(call_twice)
    use_and_close(client)


def close_in_the_child(options: Options) -> None:
    client = strigo_client(**options)
    client.check_health()
    in_a_child(client.close)
    use_and_close(client)


def end_ordinarily(options: Options) -> None:
    """End the child as a web server's worker ends, with everything that Python does then."""
    client = strigo_client(**options)
    client.check_health()
    in_a_child(lambda: use_and_close(client), leave=sys.exit)
    use_and_close(client)


def fork_within_trio(options: Options) -> None:
    """Continue in the running loop, as trio allows a child to do."""
    client = async_strigo_client(**options)

    async def call_twice() -> None:
        await client.check_health()
        await client.check_health()

    trio.run(fork_in_a_loop, client, call_twice)


def close_in_the_child_within_trio(options: Options) -> None:
    client = async_strigo_client(**options)
    trio.run(fork_in_a_loop, client, client.aclose)


async def fork_in_a_loop(client: AsyncStrigoClient, run: Callable[[], Awaitable[object]]) -> None:
    await client.check_health()
    await in_a_child_of_a_loop(run)
    await client.check_health()
    await client.aclose()


def fork_between_loops(options: Options) -> None:
    """Fork before the loop starts, as web servers fork their workers."""
    client = async_strigo_client(**options)

    async def call() -> None:
        await client.check_health()

    asyncio.run(call())
    in_a_child(lambda: asyncio.run(call()), leave=sys.exit)
    asyncio.run(call())


def fork_within_asyncio(options: Options) -> None:
    """Start a new loop in the child, because asyncio can't continue in the running one."""
    client = async_strigo_client(**options)

    async def call() -> None:
        await client.check_health()

    async def main() -> None:
        await client.check_health()
        in_a_child(lambda: asyncio.run(call()))
        await client.check_health()
        await client.aclose()

    asyncio.run(main())


def fork_amid_calls(options: Options) -> None:
    """Fork while threads hold the locks that a call takes."""
    # Python 3.12 warns of such forks, rightly.
    warnings.simplefilter("ignore", DeprecationWarning)
    client = strigo_client(**options)
    stop = threading.Event()
    used = threading.Barrier(5)

    def keep_calling() -> None:
        client.check_health()
        used.wait()
        while not stop.is_set():
            client.check_health()

    threads = [threading.Thread(target=keep_calling) for _ in range(4)]
    for thread in threads:
        thread.start()
    used.wait()
    children: list[int] = []
    for _ in range(8):
        child = os.fork()
        if child == 0:
            use_and_close(client)
            os._exit(0)
        children.append(child)
    for child in children:
        check(child)
    stop.set()
    for thread in threads:
        thread.join()
    client.close()


def locks_of(thing: object, seen: set[int]) -> Iterator[Any]:
    """Find the locks of a client and of everything that it consists of."""
    for part in gc.get_referents(thing):
        if id(part) in seen:
            continue
        seen.add(id(part))
        kind = f"{type(part).__module__}.{type(part).__name__}"
        if kind == "_thread.lock":
            yield part
        elif kind.startswith(
            ("builtins.dict", "builtins.list", "builtins.tuple", "collections.deque", *OURS)
        ):
            yield from locks_of(part, seen)


def fork_with_every_lock_held(options: Options) -> None:
    client = strigo_client(**options)
    client.check_health()
    locks = [*locks_of(client, set())]
    assert locks
    for lock in locks:
        assert lock.acquire(timeout=1)
    in_a_child(lambda: use_and_close(client))
    for lock in locks:
        lock.release()
    use_and_close(client)


def run(program: str, url: str, family: Family, stderr: str, authority: str) -> None:
    """Run one of the programs in this process, to its end."""
    signal.alarm(PATIENCE)
    os.environ["SSL_CERT_FILE"] = authority
    os.dup2(os.open(stderr, os.O_WRONLY), sys.stderr.fileno())
    globals()[program](Options(base_url=url, http_family=family))
    sys.exit()


def main() -> None:
    """Import everything that the programs use, then fork for each of them."""
    for family in sys.argv[1:]:
        options = Options(
            base_url="http://127.0.0.1:1",
            http_family="httpx2" if family == "httpx2" else "httpx",
        )
        strigo_client(**options).close()
        async_strigo_client(**options)
    for line in sys.stdin:
        program, url, name, stderr, authority = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            run(program, url, "httpx2" if name == "httpx2" else "httpx", stderr, authority)
        sys.stdout.write(f"{os.waitpid(child, 0)[1]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
