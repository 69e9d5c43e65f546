"""The six clients as the three vendors' pairs, with a call and a response for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import anyio
import attrs
import credentials
import pytest
from raw_server import json_response

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    AsyncZeroHashClient,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
    strigo,
    zdk,
    zerohash,
)
from tokenkit.extension import AsyncClient, Call, Client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from network_calls import Flavour

    from tokenkit import Reply

TOKEN = "tOkEn_that_was_minted_for_one_learner_only_1"

ZDK_MINT = zdk.UserTokenRequest(id="user-1")
STRIGO_MINT = strigo.UserTokenRequest(email="user1@example.com")
HEALTH = strigo.HealthRequest()
WITHDRAWAL = zerohash.ClientAuthTokenRequest(
    participant_code="CUST01", permissions=["crypto-withdrawals"]
)
ZEROHASH_MINT = zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["fwc"])
REUSABLE = zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["crypto-buy"])

STRIGO_MINTED = json_response({"result": "success", "data": {"token": TOKEN, "user_id": "u1"}})
ZEROHASH_MINTED = json_response({"message": {"token": TOKEN}})
HEALTHY = json_response({"status": "ok", "message": "all is well"})


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
    credentials=credentials.ZDK,
    mint=ZDK_MINT,
    minted=json_response({"tokens": [TOKEN]}),
)
ZEROHASH = Vendor(
    client=ZeroHashClient,
    async_client=AsyncZeroHashClient,
    credentials=credentials.ZEROHASH,
    mint=ZEROHASH_MINT,
    minted=ZEROHASH_MINTED,
)
STRIGO = Vendor(
    client=StrigoClient,
    async_client=AsyncStrigoClient,
    credentials=credentials.STRIGO,
    mint=STRIGO_MINT,
    minted=STRIGO_MINTED,
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
