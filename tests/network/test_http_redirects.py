"""Redirects are never followed, and a caller's client changes nothing that is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

import httpx
import pytest
from network_calls import (
    HARMLESS,
    MINT,
    ZEROHASH_KEY,
    ZEROHASH_MINTED,
    ZEROHASH_PASSPHRASE,
    ZEROHASH_PRIVATE_KEY,
    each_flavour,
    send_strigo,
)
from raw_server import RawServer, answering, http

from tokenkit import AsyncZeroHashClient, UnexpectedRedirect, ZeroHashClient

if TYPE_CHECKING:
    from network_calls import Flavour
    from raw_server import RawRequest

CALLERS_HEADERS = {
    "x-team": "payments",
    "user-agent": "callers/1.0",
    "authorization": "Bearer the-callers-own",
    "x-scx-api-key": "not this one",
}


def redirecting(target: RawServer, status: int) -> RawServer:
    answer = http(status, b"over there", f"Location: {target.url}/elsewhere?code=1")
    return RawServer(answering(lambda _: answer))


@each_flavour
@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
def test_a_redirect_is_an_error(flavour: Flavour, status: int) -> None:
    """A redirect is reported with its target, and not one connection is made there."""
    with (
        RawServer(answering(lambda _: http(200))) as other,
        redirecting(other, status) as server,
    ):
        with pytest.raises(UnexpectedRedirect) as caught:
            send_strigo(flavour, server.url, MINT)
        assert caught.value.status == status
        assert caught.value.location == f"{other.url}/elsewhere"
        assert (len(server.requests), other.connections) == (1, 0)


def signature_of(request: RawRequest) -> str:
    """Sign a request as zerohash's documentation says."""
    route = request.line.split(" ")[1]
    text = f"{request.headers['x-scx-timestamp']}POST{route}".encode() + request.body
    key = base64.b64decode(ZEROHASH_PRIVATE_KEY)
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def check_request(request: RawRequest) -> None:
    headers = request.headers
    assert request.line == "POST /client_auth_token HTTP/1.1"
    assert headers["x-scx-api-key"] == ZEROHASH_KEY
    assert headers["x-scx-signed"] == signature_of(request)
    assert headers["x-team"] == "payments"
    assert headers["user-agent"].startswith("tokenkit/")
    assert request.head.lower().count(b"x-scx-api-key") == 1


def test_a_callers_client_adds_only_its_headers() -> None:
    """Of a caller's client, the default headers stay, below ours; its parameters don't."""
    with (
        RawServer(answering(lambda _: ZEROHASH_MINTED)) as server,
        httpx.Client(
            auth=("user", "word"), params={"tenant": "7"}, headers=CALLERS_HEADERS
        ) as http_client,
    ):
        client = ZeroHashClient(
            api_key=ZEROHASH_KEY,
            private_key=ZEROHASH_PRIVATE_KEY,
            passphrase=ZEROHASH_PASSPHRASE,
            base_url=server.url,
            http_client=http_client,
        )
        client.send(HARMLESS)
        client.close()
        assert not http_client.is_closed
        check_request(server.requests[0])
        # zerohash's clients use no such header, so that the caller's own stays as it was.
        assert server.requests[0].headers["authorization"] == "Bearer the-callers-own"


@pytest.mark.anyio
async def test_a_callers_async_client_adds_only_its_headers() -> None:
    """Of a caller's async client, the default headers stay, below ours; its parameters don't."""
    with RawServer(answering(lambda _: ZEROHASH_MINTED)) as server:
        async with httpx.AsyncClient(
            auth=("user", "word"), params={"tenant": "7"}, headers=CALLERS_HEADERS
        ) as http_client:
            client = AsyncZeroHashClient(
                api_key=ZEROHASH_KEY,
                private_key=ZEROHASH_PRIVATE_KEY,
                passphrase=ZEROHASH_PASSPHRASE,
                base_url=server.url,
                http_client=http_client,
            )
            await client.send(HARMLESS)
            await client.aclose()
            assert not http_client.is_closed
        check_request(server.requests[0])


def test_a_callers_client_follows_no_redirect() -> None:
    """A caller's client that follows redirects does not follow ours."""
    with (
        RawServer(answering(lambda _: http(200))) as other,
        redirecting(other, 307) as server,
        httpx.Client(follow_redirects=True) as http_client,
    ):
        client = ZeroHashClient(
            api_key=ZEROHASH_KEY,
            private_key=ZEROHASH_PRIVATE_KEY,
            passphrase=ZEROHASH_PASSPHRASE,
            base_url=server.url,
            http_client=http_client,
        )
        with pytest.raises(UnexpectedRedirect):
            client.send(HARMLESS)
        assert (len(server.requests), other.connections) == (1, 0)


@pytest.mark.anyio
async def test_a_callers_async_client_follows_no_redirect() -> None:
    """A caller's async client that follows redirects does not follow ours."""
    with (
        RawServer(answering(lambda _: http(200))) as other,
        redirecting(other, 307) as server,
    ):
        async with httpx.AsyncClient(follow_redirects=True) as http_client:
            client = AsyncZeroHashClient(
                api_key=ZEROHASH_KEY,
                private_key=ZEROHASH_PRIVATE_KEY,
                passphrase=ZEROHASH_PASSPHRASE,
                base_url=server.url,
                http_client=http_client,
            )
            with pytest.raises(UnexpectedRedirect):
                await client.send(HARMLESS)
        assert (len(server.requests), other.connections) == (1, 0)
