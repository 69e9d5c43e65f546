"""How fast a run goes, against vendors with a driven clock."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from bulk_runs import WindowedVendor, async_run, learners, rate_limit_error, reply, results, run

from tokenkit import ConnectionLostError
from tokenkit.bulk.pace import Pace
from tokenkit.extension import Rate
from tokenkit.testing import FrozenClock

if TYPE_CHECKING:
    from tokenkit import Call, Reply

A_FRACTION = datetime(2026, 12, 1, 8, 0, 0, 730_000, tzinfo=timezone.utc)


@pytest.mark.parametrize("window", [6, 60])
@pytest.mark.parametrize("concurrency", [1, 16])
def test_every_call_gets_through_and_no_window_refuses_one(window: int, concurrency: int) -> None:
    """A vendor's windows are used up to the share, one after the other, without a refusal."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=50, window=window)
    opened = run(learners(300), vendor.send, clock=clock, concurrency=concurrency)
    assert all(result.ok for result in results(opened))
    assert vendor.refused == {}
    assert max(vendor.allowed.values()) <= 45
    # The told reset is cut to whole seconds, so a window is given up to a second more.
    windows = -(-300 // 45) - 1
    assert windows * window <= clock.monotonic() <= windows * (window + 2)


@pytest.mark.parametrize("window", [1, 3, 4])
@pytest.mark.parametrize("concurrency", [1, 16])
def test_short_windows_are_used_to_the_second(window: int, concurrency: int) -> None:
    """Where a second matters, none is wasted on a vendor that rounds its reset up."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=60, window=window, rounds_up=True)
    opened = run(learners(600), vendor.send, clock=clock, concurrency=concurrency)
    assert all(result.ok for result in results(opened))
    assert vendor.refused == {}
    windows = -(-600 // 54) - 1
    assert windows * window <= clock.monotonic() <= windows * (window + 0.2) + 1


@pytest.mark.parametrize("window", [1, 3, 4])
@pytest.mark.parametrize("concurrency", [1, 16])
def test_a_vendor_that_rounds_its_reset_down_refuses_one_request(
    window: int, concurrency: int
) -> None:
    """The first request at the stated second finds out for the whole run."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=60, window=window)
    opened = run(learners(600), vendor.send, clock=clock, concurrency=concurrency)
    assert all(result.ok for result in results(opened))
    # Of the share that is left to others it takes one, and is not even refused.
    assert opened.counts.refused == 0
    assert sum(count > 54 for count in vendor.allowed.values()) <= 1
    windows = -(-600 // 54) - 1
    assert windows * window <= clock.monotonic() <= windows * (window + 2)


def test_without_a_share_for_others_finding_out_costs_one_refusal() -> None:
    """There is never another refusal in the run."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=60, window=3)
    opened = run(learners(600), vendor.send, clock=clock, share=1.0)
    assert all(result.ok for result in results(opened))
    assert opened.counts.refused == 1


def test_the_end_of_a_window_that_others_opened_is_not_tried() -> None:
    """A window that seems short may be the rest of a long one, where a refusal costs a minute."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=60, window=60)
    vendor.opened = clock.time() - 56
    vendor.allowed[vendor.opened] = 30
    assert all(result.ok for result in results(run(learners(120), vendor.send, clock=clock)))
    assert vendor.refused == {}


@pytest.mark.parametrize("window", [6, 60])
def test_an_async_run_keeps_the_same_pace(window: int, anyio_backend: str) -> None:
    """The pace is the same with every driver."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=50, window=window)

    async def main() -> list[bool]:
        async with async_run(learners(200), vendor.send, clock) as opened:
            return [result.ok async for result in opened]

    assert anyio.run(main, backend=anyio_backend) == [True] * 200
    assert vendor.refused == {}


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_the_share_is_what_a_run_uses_of_the_limit(share: float) -> None:
    """The rest of each window is left to live traffic."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=20, window=6)
    assert len(results(run(learners(60), vendor.send, clock=clock, share=share))) == 60
    assert max(vendor.allowed.values()) == 20 * share


def test_a_limit_of_one_lets_one_through_each_window() -> None:
    """A share of a tiny limit is still one request."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=1, window=6)
    assert all(result.ok for result in results(run(learners(5), vendor.send, clock=clock)))
    assert vendor.refused == {}


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_a_wrong_clock_does_not_matter_where_the_vendor_tells_the_time(ahead: float) -> None:
    """If our clock is an hour off, the reset is compared with the response's date."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=10, window=6, ahead=ahead)
    assert all(result.ok for result in results(run(learners(30), vendor.send, clock=clock)))
    assert vendor.refused == {}
    assert clock.monotonic() < 4 * 9


def test_live_traffic_that_uses_the_window_is_believed() -> None:
    """Other clients' requests count: the vendor's number is right, not the run's own."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=50, window=6)

    def shared(call: Call[Any]) -> Reply[Any]:
        with_others = vendor.send(call)
        with vendor.lock:
            vendor.allowed[vendor.opened] = min(50, vendor.allowed[vendor.opened] + 1)
        return with_others

    assert all(result.ok for result in results(run(learners(100), shared, clock=clock)))
    assert vendor.refused == {}


@pytest.mark.parametrize("concurrency", [1, 16])
def test_a_window_that_is_used_up_costs_one_refusal(concurrency: int) -> None:
    """While nothing is known, one request goes first; after its refusal, one goes first again."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=50, window=6)
    vendor.opened = clock.time()
    vendor.allowed[vendor.opened] = 50
    opened = run(learners(120), vendor.send, clock=clock, concurrency=concurrency)
    assert all(result.ok for result in results(opened))
    assert sum(vendor.refused.values()) == 1
    assert opened.counts.refused == 1
    assert opened.counts.requests == 121


class Rolling:
    """A vendor whose responses have no count, and that blocks senders of too many requests."""

    def __init__(self, clock: FrozenClock, limit: int, span: float) -> None:
        self.clock, self.limit, self.span = clock, limit, span
        self.times: list[float] = []
        self.refusals = 0
        self.lock = threading.Lock()

    def send(self, call: Call[Any]) -> Reply[Any]:
        with self.lock:
            now = self.clock.monotonic()
            recent = [time for time in self.times if time > now - self.span]
            if len(recent) >= self.limit:
                self.refusals += 1
                raise rate_limit_error()
            self.times = [*recent, now]
        return reply(call)


def test_a_documented_rate_is_kept_in_every_span() -> None:
    """Zerohash's 2,000 in 10 seconds, scaled down: no rolling window holds more."""
    clock = FrozenClock(A_FRACTION)
    vendor = Rolling(clock, 20, 10.0)
    opened = run(learners(100), vendor.send, clock=clock, rate=Rate(requests=20, per=10.0))
    assert all(result.ok for result in results(opened))
    assert vendor.refusals == 0
    assert 50 <= clock.monotonic() <= 60


def test_a_refusal_without_retry_after_waits_as_documented() -> None:
    """The profile says how long a blocked address waits; the call is sent again."""
    clock = FrozenClock(A_FRACTION)
    answers: list[Exception | None] = [rate_limit_error(), None]

    def send(call: Call[Any]) -> Reply[Any]:
        error = answers.pop(0) if answers else None
        if error is not None:
            raise error
        return reply(call)

    opened = run(learners(3), send, clock=clock, refused_wait=10.0)
    assert [result.ok for result in results(opened)] == [True] * 3
    assert clock.monotonic() == pytest.approx(10.0)


def test_refusals_without_any_hint_wait_longer_each_time() -> None:
    """The waits are 10, 20, 40, 60 and 60 seconds if the vendor doesn't say how long."""
    clock = FrozenClock(A_FRACTION)
    refusals = [rate_limit_error() for _ in range(5)]

    def send(call: Call[Any]) -> Reply[Any]:
        if refusals:
            raise refusals.pop()
        return reply(call)

    assert [result.ok for result in results(run(learners(2), send, clock=clock))] == [True, True]
    assert clock.monotonic() == pytest.approx(190.0)


def test_a_refusal_within_a_told_window_waits_for_its_end() -> None:
    """Without ``Retry-After``, the stated reset is used."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=50, window=30)
    plan = iter([False, True])

    def send(call: Call[Any]) -> Reply[Any]:
        if next(plan, False):
            raise rate_limit_error()
        return vendor.send(call)

    opened = run(learners(4), send, clock=clock, concurrency=1)
    assert all(result.ok for result in results(opened))
    assert 30 <= clock.monotonic() <= 32


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-limit": "many"},
        {"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"},
        {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "-1", "x-ratelimit-reset": "{now}"},
        {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "9"},
    ],
)
def test_headers_that_cannot_be_are_ignored(headers: dict[str, str]) -> None:
    """Nonsense neither stops a run nor slows it down."""
    clock = FrozenClock(A_FRACTION)
    told = {name: text.format(now=int(clock.time())) for name, text in headers.items()}
    assert len(results(run(learners(40), lambda call: reply(call, told), clock=clock))) == 40
    assert clock.monotonic() == 0.0


def test_a_lost_response_counts_as_used() -> None:
    """The vendor may have counted it; a window that a newer one has replaced is ignored."""
    clock = FrozenClock(A_FRACTION)
    vendor = WindowedVendor(clock, limit=12, window=5, dated=False)
    plan = iter([False, True, False, True])

    def send(call: Call[Any]) -> Reply[Any]:
        found = vendor.send(call)
        if next(plan, False):
            raise ConnectionLostError("lost")
        return found

    opened = run(learners(20), send, clock=clock, concurrency=1)
    assert [result.ok for result in results(opened)].count(False) == 2
    assert max(vendor.allowed.values()) <= 11
    pace = Pace(share=1.0)

    def told(reset: int, remaining: int) -> dict[str, str]:
        return {
            "x-ratelimit-limit": "10",
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-reset": str(reset),
        }

    tickets = [pace.sent(0.0) for _ in range(3)]
    pace.responded(tickets[0], told(1060, 9), 0.0, 1000.0)
    pace.responded(tickets[1], told(1000, 0), 0.0, 1000.0)
    pace.responded(tickets[2], told(1060, 0), 0.0, 1000.0)
    assert pace.delay(0.0) == 61.0


def test_many_refusals_at_once_count_as_one_pause() -> None:
    """Requests that were under way when the first refusal came don't prolong the wait."""
    clock = FrozenClock(A_FRACTION)
    gate = threading.Barrier(8)
    state = {"answered": 0}

    def send(call: Call[Any]) -> Reply[Any]:
        if clock.monotonic() < 1 and state["answered"] >= 1:
            gate.wait(timeout=30)
            raise rate_limit_error(7.0)
        state["answered"] += 1
        return reply(call)

    opened = run(learners(20), send, clock=clock, concurrency=8)
    assert all(result.ok for result in results(opened))
    assert opened.counts.refused == 8
    assert clock.monotonic() == pytest.approx(7.0)


def test_a_response_to_an_earlier_request_ends_no_pause() -> None:
    """After a refusal one request goes first, whatever the earlier ones return."""
    pace = Pace(share=1.0)
    pace.responded(pace.sent(0.0), {}, 0.0, 1000.0)
    late, refused = pace.sent(0.0), pace.sent(0.0)
    pace.refused(refused, 5.0, 0.0)
    pace.responded(late, {}, 1.0, 1001.0)
    assert pace.delay(1.0) == 4.0
    assert pace.delay(5.0) == 0.0
    first = pace.sent(5.0)
    assert pace.delay(5.0) == float("inf")
    pace.responded(first, {}, 6.0, 1006.0)
    assert pace.delay(6.0) == 0.0
