"""One call as a value: what is sent, what came back, and what the caller gets."""

import re
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from datetime import datetime
from enum import Enum
from typing import ClassVar, Generic, TypeGuard, TypeVar

import attrs

from ._codec import write_model
from ._json import JSON
from ._model import RequestModel
from .errors import FieldError

__all__ = [
    "MAX_HEADER",
    "Call",
    "Headers",
    "RawCall",
    "Repeat",
    "Reply",
    "Request",
    "Response",
    "fits_header",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
# No common server takes more.
MAX_HEADER = 16_384
SHOWN_HEADERS = frozenset(
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
        "zh-allow-retry",
    }
)


def fits_header(value: object) -> TypeGuard[str]:
    """Tell whether a value can be a header's: visible ASCII text of a sane length."""
    if not isinstance(value, str) or len(value) > MAX_HEADER:
        return False
    return HEADER_VALUE.fullmatch(value) is not None


class Headers(Mapping[str, str]):
    """Immutable HTTP headers; names compare without case.

    The repr shows the values of harmless headers only.
    """

    __slots__ = ("_values",)

    def __init__(self, headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()) -> None:
        pairs: Iterable[tuple[str, str]]
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        values: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            values[key] = f"{values[key]}, {value}" if key in values else value
        self._values = values

    # The views that come with Mapping look every single name up.
    def keys(self) -> KeysView[str]:
        """Return the names, in lower case."""
        return self._values.keys()

    def values(self) -> ValuesView[str]:
        """Return the values."""
        return self._values.values()

    def merged_with(self, added: "Headers") -> "Headers":
        """Return these headers and others; where a name is in both, the other's value."""
        merged = object.__new__(Headers)
        merged._values = {**self._values, **added._values}  # noqa: SLF001 - of the same class
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

    # The oldest pickle protocols know no slots.
    def __reduce__(self) -> tuple[type["Headers"], tuple[dict[str, str]]]:
        return Headers, (self._values,)

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}: {value if name in SHOWN_HEADERS else '…'}"
            for name, value in self._values.items()
        )
        return f"Headers({shown})"


@attrs.frozen(kw_only=True)
class Request:
    """A request as it goes out.

    Attributes:
        method: The HTTP method, in upper case.
        origin: Scheme, host and port, such as ``https://api.zerohash.com``.
        route: The path with the query string, exactly as sent.
        headers: The headers.
        body: The exact bytes of the body; empty where there is none.
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
    """An answer as it came in.

    Attributes:
        status: The HTTP status.
        headers: The headers.
        body: The decoded bytes of the body.
    """

    status: int
    headers: Headers
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(kw_only=True)
class Reply(Generic[T]):
    """What a call returned, with the circumstances.

    Attributes:
        value: The call's answer.
        status: The HTTP status.
        headers: The answer's headers.
        request_id: The id by which the vendor can find the request, where there is one.
        attempts: How many times the request was sent.
    """

    value: T
    status: int
    headers: Headers
    request_id: str | None
    attempts: int


class Repeat(Enum):
    """When a call may be sent again."""

    SAFE = "safe"
    """Also when the first request may have been carried out."""

    IF_NOT_PERFORMED = "if not performed"
    """Only when the first request was certainly not carried out."""

    NEVER = "never"
    """Only when not one byte of the first request was sent."""


@attrs.frozen(kw_only=True)
class Call(RequestModel, Generic[T_co]):
    """A request model: a value that knows its method, its path and how to read the answer.

    A subclass is an ``attrs.frozen(kw_only=True)`` class whose fields are the call's
    parameters. It sets :attr:`path`, and :attr:`method` where it isn't POST, and defines
    :meth:`decode`.
    """

    method: ClassVar[str] = "POST"
    """The HTTP method."""

    path: ClassVar[str]
    """The path below the client's base URL."""

    authenticated: ClassVar[bool] = True
    """Whether credentials are sent."""

    @property
    def request_line(self) -> tuple[str, str]:
        """The method, and the path with a query string where the call has one."""
        return self.method, self.path

    @property
    def repeat(self) -> Repeat:
        """When the call may be sent again; a GET is always safe to repeat."""
        return Repeat.SAFE if self.method == "GET" else Repeat.IF_NOT_PERFORMED

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens among the parameters, which no error or log may show."""
        return ()

    def check(self) -> Iterator[FieldError]:
        """Check that a call without a body has nothing to put into it."""
        if self.method == "GET" and self.extra:
            yield FieldError(field="extra", message="has no place in a GET, which has no body")

    def encode(self, now: datetime) -> JSON:
        """Return the JSON body, or ``None`` for a request without one.

        Called once a call, however often it is sent. ``now`` is what relative times count from.
        """
        del now
        return None if self.method == "GET" else write_model(self)

    def is_failure(self, answer: JSON) -> bool:
        """Tell whether an answer with a success status says that the call failed."""
        del answer
        return False

    def decode(self, answer: JSON) -> T_co:
        """Read the answer of a success; ``None`` stands for an empty body.

        Raises:
            Mismatch: The answer is not what the vendor documents.
        """
        raise NotImplementedError


@attrs.frozen(kw_only=True)
class RawCall(Call[JSON]):
    """A call without a model: JSON in, JSON out."""

    verb: str
    target: str
    json: JSON = attrs.field(default=None, repr=False)

    @property
    def request_line(self) -> tuple[str, str]:
        """The method and the path with the query string."""
        return self.verb, self.target

    @property
    def repeat(self) -> Repeat:
        """A GET is safe to repeat; of another method nothing is known."""
        return Repeat.SAFE if self.verb == "GET" else Repeat.NEVER

    def encode(self, now: datetime) -> JSON:
        """Return the JSON as given."""
        del now
        return self.json

    def decode(self, answer: JSON) -> JSON:
        """Return the JSON as it came."""
        return answer
