"""tokenkit's whole path: a model built, checked, signed, sent, retried if need be, decoded."""

from collections.abc import Callable
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from tokenkit import AsyncZeroHashClient, ZeroHashClient, zerohash

from ..wire import API_KEY, PARTICIPANT, PASSPHRASE, PRIVATE_KEY
from . import AsyncCalls, AsyncOpener, Calls, Opener, library

Options = Callable[[], dict[str, Any]]

CREDENTIALS: dict[str, Any] = {
    "api_key": API_KEY,
    "private_key": PRIVATE_KEY,
    "passphrase": PASSPHRASE,
}


def arguments() -> dict[str, Any]:
    """Return a mint's arguments, made again for each call."""
    return {
        "participant_code": PARTICIPANT,
        "reference_id": "order-2024-0001-3fc51610-4f1e-b531-38f78de8ca8a-7",
        "permissions": ["fwc", "crypto-deposits"],
        "deposit_details": zerohash.DepositDetails(
            account_label="general", deposit_amount="1125.50", denominated_currency="USD"
        ),
        "client_device_info": zerohash.ClientDeviceInfo(
            ip_address="203.0.113.107", location="US-IL"
        ),
    }


def _sync(options: Options) -> Opener:
    @contextmanager
    def open_client(origin: str) -> Calls:
        with ZeroHashClient(**CREDENTIALS, base_url=origin, **options()) as client:
            yield lambda: client.create_client_auth_token(**arguments()).token

    return open_client


def _async(options: Options) -> AsyncOpener:
    @asynccontextmanager
    async def open_client(origin: str) -> AsyncCalls:
        async with AsyncZeroHashClient(**CREDENTIALS, base_url=origin, **options()) as client:

            async def call() -> object:
                return (await client.create_client_auth_token(**arguments())).token

            yield call

    return open_client


def _httpx2() -> dict[str, Any]:
    return {"http_family": "httpx2"}


def _fast() -> dict[str, Any]:
    client = library("pyreqwest.client").SyncClientBuilder().follow_redirects(enable=False).build()
    return {"transport": library("pyreqwest.compatibility.httpx").SyncHttpxTransport(client)}


def _fast_async() -> dict[str, Any]:
    client = library("pyreqwest.client").ClientBuilder().follow_redirects(enable=False).build()
    return {"transport": library("pyreqwest.compatibility.httpx").HttpxTransport(client)}


default_sync, default_async = _sync(dict), _async(dict)
httpx2_sync, httpx2_async = _sync(_httpx2), _async(_httpx2)
fast_sync, fast_async = _sync(_fast), _async(_fast_async)


@contextmanager
def own_client_sync(origin: str) -> Calls:
    """Send through an ``httpx.Client`` of the caller's."""
    httpx = library("httpx")
    with httpx.Client() as http, _sync(lambda: {"http_client": http})(origin) as call:
        yield call


@asynccontextmanager
async def own_client_async(origin: str) -> AsyncCalls:
    """Send through an ``httpx.AsyncClient`` of the caller's."""
    httpx = library("httpx")
    async with (
        httpx.AsyncClient() as http,
        _async(lambda: {"http_client": http})(origin) as call,
    ):
        yield call
