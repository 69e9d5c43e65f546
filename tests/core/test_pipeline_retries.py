from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import WITHDRAWAL, ZDK_MINT, ZEROHASH_MINT
from core_driver import (
    Driver,
    make_response,
    minted,
    no_response,
    zdk_plan,
    zerohash_minted,
    zerohash_plan,
)

from tokenkit import strigo, zdk, zerohash
from tokenkit._model.call import Call, RawCall
from tokenkit._policy.retry import RetryPolicy
from tokenkit.errors import (
    APIError,
    ConnectError,
    ConnectionLostError,
    ProtocolError,
    RateLimitError,
    RequestTimeoutError,
    ResponseTooLarge,
    ServerError,
)

if TYPE_CHECKING:
    from tokenkit._pipeline.effects import AttemptOutcome
    from tokenkit.errors import TransportError

UNKNOWN_CALL = zerohash.ClientAuthTokenRequest(
    participant_code="CUST01", permissions=["fwc", "brand-new"]
)
PAYOUT_CALL = zerohash.ClientAuthTokenRequest(
    participant_code="CUST01", permissions=["crypto-payouts"]
)
PAYIN_CALL = zerohash.ClientAuthTokenRequest(
    participant_code="CUST01", permissions=["fwc", "crypto-pay"]
)
REVOCATION = zerohash.RevokeAuthTokenRequest(token="e30.eyJqdGkiOiJqIn0.c2ln")
OPENING = [WITHDRAWAL, PAYOUT_CALL, PAYIN_CALL, UNKNOWN_CALL]
REPEAT_PAYMENTS = RetryPolicy(repeat_payments=True)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize(
    "call",
    [
        ZDK_MINT,
        zdk.UserTokensRequest(requests=[ZDK_MINT]),
        strigo.UserTokenRequest(email="a@example.com", expiration=timedelta(days=1)),
    ],
    ids=["zdk", "zdk-many", "strigo"],
)
def test_harmless_mints_are_repeated_after_busy_responses(status: int, call: Call[object]) -> None:
    """ZDK's and Strigo's mints are attempted three times on 429, 502, 503 and 504."""
    driver = Driver(*[make_response(status)] * 3)
    error = driver.error(call, zdk_plan())
    assert isinstance(error, APIError)
    assert (error.status, error.attempts, len(driver.requests)) == (status, 3, 3)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 499, 500, 501, 505])
@pytest.mark.parametrize("call", [ZDK_MINT, ZEROHASH_MINT, WITHDRAWAL])
def test_other_failures_are_final(status: int, call: Call[object]) -> None:
    """A refusal is never retried, and neither is a 500."""
    driver = Driver(make_response(status))
    plan = zdk_plan() if call is ZDK_MINT else zerohash_plan()
    driver.error(call, plan)
    assert len(driver.requests) == 1
    assert driver.sleeps == []


@pytest.mark.parametrize(
    "kind", [ConnectionLostError, RequestTimeoutError, ProtocolError, ConnectError]
)
@pytest.mark.parametrize("sent", [True, False])
def test_a_lost_response_of_a_harmless_mint_is_repeated(
    kind: type[TransportError],
    sent: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    """A mint that opens no payment is retried after a failure of any kind."""
    driver = Driver(no_response(kind, sent=sent), zerohash_minted())
    reply = driver.run(ZEROHASH_MINT, zerohash_plan())
    assert reply.value.token == "minted.client.token"
    assert (reply.attempts, len(driver.requests)) == (2, 2)


@pytest.mark.parametrize("call", OPENING)
@pytest.mark.parametrize(
    "failed",
    [
        make_response(502),
        make_response(503),
        make_response(503, zh_allow_retry="false"),
        make_response(504),
        no_response(sent=True),
        no_response(RequestTimeoutError, sent=True),
        no_response(sent=True, response=make_response(502, "cut sh")),
        no_response(sent=True, response=make_response(201, '{"mess')),
    ],
)
def test_a_payment_is_not_opened_twice(call: Call[object], failed: AttemptOutcome) -> None:
    """A mint that may have opened a payment is sent once if its outcome is unknown."""
    driver = Driver(failed)
    driver.error(call, zerohash_plan())
    assert len(driver.requests) == 1


@pytest.mark.parametrize("call", OPENING)
@pytest.mark.parametrize(
    "failed",
    [
        make_response(429),
        make_response(503, zh_allow_retry="true"),
        no_response(ConnectError, sent=False),
    ],
)
def test_a_payment_that_was_not_opened_is_tried_again(
    call: Call[object], failed: AttemptOutcome
) -> None:
    """A 429, an invited 503 and a failure before the first byte are retried for payments too."""
    driver = Driver(failed, zerohash_minted())
    assert driver.run(call, zerohash_plan()).attempts == 2


@pytest.mark.parametrize("call", OPENING)
@pytest.mark.parametrize(
    "failed", [make_response(502), make_response(503), make_response(504), no_response(sent=True)]
)
def test_payments_are_repeated_on_request(call: Call[object], failed: AttemptOutcome) -> None:
    """RetryPolicy(repeat_payments=True) allows a payment's mint to be sent again."""
    driver = Driver(failed, zerohash_minted())
    assert driver.run(call, zerohash_plan(policy=REPEAT_PAYMENTS)).attempts == 2


def test_repeat_payments_does_not_make_500_repeatable() -> None:
    """A 500 stays final whatever the policy allows."""
    driver = Driver(make_response(500))
    assert isinstance(driver.error(WITHDRAWAL, zerohash_plan(policy=REPEAT_PAYMENTS)), ServerError)
    assert len(driver.requests) == 1


@pytest.mark.parametrize(
    "failed", [make_response(502), make_response(503), make_response(504), no_response(sent=True)]
)
def test_a_revocation_may_be_repeated(failed: AttemptOutcome) -> None:
    """A revocation is sent again if the first response is lost."""
    driver = Driver(failed, make_response(204))
    assert driver.run(REVOCATION, zerohash_plan()).attempts == 2


def test_an_invited_retry_happens_at_once() -> None:
    """Zerohash's 503 with zh-allow-retry is retried without a wait."""
    driver = Driver(make_response(503, zh_allow_retry="TRUE"), zerohash_minted(), chance=0.9)
    driver.run(ZEROHASH_MINT, zerohash_plan())
    assert driver.sleeps == [0.0]


def test_the_invitation_counts_on_503_only() -> None:
    """zh-allow-retry does not make another status repeatable."""
    driver = Driver(make_response(500, zh_allow_retry="true"))
    driver.error(ZEROHASH_MINT, zerohash_plan())
    assert len(driver.requests) == 1


def test_zerohash_rate_limit_waits_ten_seconds_by_default() -> None:
    """After a 429 from zerohash without Retry-After, the call waits for 10 s."""
    driver = Driver(make_response(429), make_response(429, retry_after="3"), zerohash_minted())
    driver.run(ZEROHASH_MINT, zerohash_plan())
    assert driver.sleeps == [10.0, 3.0]


@pytest.mark.parametrize(
    ("method", "attempts"), [("GET", 3), ("POST", 1), ("PUT", 1), ("PATCH", 1), ("DELETE", 1)]
)
def test_raw_calls_are_repeated_for_get_only(method: str, attempts: int) -> None:
    """Of the calls without a model, a GET is retried and others are not, even on 429."""
    for failed in (make_response(429), no_response(sent=True)):
        driver = Driver(*[failed] * 3)
        driver.error(RawCall(verb=method, target="/x"), zdk_plan())
        assert len(driver.requests) == attempts


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_raw_calls_are_repeated_before_the_first_byte(method: str) -> None:
    """A failure before the first byte is retried, whatever the method."""
    driver = Driver(*[no_response(ConnectError, sent=False)] * 3)
    error: Any = driver.error(RawCall(verb=method, target="/x"), zdk_plan())
    assert error.attempts == 3


def test_repeat_payments_leaves_raw_calls_alone() -> None:
    """A POST without a model is not repeated, even where payments are."""
    driver = Driver(no_response(sent=True))
    driver.error(RawCall(verb="POST", target="/x"), zdk_plan(policy=REPEAT_PAYMENTS))
    assert len(driver.requests) == 1


@pytest.mark.parametrize(("retries", "sendings"), [(0, 1), (1, 2), (5, 6)])
def test_the_policy_says_how_often(retries: int, sendings: int) -> None:
    """max_retries counts the attempts after the first."""
    driver = Driver(*[make_response(503)] * 10)
    driver.error(ZDK_MINT, zdk_plan(policy=RetryPolicy(max_retries=retries)))
    assert len(driver.requests) == sendings


def test_too_large_responses_are_final() -> None:
    """A response beyond the size limit is an error at once: a repeat would be as large."""
    too_large = no_response(sent=True)
    too_large = type(too_large)(error=ResponseTooLarge, message="too large", sent=True)
    driver = Driver(too_large)
    assert isinstance(driver.error(ZDK_MINT, zdk_plan()), ResponseTooLarge)
    assert len(driver.requests) == 1


def test_the_cut_short_body_of_a_failure_still_tells_its_status() -> None:
    """A truncated error response is judged by its status, and keeps what arrived."""
    cut = no_response(
        sent=True, response=make_response(429, '{"message": "slow do', retry_after="1")
    )
    driver = Driver(cut, cut, cut)
    error = driver.error(ZDK_MINT, zdk_plan())
    assert isinstance(error, RateLimitError)
    assert (error.body, error.attempts, driver.sleeps) == ('{"message": "slow do', 3, [1.0, 1.0])


@pytest.mark.parametrize("status", [200, 302])
def test_a_cut_short_success_is_a_lost_response(status: int) -> None:
    """A truncated success or redirect is a transport error, and retried as one."""
    cut = no_response(sent=True, response=make_response(status, '{"tokens": ["hal'))
    driver = Driver(cut, minted())
    assert driver.run(ZDK_MINT, zdk_plan()).value.token == "minted-token"
