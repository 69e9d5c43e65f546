"""G5: Retry-After in every form: a table of expected waits, and no sleep past the deadline."""

from __future__ import annotations

import random
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import STRIGO_MINT, VENDORS, ZEROHASH_MINT
from clocks import frozen_clock
from driven_calls import driven_client, errors, outcomes, replies
from network_calls import NO_RETRIES, at_most, each_family, each_flavour, send_strigo
from raw_server import RawServer, http, responding, saying

from tokenkit import (
    RateLimitError,
    RetryPolicy,
    ServerError,
    zerohash,
)

if TYPE_CHECKING:
    from driven_calls import Vendor
    from network_calls import Family, Flavour

    from tokenkit import Call

NOW = 1_800_000_000.0
OWN_WAIT = 0.25  # half of the half second that a first retry waits at most
PAYMENT = zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["crypto-pay"])

# What a server writes, and how many seconds that means; None where it means nothing.
MEANINGS: dict[str, float | None] = {
    "0": 0.0,
    "3": 3.0,
    "007": 7.0,
    "+4": 4.0,
    "2.5": 2.5,
    "2.": 2.0,
    "1e1": 10.0,
    "59.9": 59.9,
    formatdate(NOW + 20, usegmt=True): 20.0,
    formatdate(NOW + 20).replace("-0000", "+0000"): 20.0,
    formatdate(NOW + 3620).replace("-0000", "+0100"): 20.0,
    "Fri, 15 Jan 2027 08:00:20": 20.0,
    formatdate(NOW - 20, usegmt=True): 0.0,
    formatdate(0, usegmt=True): 0.0,
    "Sunday, 06-Nov-94 08:49:37 GMT": 0.0,
    "Sun Nov  6 08:49:37 1994": 0.0,
    "-5": None,
    "-0.1": None,
    "NaN": None,
    "-inf": None,
    "Infinity": None,
    "1e309": None,
    "9" * 5000: None,
    "soon": None,
    "": None,
    "0x10": None,
    "1_000": None,
    "5 s": None,
    "3, 4": None,
    "Fri, 99 Jan 2027 99:00:00 GMT": None,
    "Fri, 15 Jan 99999999999 08:00:00 GMT": None,
    "\N{SUPERSCRIPT TWO}": None,
    "\xff\xfe": None,
}
# Beyond a deadline of 60 seconds.
TOO_LONG: dict[str, float] = {
    "60": 60.0,
    "3600": 3600.0,
    "1e300": 1e300,
    "9" * 20: 1e20,
    formatdate(NOW + 3600, usegmt=True): 3600.0,
}


@pytest.fixture(autouse=True)
def _half_the_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.5)


def limited(value: str, status: int = 429) -> bytes:
    head = f"HTTP/1.1 {status} No\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n"
    return head.encode("latin-1")


def naps_of(
    flavour: Flavour, family: Family, vendor: Vendor, call: Call[Any], *answers: bytes
) -> list[float]:
    """Return how long each call slept that got one of the responses and then a good one."""
    naps: list[float] = []
    with RawServer(*(saying(answer, VENDORS[vendor].minted) for answer in answers)) as server:
        for _ in answers:
            clock = frozen_clock(NOW)
            # Only the sleep is driven: what the deadline leaves after it, the response may take.
            options: Any = {"http_family": family, "deadline": 90}
            client = driven_client(flavour, vendor, server.url, clock, **options)
            (reply,) = replies(outcomes(client, flavour, call))
            assert reply.attempts == 2
            naps += clock.sleeps
    return naps


@each_flavour
@each_family
@pytest.mark.parametrize("status", [429, 503])
def test_every_form_is_slept_as_it_says(flavour: Flavour, family: Family, status: int) -> None:
    """Each form makes the wait in the table; a meaningless one leaves the client's own."""
    answers = [limited(value, status) for value in MEANINGS]
    naps = naps_of(flavour, family, "strigo", STRIGO_MINT, *answers)
    expected = [OWN_WAIT if seconds is None else seconds for seconds in MEANINGS.values()]
    assert list(zip(MEANINGS, naps, strict=True)) == list(zip(MEANINGS, expected, strict=True))


@each_flavour
@each_family
@pytest.mark.parametrize(("status", "kind"), [(429, RateLimitError), (503, ServerError)])
def test_every_form_is_told(
    flavour: Flavour, family: Family, status: int, kind: type[RateLimitError | ServerError]
) -> None:
    """The error has the seconds as a float, or None if the header means nothing."""
    meanings = {**MEANINGS, **TOO_LONG}
    answers = [limited(value, status) for value in meanings]
    with RawServer(saying(*answers)) as server:
        client = driven_client(
            flavour, "strigo", server.url, frozen_clock(NOW), http_family=family, retry=NO_RETRIES
        )
        found = errors(kind, outcomes(client, flavour, *[STRIGO_MINT] * len(answers)))
    assert {value: e.retry_after for value, e in zip(meanings, found, strict=True)} == meanings


@each_flavour
@each_family
@pytest.mark.parametrize(("status", "kind"), [(429, RateLimitError), (503, ServerError)])
def test_a_wait_beyond_the_deadline_is_not_slept(
    flavour: Flavour, family: Family, status: int, kind: type[RateLimitError | ServerError]
) -> None:
    """A wait that the deadline doesn't allow ends the call at once, without any sleep."""
    time = frozen_clock(NOW)
    with RawServer(saying(*[limited(value, status) for value in TOO_LONG])) as server:
        client = driven_client(flavour, "strigo", server.url, time, http_family=family)
        found = errors(kind, outcomes(client, flavour, *[STRIGO_MINT] * len(TOO_LONG)))
        assert len(server.requests) == len(TOO_LONG)
    assert [error.attempts for error in found] == [1] * len(TOO_LONG)
    assert list(time.sleeps) == []


@each_flavour
@each_family
def test_no_sum_of_waits_passes_the_deadline(flavour: Flavour, family: Family) -> None:
    """However often a server asks for a short wait, all sleeps together stay within it."""
    time = frozen_clock(NOW)
    policy = RetryPolicy(max_retries=50)
    with RawServer(responding(lambda _: limited("2"))) as server:
        client = driven_client(
            flavour, "strigo", server.url, time, http_family=family, retry=policy, deadline=9
        )
        (error,) = errors(RateLimitError, outcomes(client, flavour, STRIGO_MINT))
    assert list(time.sleeps) == [2.0, 2.0, 2.0, 2.0]
    assert error.attempts == 5


@each_flavour
@each_family
@pytest.mark.parametrize("call", [ZEROHASH_MINT, PAYMENT], ids=["harmless", "payment"])
def test_what_zerohash_asks_for(
    flavour: Flavour, family: Family, call: zerohash.ClientAuthTokenRequest
) -> None:
    """Zerohash's 429 without a readable wait blocks for 10 s; its invitation means at once."""
    invitation = "zh-allow-retry: true"
    answers = {
        limited("3"): 3.0,
        limited("soon"): 10.0,
        limited("-1"): 10.0,
        http(429): 10.0,
        http(503, b"", invitation): 0.0,
        http(503, b"", invitation, "Retry-After: 4"): 4.0,
        http(503, b"", invitation, "Retry-After: 1e309"): 0.0,
    }
    assert naps_of(flavour, family, "zerohash", call, *answers) == list(answers.values())


@each_flavour
@each_family
def test_a_wait_is_not_slept_by_the_real_clock_either(flavour: Flavour, family: Family) -> None:
    """With the machine's own clock, an hour's Retry-After fails at once, and the error has it."""
    with RawServer(responding(lambda _: limited("3600"))) as server:
        with pytest.raises(RateLimitError) as caught, at_most(0.2):
            send_strigo(flavour, server.url, STRIGO_MINT, deadline=5, http_family=family)
        assert caught.value.retry_after == 3600
        assert len(server.requests) == 1
