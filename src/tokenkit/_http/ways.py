"""The two ways to hand on a request: in httpx's terms, and in those of httpcore below it."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from .._model.messages import Headers, Request
from .._policy.timeouts import LONGEST, Timeouts
from ..errors import ConfigurationError
from .family import Family

if TYPE_CHECKING:
    import httpx

__all__ = ["Received", "ThroughHttpcore", "ThroughHttpx", "Way"]

# Zero would make a socket non-blocking.
SHORTEST_STEP = 0.001


class Received(NamedTuple):
    """An answer whose body has not been read.

    Attributes:
        status: The HTTP status.
        headers: The headers as they came.
        stream: The body, sync or async.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    stream: Any

    def text_headers(self) -> Headers:
        """Return the headers as text."""
        try:
            pairs = [(name.decode("utf-8"), value.decode("utf-8")) for name, value in self.headers]
        except UnicodeDecodeError:
            pairs = [
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers
            ]
        return Headers(pairs)


class _Target(NamedTuple):
    httpx_url: Any
    httpcore_url: Any
    host: bytes


@lru_cache(maxsize=256)
def _target(family: Family, origin: str, route: str) -> _Target:
    """Return where a request goes: to parse a URL takes longer than all else of a request.

    Raises:
        ConfigurationError: httpx would send another path than the one that was signed.
    """
    url = _parsed(family, origin + route)
    if url is None or url.raw_path.decode("ascii") != route:
        raise ConfigurationError(f"httpx cannot send to {origin + route!r} as it stands")
    below = family.core.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    return _Target(url, below, url.netloc)


def _parsed(family: Family, text: str) -> "httpx.URL | None":
    try:
        url: httpx.URL = family.http.URL(text)
    except family.http.InvalidURL:
        return None
    return url


def _timeout(timeouts: Timeouts, left: float) -> dict[str, float]:
    longest = min(max(left, SHORTEST_STEP), LONGEST)
    return {
        "connect": min(timeouts.connect, longest),
        "read": min(timeouts.read, longest),
        "write": min(timeouts.write, longest),
        "pool": longest,
    }


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


@attrs.frozen(eq=False, repr=False)
class ThroughHttpx:
    """Hands requests to a transport, or a client, of httpx's.

    Attributes:
        family: Whose classes to use.
        handle: What sends, sync or async.
        defaults: A caller's client's default headers, which ours override.
    """

    family: Family
    handle: Callable[[Any], Any]
    defaults: "httpx.Headers | None" = None

    def outgoing(self, request: Request, timeouts: Timeouts, left: float) -> Any:
        """Make the request that goes out.

        Raises:
            ConfigurationError: httpx would send another path than the one that was signed.
        """
        target = _target(self.family, request.origin, request.route)
        headers = [(b"host", target.host)]
        if self.defaults is not None:
            ours = request.headers
            headers += [pair for pair in self.defaults.raw if _may_stay(pair[0], ours)]
        outgoing = self.family.http.Request(
            request.method,
            target.httpx_url,
            headers=headers + _encoded(request.headers),
            stream=self.family.body_stream(request.body),
            extensions={"timeout": _timeout(timeouts, left)},
        )
        outgoing.read()  # some transports take the content, and would stream what has none
        return outgoing

    def received(self, answer: Any) -> Received:
        """Take the answer."""
        return Received(answer.status_code, answer.headers.raw, answer.stream)


@attrs.frozen(eq=False, repr=False)
class ThroughHttpcore:
    """Hands requests to a connection of httpcore's.

    To make httpx's requests and answers, which are httpcore's in other clothes, takes a sixth
    of an exchange's time.

    Attributes:
        family: Whose classes to use.
        handle: What sends, sync or async.
    """

    family: Family
    handle: Callable[[Any], Any]

    def outgoing(self, request: Request, timeouts: Timeouts, left: float) -> Any:
        """Make the request that goes out.

        Raises:
            ConfigurationError: httpx would send another path than the one that was signed.
        """
        target = _target(self.family, request.origin, request.route)
        return self.family.core.Request(
            request.method,
            target.httpcore_url,
            headers=[(b"host", target.host), *_encoded(request.headers)],
            content=self.family.body_stream(request.body),
            extensions={"timeout": _timeout(timeouts, left)},
        )

    def received(self, answer: Any) -> Received:
        """Take the answer."""
        return Received(answer.status, answer.headers, answer.stream)


Way = ThroughHttpx | ThroughHttpcore


def _may_stay(name: bytes, ours: Headers) -> bool:
    """Tell whether a caller's client's default header goes out beside ours."""
    lowered = name.decode("latin-1").lower()
    return lowered != "host" and lowered not in ours
