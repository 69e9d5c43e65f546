"""G15: a clock an hour off, a poisoned Date, a changing skew: corrected once, never a loop."""

from __future__ import annotations

import time
from email.utils import formatdate
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import ZEROHASH_MINT, ZEROHASH_MINTED
from clocks import frozen_clock
from driven_calls import driven_client, errors, outcomes, replies
from network_calls import each_family, each_flavour
from raw_server import RawServer, http, responding

from tokenkit import (
    AuthenticationError,
    Hooks,
    PermissionDeniedError,
    zerohash,
)
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Generator

    from network_calls import Family, Flavour
    from raw_server import RawRequest

    from tokenkit.extension import AsyncClient, Client, RetryPlanned

HOUR = 3600
NOW = 1_800_000_000
DAY = 86_400

each_direction = pytest.mark.parametrize("ahead", [HOUR, -HOUR], ids=["ahead", "behind"])


class Issuer:
    """A sandbox whose clock is ahead of ours, by an amount that can be changed."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.sandbox = Sandbox(clock=lambda: time.time() + self.ahead)

    def client(self, flavour: Flavour, **options: Any) -> Client | AsyncClient:
        if flavour == "sync":
            return self.sandbox.zerohash_client(**options)
        return self.sandbox.async_zerohash_client(**options)


@pytest.fixture(scope="module")
def shared_issuer() -> Generator[Issuer]:
    """Serve all tests from one sandbox; its clock is the only state that they change."""
    issuer = Issuer()
    with issuer.sandbox:
        yield issuer


@pytest.fixture
def issuer(shared_issuer: Issuer) -> Issuer:
    shared_issuer.ahead = 0.0
    return shared_issuer


@each_flavour
@each_family
@each_direction
def test_a_wrong_clock_is_corrected(
    flavour: Flavour, family: Family, issuer: Issuer, ahead: int
) -> None:
    """The first refusal shows that the clock is an hour off; later calls know it."""
    issuer.ahead = ahead
    told: list[RetryPlanned] = []
    client = issuer.client(flavour, http_family=family, hooks=Hooks(on_retry=told.append))
    sent = replies(outcomes(client, flavour, ZEROHASH_MINT, ZEROHASH_MINT, ZEROHASH_MINT))
    assert [reply.attempts for reply in sent] == [2, 1, 1]
    assert [(record.retry, record.wait) for record in told] == [(1, 0.0)]
    assert told[0].reason.startswith("HTTP 401: Timestamp out of range")


@each_flavour
@each_family
def test_a_payment_is_corrected_too(flavour: Flavour, family: Family, issuer: Issuer) -> None:
    """A payment's mint that was refused for its time was not performed, so it is repeated."""
    issuer.ahead = HOUR
    call = zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["crypto-pay"])
    issued = len(issuer.sandbox.issued)
    client = issuer.client(flavour, http_family=family)
    (reply,) = replies(outcomes(client, flavour, call))
    assert reply.attempts == 2
    assert len(issuer.sandbox.issued) == issued + 1


@each_flavour
@each_family
def test_a_wrong_clock_is_corrected_with_a_callers_client(
    flavour: Flavour, family: Family, issuer: Issuer
) -> None:
    """With a caller's HTTP client, the clock is corrected too."""
    issuer.ahead = -HOUR
    library = import_module(family)
    if flavour == "sync":
        with library.Client() as callers:
            client = issuer.client(flavour, http_client=callers)
            sent = replies(outcomes(client, flavour, ZEROHASH_MINT, ZEROHASH_MINT))
        assert [reply.attempts for reply in sent] == [2, 1]
        return

    async def main() -> list[int]:
        async with library.AsyncClient() as callers:
            client = issuer.sandbox.async_zerohash_client(http_client=callers)
            return [(await client.send_raw(ZEROHASH_MINT)).attempts for _ in range(2)]

    assert anyio.run(main, backend=flavour) == [2, 1]


@each_flavour
@each_family
def test_a_skew_that_changes_is_followed(flavour: Flavour, family: Family, issuer: Issuer) -> None:
    """Each change of the skew costs one refusal, including the change back to none."""
    skews = iter([HOUR, HOUR, -HOUR, -HOUR, 0, 0, 0])

    def shift() -> None:
        issuer.ahead = next(skews)

    shift()
    client = issuer.client(flavour, http_family=family)
    sent = replies(outcomes(client, flavour, *[ZEROHASH_MINT] * 6, between=shift))
    assert [reply.attempts for reply in sent] == [2, 1, 2, 1, 2, 1]


@each_flavour
@each_family
@each_direction
def test_the_correction_can_be_switched_off(
    flavour: Flavour, family: Family, issuer: Issuer, ahead: int
) -> None:
    """With correct_clock_skew=False, every call is refused at once, however often it is made."""
    issuer.ahead = ahead
    client = issuer.client(flavour, http_family=family, correct_clock_skew=False)
    found = errors(AuthenticationError, outcomes(client, flavour, ZEROHASH_MINT, ZEROHASH_MINT))
    assert [error.attempts for error in found] == [1, 1]


def refusal(*headers: str, status: int = 401) -> bytes:
    return http(status, b'{"error": true, "message": "Timestamp out of range"}', *headers)


def dated(ahead: float) -> str:
    return f"Date: {formatdate(NOW + ahead, usegmt=True)}"


def stamp(request: RawRequest) -> int:
    return int(request.headers["x-scx-timestamp"]) - NOW


POISON: dict[str, tuple[str, ...]] = {
    "no Date": (),
    "an empty Date": ("Date: ",),
    "1970": ("Date: Thu, 01 Jan 1970 00:00:00 GMT",),
    "before any release": ("Date: Wed, 01 Jan 2025 00:00:00 GMT",),
    "a cached answer": ("Age: 0", dated(HOUR)),
    "an old cached answer": (dated(-HOUR), "Age: 3600"),
    "more than a day ahead": (dated(DAY + 60),),
    "more than a day behind": (dated(-DAY - 60),),
    "the year 9999": ("Date: Fri, 31 Dec 9999 23:59:59 GMT",),
    "a year beyond": ("Date: Fri, 31 Dec 99999 23:59:59 GMT",),
    "no date": ("Date: tomorrow",),
    "an impossible date": ("Date: Fri, 99 Jan 2027 99:99:99 GMT",),
    "a clock that is right": (dated(0),),
    "a clock that is nearly right": (dated(29),),
}


@each_flavour
@each_family
@pytest.mark.parametrize("status", [401, 403])
def test_poison_is_ignored(flavour: Flavour, family: Family, status: int) -> None:
    """An implausible Date corrects nothing, and costs no second request."""
    answers = iter([refusal(*headers, status=status) for headers in POISON.values()])
    with RawServer(responding(lambda _: next(answers, ZEROHASH_MINTED))) as server:
        client = driven_client(
            flavour, "zerohash", server.url, frozen_clock(NOW), http_family=family
        )
        *ends, last = outcomes(client, flavour, *[ZEROHASH_MINT] * (len(POISON) + 1))
        stamps = [stamp(request) for request in server.requests]
    found = errors(AuthenticationError if status == 401 else PermissionDeniedError, ends)
    attempts = {name: error.attempts for name, error in zip(POISON, found, strict=True)}
    assert attempts == dict.fromkeys(POISON, 1)
    assert stamps == [0] * (len(POISON) + 1)
    replies([last])


@each_flavour
@each_family
def test_a_correction_that_does_not_help_is_dropped(flavour: Flavour, family: Family) -> None:
    """If the corrected attempt is refused too, the next call starts from our own clock."""
    with RawServer(responding(lambda _: refusal(dated(HOUR)))) as server:
        client = driven_client(
            flavour, "zerohash", server.url, frozen_clock(NOW), http_family=family
        )
        found = errors(
            AuthenticationError, outcomes(client, flavour, ZEROHASH_MINT, ZEROHASH_MINT)
        )
        stamps = [stamp(request) for request in server.requests]
    assert [error.attempts for error in found] == [2, 2]
    assert stamps == [0, HOUR, 0, HOUR]


@each_flavour
@each_family
def test_a_server_whose_clock_jumps_makes_no_loop(flavour: Flavour, family: Family) -> None:
    """A server that always refuses, each time with another time, gets two requests per call."""
    jumps = iter(range(100, 80_000, 100))
    with RawServer(responding(lambda _: refusal(dated(next(jumps))))) as server:
        client = driven_client(
            flavour, "zerohash", server.url, frozen_clock(NOW), http_family=family
        )
        found = errors(AuthenticationError, outcomes(client, flavour, *[ZEROHASH_MINT] * 120))
        # The retry budget bounds corrections as it does all that is sent again.
        assert len(server.requests) < 220
    assert {error.attempts for error in found[:50]} == {2}
    assert {error.attempts for error in found[-20:]} == {1}


@each_flavour
@each_family
def test_a_date_from_before_the_release_is_ignored(flavour: Flavour, family: Family) -> None:
    """A Date older than the package is implausible, even if our own clock is equally wrong."""
    new_year = 1_767_225_600  # 2026
    date = formatdate(new_year + HOUR, usegmt=True)
    with RawServer(responding(lambda _: refusal(f"Date: {date}"))) as server:
        client = driven_client(
            flavour, "zerohash", server.url, frozen_clock(new_year), http_family=family
        )
        (error,) = errors(AuthenticationError, outcomes(client, flavour, ZEROHASH_MINT))
        assert error.attempts == len(server.requests) == 1
