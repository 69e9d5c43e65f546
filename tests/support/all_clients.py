"""The six clients as the three vendors' pairs, with a call and a response for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import anyio
import attrs
import pytest
from network_calls import (
    API_KEY,
    HARMLESS,
    MINT,
    MINTED,
    ORG_ID,
    TOKEN,
    ZEROHASH_KEY,
    ZEROHASH_MINTED,
    ZEROHASH_PASSPHRASE,
    ZEROHASH_PRIVATE_KEY,
)
from raw_server import json_response

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    AsyncZeroHashClient,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
    zdk,
)
from tokenkit.extension import AsyncClient, Call, Client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from network_calls import Flavour

    from tokenkit import Reply

ZDK_KEY = "zdk-company-key-5e19b7"


@attrs.frozen(kw_only=True)
class Vendor:
    """A vendor's two clients, what they are built with, a mint and its response."""

    client: Any
    async_client: Any
    credentials: Mapping[str, str]
    mint: Call[Any]
    minted: bytes

    def open(self, flavour: Flavour, **options: Any) -> Client | AsyncClient:
        """Build a client; the options may replace credentials."""
        kind = self.client if flavour == "sync" else self.async_client
        client: Client | AsyncClient = kind(**{**self.credentials, **options})
        return client


ZDK = Vendor(
    client=ZdkClient,
    async_client=AsyncZdkClient,
    credentials={"api_key": ZDK_KEY},
    mint=zdk.UserTokenRequest(id="user-1"),
    minted=json_response({"tokens": [TOKEN]}),
)
ZEROHASH = Vendor(
    client=ZeroHashClient,
    async_client=AsyncZeroHashClient,
    credentials={
        "api_key": ZEROHASH_KEY,
        "private_key": ZEROHASH_PRIVATE_KEY,
        "passphrase": ZEROHASH_PASSPHRASE,
    },
    mint=HARMLESS,
    minted=ZEROHASH_MINTED,
)
STRIGO = Vendor(
    client=StrigoClient,
    async_client=AsyncStrigoClient,
    credentials={"org_id": ORG_ID, "api_key": API_KEY},
    mint=MINT,
    minted=MINTED,
)
VENDORS: Mapping[Literal["zdk", "zerohash", "strigo"], Vendor] = {
    "zdk": ZDK,
    "zerohash": ZEROHASH,
    "strigo": STRIGO,
}

each_vendor = pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)


def perform(
    client: Client | AsyncClient,
    flavour: Flavour,
    make_call: Callable[[], Call[Any]],
    **options: Any,
) -> Reply[Any]:
    """Make a call inside the client's block, and send it."""
    if isinstance(client, Client):
        with client:
            return client.send_raw(make_call(), **options)

    async def main() -> Reply[Any]:
        async with client:
            return await client.send_raw(make_call(), **options)

    return anyio.run(main, backend=flavour)
