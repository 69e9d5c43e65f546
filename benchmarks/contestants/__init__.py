"""The contestants: each sends the request and returns the token that it parsed."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from importlib import import_module
from typing import Any, Literal, TypeAlias

import attrs

__all__ = [
    "CONTESTANTS",
    "AsyncCall",
    "AsyncCalls",
    "AsyncOpener",
    "Call",
    "Calls",
    "Contestant",
    "Opener",
    "library",
]

Call: TypeAlias = Callable[[], object]
AsyncCall: TypeAlias = Callable[[], Awaitable[object]]
# What a function with ``yield call`` returns, before contextlib makes an opener of it.
Calls: TypeAlias = Generator[Call, None, None]
AsyncCalls: TypeAlias = AsyncGenerator[AsyncCall, None]
Opener: TypeAlias = Callable[[str], AbstractContextManager[Call]]
AsyncOpener: TypeAlias = Callable[[str], AbstractAsyncContextManager[AsyncCall]]


def library(name: str) -> Any:
    """Import what a contestant calls, in its own process: installed where the benchmark runs only.

    It is typed by nobody, so that the types here don't depend on what is installed.
    """
    return import_module(name)


@attrs.frozen
class Contestant:
    """One who takes part.

    Attributes:
        name: How the tables call it.
        group: What it is.
        module: The module of this package that knows how it is called.
        prefix: What its functions' names begin with there.
        distribution: The distribution whose version the report names.
        modes: Whether it can be called sync, async, or both ways.
    """

    name: str
    group: Literal["floor", "library", "tokenkit", "sdk"]
    module: str
    prefix: str
    distribution: str | None
    modes: tuple[str, ...] = ("sync", "async")

    def opener(self) -> Opener:
        """Return what opens it for sync calls."""
        opener: Opener = getattr(self._loaded(), f"{self.prefix}_sync")
        return opener

    def async_opener(self) -> AsyncOpener:
        """Return what opens it for async calls."""
        opener: AsyncOpener = getattr(self._loaded(), f"{self.prefix}_async")
        return opener

    def _loaded(self) -> Any:
        return import_module(f"{__name__}.{self.module}")


SYNC_ONLY = ("sync",)
ASYNC_ONLY = ("async",)
CONTESTANTS = {
    one.name: one
    for one in (
        Contestant("floor", "floor", "floor", "floor", None),
        Contestant("httpx", "library", "httpx_family", "httpx", "httpx"),
        Contestant("httpx2", "library", "httpx_family", "httpx2", "httpx2"),
        Contestant("aiohttp", "library", "other_libraries", "aiohttp", "aiohttp", ASYNC_ONLY),
        Contestant("urllib3", "library", "other_libraries", "urllib3", "urllib3", SYNC_ONLY),
        Contestant("pyreqwest", "library", "other_libraries", "pyreqwest", "pyreqwest"),
        Contestant("tokenkit", "tokenkit", "tokenkit_clients", "default", "tokenkit-sdk"),
        Contestant("tokenkit-httpx2", "tokenkit", "tokenkit_clients", "httpx2", "httpx2"),
        Contestant("tokenkit-own-client", "tokenkit", "tokenkit_clients", "own_client", "httpx"),
        Contestant("tokenkit-fast", "tokenkit", "tokenkit_clients", "fast", "pyreqwest"),
        Contestant("openai", "sdk", "openai_sdk", "openai", "openai"),
        Contestant("anthropic", "sdk", "anthropic_sdk", "anthropic", "anthropic"),
        Contestant("stripe", "sdk", "stripe_sdk", "stripe", "stripe"),
        Contestant("svix", "sdk", "svix_sdk", "svix", "svix"),
        Contestant("githubkit", "sdk", "githubkit_sdk", "githubkit", "githubkit"),
        Contestant("workos", "sdk", "workos_sdk", "workos", "workos"),
        Contestant("boto3", "sdk", "boto3_sdk", "boto3", "boto3", SYNC_ONLY),
        Contestant("azure-core", "sdk", "azure_sdk", "azure", "azure-core"),
        Contestant("openapi-client", "sdk", "generated_client", "generated", None),
    )
}
