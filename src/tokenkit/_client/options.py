"""What a caller can set: the options of clients and of single calls, checked."""

import math
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import attrs
from typing_extensions import TypedDict

from .._model.json import is_mapping
from .._model.messages import HEADER_NAME, MAX_HEADER, Headers, fits_header
from .._observability.hooks import Hooks
from .._policy.clock import AsyncClock, Clock
from .._policy.profile import Profile
from .._policy.retry import RetryBudget, RetryPolicy
from .._policy.timeouts import Timeouts, check_seconds
from ..errors import ConfigurationError

__all__ = [
    "AsyncClientOptions",
    "AsyncHttpClient",
    "AsyncTransport",
    "CallOptions",
    "ClientOptions",
    "HttpClient",
    "SendOptions",
    "Settings",
    "Transport",
    "check_kinds",
    "refuse_unknown",
]

OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)


class HttpClient(Protocol):
    """An ``httpx.Client``."""

    @property
    def send(self) -> Callable[..., object]:
        """Send a request."""
        ...

    def close(self) -> None:
        """Close the client."""
        ...


class AsyncHttpClient(Protocol):
    """An ``httpx.AsyncClient``."""

    @property
    def send(self) -> Callable[..., object]:
        """Send a request."""
        ...

    async def aclose(self) -> None:
        """Close the client."""
        ...


class Transport(Protocol):
    """An ``httpx.BaseTransport``."""

    @property
    def handle_request(self) -> Callable[..., object]:
        """Send a request."""
        ...

    def close(self) -> None:
        """Close the transport."""
        ...


class AsyncTransport(Protocol):
    """An ``httpx.AsyncBaseTransport``."""

    @property
    def handle_async_request(self) -> Callable[..., object]:
        """Send a request."""
        ...

    async def aclose(self) -> None:
        """Close the transport."""
        ...


class CallOptions(TypedDict, total=False):
    """What can differ between the calls of one client.

    Attributes:
        timeout: Seconds for each step of an attempt, or ``Timeouts``. Default: connect 5,
            read 30, write 30.
        deadline: Seconds for a call as a whole, all attempts and waits included. Default 60;
            ``None`` for no deadline.
        retry: When to try again. Default: ``RetryPolicy()``.
        headers: Headers for every request; those that authenticate or frame it are refused.
    """

    timeout: float | Timeouts
    deadline: float | None
    retry: RetryPolicy
    headers: Mapping[str, str]


class SendOptions(CallOptions, total=False):
    """What a single call can have of its own.

    Attributes:
        request_id: The id for the vendor's request-id header; made up where none is given.
    """

    request_id: str


class _SharedOptions(CallOptions, total=False):
    base_url: str
    http_family: Literal["httpx", "httpx2"]
    ssl_context: ssl.SSLContext
    proxy: str
    trust_env: bool
    user_agent_suffix: str
    allow_insecure_http: bool
    hooks: Hooks
    tracing: bool
    correct_clock_skew: bool
    retry_budget: RetryBudget | None


class ClientOptions(_SharedOptions, total=False):
    """What every sync client can be given.

    Attributes:
        base_url: Takes the place of the vendor's base URL.
        http_client: An ``httpx.Client`` to send with; it is never closed.
        transport: An ``httpx`` transport to send with; it is closed with the client.
        http_family: The library to send with, ``httpx`` (the default) or ``httpx2``.
        ssl_context: TLS settings for the client's own connections, such as a CA or a client
            certificate.
        proxy: The proxy for the client's own connections, such as ``http://host:port``. Plain
            http never goes through one.
        trust_env: Whether the environment's proxy and CA variables count when a connection is
            first opened. Default: true.
        user_agent_suffix: Text to add to the ``User-Agent`` header.
        allow_insecure_http: Allow plain http to a host that isn't loopback.
        correct_clock_skew: Correct this machine's clock by the vendor's, where a refusal shows
            that it is wrong and a signature depends on it. Default: true.
        retry_budget: How many retries all calls may take together; several clients may share
            one. Default: ``RetryBudget()`` for each client.
        hooks: Functions that are told what happens during calls.
        tracing: Open an OpenTelemetry span for each call, and count. Default: false.
        clock: The clock to use, for tests.
    """

    http_client: HttpClient
    transport: Transport
    clock: Clock


class AsyncClientOptions(_SharedOptions, total=False):
    """What every async client can be given.

    Attributes:
        base_url: Takes the place of the vendor's base URL.
        http_client: An ``httpx.AsyncClient`` to send with; it is never closed.
        transport: An async ``httpx`` transport to send with; it is closed with the client.
        http_family: The library to send with, ``httpx`` (the default) or ``httpx2``.
        ssl_context: TLS settings for the client's own connections, such as a CA or a client
            certificate.
        proxy: The proxy for the client's own connections, such as ``http://host:port``. Plain
            http never goes through one.
        trust_env: Whether the environment's proxy and CA variables count when a connection is
            first opened. Default: true.
        user_agent_suffix: Text to add to the ``User-Agent`` header.
        allow_insecure_http: Allow plain http to a host that isn't loopback.
        correct_clock_skew: Correct this machine's clock by the vendor's, where a refusal shows
            that it is wrong and a signature depends on it. Default: true.
        retry_budget: How many retries all calls may take together; several clients may share
            one. Default: ``RetryBudget()`` for each client.
        hooks: Functions that are told what happens during calls.
        tracing: Open an OpenTelemetry span for each call, and count. Default: false.
        clock: The clock to use, for tests.
    """

    http_client: AsyncHttpClient
    transport: AsyncTransport
    clock: AsyncClock


def check_kinds(options: Mapping[str, Any]) -> None:
    """Check options whose wrong values would count as something else, or show up much later.

    Raises:
        ConfigurationError: A switch is neither true nor false, ``ssl_context`` is none, or
            ``proxy`` is no text.
    """
    for name in ("allow_insecure_http", "correct_clock_skew", "tracing", "trust_env"):
        if not isinstance(options.get(name, True), bool):
            kind = type(options[name]).__name__
            raise ConfigurationError(f"{name} must be True or False, not {kind}")
    context, proxy = options.get("ssl_context"), options.get("proxy")
    if not (context is None or isinstance(context, ssl.SSLContext)):
        kind = type(context).__name__
        raise ConfigurationError(f"ssl_context must be an ssl.SSLContext, not {kind}")
    if not (proxy is None or isinstance(proxy, str)):
        kind = type(proxy).__name__
        raise ConfigurationError(f"proxy must be text such as 'http://host:port', not {kind}")


def refuse_unknown(where: str, options: Mapping[str, object], known: type[Any]) -> None:
    """Raise Python's own error for keywords that a signature with ``Unpack`` lets through."""
    for name in options:
        if name not in known.__annotations__:
            raise TypeError(f"{where} got an unexpected keyword argument {name!r}")


@attrs.frozen(kw_only=True)
class Settings:
    """The checked form of the options that concern calls."""

    timeouts: Timeouts = attrs.field(factory=Timeouts)
    deadline: float = 60.0
    retry: RetryPolicy = attrs.field(factory=RetryPolicy)
    headers: Headers = attrs.field(factory=Headers)

    def with_options(self, profile: Profile, options: Mapping[str, Any]) -> "Settings":
        """Return these settings with some of them changed.

        Raises:
            ConfigurationError: An option's value cannot be used.
        """
        changes: dict[str, Any] = {}
        if "timeout" in options:
            changes["timeouts"] = _timeouts(options["timeout"])
        if "deadline" in options:
            changes["deadline"] = _deadline(options["deadline"])
        if "retry" in options:
            changes["retry"] = _retry(options["retry"])
        if "headers" in options:
            added = Headers(_headers(profile, options["headers"]))
            changes["headers"] = self.headers.merged_with(added)
        return attrs.evolve(self, **changes) if changes else self


def _timeouts(value: Any) -> Timeouts:
    if isinstance(value, Timeouts):
        return value
    check_seconds("timeout", value, alternative=", or Timeouts(...)")
    return Timeouts(connect=value, read=value, write=value)


def _deadline(value: Any) -> float:
    if value is None:
        return math.inf
    check_seconds("deadline", value, alternative=", or None")
    return float(value)


def _retry(value: object) -> RetryPolicy:
    if not isinstance(value, RetryPolicy):
        raise ConfigurationError("retry must be a RetryPolicy(...)")
    return value


def _headers(profile: Profile, headers: object) -> dict[str, str]:
    if not is_mapping(headers):
        raise ConfigurationError("headers must be a mapping of names to values")
    checked: dict[str, str] = {}
    for name, value in headers.items():
        if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
            raise ConfigurationError("headers has a name that is no HTTP header name")
        key = name.lower()
        if key in profile.credential_headers:
            raise ConfigurationError(f"headers: {name} is set by the client's auth strategy")
        if key in OWN_HEADERS or key == profile.request_id_header:
            raise ConfigurationError(f"headers: {name} is set by the client itself")
        if not fits_header(value):
            raise ConfigurationError(
                f"headers: the value of {name} must be visible ASCII text of at most "
                f"{MAX_HEADER} characters"
            )
        checked[key] = value
    return checked
