"""G37: a hostile error body costs little, within the deadline."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from all_clients import ZEROHASH_MINT
from clocks import frozen_clock
from driven_calls import driven_client, errors, outcomes
from network_calls import each_family, each_flavour
from raw_server import RawServer, http, saying

from tokenkit import BadRequestError

if TYPE_CHECKING:
    from network_calls import Family, Flavour

JSON = "Content-Type: application/json"
MARKS = "+/=&<>'\"`!$()*,:;?@[]{}|~^%# "
TOKENS = [f"t{number:02d}{MARKS}" for number in range(50)]
EIGHT_MIB = 8 * 1024 * 1024


def filled(start: bytes, part: bytes, end: bytes, size: int) -> bytes:
    """Repeat a part between a start and an end, up to a size."""
    return start + part * ((size - len(start) - len(end)) // len(part)) + end


BODIES = {
    "8 MiB of empty lists": filled(b"[[]", b",[]", b"]", EIGHT_MIB),
    "8 MiB of empty tokens": filled(b'[{"token":[]}', b',{"token":[]}', b"]", EIGHT_MIB),
    "8 MiB of texts": filled(b'[""', b',"%"', b"]", EIGHT_MIB),
    "64 KiB of tokens": filled(b'{"tokens":["x"', b',"abcdefghijkl"', b"]}", 65_000),
    "50 tokens of marks": json.dumps({"tokens": TOKENS, "x": ["%"] * 9_000}).encode(),
    "64 KiB of escapes": filled(b'"', b"\\u0026", b'"', 65_000),
    "64 KiB of backslashes": filled(b'"', b"\\\\", b'"', 65_000),
    "64 KiB of a JWT's beginning": filled(b"-", b"eyJ-", b"", 65_000),
    "64 KiB of percents": filled(b"", b"%2525", b"", 65_000),
    "64 KiB of ampersands": filled(b"", b"&amp;", b"", 65_000),
    "64 KiB of brackets": b"[" * 65_000,
    "20,000 errors": json.dumps({"errors": ["x"] * 12_000}).encode(),
}


@each_flavour
@each_family
@pytest.mark.parametrize("body", BODIES)
def test_reading_a_failure_is_cheap(flavour: Flavour, family: Family, body: str) -> None:
    """Whatever an error body contains, it takes less than half a second of CPU."""
    with RawServer(saying(http(400, BODIES[body], JSON))) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock(), http_family=family)
        began = time.thread_time()
        errors(BadRequestError, outcomes(client, flavour, ZEROHASH_MINT))
        assert time.thread_time() - began < 0.5


@each_flavour
def test_headers_are_read_at_the_same_cost(flavour: Flavour) -> None:
    """Many tokens in the body, and many marks in many headers, cost no more."""
    headers = [f"A{number}: %" for number in range(90)]
    body = json.dumps({"tokens": TOKENS}).encode()
    with RawServer(saying(http(400, body, JSON, *headers, "B: " + "%" * 40_000))) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock())
        began = time.thread_time()
        errors(BadRequestError, outcomes(client, flavour, ZEROHASH_MINT))
        assert time.thread_time() - began < 0.5


@each_flavour
def test_a_body_that_is_too_large_is_left_out(flavour: Flavour) -> None:
    """A body above 64 KiB is not kept; the error still has its status and class."""
    body = json.dumps({"errors": ["no"], "x": "y" * 70_000}).encode()
    with RawServer(saying(http(400, body, JSON))) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock())
        (error,) = errors(BadRequestError, outcomes(client, flavour, ZEROHASH_MINT))
    assert (error.status, error.message, error.body) == (400, "Bad Request", "")
