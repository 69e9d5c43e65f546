"""What the network tests share: the same calls, sync, on asyncio and on trio."""

from __future__ import annotations

import time
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import anyio
import pytest
from credentials import (
    async_strigo_client,
    async_zerohash_client,
    strigo_client,
    zerohash_client,
)
from raw_server import json_response

from tokenkit import RetryPolicy
from tokenkit.extension import AsyncClient, CallOptions, Client

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator

    from raw_server import RawRequest
    from typing_extensions import Unpack

    from tokenkit import Call, Reply

T = TypeVar("T")

Flavour: TypeAlias = Literal["sync", "asyncio", "trio"]

Family: TypeAlias = Literal["httpx", "httpx2"]

FLAVOURS: tuple[Flavour, ...] = ("sync", "asyncio", "trio")
# httpx2 needs Python 3.11.
FAMILIES: tuple[Family, ...] = ("httpx", "httpx2") if find_spec("httpx2") else ("httpx",)

each_flavour = pytest.mark.parametrize("flavour", FLAVOURS)
each_family = pytest.mark.parametrize("family", FAMILIES)

CORES = {"httpx": "httpcore", "httpx2": "httpcore2"}

FAST_RETRIES = RetryPolicy(first_wait=0.01)
NO_RETRIES = RetryPolicy(max_retries=0)


def core_of(family: Family) -> Any:
    """Return the library below httpx's or httpx2's connections."""
    return import_module(CORES[family])


class Options(CallOptions, total=False):
    http_family: Family
    proxy: str
    ssl_context: ssl.SSLContext
    trust_env: bool


def build_strigo(flavour: Flavour, url: str = "https://vendor.example", **options: Any) -> None:
    """Build a client, and send nothing."""
    if flavour == "sync":
        strigo_client(url, **options).close()
    else:
        async_strigo_client(url, **options)


def nothing() -> None:
    pass


def _send_all(
    client: Client | AsyncClient,
    flavour: Flavour,
    calls: tuple[Call[T], ...],
    between: Callable[[], None],
) -> list[Reply[T]]:
    replies: list[Reply[T]] = []
    if isinstance(client, Client):
        with client:
            for call in calls:
                replies.append(client.send_raw(call))
                between()
        return replies

    async def main() -> None:
        async with client:
            for call in calls:
                replies.append(await client.send_raw(call))
                between()

    anyio.run(main, backend=flavour)
    return replies


def send_strigo(
    flavour: Flavour,
    url: str,
    *calls: Call[T],
    between: Callable[[], None] = nothing,
    **options: Unpack[Options],
) -> list[Reply[T]]:
    """Send calls one after the other on one Strigo client."""
    make = strigo_client if flavour == "sync" else async_strigo_client
    return _send_all(make(url, **options), flavour, calls, between)


def send_zerohash(
    flavour: Flavour,
    url: str,
    *calls: Call[T],
    between: Callable[[], None] = nothing,
    **options: Unpack[Options],
) -> list[Reply[T]]:
    """Send calls one after the other on one zerohash client."""
    make = zerohash_client if flavour == "sync" else async_zerohash_client
    return _send_all(make(url, **options), flavour, calls, between)


@contextmanager
def at_most(seconds: float) -> Generator[None]:
    """Fail if the block takes longer, the slack of a busy machine aside.

    Servers here are silent, or drip, for far longer than that slack: what misses its time is
    late by ten seconds or more, and shows.
    """
    began = time.monotonic()
    try:
        yield
    finally:
        assert time.monotonic() - began < seconds + 3


def echo_token(request: RawRequest) -> bytes:
    """Mint a token that says whose e-mail the request contained."""
    body: dict[str, Any] = request.json()
    return json_response({"result": "success", "data": {"token": f"for {body['email']}"}})
