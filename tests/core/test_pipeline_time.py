from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest
from all_clients import ZDK_MINT, ZEROHASH_MINT
from core_driver import (
    MONOTONIC,
    WALL,
    Driver,
    make_response,
    minted,
    no_response,
    zdk_plan,
    zerohash_plan,
)

from tokenkit._policy.retry import RetryBudget, RetryPolicy
from tokenkit.auth import Bearer
from tokenkit.errors import (
    APIError,
    ConnectionLostError,
    DeadlineExceeded,
    RateLimitError,
    ServerError,
    TransportError,
)

if TYPE_CHECKING:
    from tokenkit._model.messages import Response

BACKOFF = 0.25
"""The first wait by default (0.5 s) times the drivers' chance (0.5)."""


@pytest.mark.parametrize(
    ("value", "waits", "retry_after"),
    [
        ("0", 0.0, 0.0),
        ("7", 7.0, 7.0),
        ("1.5", 1.5, 1.5),
        ("+2", 2.0, 2.0),
        (" 4 ", 4.0, 4.0),
        ("1e1", 10.0, 10.0),
        ("-5", BACKOFF, None),
        ("NaN", BACKOFF, None),
        ("inf", BACKOFF, None),
        ("1e309", BACKOFF, None),
        ("soon", BACKOFF, None),
        ("", BACKOFF, None),
        ("7, 7", BACKOFF, None),
        ("٣", BACKOFF, None),
        (formatdate(WALL + 12, usegmt=True), 12.0, 12.0),
        (formatdate(WALL - 3600, usegmt=True), 0.0, 0.0),
        ("Tue, 30 Apr 2024 02:55:34 -0000", 30.0, 30.0),
        ("Mon, 99 Foo 2024 99:99:99 GMT", BACKOFF, None),
    ],
)
def test_retry_after(value: str, waits: float, retry_after: float | None) -> None:
    """Retry-After works in seconds or as a date; otherwise the policy's backoff is used."""
    driver = Driver(make_response(429, retry_after=value), make_response(400, retry_after=value))
    error = driver.error(ZDK_MINT, zdk_plan())
    assert driver.sleeps == [waits]
    assert isinstance(error, APIError)
    # The second answer comes as much later as was slept, which a date then lacks.
    left = 0.0 if retry_after is not None and " " in value.strip() else retry_after
    assert error.retry_after == left


def test_a_date_to_wait_for_counts_from_the_response() -> None:
    """The time that the response itself took is not waited for again."""
    busy = make_response(429, retry_after=formatdate(WALL + 12, usegmt=True))
    driver = Driver(busy, minted(), seconds=5.0)
    driver.run(ZDK_MINT, zdk_plan())
    assert driver.sleeps == [7.0]
    error = Driver(busy, seconds=5.0).error(ZDK_MINT, zdk_plan(policy=RetryPolicy(max_retries=0)))
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 7.0


@pytest.mark.parametrize("value", ["3600", "60", formatdate(WALL + 3600, usegmt=True)])
def test_a_wait_beyond_the_deadline_is_not_slept(value: str) -> None:
    """If the deadline doesn't allow a wait, the error is raised at once, with the wait."""
    driver = Driver(make_response(429, retry_after=value))
    error = driver.error(ZDK_MINT, zdk_plan())
    assert isinstance(error, RateLimitError)
    assert error.retry_after == (60.0 if value == "60" else 3600.0)
    assert driver.sleeps == []
    assert len(driver.requests) == 1


def test_without_a_deadline_an_hour_is_waited() -> None:
    """An infinite deadline allows any wait, because the caller asked for it."""
    driver = Driver(make_response(429, retry_after="3600"), minted())
    driver.run(ZDK_MINT, zdk_plan(deadline=float("inf")))
    assert driver.sleeps == [3600.0]


def test_the_deadline_covers_attempts_and_waits() -> None:
    """Slow failures end when their time and the waits reach the deadline, not at max_retries."""
    driver = Driver(*[make_response(503)] * 10, seconds=4.0)
    error = driver.error(ZDK_MINT, zdk_plan(deadline=9.0, policy=RetryPolicy(max_retries=9)))
    assert isinstance(error, ServerError)
    assert driver.elapsed == 9.0
    assert len(driver.requests) == 3
    assert driver.untils == [MONOTONIC + 9.0] * 3


def test_endless_busy_responses_end_within_the_deadline() -> None:
    """A server that always asks for a second is no longer asked after two seconds."""
    driver = Driver(*[make_response(503, retry_after="1")] * 10, seconds=0.3)
    driver.error(ZDK_MINT, zdk_plan(deadline=2.0, policy=RetryPolicy(max_retries=9)))
    assert driver.elapsed <= 2.0
    assert len(driver.requests) == 2


def test_a_deadline_fault_is_final() -> None:
    """DeadlineExceeded is not retried, not even for a call that is safe to repeat."""
    driver = Driver(no_response(DeadlineExceeded, sent=True))
    error = driver.error(ZDK_MINT, zdk_plan())
    assert isinstance(error, DeadlineExceeded)
    assert isinstance(error, TimeoutError)
    assert driver.sleeps == []


def test_a_failed_response_that_outlives_the_deadline_is_that_failure() -> None:
    """If the deadline cuts an error response short, that failure is raised, without a retry."""
    late = no_response(DeadlineExceeded, sent=True, response=make_response(503, "busy"))
    driver = Driver(late, seconds=60.0)
    assert isinstance(driver.error(ZDK_MINT, zdk_plan()), ServerError)
    assert len(driver.requests) == 1


@pytest.mark.parametrize("seconds", [60.0, 61.0])
def test_slow_secret_sources_use_up_the_deadline(seconds: float) -> None:
    """Nothing is sent if the secret arrived at the deadline or after it."""

    def slow() -> str:
        driver.elapsed += seconds
        return "late-key"

    driver = Driver()
    error = driver.error(ZDK_MINT, zdk_plan(strategy=Bearer(slow)))
    assert isinstance(error, DeadlineExceeded)
    assert "before the request could be sent" in str(error)
    assert error.attempts == 0
    assert driver.requests == []


@pytest.mark.parametrize(
    ("chance", "slept"),
    [(0.0, [0.0] * 6), (0.5, [0.25, 0.5, 1.0, 2.0, 4.0, 4.0]), (0.999, None)],
)
def test_backoff_grows_with_full_jitter(chance: float, slept: list[float] | None) -> None:
    """Waits are random between zero and a bound that doubles from 0.5 s up to 8 s."""
    driver = Driver(*[make_response(503)] * 7, chance=chance)
    driver.error(ZDK_MINT, zdk_plan(policy=RetryPolicy(max_retries=6)))
    if slept is not None:
        assert driver.sleeps == slept
    else:
        assert all(wait < 8.0 for wait in driver.sleeps)
        assert driver.sleeps[-1] > 7.9


def test_the_budget_keeps_an_outage_from_multiplying_the_load() -> None:
    """A thousand failing calls send fewer than 1,100 requests."""
    budget = RetryBudget()
    sent = 0
    for _ in range(1000):
        driver = Driver(*[make_response(503)] * 3)
        driver.error(ZDK_MINT, zdk_plan(budget=budget))
        sent += len(driver.requests)
    assert 1000 < sent < 1100


def test_the_budget_counts_lost_connections_too() -> None:
    """A thousand calls that cannot connect send fewer than 1,100 requests."""
    budget = RetryBudget()
    sent = 0
    for _ in range(1000):
        driver = Driver(*[no_response(ConnectionLostError, sent=False)] * 3)
        error = driver.error(ZDK_MINT, zdk_plan(budget=budget))
        assert isinstance(error, TransportError)
        assert error.attempts == len(driver.requests)
        sent += len(driver.requests)
    assert 1000 < sent < 1100


@pytest.mark.parametrize(
    ("failed", "retries"),
    [
        (make_response(503), 0),
        (make_response(400), 2),
        (make_response(429, retry_after="3600"), 2),
    ],
)
def test_retries_that_do_not_happen_cost_nothing(failed: Response, retries: int) -> None:
    """Failures that are final because of policy, status or deadline leave the budget full."""
    budget = RetryBudget()
    for _ in range(5):
        plan = zdk_plan(budget=budget, policy=RetryPolicy(max_retries=retries))
        Driver(failed).error(ZDK_MINT, plan)
    assert sum(budget.take() for _ in range(100)) == 90


def test_successes_refund_their_own_retries() -> None:
    """Calls that succeed at the second attempt never run out of retries."""
    budget = RetryBudget()
    for _ in range(300):
        reply = Driver(make_response(503), minted()).run(ZDK_MINT, zdk_plan(budget=budget))
        assert reply.attempts == 2


def test_successes_slowly_refill_an_empty_budget() -> None:
    """After an outage, ten plain successes give one retry back."""
    budget = RetryBudget()
    while budget.take():
        pass
    for _ in range(9):
        Driver(minted()).run(ZDK_MINT, zdk_plan(budget=budget))
    driver = Driver(make_response(503))
    driver.error(ZDK_MINT, zdk_plan(budget=budget))
    assert len(driver.requests) == 1
    for _ in range(2):
        Driver(minted()).run(ZDK_MINT, zdk_plan(budget=budget))
    assert (
        Driver(make_response(503), minted()).run(ZDK_MINT, zdk_plan(budget=budget)).attempts == 2
    )


def test_zerohash_rate_limit_beyond_the_deadline() -> None:
    """A call with 5 s left does not wait for zerohash's 10 s block."""
    driver = Driver(make_response(429))
    error = driver.error(ZEROHASH_MINT, zerohash_plan(deadline=5.0))
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 10.0
    assert driver.sleeps == []
