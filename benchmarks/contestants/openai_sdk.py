"""openai: a chat completion."""

from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ..wire import API_KEY
from . import AsyncCalls, Calls, library

# As long as the request of the others, all in all.
ARGUMENTS: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "x" * 250}],
}


@contextmanager
def openai_sync(origin: str) -> Calls:
    """Open an ``openai.OpenAI``."""
    openai = library("openai")
    with openai.OpenAI(api_key=API_KEY, base_url=origin) as client:

        def call() -> object:
            return client.chat.completions.create(**ARGUMENTS).choices[0].message.content

        yield call


@asynccontextmanager
async def openai_async(origin: str) -> AsyncCalls:
    """Open an ``openai.AsyncOpenAI``."""
    openai = library("openai")
    async with openai.AsyncOpenAI(api_key=API_KEY, base_url=origin) as client:

        async def call() -> object:
            answer = await client.chat.completions.create(**ARGUMENTS)
            return answer.choices[0].message.content

        yield call
