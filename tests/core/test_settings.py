from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, TypedDict

import attrs
import pytest
from core_driver import untyped
from listed_problems import listed_problems

from tokenkit._client.options import ClientOptions, SendOptions
from tokenkit._client.settings import ClientSettings, change_call_settings
from tokenkit._observability.hooks import Hooks
from tokenkit._observability.hooks import check_hooks as check
from tokenkit._observability.records import (
    AttemptSent,
    CallFailed,
    CallSucceeded,
    Record,
    ResponseReceived,
    RetryPlanned,
)
from tokenkit._policy.retry import RetryPolicy
from tokenkit._policy.settings import CallSettings
from tokenkit._policy.timeouts import Timeouts
from tokenkit._policy.values import check_names
from tokenkit.errors import ConfigurationError
from tokenkit.zdk.profile import PROFILE as ZDK
from tokenkit.zerohash.profile import PROFILE as ZEROHASH

NO_NUMBERS: list[object] = [0, -1, math.nan, math.inf, True, "5", None, [], 10**400, 1_000_001]


def settings_of(**options: object) -> ClientSettings:
    """Parse valid options of a zerohash client."""
    settings = ClientSettings.parse(ZEROHASH, options, is_async=False)
    assert isinstance(settings, ClientSettings)
    return settings


def problems_of(**options: object) -> tuple[str, ...]:
    """Parse invalid options of a zerohash client; return the problems."""
    problems = ClientSettings.parse(ZEROHASH, options, is_async=False)
    assert isinstance(problems, tuple)
    return problems


def changed(settings: CallSettings, **options: object) -> CallSettings:
    """Change a call's settings, which must succeed."""
    found = change_call_settings(settings, ZEROHASH, options)
    assert isinstance(found, CallSettings)
    return found


def test_defaults() -> None:
    """Connecting takes at most 5 s, reading and writing 30 s, a call 60 s, with 2 retries."""
    settings = settings_of()
    assert settings.call.timeouts == Timeouts(connect=5.0, read=30.0, write=30.0)
    assert settings.call.deadline == 60.0
    assert settings.call.retry == RetryPolicy(max_retries=2, repeat_payments=False)
    assert {**settings.call.headers, "user-agent": ""} == {
        "accept": "application/json",
        "accept-encoding": "gzip",
        "user-agent": "",
    }
    assert settings.call.headers["user-agent"].startswith("tokenkit/")
    assert settings.base_url.origin == "https://api.cert.zerohash.com"
    assert settings.correct_clock_skew
    assert settings.trace is None


def test_none_is_the_default_of_each_option_but_the_deadline() -> None:
    """A wrapper may pass ``None`` for what it was not given; ``None`` also means no deadline."""
    options = {*ClientOptions.__annotations__} - {"deadline"}
    settings = settings_of(**dict.fromkeys(options))
    assert settings.call == settings_of().call
    assert settings.base_url == settings_of().base_url
    assert settings_of(deadline=None).call.deadline == math.inf
    assert changed(settings.call, timeout=None, retry=None, headers=None) is settings.call


def test_all_problems_are_reported_at_once() -> None:
    """Each option that cannot work is named, including those of connections and addresses."""
    problems = problems_of(
        base_url="ftp://a",
        timeout=0,
        deadline="soon",
        retry=3,
        headers={"a b": "x", "Host": "y"},
        user_agent_suffix="a\nb",
        tracing="yes",
        correct_clock_skew=1,
        allow_insecure_http=0,
        hooks=print,
        clock=5,
        ssl_context="ca.pem",
        proxy=3,
        trust_env="no",
    )
    named = [problem.split()[0].strip(":") for problem in problems]
    assert sorted({*named}) == [
        "allow_insecure_http",
        "base_url",
        "clock",
        "correct_clock_skew",
        "deadline",
        "headers",
        "hooks",
        "proxy",
        "retry",
        "ssl_context",
        "timeout",
        "tracing",
        "trust_env",
        "user_agent_suffix",
    ]
    assert "headers: 'a b' is not a valid header name; use letters, digits and hyphens" in problems
    assert "headers: Host is set by the client itself" in problems


def test_changes() -> None:
    """Each option replaces its default; headers are added."""
    settings = settings_of(
        timeout=3, deadline=9, retry=RetryPolicy(max_retries=0), headers={"X-A": "1"}
    ).call
    assert settings.timeouts == Timeouts(connect=3, read=3, write=3)
    assert (settings.deadline, settings.retry.max_retries) == (9.0, 0)
    more = changed(settings, headers={"x-B": "2"})
    assert (more.headers["x-a"], more.headers["x-b"]) == ("1", "2")
    assert more.deadline == 9.0


def test_headers_of_the_profile() -> None:
    """A vendor's own headers are sent with every request; the caller's take precedence."""
    profile = attrs.evolve(ZDK, headers={"X-Version": "1", "X-Other": "2"})
    settings = ClientSettings.parse(profile, {"headers": {"x-version": "9"}}, is_async=True)
    assert isinstance(settings, ClientSettings)
    headers = settings.call.headers
    assert (headers["x-version"], headers["x-other"]) == ("9", "2")


def test_timeouts_for_each_step() -> None:
    """A Timeouts value is used as it is."""
    timeouts = Timeouts(connect=1, read=2, write=3)
    assert settings_of(timeout=timeouts).call.timeouts is timeouts


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: repr(value)[:12])
def test_times_must_be_positive_numbers(value: Any) -> None:
    """Zero, negative, non-finite, huge and non-numeric times are refused everywhere."""
    least = "a positive number of seconds, at most a million, not "
    if value is not None:
        (timeout,) = problems_of(timeout=value)
        assert timeout.startswith(f"timeout must be Timeouts(...) or {least}")
        (deadline,) = problems_of(deadline=value)
        assert deadline.startswith(f"deadline must be None or {least}")
    for name in ("connect", "read", "write"):
        with pytest.raises(ConfigurationError) as caught:
            Timeouts(**untyped({name: value}))
        assert str(caught.value).startswith(f"Timeouts: {name} must be {least}")
    names = ["connect", "read", "write"]
    with pytest.raises(ConfigurationError) as caught:
        Timeouts(**untyped(dict.fromkeys(names, value)))
    found = listed_problems(caught.value, "Timeouts")
    assert [problem.split()[0] for problem in found] == names


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (-1.5, "-1.5"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (1_000_001, "1000001"),
        (10**5000, "an integer of 16610 bits"),
        ("5", "str"),
        (True, "bool"),
        (Decimal(5), "Decimal"),
        ([5], "list"),
    ],
    ids=lambda value: repr(value)[:12] if not isinstance(value, int) else "number",
)
def test_a_refused_time_is_told(value: object, shown: str) -> None:
    """A number is quoted; of anything else, which might be a secret, only the type is."""
    for name in ("timeout", "deadline"):
        (problem,) = problems_of(**{name: value})
        assert problem.endswith(f"at most a million, not {shown}")


def test_the_longest_time() -> None:
    """A million seconds is accepted, as the messages say."""
    assert settings_of(timeout=1_000_000, deadline=1_000_000).call.deadline == 1_000_000


@pytest.mark.parametrize("value", [3, {"max_retries": 1}])
def test_retry_must_be_a_policy(value: object) -> None:
    """A number is not a retry policy."""
    assert problems_of(retry=value) == (
        f"retry must be a RetryPolicy(...), not {type(value).__name__}",
    )


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ([("a", "b")], "headers must be a mapping of names to values, not list"),
        ({5: "x"}, "the name of header 1 must be a string, not int"),
        ({"x-a": "b", "x-key: leaked": ""}, "the name of header 2 is not valid; use letters"),
        ({b"leaked": "x"}, "the name of header 1 must be a string, not bytes"),
        ({"": "x"}, "'' is not a valid header name; use letters"),
        ({"a b": "x"}, "'a b' is not a valid header name; use letters"),
        ({"a\r\nb": "x"}, "the name of header 1 is not valid; use letters"),
        ({"\u00e4": "x"}, "the name of header 1 is not valid; use letters"),
        ({"Authorization": "x"}, "Authorization is set by the client's auth strategy"),
        ({"X-SCX-API-Key": "x"}, "is set by the client's auth strategy"),
        ({"x-scx-passphrase": "x"}, "is set by the client's auth strategy"),
        ({"Host": "x"}, "Host is set by the client itself"),
        ({"content-type": "x"}, "is set by the client itself"),
        ({"Content-Length": "1"}, "is set by the client itself"),
        ({"Transfer-Encoding": "chunked"}, "is set by the client itself"),
        ({"Cookie": "x"}, "is set by the client itself"),
        ({"X-Request-ID": "x"}, "X-Request-ID is set by the client itself"),
        ({"x-a": 5}, "the value of x-a must be a string, not int"),
        ({"x-a": ""}, "the value of x-a is empty"),
        ({"x-a": "leaked\r\nx-b: 1"}, "the value of x-a contains a line break"),
        ({"x-a": "lea\x00ked"}, "the value of x-a contains a control character"),
        ({"x-a": "l\u00e9aked"}, "the value of x-a contains a character outside ASCII"),
        ({"x-a": "\ud800"}, "the value of x-a contains a character outside ASCII"),
        ({"x-a": " leaked"}, "the value of x-a begins or ends with a space"),
        ({"x-a": "leaked" * 3_000}, "the value of x-a has more than 16384 characters"),
    ],
)
def test_headers_that_are_refused(headers: object, text: str) -> None:
    """Headers that authenticate, frame or break a request are refused; values are not quoted."""
    (problem,) = problems_of(headers=headers)
    assert text in problem
    assert "leaked" not in problem


def test_request_ids_are_the_callers_where_the_vendor_has_none() -> None:
    """ZDK takes no request id, so callers may send any."""
    settings = change_call_settings(CallSettings(), ZDK, {"headers": {"X-Request-ID": "mine"}})
    assert isinstance(settings, CallSettings)
    assert settings.headers["x-request-id"] == "mine"


def test_unknown_names() -> None:
    """A keyword that a signature with Unpack accepts is Python's own error, with a hint."""
    check_names("send()", {"timeout": 1, "deadline": 1, "request_id": "x"}, SendOptions)
    with pytest.raises(TypeError) as caught:
        check_names("send()", {"timeuot": 1}, SendOptions)
    assert str(caught.value) == (
        "send() got an unexpected keyword argument 'timeuot'; did you mean 'timeout'?"
    )
    with pytest.raises(TypeError, match=r"argument 'zzz'$"):
        check_names("send()", {"zzz": 1}, SendOptions)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_retries": -1}, "max_retries must be from 0 to a million, not -1"),
        ({"max_retries": 1.5}, "max_retries must be a whole number, not float"),
        ({"max_retries": True}, "max_retries must be a whole number, not bool"),
        ({"max_retries": "2"}, "max_retries must be a whole number, not str"),
        (
            {"max_retries": 10**5000},
            "max_retries must be from 0 to a million, not an integer of 16610 bits",
        ),
        ({"first_wait": -0.1}, "first_wait must be from 0 to a million, not -0.1"),
        ({"first_wait": math.nan}, "first_wait must be from 0 to a million, not nan"),
        ({"first_wait": "1"}, "first_wait must be a number, not str"),
        ({"first_wait": True}, "first_wait must be a number, not bool"),
        ({"first_wait": 1_000_000.1}, "first_wait must be from 0 to a million, not 1000000.1"),
        ({"longest_wait": math.inf}, "longest_wait must be from 0 to a million, not inf"),
        ({"longest_wait": None}, "longest_wait must be a number, not None"),
        ({"repeat_payments": "no"}, "repeat_payments must be True or False, not str"),
        ({"repeat_payments": 0}, "repeat_payments must be True or False, not int"),
        ({"repeat_payments": None}, "repeat_payments must be True or False, not None"),
        (
            dict.fromkeys(("max_retries", "first_wait", "longest_wait", "repeat_payments"), "no"),
            (
                "max_retries must be a whole number, not str\n"
                "first_wait must be a number, not str\n"
                "longest_wait must be a number, not str\n"
                "repeat_payments must be True or False, not str"
            ),
        ),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "-".join(value),
)
def test_policies_that_are_refused(options: dict[str, Any], text: str) -> None:
    """A retry policy accepts only sensible values, and names all others."""
    with pytest.raises(ConfigurationError) as caught:
        RetryPolicy(**options)
    assert listed_problems(caught.value, "RetryPolicy") == text.split("\n")


def test_the_ends_of_what_a_policy_takes() -> None:
    """Zero and a million are accepted, for each number."""
    for number in (0, 1_000_000):
        policy = RetryPolicy(max_retries=number, first_wait=number, longest_wait=number)
        assert policy.backoff(1, 0.5) == number / 2


def test_policies_are_given_by_name() -> None:
    """A positional number could mean retries or seconds."""
    policy: Any = RetryPolicy
    with pytest.raises(TypeError, match="positional"):
        policy(2, 0.5)


@pytest.mark.parametrize("hooks", [None, {}, print])
def test_hooks_must_be_hooks(hooks: object) -> None:
    """A bare function is not Hooks."""
    with pytest.raises(ConfigurationError, match=r"hooks must be Hooks\(...\)"):
        check(hooks, may_be_async=True)


def test_each_hook_must_be_callable() -> None:
    """A hook that cannot be called is named."""
    with pytest.raises(ConfigurationError, match="on_retry must be a function"):
        check(Hooks(on_retry=untyped(5)), may_be_async=True)


def test_async_hooks_need_an_async_client() -> None:
    """A sync client refuses an async hook, whether a function or an object."""

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


class Same(TypedDict):
    """What all records of one call have in common."""

    vendor: str
    operation: str
    call_id: str


SAME = Same(vendor="v", operation="o", call_id="c")


def test_each_record_has_its_hook() -> None:
    """Each hook gets its own records; a hook that is not set gets nothing."""
    records: dict[str, Record] = {
        "on_request": AttemptSent(**SAME, method="GET", url="u", attempt=1, request_id=None),
        "on_response": ResponseReceived(
            **SAME, attempt=1, status=200, request_id=None, seconds=0.0
        ),
        "on_retry": RetryPlanned(
            **SAME,
            attempt=1,
            error="E",
            reason="r",
            status=None,
            request_id=None,
            wait=0.0,
            retry=1,
        ),
        "on_success": CallSucceeded(**SAME, status=200, request_id=None, attempts=1, seconds=0.0),
        "on_error": CallFailed(
            **SAME,
            error="E",
            reason="r",
            outcome="unknown",
            status=None,
            request_id=None,
            attempts=1,
            seconds=0.0,
        ),
    }
    for name, own in records.items():
        seen: list[object] = []
        named: dict[str, Any] = {name: seen.append}
        hooks = Hooks(**named)
        assert list(hooks.named()) == [name]
        for record in records.values():
            hooks.tell(record)
        assert seen == [own]
