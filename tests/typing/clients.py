"""How building clients looks to a type checker; never run.

Every ``type: ignore`` marks a wrong use: a checker that lets it pass reports the comment.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from typing import Protocol

import httpx
from typing_extensions import assert_type

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    Secret,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
    auth,
    zerohash,
)
from tokenkit.extension import AsyncStrategy, Strategy


def plain_source() -> str:
    return "key"


async def async_source() -> Secret:
    return Secret("key")


class Port(Protocol):
    def mint(self) -> str: ...


class PortClient(ZdkClient, Port):
    def mint(self) -> str:
        return self.create_user_token(id="u").token


def build_sync() -> None:
    StrigoClient(org_id="1", api_key=Secret("2"), timeout=3, deadline=None)
    ZdkClient(api_key=plain_source, base_host="dev.zu.casa")
    ZeroHashClient(api_key="1", private_key="2", passphrase="3", environment="eu-cert")
    port: Port = PortClient(api_key="key", timeout=3)
    assert_type(port.mint(), str)
    ZdkClient(auth=auth.Bearer("key"), http_client=httpx.Client())
    ZdkClient(auth=auth.Bearer("key"), transport=httpx.HTTPTransport())
    assert_type(StrigoClient.from_env(timeout=1), StrigoClient)
    with ZdkClient(api_key="key") as client:
        assert_type(client, ZdkClient)


async def build_async() -> None:
    AsyncZdkClient(api_key=async_source)
    AsyncZdkClient(api_key=plain_source, http_client=httpx.AsyncClient())
    AsyncZdkClient(auth=auth.Bearer(async_source))
    AsyncZdkClient(auth=auth.Bearer("key"), transport=httpx.AsyncHTTPTransport())
    async with AsyncStrigoClient.from_env() as client:
        assert_type(client, AsyncStrigoClient)


def wrong_clients() -> None:
    ZdkClient(api_key=async_source)  # type: ignore[arg-type] # a sync client cannot wait
    ZdkClient(auth=auth.Bearer(async_source))  # type: ignore[arg-type] # as above
    ZdkClient(api_key="key", timout=3)  # type: ignore[call-arg] # misspelt
    ZdkClient(api_key="key", http_client=httpx.AsyncClient())  # type: ignore[arg-type] # async
    ZdkClient(api_key="key", transport=httpx.AsyncHTTPTransport())  # type: ignore[arg-type] # async
    AsyncZdkClient(api_key="key", http_client=httpx.Client())  # type: ignore[arg-type] # sync
    ZdkClient("key")  # type: ignore[call-arg] # keywords only
    ZdkClient(api_key=b"key")  # type: ignore[arg-type] # bytes


def strategies() -> None:
    for_both: Strategy = auth.OrgKey("1", "2")
    for_async: AsyncStrategy = for_both
    signer: Strategy = auth.HmacSigner("1", "2", "3", scheme=zerohash.HMAC_SCHEME)
    only_async: AsyncStrategy = auth.Bearer(async_source)
    wrong: Strategy = auth.Bearer(async_source)  # type: ignore[arg-type] # its source is async
    auth.HmacSigner("1", "2", "3")  # type: ignore[call-arg] # whose signature?
    del for_async, signer, only_async, wrong
