"""G4: a gzip bomb of 300 MB in a 200: ResponseTooLarge, and at most 16 MB of memory."""

from __future__ import annotations

import tracemalloc
import zlib
from functools import cache
from typing import TYPE_CHECKING

import pytest
from all_clients import STRIGO_MINT, STRIGO_MINTED, TOKEN
from network_calls import each_family, each_flavour, send_strigo
from raw_server import RawServer, responding

from tokenkit import BadRequestError, ResponseTooLarge

if TYPE_CHECKING:
    from network_calls import Family, Flavour
    from raw_server import Peer

MEGABYTE = 1_048_576


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@cache
def bomb(parts: int) -> tuple[bytes, ...]:
    """Return 300 MB of zeros as gzip, in chunks of so many megabytes unpacked."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = squeeze.compress(b"") + squeeze.flush(zlib.Z_FULL_FLUSH)
    # Behind a full flush, a part unpacks to the same wherever it stands.
    megabyte = squeeze.compress(bytes(MEGABYTE)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    assert len(megabyte) < 2000
    return chunk(start), *[chunk(megabyte * parts)] * (300 // parts), b"0\r\n\r\n"


def serve(peer: Peer, status: int, parts: int) -> None:
    peer.read_request()
    head = f"HTTP/1.1 {status} Whatever\r\nTransfer-Encoding: chunked\r\n"
    peer.send(head.encode() + b"Content-Encoding: gzip\r\n\r\n")
    for piece in bomb(parts):
        peer.send(piece)


def send_small(flavour: Flavour, family: Family) -> None:
    """Load every module, so that the next call's memory is its own."""
    with RawServer(responding(lambda _: STRIGO_MINTED)) as server:
        (reply,) = send_strigo(flavour, server.url, STRIGO_MINT, http_family=family)
    assert reply.value.token == TOKEN


@each_flavour
@each_family
@pytest.mark.parametrize("parts", [1, 300])
@pytest.mark.parametrize(("status", "kind"), [(200, ResponseTooLarge), (400, BadRequestError)])
def test_a_gzip_bomb_is_stopped(
    flavour: Flavour, family: Family, parts: int, status: int, kind: type[Exception]
) -> None:
    """300 MB in a few compressed bytes, in one chunk or in many, take little memory."""
    bomb(parts)
    send_small(flavour, family)
    with RawServer(lambda peer: serve(peer, status, parts)) as server:
        tracemalloc.start()
        try:
            with pytest.raises(kind) as caught:
                send_strigo(flavour, server.url, STRIGO_MINT, http_family=family)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(server.requests) == 1
        server.wait_all_closed()
    assert peak < 16_000_000
    if status == 200:
        assert "8388608 bytes" in str(caught.value)
