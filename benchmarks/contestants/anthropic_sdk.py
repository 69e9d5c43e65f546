"""anthropic: a message."""

from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ..wire import API_KEY
from . import AsyncCalls, Calls, library

# As long as the request of the others, all in all.
ARGUMENTS: dict[str, Any] = {
    "model": "m",
    "max_tokens": 16,
    "messages": [{"role": "user", "content": "x" * 230}],
}


@contextmanager
def anthropic_sync(origin: str) -> Calls:
    """Open an ``anthropic.Anthropic``."""
    anthropic = library("anthropic")
    with anthropic.Anthropic(api_key=API_KEY, base_url=origin) as client:
        yield lambda: client.messages.create(**ARGUMENTS).content[0].text


@asynccontextmanager
async def anthropic_async(origin: str) -> AsyncCalls:
    """Open an ``anthropic.AsyncAnthropic``."""
    anthropic = library("anthropic")
    async with anthropic.AsyncAnthropic(api_key=API_KEY, base_url=origin) as client:

        async def call() -> object:
            return (await client.messages.create(**ARGUMENTS)).content[0].text

        yield call
