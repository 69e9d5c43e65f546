"""G33: codings that compress nothing are ignored; gzip is decoded, in members and layers."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from all_clients import STRIGO_MINT, TOKEN
from network_calls import each_flavour, send_strigo
from raw_server import RawServer, http, responding

from tokenkit import BadRequestError

if TYPE_CHECKING:
    from network_calls import Flavour

ANSWER = b'{"result": "success", "data": {"token": "%s", "user_id": "u1"}}' % TOKEN.encode()
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
PACKED = gzip.compress(ANSWER, mtime=0)
HALVES = gzip.compress(ANSWER[:20], mtime=0) + gzip.compress(ANSWER[20:], mtime=0)
READ = {
    "utf-8": ("utf-8", ANSWER),
    "none": ("none", ANSWER),
    "aws-chunked": ("aws-chunked", ANSWER),
    "identity": ("identity", ANSWER),
    "empty": ("", ANSWER),
    "gzip, identity": ("gzip, identity", PACKED),
    "aws-chunked, GZIP": ("aws-chunked, GZIP", PACKED),
    "x-gzip": ("x-gzip", PACKED),
    "a weight": ("gzip;q=1.0", PACKED),
    "a string": ('"gzip"', PACKED),
    "a list in a string": ('"identity, GZIP ; q=1"', PACKED),
    "two members": ("gzip", HALVES),
    "twice": ("gzip, gzip", gzip.compress(PACKED, mtime=0)),
    "a mark": ("", BYTE_ORDER_MARK + ANSWER),
    "a packed mark": ("gzip", gzip.compress(BYTE_ORDER_MARK + ANSWER, mtime=0)),
}


@each_flavour
@pytest.mark.parametrize(("encoding", "body"), READ.values(), ids=READ)
def test_a_success_in_an_odd_encoding(flavour: Flavour, encoding: str, body: bytes) -> None:
    """A readable body is read, whatever the header calls it."""
    answer = http(200, body, f"Content-Encoding: {encoding}")
    with RawServer(responding(lambda _: answer)) as server:
        (reply,) = send_strigo(flavour, server.url, STRIGO_MINT)
    assert reply.value.token == TOKEN


@each_flavour
def test_a_failure_behind_a_mark(flavour: Flavour) -> None:
    """An error body after a byte order mark is read like any other."""
    body = BYTE_ORDER_MARK + b'{"result": "failure", "error": {"type": "t", "message": "bad"}}'
    with (
        RawServer(responding(lambda _: http(400, body))) as server,
        pytest.raises(BadRequestError, match="bad"),
    ):
        send_strigo(flavour, server.url, STRIGO_MINT)
