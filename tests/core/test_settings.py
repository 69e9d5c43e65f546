from __future__ import annotations

import math
from typing import Any

import pytest
from core_driver import untyped

from tokenkit._client.options import SendOptions, check_names
from tokenkit._observability.hooks import Hooks
from tokenkit._observability.hooks import check_hooks as check
from tokenkit._observability.records import (
    AttemptSent,
    CallFailed,
    Record,
    ResponseReceived,
    RetryPlanned,
)
from tokenkit._policy.retry import RetryPolicy
from tokenkit._policy.timeouts import Timeouts
from tokenkit.errors import ConfigurationError
from tokenkit.zdk.profile import PROFILE as ZDK
from tokenkit.zerohash.profile import PROFILE as ZEROHASH

NO_NUMBERS: list[object] = [0, -1, math.nan, math.inf, True, "5", None, [], 10**400, 1_000_001]


def with_options(**options: object) -> Settings:
    """Change the default settings of a zerohash client."""
    return Settings().with_options(ZEROHASH, options)


def test_defaults() -> None:
    """Connecting takes 5 s at most, reading and writing 30 s, a call 60 s, with 2 retries."""
    settings = Settings()
    assert settings.timeouts == Timeouts(connect=5.0, read=30.0, write=30.0)
    assert settings.deadline == 60.0
    assert settings.retry == RetryPolicy(max_retries=2, repeat_payments=False)
    assert dict(settings.headers) == {}
    assert with_options() == settings


def test_changes() -> None:
    """Each option takes the place of its default, headers are added to."""
    settings = with_options(
        timeout=3, deadline=9, retry=RetryPolicy(max_retries=0), headers={"X-A": "1"}
    )
    assert settings.timeouts == Timeouts(connect=3, read=3, write=3)
    assert (settings.deadline, settings.retry.max_retries) == (9.0, 0)
    more = settings.with_options(ZEROHASH, {"headers": {"x-B": "2"}})
    assert dict(more.headers) == {"x-a": "1", "x-b": "2"}
    assert more.deadline == 9.0


def test_timeouts_for_each_step() -> None:
    """A Timeouts value is taken as it is."""
    timeouts = Timeouts(connect=1, read=2, write=3)
    assert with_options(timeout=timeouts).timeouts is timeouts


def test_no_deadline() -> None:
    """None stands for a call without an end."""
    assert with_options(deadline=None).deadline == math.inf


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: repr(value)[:12])
def test_times_must_be_positive_numbers(value: Any) -> None:
    """Zero, negative, non-finite, huge and non-numeric times are refused wherever they stand."""
    with pytest.raises(ConfigurationError, match=r"timeout.* must be a positive number"):
        with_options(timeout=value)
    if value is not None:
        with pytest.raises(ConfigurationError, match=r"deadline.* must be a positive number"):
            with_options(deadline=value)
    for name in ("connect", "read", "write"):
        with pytest.raises(ConfigurationError, match=f"the {name} timeout must be"):
            Timeouts(**untyped({name: value}))


@pytest.mark.parametrize("value", [None, 3, {"max_retries": 1}])
def test_retry_must_be_a_policy(value: object) -> None:
    """A number is no retry policy."""
    with pytest.raises(ConfigurationError, match=r"retry must be a RetryPolicy\(...\)"):
        with_options(retry=value)


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (None, "must be a mapping"),
        ([("a", "b")], "must be a mapping"),
        ({5: "x"}, "no HTTP header name"),
        ({"": "x"}, "no HTTP header name"),
        ({"a b": "x"}, "no HTTP header name"),
        ({"a\r\nb": "x"}, "no HTTP header name"),
        ({"ä": "x"}, "no HTTP header name"),
        ({"Authorization": "x"}, "Authorization is set by the client's auth strategy"),
        ({"X-SCX-API-Key": "x"}, "is set by the client's auth strategy"),
        ({"x-scx-passphrase": "x"}, "is set by the client's auth strategy"),
        ({"Host": "x"}, "Host is set by the client itself"),
        ({"content-type": "x"}, "is set by the client itself"),
        ({"Content-Length": "1"}, "is set by the client itself"),
        ({"Transfer-Encoding": "chunked"}, "is set by the client itself"),
        ({"Cookie": "x"}, "is set by the client itself"),
        ({"X-Request-ID": "x"}, "X-Request-ID is set by the client itself"),
        ({"x-a": 5}, "the value of x-a must be visible ASCII"),
        ({"x-a": ""}, "the value of x-a must be visible ASCII"),
        ({"x-a": "leaked\r\nx-b: 1"}, "the value of x-a must be visible ASCII"),
        ({"x-a": "lea\x00ked"}, "the value of x-a must be visible ASCII"),
        ({"x-a": "léaked"}, "the value of x-a must be visible ASCII"),
        ({"x-a": "\ud800"}, "the value of x-a must be visible ASCII"),
        ({"x-a": " leaked"}, "the value of x-a must be visible ASCII"),
    ],
)
def test_headers_that_are_refused(headers: object, text: str) -> None:
    """Headers that authenticate, frame or break a request are refused; values are not quoted."""
    with pytest.raises(ConfigurationError, match=text) as caught:
        with_options(headers=headers)
    assert "leaked" not in str(caught.value)


def test_request_ids_are_the_callers_where_the_vendor_has_none() -> None:
    """ZDK takes no request id of ours, so a caller may send what he likes."""
    settings = Settings().with_options(ZDK, {"headers": {"X-Request-ID": "mine"}})
    assert settings.headers["x-request-id"] == "mine"


def test_refuse_unknown() -> None:
    """A keyword that a signature with Unpack lets through is Python's own error."""
    refuse_unknown("send()", {"timeout": 1, "deadline": 1, "request_id": "x"}, SendOptions)
    with pytest.raises(TypeError, match=r"send\(\) got an unexpected keyword argument 'timeuot'"):
        refuse_unknown("send()", {"timeuot": 1}, SendOptions)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_retries": -1}, "max_retries must be zero or more"),
        ({"max_retries": 1.5}, "max_retries must be a whole number, not float"),
        ({"max_retries": True}, "max_retries must be a whole number, not bool"),
        ({"max_retries": "2"}, "max_retries must be a whole number, not str"),
        ({"max_retries": 10**5000}, "max_retries must be zero or more"),
        ({"first_wait": -0.1}, "first_wait must be zero or more"),
        ({"first_wait": math.nan}, "first_wait must be zero or more"),
        ({"first_wait": "1"}, "first_wait must be a number, not str"),
        ({"first_wait": True}, "first_wait must be a number, not bool"),
        ({"first_wait": 1_000_000.1}, "first_wait must be zero or more, and at most a million"),
        ({"longest_wait": math.inf}, "longest_wait must be zero or more"),
        ({"longest_wait": None}, "longest_wait must be a number, not NoneType"),
    ],
    ids=lambda value: repr(value)[:20] if isinstance(value, str) else next(iter(value)),
)
def test_policies_that_are_refused(options: dict[str, Any], text: str) -> None:
    """A retry policy takes sane numbers only."""
    with pytest.raises(ConfigurationError, match=text):
        RetryPolicy(**options)


def test_the_ends_of_what_a_policy_takes() -> None:
    """Zero and a million are accepted, for each number."""
    for number in (0, 1_000_000):
        policy = RetryPolicy(max_retries=number, first_wait=number, longest_wait=number)
        assert policy.backoff(1, 0.5) == number / 2


def test_policies_are_given_by_name() -> None:
    """A number without a name might be retries or seconds."""
    policy: Any = RetryPolicy
    with pytest.raises(TypeError, match="positional"):
        policy(2, 0.5)


@pytest.mark.parametrize("hooks", [None, {}, print])
def test_hooks_must_be_hooks(hooks: object) -> None:
    """A bare function is no Hooks."""
    with pytest.raises(ConfigurationError, match=r"hooks must be Hooks\(...\)"):
        check(hooks, may_be_async=True)


def test_each_hook_must_be_callable() -> None:
    """A hook that cannot be called is named."""
    with pytest.raises(ConfigurationError, match="on_retry must be a function"):
        check(Hooks(on_retry=untyped(5)), may_be_async=True)


def test_async_hooks_need_an_async_client() -> None:
    """A sync client refuses a hook that is async, be it a function or an object."""

    async def watch(_: object) -> None:
        raise AssertionError("never called")

    class Watcher:
        async def __call__(self, _: object) -> None:
            raise AssertionError("never called")

    for hook in (watch, Watcher()):
        hooks = Hooks(on_request=hook)
        assert check(hooks, may_be_async=True) is hooks
        with pytest.raises(ConfigurationError, match="on_request is async"):
            check(hooks, may_be_async=False)
    plain = Hooks(on_error=print)
    assert check(plain, may_be_async=False) is plain


def test_each_record_has_its_hook() -> None:
    """Each hook is told its own records, and a hook that is not set is told nothing."""
    records: dict[str, Record] = {
        "on_request": AttemptSent(method="GET", url="u", attempt=1),
        "on_response": ResponseReceived(status=200, request_id=None, seconds=0.0),
        "on_retry": RetryPlanned(reason="r", wait=0.0, retry=1),
        "on_error": CallFailed(error="E", reason="r", attempts=1),
    }
    for name, own in records.items():
        seen: list[object] = []
        named: dict[str, Any] = {name: seen.append}
        hooks = Hooks(**named)
        assert list(hooks.named()) == [name]
        for record in records.values():
            hooks.tell(record)
        assert seen == [own]
