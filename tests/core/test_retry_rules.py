"""Waits between retries, what is retried, and the retry budget."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from core_driver import WALL
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenkit._model.call import Repeat
from tokenkit._model.messages import Headers
from tokenkit._policy.clock import ClockOffset
from tokenkit._policy.retry import (
    RetryBudget,
    RetryPolicy,
    RetryRules,
    retry_after,
    wait_before,
)
from tokenkit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ [\d:]+ .{0,6}"))
def test_retry_after_never_raises(value: str) -> None:
    """Arbitrary text gives a finite, non-negative wait in seconds, or none."""
    seconds = retry_after(Headers({"retry-after": value}), WALL)
    assert seconds is None or 0.0 <= seconds < float("inf")


def test_retry_after_is_missing() -> None:
    """Without the header, there is no wait."""
    assert retry_after(Headers(), WALL) is None


@pytest.fixture(params=["UTC0", "JST-9", "EST5"])
def machines_zone(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Set the machine to a time zone."""
    if not hasattr(time, "tzset"):
        pytest.skip("no way to set the zone here")
    with monkeypatch.context() as change:
        change.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.mark.usefixtures("machines_zone")
@pytest.mark.parametrize(
    "date",
    [
        "Tue, 30 Apr 2024 02:55:34 GMT",
        "Tue, 30 Apr 2024 02:55:34 -0000",
        "Tue, 30 Apr 2024 02:55:34",
        "Tue, 30 Apr 2024 04:55:34 +0200",
        "Mon, 29 Apr 2024 21:55:34 -0500",
    ],
)
def test_retry_after_does_not_depend_on_the_machines_zone(date: str) -> None:
    """A date uses the zone that it names, or UTC if it names none."""
    assert retry_after(Headers({"retry-after": date}), WALL) == 30.0


@pytest.mark.usefixtures("machines_zone")
@pytest.mark.parametrize("zone", ["GMT", "-0000", ""])
def test_the_clock_offset_does_not_depend_on_the_machines_zone(zone: str) -> None:
    """A refusal's Date without a zone counts as UTC, wherever the client is."""
    offset = ClockOffset()
    now = datetime(2027, 1, 15, 8, tzinfo=timezone.utc).timestamp()
    assert offset.adopt(Headers({"date": f"Fri, 15 Jan 2027 09:00:00 {zone}"}), now, 0.0)
    assert offset.seconds == 3600.0


def test_backoff_has_a_bound() -> None:
    """However many retries there were, the wait stays within the longest one."""
    policy = RetryPolicy(max_retries=5000, first_wait=1.0, longest_wait=8.0)
    assert policy.backoff(1, 0.5) == 0.5
    assert policy.backoff(4, 0.5) == 4.0
    assert policy.backoff(5000, 0.5) == 4.0


@pytest.mark.parametrize(
    ("retry", "asked", "left", "wait"),
    [
        (3, None, 60.0, None),
        (2, None, 60.0, 0.5),
        (1, 5.0, 60.0, 5.0),
        (1, 5.0, 5.0, None),
        (1, 0.0, 0.0, None),
        (1, None, 0.1, None),
        (1, 1e308, float("inf"), None),
        (1, 1e6, float("inf"), 1e6),
    ],
)
def test_wait_before(retry: int, asked: float | None, left: float, wait: float | None) -> None:
    """A wait is within the policy's retries and the time left, or doesn't happen."""
    assert wait_before(RetryPolicy(), retry, 0.5, asked, left) == wait


def test_rules_by_default() -> None:
    """For a vendor without rules, 429 is always repeated, 502 to 504 if that is safe."""
    rules = RetryRules()
    allowed: dict[Repeat, list[int]] = {
        repeat: [status for status in range(100, 600) if rules.allow(status, Headers(), repeat)]
        for repeat in Repeat
    }
    assert allowed == {
        Repeat.SAFE: [429, 502, 503, 504],
        Repeat.IF_NOT_PERFORMED: [429],
        Repeat.NEVER: [],
    }
    assert rules.wait(429, Headers(), WALL) is None


def test_rules_are_given_by_name() -> None:
    """Two sets of statuses side by side would sooner or later be mixed up."""
    rules: Any = RetryRules
    with pytest.raises(TypeError, match="positional"):
        rules(frozenset({429}), frozenset({503}))


def test_the_budget() -> None:
    """The budget starts with ninety retries, and never has more."""
    budget = RetryBudget()
    budget.refund(1000)
    assert sum(budget.take() for _ in range(200)) == 90
    budget.refund(2)
    assert sum(budget.take() for _ in range(5)) == 2


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("waits", {429: "x"}, "waits[429] must be a number, not str"),
        ("waits", {429: -1}, "waits[429] must be from 0 to a million, not -1"),
        ("waits", {"429": 1.0}, "waits must have only whole numbers as keys; it has str"),
        ("waits", 5, "waits must be a mapping, not int"),
        ("invites_retry", True, "invites_retry must be a function, not bool"),
        (
            "not_performed",
            429,
            "not_performed must be a set of HTTP statuses such as {429}, not int",
        ),
        (
            "perhaps_performed",
            {"502"},
            "perhaps_performed must be a set of HTTP statuses; it has str",
        ),
        ("refused", None, "refused must be a set of HTTP statuses such as {429}, not None"),
    ],
)
def test_rules_of_the_wrong_kind(field: str, value: object, problem: str) -> None:
    """Each is refused when the rules are made, not in the first failure of a call."""
    rules: Any = RetryRules
    with pytest.raises(ConfigurationError) as caught:
        rules(**{field: value})
    assert str(caught.value) == f"RetryRules: {problem}"


def test_an_invitation_that_cannot_be_read_is_none() -> None:
    """A vendor's function that raises leaves the call its error; a time limit comes out."""

    def invites(status: int, headers: Headers) -> bool:
        if status == 500:
            raise InterruptedError
        return headers["x-retry"] == "yes"

    rules = RetryRules(invites_retry=invites, waits={409: 3.0})
    assert not rules.allow(409, Headers(), Repeat.SAFE)
    assert rules.outcome(409, Headers()) == "not performed"
    assert rules.wait(409, Headers(), WALL) == 3.0
    assert rules.wait(409, Headers({"X-Retry": "yes"}), WALL) == 0.0
    with pytest.raises(InterruptedError):
        rules.allow(500, Headers(), Repeat.SAFE)
