"""Part three: which stage of a call takes how much of the time, by sampling.

Run as ``python -m benchmarks.stages ORIGIN SECONDS``. While calls run, the operating system
interrupts the process at even steps of CPU time; the stage is the one whose function is found on
the stack, innermost first. The counts become shares of a call. Then, in a hot loop with a
transport in memory: what a whole call takes more than the transport's own, by httpx's call.
"""

import collections
import json
import signal
import sys
from types import FrameType
from typing import Any

import httpx

from tokenkit import ZeroHashClient

from .contestants.httpx_family import httpx_sync
from .contestants.tokenkit_clients import CREDENTIALS, arguments, default_sync
from .wire import ANSWERS, PATH, REQUEST_BODY, REQUEST_HEADERS, padded
from .worker import Sample, check, spend

INTERVAL = 0.001  # the system may round it up to its own step
WARM_UP = 300
LOOPS = 5
LOOP_CALLS = 2000
HTTPX_CALLS = 400

STAGES = ("model", "validation", "body", "sign", "pipeline", "transport", "decode")
# By function, and by package or module. What stands nowhere here, such as the helpers of JSON and
# of secrets, belongs to whoever called it.
FUNCTIONS = {
    "__attrs_post_init__": "validation",
    "check": "validation",
    "decode": "decode",
    "encode_body": "body",
    "read_success": "decode",
    "sign": "sign",
}
MODULES = {
    "_client": "pipeline",
    "_http": "transport",
    "_model.request": "model",
    "_observability": "pipeline",
    "_pipeline": "pipeline",
    "_policy": "pipeline",
    "auth": "sign",
    "zerohash.details": "model",
    "zerohash.models": "model",
}


def stage_of(frame: FrameType | None) -> str:
    """Return the stage that a stack is in."""
    while frame is not None:
        package, _, module = str(frame.f_globals.get("__name__")).partition(".")
        if package == "tokenkit":
            name, folder = frame.f_code.co_name, module.partition(".")[0]
            stage = FUNCTIONS.get(name) or MODULES.get(module) or MODULES.get(folder)
            if stage is not None:
                return stage
        frame = frame.f_back
    return "caller"


def count_stages(origin: str, seconds: float) -> tuple[collections.Counter[str], Sample]:
    """Call for so many seconds of CPU time, and count in which stage each millisecond ends."""
    counts: collections.Counter[str] = collections.Counter()

    def count(_signal: int, frame: FrameType | None) -> None:
        counts[stage_of(frame)] += 1

    with default_sync(origin) as call:
        check(call())
        warm_up = spend(call, WARM_UP)
        signal.signal(signal.SIGPROF, count)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
        sample = spend(call, int(seconds / warm_up.cpu))
        signal.setitimer(signal.ITIMER_PROF, 0)
    return counts, sample


class InMemoryTransport(httpx.BaseTransport):
    """Answers at once."""

    body = padded(ANSWERS[PATH])
    headers = (("content-type", "application/json"), ("content-length", str(len(body))))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        return httpx.Response(
            200, headers=self.headers, stream=httpx.ByteStream(self.body), request=request
        )


def added_shares(origin: str) -> list[float]:
    """Return the CPU time that tokenkit adds to its transport, as a share of httpx's call."""
    transport = InMemoryTransport()
    ready = httpx.Request(
        "POST", f"http://127.0.0.1{PATH}", headers=REQUEST_HEADERS, content=REQUEST_BODY
    )

    def alone() -> object:
        return b"".join(transport.handle_request(ready).iter_raw())

    with (
        ZeroHashClient(**CREDENTIALS, base_url="http://127.0.0.1", transport=transport) as client,
        httpx_sync(origin) as by_httpx,
    ):

        def whole() -> object:
            return client.create_client_auth_token(**arguments())

        spend(whole, WARM_UP)
        spend(by_httpx, WARM_UP)
        return [
            (spend(whole, LOOP_CALLS).cpu - spend(alone, LOOP_CALLS).cpu)
            / spend(by_httpx, HTTPX_CALLS).cpu
            for _ in range(LOOPS)
        ]


def measure(origin: str, seconds: float) -> dict[str, Any]:
    """Count, and loop."""
    added = added_shares(origin)
    counts, sample = count_stages(origin, seconds)
    return {"counts": dict(counts), "calls": sample.calls, "added": added}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], float(sys.argv[2]))) + "\n")
