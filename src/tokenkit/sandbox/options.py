"""The options of a sandbox: what each may be, and all that is wrong with them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import cast, get_args

from ..errors import ConfigurationError
from .faults.fault import SKEW, Fault
from .hosts import origin
from .rules import Rule, one_of, optional, positive, whole
from .zerohash.courier import check_loopback
from .zerohash.webhook_signature import RsaPadding, WebhookSignature

__all__ = ["check_options"]

HIGHEST_PORT = 65535
SWITCH: Rule = (lambda value: isinstance(value, bool), "True or False")
TEXT: Rule = (lambda value: isinstance(value, str), "a string")
REQUESTS = optional(whole("a whole number of requests, at least 1, or None", 1))
SIGNATURES = get_args(WebhookSignature)


def _are(value: object, fits: Callable[[object], bool]) -> bool:
    items = cast("Collection[object]", value) if isinstance(value, Collection) else (None,)
    return all(fits(item) for item in items)


def _but(value: object) -> str:
    if isinstance(value, Collection) and not isinstance(value, (str, bytes)):
        return ""  # the kind is right
    if isinstance(value, type):
        return f", not the class {value.__name__}"
    plain = value is None or isinstance(value, (int, float, str))
    return f", not {value!a:.50}" if plain else f", not {type(value).__name__}"


RULES: Mapping[str, Rule] = {
    "host": TEXT,
    "port": whole(f"from 0 to {HIGHEST_PORT}", 0, HIGHEST_PORT),
    "clock": (callable, "a function that returns the time"),
    "clock_skew": SKEW,
    "faults": (
        lambda value: _are(value, lambda one: isinstance(one, Fault)),
        "Fault values, as in faults=[Fault(...)]",
    ),
    "strigo_rate_limit": REQUESTS,
    "strigo_rate_window": whole("whole seconds, at least 1", 1),
    "strigo_success_status": one_of((200, 201)),
    "zerohash_rate_limit": REQUESTS,
    "zerohash_rate_window": positive("a number of seconds above 0"),
    "zerohash_auth_failure_status": one_of((401, 403)),
    "zerohash_time_shape": one_of(("epoch", "message")),
    "zerohash_unknown_permissions": SWITCH,
    "zerohash_lists_open_fund_sessions": SWITCH,
    "zerohash_webhook_secret": TEXT,
    "zerohash_webhook_signatures": (
        lambda value: _are(value, lambda one: one in SIGNATURES),
        f"any of {', '.join(SIGNATURES)}",
    ),
    "zerohash_webhook_rsa_padding": one_of(get_args(RsaPadding)),
}
ADDRESSES: Mapping[str, Callable[[object], object]] = {
    "advertise": origin,
    "zerohash_webhook_url": check_loopback,
}


def check_options(options: Mapping[str, object]) -> None:
    """Check the options of a sandbox.

    Raises:
        ConfigurationError: Some are wrong; the error names them all.
    """
    problems = [*_problems(options)]
    if problems:
        raise ConfigurationError("Sandbox", problems)


def _problems(options: Mapping[str, object]) -> Iterator[str]:
    for name, value in options.items():
        if name in RULES:
            fits, wanted = RULES[name]
            if not fits(value):
                yield f"{name} must be {wanted}{_but(value)}"
        elif value is not None:
            try:
                ADDRESSES[name](value)
            except ConfigurationError as error:
                yield error.message
