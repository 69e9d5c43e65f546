"""G27: long bodies in tiny pieces take linear time and bounded memory."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from all_clients import STRIGO_MINT, TOKEN
from network_calls import each_flavour, send_strigo
from raw_server import RawServer, http, saying

from tokenkit import BadRequestError, ProtocolError, ResponseTooLarge
from tokenkit._pipeline.response_body import (
    MAX_RESPONSE_BODY,
    BoundedBody,
    TooLargeError,
    UnreadableBodyError,
)

if TYPE_CHECKING:
    from network_calls import Flavour
    from raw_server import Peer

MEBIBYTE = 1_048_576
ANSWER = b'{"result": "success", "data": {"token": "%s", "user_id": "u"}}' % TOKEN.encode()
EMPTY_MEMBER_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"


def test_a_body_in_tiny_chunks_needs_no_more_memory() -> None:
    """For 8 MiB that end in chunks of two bytes, no object is kept for each chunk."""
    tracemalloc.start()
    try:
        body = BoundedBody()
        body.feed(bytes(MAX_RESPONSE_BODY - MEBIBYTE))
        for number in range(MEBIBYTE // 2):
            body.feed(number.to_bytes(4, "big")[2:])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * MEBIBYTE
    with pytest.raises(TooLargeError):
        body.feed(b"x")


def seconds_behind_the_end(size: int) -> float:
    body = BoundedBody("gzip")
    body.feed(gzip.compress(ANSWER, mtime=0))
    began = time.process_time()
    for _ in range(size // 64):
        assert body.feed(b"x" * 64)
    assert body.bytes() == ANSWER
    return time.process_time() - began


def test_bytes_behind_a_gzip_end_take_linear_time() -> None:
    """Twice as many bytes behind the end take about twice the time, and the end is noticed."""
    assert seconds_behind_the_end(4 * MEBIBYTE) < 1 + 8 * seconds_behind_the_end(MEBIBYTE)


def test_many_members_take_linear_time() -> None:
    """Members are joined, up to a number; a flood of empty ones is refused early."""
    some = gzip.compress(ANSWER, mtime=0)
    body = BoundedBody("gzip")
    for _ in range(5_000):
        assert not body.feed(some)
    body.finish()
    assert body.bytes() == ANSWER * 5_000
    flood = gzip.compress(b"", mtime=0) * 20_000
    body = BoundedBody("gzip")
    began = time.process_time()
    with pytest.raises(UnreadableBodyError, match="too many members"):
        body.feed(flood)
    assert time.process_time() - began < 3


def test_many_members_within_gzip_are_refused() -> None:
    """A flood of empty members that is packed once more is refused as early."""
    body = BoundedBody("gzip, gzip")
    with pytest.raises(UnreadableBodyError, match="too many members"):
        body.feed(gzip.compress(gzip.compress(b"", mtime=0) * 20_000, mtime=0))


def empty_blocks(size: int) -> bytes:
    """Return the start of a gzip member that unpacks to nothing, of so many bytes."""
    return EMPTY_MEMBER_HEAD + EMPTY_BLOCK * (size // len(EMPTY_BLOCK))


@pytest.mark.parametrize("layers", [1, 2])
def test_what_unpacks_to_nothing_counts(layers: int) -> None:
    """Each layer takes 8 MiB at most, also if nothing comes out of it."""
    body = BoundedBody(", ".join(["gzip"] * layers))
    assert not body.feed(empty_blocks(MAX_RESPONSE_BODY - MEBIBYTE))
    with pytest.raises(TooLargeError):
        body.feed(EMPTY_BLOCK * (2 * MEBIBYTE // len(EMPTY_BLOCK)))


@each_flavour
@pytest.mark.parametrize(("status", "kind"), [(200, ResponseTooLarge), (400, BadRequestError)])
def test_an_inner_layer_of_nothing_is_stopped(
    flavour: Flavour, status: int, kind: type[Exception]
) -> None:
    """What a few packed bytes expand to is not read beyond 8 MiB, though it means nothing."""
    packed = gzip.compress(empty_blocks(64 * MEBIBYTE), mtime=0)
    answer = http(status, packed, "Content-Encoding: gzip, gzip")
    with RawServer(saying(answer)) as server:
        with pytest.raises(kind) as caught:
            send_strigo(flavour, server.url, STRIGO_MINT)
        assert len(server.requests) == 1
    assert status == 400 or "8388608 bytes" in str(caught.value)


@each_flavour
def test_a_flood_behind_a_gzip_end_is_left(flavour: Flavour) -> None:
    """The body is complete at its end; what follows is not read, and the connection closes."""

    def flood(peer: Peer) -> None:
        peer.read_request()
        packed = gzip.compress(ANSWER, mtime=0)
        peer.send(HEAD + b"%x\r\n%s\r\n" % (len(packed), packed))
        piece = (b"40\r\n" + b"x" * 64 + b"\r\n") * 1_000
        while not peer.server.stopped.is_set():
            peer.send(piece)

    with RawServer(flood) as server:
        (reply,) = send_strigo(flavour, server.url, STRIGO_MINT)
        server.wait_all_closed()
    assert reply.value.token == TOKEN


@each_flavour
def test_a_body_in_many_chunks_is_read(flavour: Flavour) -> None:
    """A body of many small chunks is read to its end, and other tasks get their turn."""

    def drip(peer: Peer) -> None:
        peer.read_request()
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in ANSWER + b" " * 500)
        peer.send(HEAD.replace(b"Content-Encoding: gzip\r\n", b"") + chunks + b"0\r\n\r\n")

    with RawServer(drip) as server:
        (reply,) = send_strigo(flavour, server.url, STRIGO_MINT)
    assert reply.value.token == TOKEN


@each_flavour
def test_rubbish_behind_a_member_is_the_end(flavour: Flavour) -> None:
    """Bytes behind a member that aren't one end the body; a broken member is an error."""
    packed = gzip.compress(ANSWER, mtime=0)
    for behind, works in (
        (b"\x1f\x8b" + b"x" * 20, True),
        (bytes(8), True),
        (packed[:30] + b"x" * 60, False),
    ):
        answer = http(200, packed + behind, "Content-Encoding: gzip")

        def once(peer: Peer, answer: bytes = answer) -> None:
            while peer.read_request() is not None:
                peer.send(answer)

        with RawServer(once) as server:
            if works:
                (reply,) = send_strigo(flavour, server.url, STRIGO_MINT)
                assert reply.value.token == TOKEN
            else:
                with pytest.raises(ProtocolError, match="gzip"):
                    send_strigo(flavour, server.url, STRIGO_MINT, deadline=2)
