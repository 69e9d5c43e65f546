from __future__ import annotations

from email.utils import formatdate

import pytest
from all_clients import ZDK_MINT, ZEROHASH_MINT
from core_driver import (
    Driver,
    json_response,
    make_plan,
    make_response,
    no_response,
    zerohash_minted,
    zerohash_plan,
)

from tokenkit import zerohash
from tokenkit._model.messages import Headers
from tokenkit._observability.records import RetryPlanned
from tokenkit._policy.clock import ClockOffset
from tokenkit._policy.retry import RetryBudget
from tokenkit.auth import Bearer
from tokenkit.errors import APIError, AuthenticationError, PermissionDeniedError
from tokenkit.zdk.profile import PROFILE as ZDK
from tokenkit.zerohash.profile import PROFILE as ZEROHASH

NOW = 1_800_000_000.0
REFUSED = {"error": True, "message": "Invalid signature"}


def stamps(driver: Driver) -> list[int]:
    """Return the signed timestamps, counted from the driven clock's start."""
    return [int(request.headers["x-scx-timestamp"]) - int(NOW) for request in driver.requests]


@pytest.mark.parametrize("ahead", [3600, -3600, 61, 31, -86_000])
@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_clock_is_corrected(ahead: int, status: int) -> None:
    """After a refusal with a Date that is far off, the call is signed again with that time."""
    offset = ClockOffset()
    first = json_response(status, REFUSED, date=formatdate(NOW + ahead, usegmt=True))
    driver = Driver(first, zerohash_minted(), wall=NOW)
    reply = driver.run(ZEROHASH_MINT, zerohash_plan(offset=offset))
    assert reply.attempts == 2
    assert stamps(driver) == [0, ahead]
    assert driver.sleeps == []
    assert offset.seconds == ahead
    assert [record.wait for record in driver.records if isinstance(record, RetryPlanned)] == [0.0]


def test_the_correction_stays_for_later_calls() -> None:
    """What one call learns about the vendor's clock, the next one uses at once."""
    offset = ClockOffset()
    first = json_response(401, REFUSED, date=formatdate(NOW + 3600, usegmt=True))
    Driver(first, zerohash_minted(), wall=NOW).run(ZEROHASH_MINT, zerohash_plan(offset=offset))
    driver = Driver(zerohash_minted(), wall=NOW)
    driver.run(ZEROHASH_MINT, zerohash_plan(offset=offset))
    assert stamps(driver) == [3600]


def test_the_clock_is_compared_at_the_midpoint() -> None:
    """The Date is compared with the middle of a slow exchange."""
    offset = ClockOffset()
    first = json_response(401, REFUSED, date=formatdate(NOW + 105, usegmt=True))
    driver = Driver(first, zerohash_minted(), wall=NOW, seconds=10.0)
    driver.run(ZEROHASH_MINT, zerohash_plan(offset=offset))
    assert offset.seconds == 100.0


@pytest.mark.parametrize("ahead", [0, 29, 30, -30])
def test_a_clock_that_is_right_enough_is_left_alone(ahead: int) -> None:
    """Within 30 s the clock is not to blame, and the refusal is final."""
    offset = ClockOffset()
    first = json_response(401, REFUSED, date=formatdate(NOW + ahead, usegmt=True))
    driver = Driver(first, wall=NOW)
    assert isinstance(
        driver.error(ZEROHASH_MINT, zerohash_plan(offset=offset)), AuthenticationError
    )
    assert offset.seconds == 0.0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"date": ""},
        {"date": "yesterday"},
        {"date": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"date": "Mon, 01 Jan 2024 00:00:00 GMT"},
        {"date": formatdate(NOW + 90_000, usegmt=True)},
        {"date": formatdate(NOW - 90_000, usegmt=True)},
        {"date": formatdate(NOW + 3600, usegmt=True), "age": "5"},
        {"date": "Fri, 99 Jan 2027 99:00:00 GMT"},
    ],
)
def test_implausible_dates_are_ignored(headers: dict[str, str]) -> None:
    """A Date that is missing, odd, poisoned or cached corrects nothing."""
    offset = ClockOffset()
    driver = Driver(json_response(401, REFUSED, **headers), wall=NOW)
    driver.error(ZEROHASH_MINT, zerohash_plan(offset=offset))
    assert len(driver.requests) == 1
    assert offset.seconds == 0.0


def test_a_correction_that_does_not_help_is_dropped() -> None:
    """If the corrected attempt is refused too, the old offset comes back; there is no loop."""
    offset = ClockOffset()
    first = json_response(401, REFUSED, date=formatdate(NOW + 3600, usegmt=True))
    second = json_response(401, REFUSED, date=formatdate(NOW - 3600, usegmt=True))
    driver = Driver(first, second, wall=NOW)
    error = driver.error(ZEROHASH_MINT, zerohash_plan(offset=offset))
    assert isinstance(error, AuthenticationError)
    assert (error.attempts, stamps(driver), offset.seconds) == (2, [0, 3600], 0.0)


@pytest.mark.parametrize("budget_left", [True, False])
def test_a_correction_that_fails_gives_back_what_was_learnt(
    budget_left: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    """If it is refused again, or no retry is left, the earlier offset comes back."""
    offset, budget = ClockOffset(), RetryBudget()
    offset.seconds = 100.0
    while not budget_left and budget.take():
        pass
    refused = json_response(401, REFUSED, date=formatdate(NOW + 3600, usegmt=True))
    driver = Driver(refused, refused, wall=NOW)
    driver.error(ZEROHASH_MINT, zerohash_plan(offset=offset, budget=budget))
    assert stamps(driver) == ([100, 3600] if budget_left else [100])
    assert offset.seconds == 100.0


def test_corrections_count_against_the_budget() -> None:
    """A vendor that refuses at any time does not get every call twice."""
    offset, budget = ClockOffset(), RetryBudget()
    sent = 0
    for _ in range(200):
        first = json_response(401, REFUSED, date=formatdate(NOW + 3600, usegmt=True))
        driver = Driver(first, first, wall=NOW)
        driver.error(ZEROHASH_MINT, zerohash_plan(offset=offset, budget=budget))
        sent += len(driver.requests)
        assert offset.seconds == 0.0
    assert sent == 290


def test_a_skew_that_changes_is_corrected_again() -> None:
    """If the machine's clock has been set since, the learnt offset is wrong and is dropped."""
    offset = ClockOffset()
    offset.seconds = 3600.0
    first = json_response(401, REFUSED, date=formatdate(NOW, usegmt=True))
    driver = Driver(first, zerohash_minted(), wall=NOW)
    driver.run(ZEROHASH_MINT, zerohash_plan(offset=offset))
    assert stamps(driver) == [3600, 0]
    assert offset.seconds == 0.0


@pytest.mark.parametrize(
    ("ahead", "hint"),
    [
        (0, None),
        (1, "clock is 1 second behind"),
        (-2, "clock is 2 seconds ahead of"),
    ],
)
def test_a_hint_only_if_the_machines_own_clock_is_off(ahead: int, hint: str | None) -> None:
    """A wrong offset from an earlier call doesn't blame a clock that is right."""
    offset = ClockOffset()
    offset.seconds = 3600.0
    refused = json_response(401, REFUSED, date=formatdate(NOW + ahead, usegmt=True))
    driver = Driver(refused, refused, wall=NOW)
    error = driver.error(ZEROHASH_MINT, zerohash_plan(offset=offset, budget=RetryBudget(0)))
    assert isinstance(error, APIError)
    assert ("machine's clock" in str(error)) is (hint is not None)
    assert hint is None or hint in str(error)


def test_the_corrected_attempt_may_be_retried_as_any() -> None:
    """The call's own retries still happen after a correction."""
    first = json_response(401, REFUSED, date=formatdate(NOW + 3600, usegmt=True))
    driver = Driver(first, no_response(sent=False), zerohash_minted(), wall=NOW)
    reply = driver.run(ZEROHASH_MINT, zerohash_plan(offset=ClockOffset()))
    assert reply.attempts == 3


def test_the_correction_can_be_switched_off() -> None:
    """Without an offset to correct, a refusal is final."""
    first = json_response(401, REFUSED, date=formatdate(NOW + 3600, usegmt=True))
    driver = Driver(first, wall=NOW)
    driver.error(ZEROHASH_MINT, zerohash_plan(offset=None))
    assert len(driver.requests) == 1


def test_a_refusal_without_an_auth_flag_blames_no_clock() -> None:
    """A 403 about a payment is not an authentication failure."""
    date = formatdate(NOW + 3600, usegmt=True)
    driver = Driver(json_response(403, {"error": "Limit exceeded"}, date=date), wall=NOW)
    error = driver.error(ZEROHASH_MINT, zerohash_plan(offset=ClockOffset()))
    assert isinstance(error, PermissionDeniedError)
    assert len(driver.requests) == 1


def test_keys_that_need_no_time_are_not_tried_again() -> None:
    """Another clock doesn't help a refused bearer key."""
    offset = ClockOffset()
    driver = Driver(make_response(401, date=formatdate(NOW + 3600, usegmt=True)), wall=NOW)
    driver.error(ZDK_MINT, make_plan(ZDK, Bearer("key"), offset=offset))
    assert (len(driver.requests), offset.seconds) == (1, 0.0)


def test_calls_without_credentials_are_not_tried_again() -> None:
    """A refusal of a call that was not signed says nothing about the clock."""
    offset = ClockOffset()
    first = json_response(401, REFUSED, date=formatdate(NOW + 3600, usegmt=True))
    driver = Driver(first, wall=NOW)
    driver.error(zerohash.TimeRequest(), zerohash_plan(offset=offset))
    assert len(driver.requests) == 1


def test_a_refusal_that_broke_off_corrects_nothing() -> None:
    """A truncated refusal is not trusted to correct the clock."""
    cut = make_response(401, '{"err', date=formatdate(NOW + 3600, usegmt=True))
    driver = Driver(no_response(sent=True, response=cut), wall=NOW)
    driver.error(ZEROHASH_MINT, zerohash_plan(offset=ClockOffset()))
    assert len(driver.requests) == 1


def test_adopting_a_date_without_a_zone() -> None:
    """A Date without a zone counts as UTC."""
    offset = ClockOffset()
    headers = Headers({"date": "Fri, 15 Jan 2027 09:00:00"})
    assert offset.adopt(headers, NOW, 0.0)
    assert offset.seconds == 3600.0


def test_zerohash_blames_credentials_for_both_statuses() -> None:
    """Zerohash's profile counts 401 and 403 as authentication failures, ZDK's only 401."""
    for status, zerohash_does, zdk_does in (
        (401, True, True),
        (403, True, False),
        (404, False, False),
    ):
        error = Driver(json_response(status, REFUSED)).error(ZEROHASH_MINT, zerohash_plan())
        assert isinstance(error, APIError)
        assert ZEROHASH.blames_credentials(error) is zerohash_does
        assert ZDK.blames_credentials(error) is zdk_does
