"""Bodies of responses: their size limit and their encodings."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from all_clients import HEALTH, STRIGO_MINT, TOKEN
from credentials import async_strigo_client, strigo_client
from http_library import httpx
from network_calls import NO_RETRIES, at_most, each_flavour, send_strigo
from raw_server import RawServer, http, responding, saying

from tokenkit import (
    BadRequestError,
    DecodeError,
    ProtocolError,
    ResponseTooLarge,
    ServerError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from network_calls import Flavour
    from raw_server import Peer

MEGABYTE = 1_048_576
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n"
GZIP_HEAD = HEAD + b"Content-Encoding: gzip\r\n\r\n"
ANSWER = b'{"result": "success", "data": {"token": "%s"}}' % TOKEN.encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@each_flavour
def test_bytes_behind_the_end_of_gzip_are_not_read(flavour: Flavour) -> None:
    """A server that goes on after its gzip stream has ended is cut off; the body is complete."""

    def endless(peer: Peer) -> None:
        peer.read_request()
        peer.send(GZIP_HEAD + chunk(gzip.compress(ANSWER, mtime=0)))
        while not peer.server.stopped.is_set():
            peer.send(chunk(bytes(65_536)))

    with RawServer(endless) as server:
        (reply,) = send_strigo(flavour, server.url, STRIGO_MINT)
        server.wait_all_closed()
    assert reply.value.token == TOKEN


@each_flavour
@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
def test_a_plain_body_beyond_the_limit_is_refused(flavour: Flavour, framing: str) -> None:
    """However a body is framed, more than 8 MiB of it raises ResponseTooLarge."""

    def big(peer: Peer) -> None:
        peer.read_request()
        head = {
            "length": b"HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n",
            "chunks": HEAD + b"\r\n",
            "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        }
        peer.send(head[framing])
        for _ in range(20):
            piece = b" " * MEGABYTE
            peer.send(chunk(piece) if framing == "chunks" else piece)

    with RawServer(big) as server:
        with pytest.raises(ResponseTooLarge):
            send_strigo(flavour, server.url, STRIGO_MINT)
        server.wait_all_closed()


@each_flavour
def test_a_body_of_just_the_limit_is_read(flavour: Flavour) -> None:
    """8 MiB are allowed."""
    body = ANSWER + b" " * (8 * MEGABYTE - len(ANSWER))
    with RawServer(responding(lambda _: http(200, body))) as server:
        (reply,) = send_strigo(flavour, server.url, STRIGO_MINT)
    assert reply.value.token == TOKEN


@each_flavour
@pytest.mark.parametrize("status", [400, 500])
def test_an_oversized_failure_is_still_that_failure(flavour: Flavour, status: int) -> None:
    """The status decides the error, however large the body is; little of it is kept."""
    body = b'{"filler": "' + b"x" * 20 * MEGABYTE + b'"}'
    with (
        RawServer(saying(http(status, body))) as server,
        pytest.raises((BadRequestError, ServerError)) as caught,
    ):
        send_strigo(flavour, server.url, STRIGO_MINT, retry=NO_RETRIES)
    assert caught.value.status == status
    assert len(caught.value.body) <= 65_536


@each_flavour
@pytest.mark.parametrize("encoding", ["gzip", "GZip", " x-gzip"])
def test_gzip_is_understood(flavour: Flavour, encoding: str) -> None:
    """A compressed response is decompressed, whatever the case of the header."""
    packed = http(200, gzip.compress(ANSWER, mtime=0), f"Content-Encoding: {encoding}")
    with RawServer(responding(lambda _: packed)) as server:
        (reply,) = send_strigo(flavour, server.url, STRIGO_MINT)
        assert "gzip" in server.requests[0].headers["accept-encoding"]
    assert reply.value.token == TOKEN


@each_flavour
@pytest.mark.parametrize(
    ("encoding", "body", "told"),
    [
        ("gzip", gzip.compress(ANSWER, mtime=0)[:-12], "cut short"),
        ("gzip", b"this is not gzip", "broken"),
        ("gzip", gzip.compress(ANSWER, mtime=0)[:20] + b"rubbish" * 9, "broken"),
        ("br", ANSWER, "not requested"),
        ("br;q=1", ANSWER, "not requested"),
        ("gzip, gzip", gzip.compress(ANSWER, mtime=0), "broken"),
        ("gzip, gzip, gzip", ANSWER, "not requested"),
        ("zstd", ANSWER, "not requested"),
    ],
)
def test_unreadable_encodings_are_protocol_errors(
    flavour: Flavour, encoding: str, body: bytes, told: str
) -> None:
    """A broken or unknown encoding of a success is a ProtocolError that says what is wrong."""
    answer = http(200, body, f"Content-Encoding: {encoding}")
    with (
        RawServer(responding(lambda _: answer)) as server,
        pytest.raises(ProtocolError, match=told) as caught,
    ):
        send_strigo(flavour, server.url, STRIGO_MINT, retry=NO_RETRIES)
    assert TOKEN not in str(caught.value)


@each_flavour
@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_an_unreadable_failure_is_still_that_failure(flavour: Flavour, encoding: str) -> None:
    """An error response with a broken encoding keeps its status."""
    answer = http(400, b"\x00\x01\x02", f"Content-Encoding: {encoding}")
    with RawServer(responding(lambda _: answer)) as server:
        with pytest.raises(BadRequestError):
            send_strigo(flavour, server.url, STRIGO_MINT)
        assert len(server.requests) == 1


@each_flavour
def test_an_empty_body_needs_no_gzip(flavour: Flavour) -> None:
    """An empty response that claims to be compressed is an empty response."""
    answer = http(200, b"", "Content-Encoding: gzip")
    with (
        RawServer(responding(lambda _: answer)) as server,
        pytest.raises(DecodeError, match="the body is empty"),
    ):
        send_strigo(flavour, server.url, HEALTH)


class EndlessStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that never ends, even once it is closed."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b" " * 65_536

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65_536


def endless_answer(request: httpx.Request) -> httpx.Response:
    del request
    return httpx.Response(200, stream=EndlessStream())


def test_an_endless_body_of_a_callers_transport_is_left() -> None:
    """A transport whose body does not end even when it is closed doesn't block a call."""
    transport = httpx.MockTransport(endless_answer)
    client = strigo_client(transport=transport)
    with client, pytest.raises(ResponseTooLarge), at_most(1):
        client.send(STRIGO_MINT, deadline=5)


@pytest.mark.anyio
async def test_an_endless_body_of_a_callers_async_transport_is_left() -> None:
    """An async transport whose body does not end even when it is closed doesn't block a call."""
    transport = httpx.MockTransport(endless_answer)
    async with async_strigo_client(transport=transport) as client:
        with pytest.raises(ResponseTooLarge), at_most(1):
            await client.send(STRIGO_MINT, deadline=5)
