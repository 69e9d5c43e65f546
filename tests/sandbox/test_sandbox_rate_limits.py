"""The documented rate limits, scaled down to what a test can use up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sandbox_requests import CLIENT, strigo_post

from tokenkit import ConfigurationError, RateLimitError, RetryPolicy
from tokenkit.sandbox import Sandbox
from tokenkit.sandbox.zerohash.rate_limit import RateLimit

if TYPE_CHECKING:
    import httpx

    from tokenkit.testing import FrozenClock


def get_time(sandbox: Sandbox) -> httpx.Response:
    return CLIENT.get(sandbox.url + "/time")


def test_zerohash_window_rolls(clock: FrozenClock) -> None:
    """Each request frees its place when it is 10 seconds old."""
    with Sandbox(clock=clock.time, zerohash_rate_limit=2) as sandbox:
        statuses: list[int] = []
        for wait in (0, 4, 6, 4, 6, 4):
            clock.advance(wait)
            statuses.append(get_time(sandbox).status_code)
    assert statuses == [200] * 6


def test_zerohash_blocks(clock: FrozenClock) -> None:
    """Above the limit, an address is blocked for 10 seconds, whatever it sends."""
    with Sandbox(clock=clock.time, zerohash_rate_limit=2) as sandbox:
        for _ in range(2):
            assert get_time(sandbox).status_code == 200
        clock.advance(5)
        refused = get_time(sandbox)
        clock.advance(9.9)
        still = get_time(sandbox)
        clock.advance(0.1)
        assert get_time(sandbox).status_code == 200
    assert (refused.status_code, still.status_code) == (429, 429)
    assert refused.json() == {"error": "Too Many Requests"}
    assert "retry-after" not in refused.headers
    assert "x-request-id" in refused.headers


def test_zerohash_window_is_scaled_down(clock: FrozenClock) -> None:
    """The window, and the block with it, can be made shorter."""
    with Sandbox(clock=clock.time, zerohash_rate_limit=1, zerohash_rate_window=0.5) as sandbox:
        statuses: list[int] = []
        for wait in (0, 0.1, 0.4, 0.1):
            clock.advance(wait)
            statuses.append(get_time(sandbox).status_code)
    assert statuses == [200, 429, 429, 200]


def test_zerohash_counts_each_address(clock: FrozenClock) -> None:
    """A blocked address doesn't affect another; some systems have only one loopback address."""
    limit = RateLimit(1, 10, clock.time)
    allowed = [limit.allows(source) for source in ("192.0.2.1", "192.0.2.1", "192.0.2.2")]
    assert allowed == [True, False, True]


@pytest.mark.parametrize("window", [1, 6, 60])
@pytest.mark.parametrize("start", [0.0, 0.9])
def test_strigo_counts_down(clock: FrozenClock, window: int, start: float) -> None:
    """Every response has limit, rest and end of the window; then the quota is full again."""
    clock.advance(start)
    with Sandbox(clock=clock.time, strigo_rate_limit=2, strigo_rate_window=window) as sandbox:
        told = [CLIENT.get(sandbox.url + "/api/v1/health") for _ in range(3)]
        assert [one.headers["x-ratelimit-remaining"] for one in told] == ["1", "0", "0"]
        assert [one.status_code for one in told] == [401, 401, 429]
        assert {one.headers["x-ratelimit-limit"] for one in told} == {"2"}
        (reset,) = {int(one.headers["x-ratelimit-reset"]) for one in told}
        assert told[-1].headers["retry-after"] == str(window)
        clock.advance(reset - clock.time())
        after = CLIENT.get(sandbox.url + "/api/v1/health")
    assert after.headers["x-ratelimit-remaining"] == "1"
    assert window <= reset - 1_714_445_704 - start < window + 1


def test_strigo_window_is_scaled_down(clock: FrozenClock) -> None:
    """Strigo's minute can be made shorter; its headers say when the window ends."""
    with Sandbox(clock=clock.time, strigo_rate_limit=1, strigo_rate_window=2) as sandbox:
        first = strigo_post(sandbox, {"email": "a@example.com"})
        refused = strigo_post(sandbox, {"email": "a@example.com"})
        clock.advance(2)
        after = strigo_post(sandbox, {"email": "a@example.com"})
    assert first.headers["x-ratelimit-reset"] == str(int(clock.time()))
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert after.status_code == 200


def test_limits_go_by_the_clock_of_the_run(clock: FrozenClock) -> None:
    """A request with a skewed clock opens no new window."""
    with Sandbox(clock=clock.time, strigo_rate_limit=1) as sandbox:
        strigo_post(sandbox, {"email": "a@example.com"})
        sandbox.fail_next(clock_skew=3600)
        assert strigo_post(sandbox, {"email": "a@example.com"}).status_code == 429


def test_limit_before_a_fault(clock: FrozenClock) -> None:
    """A request above the limit is refused, whatever a fault would make it return."""
    with Sandbox(clock=clock.time, zerohash_rate_limit=1, strigo_rate_limit=1) as sandbox:
        assert get_time(sandbox).status_code == 200
        assert strigo_post(sandbox, {"email": "a@example.com"}).status_code == 200
        sandbox.fail_next(status=500, times=2)
        assert get_time(sandbox).status_code == 429
        assert strigo_post(sandbox, {"email": "a@example.com"}).status_code == 429


def test_client_is_told_to_wait(clock: FrozenClock) -> None:
    """A client's error has the figures of Strigo's headers."""
    with (
        Sandbox(clock=clock.time, strigo_rate_limit=1) as sandbox,
        sandbox.strigo_client(retry=RetryPolicy(max_retries=0)) as client,
    ):
        client.create_user_token(email="a@example.com")
        with pytest.raises(RateLimitError) as caught:
            client.create_user_token(email="a@example.com")
    assert caught.value.retry_after == 60
    assert caught.value.rate_limit is not None
    assert caught.value.rate_limit.remaining == 0


@pytest.mark.parametrize(
    "switch",
    [
        {"zerohash_rate_limit": 0},
        {"zerohash_rate_window": 0},
        {"strigo_rate_limit": 0},
        {"strigo_rate_window": 0},
    ],
)
def test_wrong_limits(switch: dict[str, int]) -> None:
    """A limit that allows nothing, or a window of no length, is refused by name."""
    with pytest.raises(ConfigurationError, match=next(iter(switch))):
        Sandbox(**switch)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong on purpose
