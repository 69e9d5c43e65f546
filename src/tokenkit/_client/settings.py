"""The options of a client, checked: the only code that reads what a caller passed."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from .. import __version__
from .._model.base_url import BaseURL
from .._model.json import type_of
from .._model.messages import Headers
from .._observability.hooks import Hooks, check_hooks
from .._observability.tracing import Trace, trace_calls
from .._pipeline.drivers import NO_HOOKS
from .._policy.clock import AsyncSystemClock, SystemClock, TimeSource, check_clock
from .._policy.profile import Profile
from .._policy.retry import RetryBudget, RetryPolicy, check_budget
from .._policy.settings import CallSettings
from .._policy.timeouts import Timeouts
from .._policy.values import seconds_problem, switch_problem
from ..errors import ConfigurationError
from .base_url import choose_base_url, service_urls
from .headers import check_headers, constant_headers
from .reuse_settings import ReuseSettings

if TYPE_CHECKING:
    from .._http.settings import ConnectionSettings

__all__ = ["ClientSettings", "change_call_settings"]

# Stands for a base URL that can't be used; NO_PROXY may except all hosts.
ANY_ORIGIN = "https://"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ClientSettings:
    """A client's options, parsed and checked.

    Attributes:
        call: How calls are made, unless a call has its own options.
        connection: How connections are made.
        reuse: How tokens are reused.
        base_url: Where requests go.
        services: Where the calls of each of the vendor's services go.
        clock: The clock.
        retry_budget: How many retries all calls may take.
        hooks: The caller's hooks.
        trace: Opens a span for a call; ``None`` without tracing.
        correct_clock_skew: Whether to correct the clock by the vendor's.
    """

    call: CallSettings
    connection: "ConnectionSettings"
    reuse: ReuseSettings
    base_url: BaseURL
    services: Mapping[str, BaseURL]
    clock: TimeSource
    retry_budget: RetryBudget
    hooks: Hooks
    trace: Trace | None
    correct_clock_skew: bool

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that credentials may go to; with the caller's own connections, one."""
        if not self.connection.opens_connections:
            return (self.base_url.origin,)
        return (self.base_url.origin, *(service.origin for service in self.services.values()))

    @classmethod
    def parse(
        cls,
        profile: Profile,
        options: Mapping[str, Any],
        *,
        is_async: bool,
        base_url_settings: Mapping[str, object] | None = None,
    ) -> "ClientSettings | tuple[str, ...]":
        """Check the options of a client.

        Args:
            profile: The vendor.
            options: What the caller passed; ``None`` means the default, but no deadline for
                ``deadline``.
            is_async: Whether it is an async client.
            base_url_settings: The values of the profile's ``base_url_settings``.

        Returns:
            The settings, or all problems, each with the name of its option.
        """
        from .._http.connection import Route  # noqa: PLC0415 - importing a client must not load httpx
        from .._http.settings import ConnectionSettings  # noqa: PLC0415 - importing a client must not load httpx

        given = _without_none(options)
        parsed: dict[str, Any] = {}
        problems: list[str] = []

        def settle(name: str, parse: Callable[[], object]) -> None:
            try:
                parsed[name] = parse()
            except ConfigurationError as error:
                problems.extend(error.problems)

        allow_http = given.get("allow_insecure_http") is True
        chosen = base_url_settings or {}
        settle(
            "base_url",
            lambda: choose_base_url(
                profile, given.get("base_url"), chosen, allow_insecure_http=allow_http
            ),
        )
        if "base_url" in parsed:
            base: BaseURL = parsed["base_url"]
            settle(
                "services",
                lambda: service_urls(
                    profile,
                    base,
                    is_callers="base_url" in given,
                    allow_insecure_http=allow_http,
                ),
            )
        settle("allow_insecure_http", lambda: _switch(given, "allow_insecure_http", default=False))
        settle("clock", lambda: _clock(given, is_async=is_async))
        hooks = given.get("hooks", NO_HOOKS)
        settle("hooks", lambda: check_hooks(hooks, may_be_async=is_async))
        settle("retry_budget", lambda: _budget(given))
        settle("trace", lambda: _trace(given))
        settle("correct_clock_skew", lambda: _switch(given, "correct_clock_skew", default=True))
        settle("headers", lambda: constant_headers(profile, given))
        constant = CallSettings(headers=parsed.pop("headers", Headers()))
        call = change_call_settings(constant, profile, options)
        reuse = ReuseSettings.parse(profile, given)
        connection, found = ConnectionSettings.parse(given, is_async=is_async)
        for name, value in (("call", call), ("connection", found or connection), ("reuse", reuse)):
            if isinstance(value, tuple):
                problems += value
            parsed[name] = value
        if problems and connection is not None and connection.opens_connections:
            # Without a problem, routes are checked when the client gets its connections.
            urls = [parsed.get("base_url"), *parsed.get("services", {}).values()]
            for origin in [url.origin for url in urls if url is not None] or [ANY_ORIGIN]:
                settle("route", partial(Route.to, origin, connection))
        parsed.pop("allow_insecure_http", None)  # it concerns the base URL only
        return tuple(dict.fromkeys(problems)) if problems else cls(**parsed)


def change_call_settings(
    settings: CallSettings, profile: Profile, options: Mapping[str, Any]
) -> CallSettings | tuple[str, ...]:
    """Return a call's settings with some of them changed, or all problems."""
    changes: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in options.items():
        if name not in CALL_OPTIONS or (value is None and name != "deadline"):
            continue
        setting, parse = CALL_OPTIONS[name]
        try:
            changes[setting] = parse(profile, value)
        except ConfigurationError as error:
            problems += error.problems
    if problems:
        return tuple(problems)
    if "headers" in changes:
        changes["headers"] = settings.headers.merged_with(changes["headers"])
    return attrs.evolve(settings, **changes) if changes else settings


def _without_none(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _switch(given: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value: object = given.get(name, default)
    if problem := switch_problem(value):
        raise ConfigurationError(f"{name} {problem}")
    return value is True


def _clock(given: Mapping[str, Any], *, is_async: bool) -> TimeSource:
    clock: TimeSource | None = given.get("clock")
    if clock is None:
        clock = AsyncSystemClock() if is_async else SystemClock()
    return check_clock(clock, may_be_async=is_async)


def _budget(given: Mapping[str, Any]) -> RetryBudget:
    policy: object = given.get("retry", RetryPolicy())
    return check_budget(
        given.get("retry_budget"), policy if isinstance(policy, RetryPolicy) else RetryPolicy()
    )


def _trace(given: Mapping[str, Any]) -> Trace | None:
    return trace_calls(__version__) if _switch(given, "tracing", default=False) else None


def _timeouts(_: Profile, value: Any) -> Timeouts:
    if isinstance(value, Timeouts):
        return value
    if problem := seconds_problem(value, "Timeouts(...) or "):
        raise ConfigurationError(f"timeout {problem}")
    return Timeouts(connect=value, read=value, write=value)


def _deadline(_: Profile, value: Any) -> float:
    if value is None:
        return math.inf
    if problem := seconds_problem(value, "None or "):
        raise ConfigurationError(f"deadline {problem}")
    return float(value)


def _retry(_: Profile, value: object) -> RetryPolicy:
    if not isinstance(value, RetryPolicy):
        raise ConfigurationError(f"retry must be a RetryPolicy(...), not {type_of(value)}")
    return value


CALL_OPTIONS: Mapping[str, tuple[str, Callable[[Profile, Any], object]]] = {
    "timeout": ("timeouts", _timeouts),
    "deadline": ("deadline", _deadline),
    "retry": ("retry", _retry),
    "headers": ("headers", check_headers),
}
"""The setting that each option of a call becomes, and its reader."""
