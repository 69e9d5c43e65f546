"""G37, for successes: a hostile 2xx costs no more than a hostile failure."""

from __future__ import annotations

import base64
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import ZEROHASH_MINT
from clocks import frozen_clock
from driven_calls import driven_client, errors, outcomes
from network_calls import each_flavour
from raw_server import RawServer, http, saying

from tokenkit import DecodeError, zerohash

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Flavour

    from tokenkit import Call

JSON = "Content-Type: application/json"
EIGHT_MIB = 8 * 1024 * 1024


def filled(start: bytes, part: bytes, end: bytes) -> bytes:
    """Repeat a part between a start and an end, up to 8 MiB."""
    return start + part * ((EIGHT_MIB - len(start) - len(end)) // len(part)) + end


def keys(count: int) -> bytes:
    """Write an object with many names."""
    return b"{" + b",".join(b'"%x":1' % number for number in range(count)) + b"}"


def jwt(claims: bytes) -> bytes:
    """Write the response to a mint whose token has these claims."""
    payload = base64.urlsafe_b64encode(claims).rstrip(b"=")
    return b'{"message":{"token":"e30.' + payload + b'.x"}}'


NESTED = b"[" * 400 + b"]" * 400
LIST = zerohash.PaymentsRequest()
FUNDS = zerohash.FundTransactionsRequest()
# Written only where they are used: together they are 60 MB.
BODIES: dict[str, tuple[Call[Any], Callable[[], bytes]]] = {
    "names": (ZEROHASH_MINT, lambda: keys(800_000)),
    "nested arrays": (ZEROHASH_MINT, lambda: filled(b"[1", b"," + NESTED, b"]")),
    "empty payments": (LIST, lambda: filled(b'{"message":[{}', b",{}", b"]}")),
    "payments that are numbers": (LIST, lambda: filled(b'{"message":[1', b",1", b"]}")),
    "fund transactions": (FUNDS, lambda: filled(b'{"message":[{}', b',{"rate":1}', b"]}")),
    "fewer, all wrong": (LIST, lambda: b'{"message":[' + b'{"payment_id":1},' * 9_999 + b"1]}"),
    "very long numbers": (
        LIST,
        lambda: filled(b'{"message":[{}', b',{"total":' + b"9" * 4_299 + b"}", b"]}"),
    ),
    "claims that are nested": (
        ZEROHASH_MINT,
        lambda: jwt(b'{"x":[1' + (b"," + NESTED) * 7_000 + b"]}"),
    ),
    "claims with many names": (ZEROHASH_MINT, lambda: jwt(keys(400_000))),
}


def cpu_seconds(flavour: Flavour, call: Call[Any], body: bytes) -> float:
    """Return the CPU time of a call whose response has a body."""
    with RawServer(saying(http(200, body, JSON))) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock())
        began = time.thread_time()
        outcomes(client, flavour, call)
        return time.thread_time() - began


@each_flavour
@pytest.mark.parametrize("body", BODIES)
def test_reading_a_success_is_cheap(flavour: Flavour, body: str) -> None:
    """Whatever a success contains, reading or refusing it takes less than half a second of CPU."""
    # A measurement of coverage makes it three times as slow. So do other programs, if not always.
    longest = 0.5 if sys.gettrace() is None else 1.5
    call, written = BODIES[body]
    response = written()
    assert any(cpu_seconds(flavour, call, response) < longest for _ in range(3))


@each_flavour
@pytest.mark.parametrize(
    ("call", "written", "words"),
    [
        (ZEROHASH_MINT, lambda: keys(250_001), r"more than 500,000 values \(at \$\)"),
        (
            LIST,
            lambda: b'{"message":[' + b"{}," * 10_000 + b"{}]}",
            r"at most 10,000 items, found 10,001 \(at \$\.message\)",
        ),
        (
            LIST,
            lambda: b'{"message":[' + b"{}," * 9_000 + b"1,2]}",
            r"expected an object, found a number \(at \$\.message\[9000\]\)",
        ),
    ],
)
def test_what_is_too_much_is_said(
    flavour: Flavour, call: Call[Any], written: Callable[[], bytes], words: str
) -> None:
    """The error says what there was too much of, or which item is the first wrong one."""
    with RawServer(saying(http(200, written(), JSON))) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock())
        (error,) = errors(DecodeError, outcomes(client, flavour, call))
    with pytest.raises(DecodeError, match=words):
        raise error


def test_a_long_page_is_read() -> None:
    """10,000 payments on a page are not too many."""
    body = b'{"message":[' + b'{"payment_id":"p"},' * 9_999 + b"{}]}"
    with RawServer(saying(http(200, body, JSON))) as server:
        client = driven_client("sync", "zerohash", server.url, frozen_clock())
        (reply,) = outcomes(client, "sync", LIST)
    assert not isinstance(reply, Exception)
    assert len(reply.value.items) == 10_000
