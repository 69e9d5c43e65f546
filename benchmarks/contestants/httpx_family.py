"""httpx and httpx2 as anybody would use them: ``client.post(url, content=…)`` and ``.json()``.

Limits and everything else, but for the timeout, are the library's defaults. They are spared what
tokenkit does besides: the body is written already, and nothing is signed.
"""

from contextlib import asynccontextmanager, contextmanager

from ..wire import PATH, REQUEST_BODY, REQUEST_HEADERS, TIMEOUT
from . import AsyncCalls, AsyncOpener, Calls, Opener, library


def _sync(family: str) -> Opener:
    @contextmanager
    def open_client(origin: str) -> Calls:
        with library(family).Client(timeout=TIMEOUT) as client:
            url = origin + PATH

            def call() -> object:
                response = client.post(url, content=REQUEST_BODY, headers=REQUEST_HEADERS)
                return response.json()["message"]["token"]

            yield call

    return open_client


def _async(family: str) -> AsyncOpener:
    @asynccontextmanager
    async def open_client(origin: str) -> AsyncCalls:
        async with library(family).AsyncClient(timeout=TIMEOUT) as client:
            url = origin + PATH

            async def call() -> object:
                response = await client.post(url, content=REQUEST_BODY, headers=REQUEST_HEADERS)
                return response.json()["message"]["token"]

            yield call

    return open_client


httpx_sync, httpx_async = _sync("httpx"), _async("httpx")
httpx2_sync, httpx2_async = _sync("httpx2"), _async("httpx2")
