"""The options of clients and of single calls, as a caller passes them."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal, Protocol

from typing_extensions import TypedDict

from .._observability.hooks import Hooks
from .._policy.clock import AsyncClock, Clock
from .._policy.retry import RetryBudget, RetryPolicy
from .._policy.timeouts import Timeouts
from .._policy.values import check_names

if TYPE_CHECKING:  # at run time, clients would take a tenth longer to import
    from .._reuse.cache import TokenCache

__all__ = [
    "AsyncClientOptions",
    "AsyncHttpClient",
    "AsyncTransport",
    "CallOptions",
    "ClientOptions",
    "HttpClient",
    "SendOptions",
    "Transport",
    "check_options",
]


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
    """Options that can differ between the calls of one client.

    ``None`` means "not given" for each of them except ``deadline``.
    """

    timeout: float | Timeouts | None
    """Seconds for each step of an attempt, or ``Timeouts``. Default: connect 5, read 30,
    write 30."""

    deadline: float | None
    """Seconds for the whole call, including all attempts and waits. Default: 60;
    ``None`` means no deadline."""

    retry: RetryPolicy | None
    """When to try again. Default: ``RetryPolicy()``, at most 2 retries."""

    headers: Mapping[str, str] | None
    """Headers to add to every request; those that authenticate or frame it are refused."""


class SendOptions(CallOptions, total=False):
    """Options of a single call: those of :class:`CallOptions`, and the request's id."""

    request_id: str | None
    """The id for the vendor's request-id header. Default: a new UUID."""


class _SharedOptions(CallOptions, total=False):
    base_url: str | None
    """The URL that paths are added to. Default: the vendor's."""

    http_family: Literal["httpx", "httpx2"] | None
    """The library to send with. Default: ``httpx``, or that of ``http_client`` or
    ``transport``."""

    ssl_context: ssl.SSLContext | None
    """TLS settings for the client's own connections, such as a CA or a client certificate."""

    proxy: str | None
    """The proxy for the client's own connections, such as ``http://host:port``. Plain http
    never goes through one. Default: the environment's."""

    trust_env: bool | None
    """Whether to use the environment's proxy and CA variables. Default: ``True``."""

    user_agent_suffix: str | None
    """Text to add to the ``User-Agent`` header."""

    allow_insecure_http: bool | None
    """Allow plain http to hosts other than loopback: credentials then travel unencrypted.
    Default: ``False``."""

    retry_budget: RetryBudget | None
    """How many retries all calls may take together; clients may share one. Default: a
    ``RetryBudget()`` for each client."""

    hooks: Hooks | None
    """Functions to call with a record of what happens during calls."""

    tracing: bool | None
    """Open an OpenTelemetry span for each call, and record metrics. Default: ``False``."""

    token_cache: "TokenCache | None"
    """Where ``get_token()`` keeps tokens, to share them with other clients or, through a
    store, with other processes. Default: this client's own cache."""

    token_lifetime: timedelta | None
    """How long this vendor's tokens live, for a vendor that doesn't say, such as ZDK;
    ``get_token()`` needs it."""

    correct_clock_skew: bool | None
    """Correct this machine's clock by the vendor's when a refused signature shows that it is
    wrong. Default: ``True``."""


class ClientOptions(_SharedOptions, total=False):
    """Options of every sync client.

    ``None`` means the default, except for ``deadline``, where it means no deadline.
    """

    http_client: HttpClient | None
    """An ``httpx.Client`` to send with; it is never closed."""

    transport: Transport | None
    """An ``httpx`` transport to send with; it is closed with the client."""

    clock: Clock | None
    """The clock to use, for tests."""


class AsyncClientOptions(_SharedOptions, total=False):
    """Options of every async client.

    ``None`` means the default, except for ``deadline``, where it means no deadline.
    """

    http_client: AsyncHttpClient | None
    """An ``httpx.AsyncClient`` to send with; it is never closed."""

    transport: AsyncTransport | None
    """An async ``httpx`` transport to send with; it is closed with the client."""

    clock: AsyncClock | None
    """The clock to use, for tests."""


def check_options(
    base: type, client: object, options: Mapping[str, object], known: type[Any]
) -> None:
    """Check the names of the options that a client's constructor passed on to its base class.

    Raises:
        TypeError: One is unknown; the text suggests an option or one of the client's parameters.
    """
    check_names(f"{type(client).__name__}()", options, known, _parameters(type(client), base))


def _parameters(client: type, base: type) -> Iterator[str]:
    """Yield the parameters of a client's constructor, and of those that it passes options to."""
    made = [vars(one)["__init__"] for one in client.__mro__ if "__init__" in vars(one)]
    own = made[: made.index(vars(base)["__init__"])]
    for constructor in own or made[:1]:
        _, *parameters = signature(constructor).parameters.values()
        yield from (one.name for one in parameters if one.kind is not one.VAR_KEYWORD)
