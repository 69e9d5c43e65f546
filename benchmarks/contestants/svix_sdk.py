"""svix: access to the application portal, which mints a token."""

from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ..wire import API_KEY, TIMEOUT
from . import AsyncCalls, Calls, library


def _arguments(svix: Any) -> Any:
    return svix.AppPortalAccessIn(featureFlags=["x" * 230], expiry=3600, sessionId="session-1")


@contextmanager
def svix_sync(origin: str) -> Calls:
    """Open a ``svix.api.Svix``."""
    svix = library("svix.api")
    client = svix.Svix(API_KEY, svix.SvixOptions(server_url=origin, timeout=TIMEOUT))
    yield lambda: client.authentication.app_portal_access("app_1", _arguments(svix)).token


@asynccontextmanager
async def svix_async(origin: str) -> AsyncCalls:
    """Open a ``svix.api.SvixAsync``."""
    svix = library("svix.api")
    client = svix.SvixAsync(API_KEY, svix.SvixOptions(server_url=origin, timeout=TIMEOUT))

    async def call() -> object:
        return (await client.authentication.app_portal_access("app_1", _arguments(svix))).token

    yield call
