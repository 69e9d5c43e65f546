"""What a secret accepts and reveals, and how one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from all_clients import ZEROHASH_MINT
from core_driver import REQUEST_ID, Driver, json_response, untyped, zdk_plan, zerohash_plan

from tokenkit import ConfigurationError, Hooks, MismatchedResponse, Secret
from tokenkit._pipeline.secret_sources import resolve
from tokenkit._policy.clock import AsyncSystemClock, SystemClock, check_clock

if TYPE_CHECKING:
    from collections.abc import Callable


def test_only_text_is_a_secret() -> None:
    """Bytes are refused by the name of their type, and not shown."""
    with pytest.raises(ConfigurationError, match="not bytes") as caught:
        Secret(untyped(b"key-0123456789"))
    assert "0123456789" not in str(caught.value)


@pytest.mark.parametrize("leave", [Secret.__reduce__, untyped(Secret).__getstate__])
def test_a_secret_does_not_leave_its_process(leave: Callable[[Secret], Any]) -> None:
    """No pickle or copy protocol reveals the text."""
    with pytest.raises(TypeError, match="can't be pickled"):
        leave(Secret("key-0123456789"))


def test_a_source_may_be_the_text_itself() -> None:
    """A caller's own strategy may keep its secret as text."""
    assert resolve("key-0123456789", zdk_plan()).reveal() == "key-0123456789"


def test_a_response_to_another_request_is_not_followed_by_more() -> None:
    """The pooled connections are closed at once, and the request is not sent again."""
    driver = Driver(json_response(201, {"message": {"token": "t"}}, x_request_id="other"))
    error = driver.error(ZEROHASH_MINT, zerohash_plan())
    assert isinstance(error, MismatchedResponse)
    assert (driver.discarded, len(driver.requests), error.request_id) == (1, 1, REQUEST_ID)


def test_clocks_that_wait_in_the_way_of_others() -> None:
    """A sync client takes a sync clock, an async client an async one."""
    assert isinstance(check_clock(SystemClock(), may_be_async=False), SystemClock)
    assert isinstance(check_clock(AsyncSystemClock(), may_be_async=True), AsyncSystemClock)
    with pytest.raises(ConfigurationError, match="only the async clients can await"):
        check_clock(AsyncSystemClock(), may_be_async=False)
    with pytest.raises(ConfigurationError, match="must be async"):
        check_clock(SystemClock(), may_be_async=True)
    with pytest.raises(ConfigurationError, match=r"clock must have time\(\), monotonic\(\)"):
        check_clock(untyped(object()), may_be_async=False)


def test_a_record_that_no_hook_is_for() -> None:
    """Hooks of this release ignore a record that they don't know."""
    assert Hooks(on_error=print).tell(untyped(object())) is None
