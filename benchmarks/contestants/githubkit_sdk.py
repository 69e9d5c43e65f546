"""githubkit: an installation's access token."""

from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ..wire import API_KEY, TIMEOUT
from . import AsyncCalls, Calls, library

# As long as the request of the others, all in all.
ARGUMENTS: dict[str, Any] = {
    "repositories": ["x" * 220],
    "permissions": {"contents": "read", "issues": "write"},
}


def _client(origin: str) -> Any:
    githubkit = library("githubkit")
    return githubkit.GitHub(API_KEY, base_url=origin, timeout=TIMEOUT)


@contextmanager
def githubkit_sync(origin: str) -> Calls:
    """Open a ``githubkit.GitHub``, in its context, which keeps its connections."""
    with _client(origin) as client:

        def call() -> object:
            create = client.rest.apps.create_installation_access_token
            return create(1, **ARGUMENTS).parsed_data.token

        yield call


@asynccontextmanager
async def githubkit_async(origin: str) -> AsyncCalls:
    """Open a ``githubkit.GitHub``, for its async calls."""
    async with _client(origin) as client:

        async def call() -> object:
            create = client.rest.apps.async_create_installation_access_token
            return (await create(1, **ARGUMENTS)).parsed_data.token

        yield call
