from __future__ import annotations

import logging
from contextlib import suppress
from typing import TypedDict

import attrs
import pytest
from all_clients import STRIGO_MINT, ZDK_MINT, ZEROHASH_MINT
from core_driver import (
    REQUEST_ID,
    Driver,
    json_response,
    make_plan,
    make_response,
    minted,
    no_response,
    zdk_plan,
    zerohash_minted,
    zerohash_plan,
)
from credentials import ZDK_API_KEY

from tokenkit._model.call import RawCall
from tokenkit._observability.logging import log
from tokenkit._observability.records import (
    AttemptSent,
    CallFailed,
    CallSucceeded,
    ResponseReceived,
    RetryPlanned,
)
from tokenkit.auth import OrgKey
from tokenkit.errors import (
    APIError,
    ConnectionLostError,
    DecodeError,
    TransportError,
    UnexpectedRedirect,
)
from tokenkit.strigo.profile import PROFILE as STRIGO

STRIGO_PLAN = make_plan(STRIGO, OrgKey("org", "key-of-strigo"))


class Same(TypedDict):
    """What all records of one call have in common."""

    vendor: str
    operation: str
    call_id: str


def test_reply() -> None:
    """A success has the value with status, headers, request id and attempts."""
    response = json_response(201, {"message": {"token": "a.b.c"}}, x_request_id=REQUEST_ID)
    reply = Driver(response).run(ZEROHASH_MINT, zerohash_plan())
    assert (reply.status, reply.attempts, reply.request_id) == (201, 1, REQUEST_ID)
    assert reply.headers["X-Request-Id"] == REQUEST_ID
    assert reply.value.participant_code == "CUST01"


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_any_2xx_is_a_success(status: int) -> None:
    """The sources vary on the success status, so every 2xx is accepted."""
    reply = Driver(json_response(status, {"tokens": ["t"]})).run(ZDK_MINT, zdk_plan())
    assert (reply.status, reply.value.token) == (status, "t")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399])
def test_redirects_are_never_followed(status: int) -> None:
    """Every 3xx is an UnexpectedRedirect that says where it pointed, without the query."""
    driver = Driver(make_response(status, location="https://evil.example:8443/path?key=1#f"))
    error = driver.error(ZDK_MINT, zdk_plan())
    assert isinstance(error, UnexpectedRedirect)
    assert error.status == status
    assert error.location == "https://evil.example:8443/path"
    assert len(driver.requests) == 1


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("/elsewhere?x=1", "/elsewhere"),
        (f"https://h/{ZDK_API_KEY}", "https://h/[redacted]"),
        ("https://[broken", None),
        ("", None),
    ],
)
def test_where_a_redirect_points(location: str, shown: str | None) -> None:
    """A location that is relative, unreadable or missing, or contains the key, is shown safely."""
    error = Driver(make_response(302, location=location)).error(ZDK_MINT, zdk_plan())
    assert isinstance(error, UnexpectedRedirect)
    assert error.location == shown
    assert f"redirects to {shown or 'nowhere'}" in str(error)


def test_a_success_that_says_failure_is_an_api_error() -> None:
    """Strigo's 200 with result failure is an APIError, and the token in it is hidden."""
    body = {
        "result": "failure",
        "error": {"type": "PartialFailure", "message": "no groups"},
        "data": {"token": "T" * 43},
    }
    error = Driver(json_response(200, body)).error(STRIGO_MINT, STRIGO_PLAN)
    assert type(error) is APIError
    assert str(error) == "HTTP 200 PartialFailure: no groups"
    assert "TTTT" not in repr(vars(error))
    assert "[redacted]" in error.body


def test_an_unreadable_success_is_not_retried() -> None:
    """A mint with an unreadable response has happened: it is a DecodeError at once."""
    driver = Driver(json_response(200, {"tokens": []}))
    error = driver.error(ZDK_MINT, zdk_plan())
    assert isinstance(error, DecodeError)
    assert error.path == "$.tokens"
    assert len(driver.requests) == 1


def test_transport_errors_tell_the_attempts_and_hide_secrets() -> None:
    """A transport error counts the attempts and replaces the key in its message."""
    broken = no_response(ConnectionLostError, sent=True, message=f"lost after {ZDK_API_KEY}")
    error = Driver(broken, broken, broken).error(ZDK_MINT, zdk_plan())
    assert isinstance(error, TransportError)
    assert (str(error), error.attempts) == ("lost after [redacted]", 3)


def first_call_id(driver: Driver) -> str:
    """Return the id that the records of a call share."""
    first = driver.records[0]
    assert isinstance(first, AttemptSent)
    return first.call_id


def test_records_of_a_success() -> None:
    """Hooks see each attempt, the retry with its reason, and the responses."""
    busy = make_response(429, x_request_id="r1", retry_after="2")
    driver = Driver(busy, zerohash_minted(), seconds=0.5)
    driver.run(ZEROHASH_MINT, zerohash_plan())
    url = "https://api.cert.zerohash.com/client_auth_token"
    same = Same(
        vendor="zerohash",
        operation="create_client_auth_token",
        call_id=first_call_id(driver),
    )
    assert driver.records == [
        AttemptSent(**same, method="POST", url=url, attempt=1, request_id=REQUEST_ID),
        ResponseReceived(**same, attempt=1, status=429, request_id="r1", seconds=0.5),
        RetryPlanned(
            **same,
            attempt=1,
            error="RateLimitError",
            reason="HTTP 429: Too Many Requests (retry_after=2; request_id=r1)",
            status=429,
            request_id="r1",
            wait=2.0,
            retry=1,
        ),
        AttemptSent(**same, method="POST", url=url, attempt=2, request_id=REQUEST_ID),
        ResponseReceived(**same, attempt=2, status=201, request_id=None, seconds=0.5),
        CallSucceeded(**same, status=201, request_id=REQUEST_ID, attempts=2, seconds=3.0),
    ]


def test_records_of_a_failure() -> None:
    """Hooks see the error that ends a call, by class and text."""
    driver = Driver(no_response(sent=True, message="reset by peer"), make_response(400))
    driver.error(ZDK_MINT, zdk_plan())
    assert isinstance(driver.records[1], RetryPlanned)
    assert driver.records[1].reason == "reset by peer"
    assert driver.records[-1] == CallFailed(
        vendor="zdk",
        operation="create_user_token",
        call_id=first_call_id(driver),
        error="BadRequestError",
        reason="HTTP 400: Bad Request",
        outcome="unknown",
        status=400,
        request_id=None,
        attempts=2,
        seconds=0.25,
    )


def test_where_nobody_watches_nothing_is_told() -> None:
    """A plan without a listener makes no record, whatever happens."""
    plan = attrs.evolve(zdk_plan(), watched=False)
    for last in (minted(), make_response(400)):
        driver = Driver(no_response(sent=True), make_response(503), last)
        with suppress(APIError):
            driver.run(ZDK_MINT, plan)
        assert (len(driver.requests), driver.records) == (3, [])


def test_records_leave_out_the_query() -> None:
    """A query may hold secrets, so a record's URL ends before it."""
    driver = Driver(json_response(200, 1))
    driver.run(RawCall(verb="GET", target="/search?name=somebody"), zdk_plan())
    sent = driver.records[0]
    assert isinstance(sent, AttemptSent)
    assert sent.url == driver.requests[0].url.removesuffix("?name=somebody")
    assert sent.url.endswith("/search")


def test_records_hold_no_credential() -> None:
    """No record of a call shows its key, its body or its token."""
    driver = Driver(make_response(503, ZDK_API_KEY), minted("the-minted-token"))
    driver.run(ZDK_MINT, zdk_plan())
    shown = repr(driver.records)
    assert ZDK_API_KEY not in shown
    assert "the-minted-token" not in shown


def test_records_are_logged_for_debugging(caplog: pytest.LogCaptureFixture) -> None:
    """The log's name is the package's, and its level is DEBUG."""
    record = AttemptSent(
        vendor="zerohash",
        operation="get_time",
        call_id="c1",
        method="GET",
        url="https://h/time",
        attempt=1,
        request_id=None,
    )
    with caplog.at_level(logging.DEBUG, logger="tokenkit"):
        log(record)
    (entry,) = caplog.records
    assert (entry.name, entry.levelno) == ("tokenkit", logging.DEBUG)
    assert entry.getMessage() == "zerohash get_time: attempt 1: GET https://h/time"
    assert vars(entry) | attrs.asdict(record) == vars(entry)
