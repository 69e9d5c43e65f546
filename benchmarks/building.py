"""The cost of building a client, and of using it once over https, in one process.

Run as ``python -m benchmarks.building ORIGIN CLIENTS``; prints a line of JSON, in seconds.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx

from tokenkit import ZeroHashClient

from .wire import API_KEY, PARTICIPANT, PASSPHRASE, PATH, PRIVATE_KEY, REQUEST_BODY

HTTPX_CLIENTS = 20
USED_CLIENTS = 20


def tokenkit_client(origin: str) -> ZeroHashClient:
    """Build a client."""
    return ZeroHashClient(
        api_key=API_KEY, private_key=PRIVATE_KEY, passphrase=PASSPHRASE, base_url=origin
    )


def use_tokenkit(origin: str) -> None:
    """Build a client, call once, close it."""
    with tokenkit_client(origin) as client:
        client.create_client_auth_token(participant_code=PARTICIPANT, permissions=["fwc"])


def use_httpx(origin: str) -> None:
    """Build a client, call once, close it."""
    with httpx.Client() as client:
        client.post(origin + PATH, content=REQUEST_BODY).json()


def seconds(build: Callable[[], object], kept: list[object]) -> float:
    """Return the CPU seconds of one building; what is built stays alive."""
    started = time.process_time()
    kept.append(build())
    return time.process_time() - started


def measure(origin: str, clients: int) -> dict[str, Any]:
    """Build clients."""
    kept: list[object] = []
    first = seconds(lambda: tokenkit_client(origin), kept)
    later = [seconds(lambda: tokenkit_client(origin), kept) for _ in range(clients - 1)]
    httpx_built = [seconds(httpx.Client, kept) for _ in range(HTTPX_CLIENTS)]
    use_tokenkit(origin)
    used = [seconds(lambda: use_tokenkit(origin), kept) for _ in range(USED_CLIENTS)]
    httpx_used = [seconds(lambda: use_httpx(origin), kept) for _ in range(USED_CLIENTS)]
    return {
        "first": first,
        "later": statistics.fmean(later),
        "httpx": statistics.fmean(httpx_built),
        "used": statistics.fmean(used),
        "httpx_used": statistics.fmean(httpx_used),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], int(sys.argv[2]))) + "\n")
