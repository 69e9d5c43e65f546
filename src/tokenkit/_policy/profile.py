"""A vendor's profile: its addresses, its credentials, how its failures are read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import cast

import attrs

from .._model.base_url import parse_base_url
from .._model.checks import text
from .._model.json import is_mapping, quoted, type_of
from .._model.messages import HEADER_NAME, Headers, is_set_by_client
from .._model.request import Check
from ..auth.strategy import AsyncStrategy
from ..errors import APIError, AuthenticationError, ConfigurationError
from .failure import FailureReader, read_plain_failure
from .headers import header_problems
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


def _is_a(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)


def _is_none_or_a(kind: type) -> Callable[[object], bool]:
    return lambda value: value is None or isinstance(value, kind)


def _is_header_name(name: object) -> bool:
    return isinstance(name, str) and HEADER_NAME.fullmatch(name) is not None


def _header_name_problem(name: object) -> str | None:
    return None if _is_header_name(name) else f"must be a header name, not {quoted(name)}"


def _request_id_problem(name: str, credential_headers: AbstractSet[str]) -> str | None:
    taken = is_set_by_client(name, None) or name.lower() in COMMON_HEADERS | credential_headers
    return f"must be a header of its own, not {quoted(name)}" if taken else None


def _header_names_problems(names: object) -> list[str]:
    if not is_set(names):
        return [f"must be a set of header names, not {type_of(names)}"]
    wrong = [quoted(name) for name in names if not _is_header_name(name)]
    return [f"must be a set of header names; it has {one}" for one in sorted(wrong)]


def _must_be(wanted: str, fits: Callable[[object], bool]) -> Check:
    return lambda value: None if fits(value) else f"must be {wanted}, not {type_of(value)}"


NAME = text()
# Headers that a request has anyway, or that mean something to every server.
COMMON_HEADERS = frozenset({"accept", "authorization", "user-agent"})
FUNCTION = _must_be("a function", callable)


@attrs.frozen(kw_only=True)
class BaseURLSetting:
    """A parameter of a vendor's clients that selects the base URL.

    Attributes:
        variable: The environment variable that sets it.
        base_url: Turns the parameter's value into a base URL. It gets whatever the caller
            passed, and raises :class:`ConfigurationError` for what it cannot use.

    Raises:
        ConfigurationError: A field cannot be used.
    """

    variable: str
    base_url: Callable[[object], str]

    def __attrs_post_init__(self) -> None:
        problems = {
            "variable": NAME(self.variable),
            "base_url": FUNCTION(self.base_url),
        }
        refuse("BaseURLSetting", problems)


CHECKS: Mapping[str, Check] = {
    "vendor": NAME,
    "base_url_variable": NAME,
    "base_url_settings": _must_be("a BaseURLSetting(...)", _is_a(BaseURLSetting)),
    "services": FUNCTION,
    "credential_variables": NAME,
    "strategy": _must_be("a class or a function", callable),
    "headers": _must_be("a mapping of names to strings", is_mapping),
    "blames_credentials": FUNCTION,
    "retries": _must_be("a RetryRules(...)", _is_a(RetryRules)),
    "rate": _must_be("None or a Rate(...)", _is_none_or_a(Rate)),
    "read_failure": FUNCTION,
}
# The fields of which CHECKS describes the values.
MAPPINGS = ("base_url_settings", "services", "credential_variables")


def _lowered(names: AbstractSet[str]) -> frozenset[str]:
    """Return header names in lower case; anything else as it is, to be refused with the rest."""
    given = cast("object", names)
    if not is_set(given):
        return cast("frozenset[str]", names)
    lowered = (name.lower() if isinstance(name, str) else name for name in given)
    return cast("frozenset[str]", frozenset(lowered))


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
        ConfigurationError: Fields cannot be used; the message names all of them.
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
        for name, check in CHECKS.items():
            value: object = getattr(self, name)
            if name in MAPPINGS:
                problems |= mapping_problems(name, value, str, check)
            else:
                problems[name] = check(value)
        names = _header_names_problems(self.credential_headers)
        # Other names that can't be used are no reason to pass over a header.
        credentials = frozenset[str]() if names else self.credential_headers
        if (header := self.request_id_header) is not None:
            problems["request_id_header"] = _header_name_problem(header) or _request_id_problem(
                header, credentials
            )
        others = [f"credential_headers {problem}" for problem in names]
        others += self._base_url_problems()
        if not problems["headers"]:
            request_id = None if problems.get("request_id_header") else self.request_id_header
            found = header_problems(self.headers, credentials, request_id)
            others += [f"headers: {problem}" for problem in found]
        refuse("Profile", problems, others)

    def _base_url_problems(self) -> Iterator[str]:
        try:
            base = parse_base_url(self.base_url)
        except ConfigurationError as error:
            yield error.message
        else:
            if base.is_exposed:
                yield f"base_url would send credentials to {base.host} over plain http; use https"

    @property
    def vendor_id(self) -> str:
        """The vendor, as records and errors name it."""
        return self.vendor.lower()
