"""HTTP messages as values, and the rules for their headers."""

import re
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from datetime import datetime
from typing import TypeGuard, TypeVar, overload

import attrs

from .json import type_of

__all__ = [
    "DEFAULT_PORTS",
    "HEADER_NAME",
    "MAX_HEADER",
    "REDIRECTS",
    "SUCCESSES",
    "Headers",
    "Request",
    "Response",
    "ResponseInfo",
    "fits_header",
    "header_problem",
    "is_set_by_client",
]

T = TypeVar("T")

SUCCESSES = range(200, 300)
REDIRECTS = range(300, 400)
DEFAULT_PORTS = {"https": 443, "http": 80}

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
# What a client sets itself: they frame a message, or say how it is connected.
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
# No common server accepts more.
MAX_HEADER = 16_384
HARMLESS_HEADERS = frozenset(
    {
        "accept",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "retry-after",
        "server",
        "user-agent",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-request-id",
    }
)


def is_set_by_client(name: str, request_id_header: str | None) -> bool:
    """Return whether a header is one that a client sets itself.

    Args:
        name: The header's name.
        request_id_header: The vendor's header for the request's id, if it has one.
    """
    key = name.lower()
    return key in OWN_HEADERS or key == (request_id_header or "").lower()


def header_problem(value: object) -> str | None:
    """Return why a value cannot be sent in a header, as a phrase, or ``None``."""
    if not isinstance(value, str):
        return f"must be a string, not {type_of(value)}"
    problem = None
    if not value:
        problem = "is empty"
    elif len(value) > MAX_HEADER:
        problem = f"has more than {MAX_HEADER} characters"
    elif "\n" in value or "\r" in value:
        problem = "contains a line break"
    elif not value.isascii():
        problem = "contains a character outside ASCII"
    elif not value.isprintable():
        problem = "contains a control character"
    elif value != value.strip():
        problem = "begins or ends with a space"
    return problem


def fits_header(value: object) -> TypeGuard[str]:
    """Return whether a value is valid in a header: printable ASCII text of a sane length."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_HEADER:
        return False
    return value.isascii() and value.isprintable() and value[0] != " " != value[-1]


class Headers(Mapping[str, str]):
    """Immutable HTTP headers; names compare without case.

    The repr shows the values of harmless headers only.
    """

    __slots__ = ("_values",)

    def __init__(self, headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()) -> None:
        pairs: Iterable[tuple[str, str]]
        # Checking for dict and list first is ten times as fast as for Mapping.
        if isinstance(headers, list) or not isinstance(headers, (dict, Mapping)):
            pairs = headers
        else:
            pairs = headers.items()
        values: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            values[key] = f"{values[key]}, {value}" if key in values else value
        self._values = values

    # Mapping's own views look up every name.
    def keys(self) -> KeysView[str]:
        """Return the names, in lower case."""
        return self._values.keys()

    def values(self) -> ValuesView[str]:
        """Return the values."""
        return self._values.values()

    @overload
    def get(self, key: str, /) -> str | None: ...

    @overload
    def get(self, key: str, /, default: str) -> str: ...

    @overload
    def get(self, key: str, /, default: T) -> str | T: ...

    def get(self, key: str, /, default: object = None) -> object:
        """Return a header's value, or a default."""
        return self._values.get(key.lower(), default)

    def merged_with(self, added: Mapping[str, str]) -> "Headers":
        """Return these headers with others added, whose values win.

        Args:
            added: The others. Their names must be in lower case, as in ``Headers``.
        """
        merged = object.__new__(Headers)
        merged._values = {**self._values, **added}
        return merged

    def items(self) -> ItemsView[str, str]:
        """Return the names, in lower case, with their values."""
        return self._values.items()

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    # The oldest pickle protocols don't know slots.
    def __reduce__(self) -> tuple[type["Headers"], tuple[dict[str, str]]]:
        return Headers, (self._values,)

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}: {value if name in HARMLESS_HEADERS else '...'}"
            for name, value in self._values.items()
        )
        return f"Headers({shown})"


@attrs.frozen(kw_only=True)
class Request:
    """A request as sent.

    Attributes:
        method: The HTTP method, in upper case.
        origin: Scheme, host and port, such as ``https://api.zerohash.com``.
        route: The path with the query string, exactly as sent.
        headers: The headers.
        body: The exact bytes of the body; empty if there is none.
    """

    method: str
    origin: str
    route: str
    headers: Headers
    body: bytes = attrs.field(default=b"", repr=False)

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.origin}{self.route}"


@attrs.frozen(kw_only=True)
class Response:
    """A response as received.

    Attributes:
        status: The HTTP status.
        headers: The headers.
        body: The decoded bytes of the body.
    """

    status: int
    headers: Headers
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(kw_only=True)
class ResponseInfo:
    """A response's status, headers and time, for a model that reads its body.

    Attributes:
        status: The HTTP status.
        headers: The headers.
        received_at: When the response was complete, in UTC, by the client's clock, corrected by
            what is known about the vendor's. Relative lifetimes count from here.
        origin: Scheme, host and port that the request was sent to.
    """

    status: int
    headers: Headers
    received_at: datetime
    origin: str = ""
