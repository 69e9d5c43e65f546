"""Memory after many calls, and the cyclic garbage that a call leaves.

Run as ``python -m benchmarks.endurance NAME ORIGIN TASKS CALLS``; prints a line of JSON.
"""

import asyncio
import gc
import json
import sys
import types
from pathlib import Path
from typing import Any

from .contestants import CONTESTANTS, Contestant
from .memory import resident
from .worker import raise_file_limit, spend, spend_async

WARM_UP = 3000
GARBAGE_CALLS = 200


def belongs_to_tokenkit(thing: object) -> bool:
    """Return whether an object is of tokenkit's making."""
    if isinstance(thing, types.FrameType):
        return "tokenkit" in str(thing.f_globals.get("__name__"))
    for name in ("__code__", "gi_code", "cr_code"):  # of functions, generators and coroutines
        code: object = getattr(thing, name, None)
        if isinstance(code, types.CodeType):
            return "tokenkit" in Path(code.co_filename).parts
    return type(thing).__module__.startswith("tokenkit")


def begin_to_count() -> None:
    """Keep what the garbage collector finds."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)


def counted(calls: int) -> dict[str, float]:
    """Return how many objects in cycles a call has left, and how many are tokenkit's."""
    gc.collect()
    gc.set_debug(0)
    found = list(gc.garbage)
    gc.garbage.clear()
    gc.enable()
    own = sum(map(belongs_to_tokenkit, found))
    return {"garbage": len(found) / calls, "own_garbage": own / calls}


def endure(contestant: Contestant, origin: str, calls: int) -> dict[str, Any]:
    """Make sync calls."""
    with contestant.opener()(origin) as call:
        spend(call, WARM_UP)
        begin_to_count()
        spend(call, GARBAGE_CALLS)
        garbage = counted(GARBAGE_CALLS)
        before = resident()
        spend(call, calls)
        return {**garbage, "growth": resident() - before}


async def endure_async(
    contestant: Contestant, origin: str, tasks: int, calls: int
) -> dict[str, Any]:
    """Make async calls."""
    async with contestant.async_opener()(origin) as call:
        await spend_async(call, WARM_UP, tasks)
        begin_to_count()
        await spend_async(call, GARBAGE_CALLS, 1)
        garbage = counted(GARBAGE_CALLS)
        before = resident()
        await spend_async(call, calls, tasks)
        return {**garbage, "growth": resident() - before}


def main(name: str, origin: str, tasks: int, calls: int) -> None:
    """Endure, and print."""
    raise_file_limit()
    contestant = CONTESTANTS[name]
    if tasks:
        figures = asyncio.run(endure_async(contestant, origin, tasks, calls))
    else:
        figures = endure(contestant, origin, calls)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
