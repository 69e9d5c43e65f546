"""A vendor's profile: its addresses, its credentials, how its failures are read."""

from collections.abc import Callable, Mapping

import attrs

from .._model.json import is_mapping, type_of
from .._model.messages import Headers
from ..auth.strategy import AsyncStrategy
from ..errors import APIError, AuthenticationError
from .failure import FailureReader, read_plain_failure
from .retry import RetryRules
from .values import refuse, switch_problem

__all__ = ["BaseURLSetting", "Profile", "Rate"]


@attrs.frozen(kw_only=True)
class Rate:
    """A rate limit that a vendor documents.

    Attributes:
        requests: How many requests are allowed in a span of ``per`` seconds.
        per: The span, in seconds; it may begin at any moment.
    """

    requests: int
    per: float


def is_unauthenticated(error: APIError) -> bool:
    """Return whether an error is an HTTP 401."""
    return isinstance(error, AuthenticationError)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "vendor": (_is_text, "a string"),
    "base_url_variable": (_is_text, "a string"),
    "base_url_settings": (is_mapping, "a mapping"),
    "services": (is_mapping, "a mapping"),
    "credential_variables": (is_mapping, "a mapping"),
    "strategy": (callable, "a class or a function"),
    "read_failure": (callable, "a function"),
}


@attrs.frozen(kw_only=True)
class BaseURLSetting:
    """A parameter of a vendor's clients that selects the base URL.

    Attributes:
        variable: The environment variable that sets it.
        base_url: Turns the parameter's value into a base URL. It gets whatever the caller
            passed, and raises :class:`ConfigurationError` for what it cannot use.
    """

    variable: str
    base_url: Callable[[object], str]


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
        credential_headers: The headers that only a strategy may set, in lower case.
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
        ConfigurationError: A field is of the wrong kind.
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
    credential_headers: frozenset[str] = frozenset({"authorization"})
    headers: Headers = attrs.field(factory=Headers, converter=Headers)
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
            value: object = getattr(self, name)
            problems[name] = None if fits(value) else f"must be {wanted}, not {type_of(value)}"
        refuse("Profile", problems)

    @property
    def vendor_id(self) -> str:
        """The vendor, as records and errors name it."""
        return self.vendor.lower()
