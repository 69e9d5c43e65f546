"""workos: a widget's session token."""

from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ..wire import API_KEY, TIMEOUT
from . import AsyncCalls, Calls, library

# As long as the request of the others, all in all.
ARGUMENTS: dict[str, Any] = {
    "organization_id": "org_1",
    "user_id": "user_1",
    "scopes": ["x" * 230],
}


@contextmanager
def workos_sync(origin: str) -> Calls:
    """Open a ``workos.WorkOSClient``."""
    workos = library("workos")
    client = workos.WorkOSClient(api_key=API_KEY, base_url=origin, request_timeout=int(TIMEOUT))
    yield lambda: client.widgets.create_token(**ARGUMENTS).token
    client.close()


@asynccontextmanager
async def workos_async(origin: str) -> AsyncCalls:
    """Open a ``workos.AsyncWorkOSClient``."""
    workos = library("workos")
    client = workos.AsyncWorkOSClient(
        api_key=API_KEY, base_url=origin, request_timeout=int(TIMEOUT)
    )

    async def call() -> object:
        return (await client.widgets.create_token(**ARGUMENTS)).token

    yield call
    await client.close()
