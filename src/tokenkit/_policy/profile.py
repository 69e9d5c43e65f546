"""A vendor's profile: its addresses, its credentials, how its failures are read."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import cast

import attrs

from .._model.json import quoted, type_of
from .._model.messages import HEADER_NAME, Headers
from ..auth.strategy import AsyncStrategy
from ..errors import APIError, AuthenticationError
from .failure import FailureReader, read_plain_failure
from .retry import RetryRules
from .values import (
    is_set,
    mapping_problems,
    number_problem,
    refuse,
    seconds_problem,
    switch_problem,
)

__all__ = ["BaseURLSetting", "Profile", "Rate"]


@attrs.frozen(kw_only=True)
class Rate:
    """A rate limit that a vendor documents.

    Attributes:
        requests: How many requests are allowed in a span of ``per`` seconds.
        per: The span, in seconds; it may begin at any moment.

    Raises:
        ConfigurationError: A value is not positive, or of another type.
    """

    requests: int
    per: float

    def __attrs_post_init__(self) -> None:
        none = "must be at least 1, not 0" if self.requests == 0 else None
        problems = {
            "requests": number_problem(self.requests, whole=True) or none,
            "per": seconds_problem(self.per),
        }
        refuse("Rate", problems)


def is_unauthenticated(error: APIError) -> bool:
    """Return whether an error is an HTTP 401."""
    return isinstance(error, AuthenticationError)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_a(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)


def _is_none_or_a(kind: type) -> Callable[[object], bool]:
    return lambda value: value is None or isinstance(value, kind)


def _header_name_problem(name: object) -> str | None:
    if isinstance(name, str) and HEADER_NAME.fullmatch(name):
        return None
    return f"must be a header name, not {quoted(name)}"


def _header_names_problem(names: object) -> str | None:
    if not is_set(names):
        return f"must be a set of header names, not {type_of(names)}"
    return next(filter(None, map(_header_name_problem, names)), None)


def _problem(value: object, fits: Callable[[object], bool], wanted: str) -> str | None:
    return None if fits(value) else f"must be {wanted}, not {type_of(value)}"


@attrs.frozen(kw_only=True)
class BaseURLSetting:
    """A parameter of a vendor's clients that selects the base URL.

    Attributes:
        variable: The environment variable that sets it.
        base_url: Turns the parameter's value into a base URL. It gets whatever the caller
            passed, and raises :class:`ConfigurationError` for what it cannot use.

    Raises:
        ConfigurationError: A field is of the wrong kind.
    """

    variable: str
    base_url: Callable[[object], str]

    def __attrs_post_init__(self) -> None:
        problems = {
            "variable": _problem(self.variable, _is_text, "a string"),
            "base_url": _problem(self.base_url, callable, "a function"),
        }
        refuse("BaseURLSetting", problems)


KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "vendor": (_is_text, "a string"),
    "base_url": (_is_text, "a string"),
    "base_url_variable": (_is_text, "a string"),
    "base_url_settings": (_is_a(BaseURLSetting), "a BaseURLSetting(...)"),
    "services": (callable, "a function"),
    "credential_variables": (_is_text, "a string"),
    "strategy": (callable, "a class or a function"),
    "headers": (_is_a(Headers), "a mapping of names to strings"),
    "blames_credentials": (callable, "a function"),
    "retries": (_is_a(RetryRules), "a RetryRules(...)"),
    "rate": (_is_none_or_a(Rate), "None or a Rate(...)"),
    "read_failure": (callable, "a function"),
}
# The fields of which KINDS describes the values.
MAPPINGS = ("base_url_settings", "services", "credential_variables")


def _lowered(names: AbstractSet[str]) -> frozenset[str]:
    """Return header names in lower case; anything else as it is, to be refused with the rest."""
    given: object = names
    if not is_set(given):
        return cast("frozenset[str]", names)
    return frozenset(name.lower() if _is_text(name) else name for name in names)


def _headers(given: Mapping[str, str] | Sequence[tuple[str, str]]) -> Headers:
    """Return headers; anything else as it is, to be refused with the rest."""
    try:
        return Headers(given)
    except (AttributeError, TypeError, ValueError):
        return cast("Headers", given)


@attrs.frozen(kw_only=True)
class Profile:
    """The facts that all clients of one vendor share.

    Attributes:
        vendor: The vendor's name, for messages.
        base_url: The base URL when the caller sets none.
        base_url_variable: The environment variable for another base URL; it takes precedence over
            those of ``base_url_settings``.
        base_url_settings: Other ways to select the base URL, by the name of the client's
            parameter.
        services: The vendor's services that have their own hosts, by the name that calls give as
            their ``service``. Each is a function from the base URL, as the vendor or
            ``base_url_settings`` select it, to the service's. A caller's ``base_url`` replaces
            them all.
        credential_variables: The environment variable of each credential, by the name of the
            client's parameter.
        strategy: The class or function that makes the auth strategy; it is called with the
            credentials as keywords.
        credential_headers: The headers that only a strategy may set; names compare without case.
        headers: Headers for every request, such as an API version.
        request_id_header: The header for the request's id, if the vendor takes one.
        echoes_request_id: Whether a response has the request's id in that header, so that one
            with another id belongs to another request.
        blames_credentials: Returns whether an error means that the credentials, the signature or
            its timestamp were refused, so that a wrong clock may be the cause.
        retries: Which responses may be retried.
        rate: The documented rate limit, for a vendor whose responses don't state it; bulk runs
            keep to it.
        read_failure: Reads the vendor's error bodies.
        tokens_are_revocable: Whether a token can be revoked. If so, a shared store is asked before
            each reuse.
        tells_lifetime: Whether tokens say when they expire. If not, they are reused only if their
            lifetime is set.

    Raises:
        ConfigurationError: Fields are of the wrong kind; the message names all of them.
    """

    vendor: str
    base_url: str
    base_url_variable: str
    base_url_settings: Mapping[str, BaseURLSetting] = attrs.field(
        factory=dict[str, BaseURLSetting]
    )
    services: Mapping[str, Callable[[str], str]] = attrs.field(
        factory=dict[str, Callable[[str], str]]
    )
    credential_variables: Mapping[str, str]
    strategy: Callable[..., AsyncStrategy]
    credential_headers: frozenset[str] = attrs.field(
        default=frozenset({"authorization"}), converter=_lowered
    )
    headers: Headers = attrs.field(factory=Headers, converter=_headers)
    request_id_header: str | None = None
    echoes_request_id: bool = False
    blames_credentials: Callable[[APIError], bool] = is_unauthenticated
    retries: RetryRules = attrs.field(factory=RetryRules)
    rate: Rate | None = None
    read_failure: FailureReader = read_plain_failure
    tokens_are_revocable: bool = False
    tells_lifetime: bool = True

    def __attrs_post_init__(self) -> None:
        switches = ("echoes_request_id", "tokens_are_revocable", "tells_lifetime")
        problems = {name: switch_problem(getattr(self, name)) for name in switches}
        for name, (fits, wanted) in KINDS.items():
            value, check = getattr(self, name), partial(_problem, fits=fits, wanted=wanted)
            if name in MAPPINGS:
                problems |= mapping_problems(name, value, str, check)
            else:
                problems[name] = check(value)
        problems["credential_headers"] = _header_names_problem(self.credential_headers)
        if self.request_id_header is not None:
            problems["request_id_header"] = _header_name_problem(self.request_id_header)
        refuse("Profile", problems)

    @property
    def vendor_id(self) -> str:
        """The vendor, as records and errors name it."""
        return self.vendor.lower()
