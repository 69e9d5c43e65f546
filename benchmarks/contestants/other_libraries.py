"""Other HTTP libraries, with their own defaults."""

from contextlib import asynccontextmanager, contextmanager

from ..wire import PATH, REQUEST_BODY, REQUEST_HEADERS
from . import AsyncCalls, Calls, library


@asynccontextmanager
async def aiohttp_async(origin: str) -> AsyncCalls:
    """Open an ``aiohttp.ClientSession``."""
    aiohttp = library("aiohttp")
    async with aiohttp.ClientSession() as session:
        url = origin + PATH

        async def call() -> object:
            async with session.post(url, data=REQUEST_BODY, headers=REQUEST_HEADERS) as response:
                return (await response.json())["message"]["token"]

        yield call


@contextmanager
def urllib3_sync(origin: str) -> Calls:
    """Open a ``urllib3.PoolManager``."""
    urllib3 = library("urllib3")
    with urllib3.PoolManager() as pool:
        url = origin + PATH

        def call() -> object:
            response = pool.request("POST", url, body=REQUEST_BODY, headers=REQUEST_HEADERS)
            return response.json()["message"]["token"]

        yield call


@contextmanager
def pyreqwest_sync(origin: str) -> Calls:
    """Open a ``pyreqwest`` client, without httpx's interface."""
    pyreqwest = library("pyreqwest.client")
    with pyreqwest.SyncClientBuilder().build() as client:
        url = origin + PATH

        def call() -> object:
            request = client.post(url).headers(REQUEST_HEADERS).body_bytes(REQUEST_BODY)
            return request.build().send().json()["message"]["token"]

        yield call


@asynccontextmanager
async def pyreqwest_async(origin: str) -> AsyncCalls:
    """Open an async ``pyreqwest`` client, without httpx's interface."""
    pyreqwest = library("pyreqwest.client")
    async with pyreqwest.ClientBuilder().build() as client:
        url = origin + PATH

        async def call() -> object:
            request = client.post(url).headers(REQUEST_HEADERS).body_bytes(REQUEST_BODY)
            response = await request.build().send()
            return (await response.json())["message"]["token"]

        yield call
