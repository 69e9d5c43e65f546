"""One call as a value, and what its caller gets."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

import attrs
from typing_extensions import Self

from ..errors import FieldError, RateLimit
from .codec import write_model
from .json import JSON
from .messages import Headers, ResponseInfo
from .rate_limit import rate_limit_of
from .request import RequestModel, extra_of

__all__ = ["BatchCall", "Call", "RawCall", "Repeat", "Reply", "lacks"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@attrs.frozen(kw_only=True)
class Reply(Generic[T]):
    """A call's value, with the response's status and headers, and the number of attempts.

    Attributes:
        value: What the call returns; the repr hides it, because it may contain a token.
        status: The HTTP status.
        headers: The response's headers.
        request_id: The vendor's id for the request, if it has one.
        attempts: How many times the request was sent.
        body: The response's body as JSON, as the vendor sent it; it may hold a token.
        received_at: When the response was complete, in UTC, corrected by what is known about
            the vendor's clock.
    """

    value: T = attrs.field(repr=False)
    status: int
    headers: Headers
    request_id: str | None
    attempts: int
    body: JSON = attrs.field(default=None, eq=False, repr=False)
    received_at: datetime = attrs.field(
        factory=lambda: datetime.now(timezone.utc), eq=False, repr=False
    )

    @property
    def rate_limit(self) -> RateLimit | None:
        """The vendor's rate-limit figures, if it sends them."""
        return rate_limit_of(self.headers)


class Repeat(Enum):
    """When a call may be sent again."""

    SAFE = "safe"
    """Even if the first request may have been carried out."""

    IF_NOT_PERFORMED = "if not performed"
    """Only if the first request was certainly not carried out."""

    NEVER = "never"
    """Only if no byte of the first request was sent."""


def has_path(model: Any) -> bool:
    base: Any = Call
    return hasattr(model, "path") or model.request_line is not base.request_line


@cache
def lacks(model: Any) -> tuple[FieldError, ...]:
    """Return what a model's class must define and doesn't."""
    problems: list[FieldError] = []
    if not has_path(model):
        message = "must be set on the class, to the path below the base URL"
        problems.append(FieldError(field="path", message=message))
    base: Any = Call
    if model.decode is base.decode:
        message = "must be defined by the class: it reads the response"
        problems.append(FieldError(field="decode", message=message))
    return tuple(problems)


class _MethodAndPath:
    """The default name of a call; its path may differ between instances."""

    def __get__(self, call: "Call[object] | None", owner: "type[Call[object]]") -> str:
        if not has_path(owner):
            return owner.__name__
        method, path = (owner.method, owner.path) if call is None else call.request_line
        return f"{method} {path.partition('?')[0]}"


def _method_and_path() -> Any:
    return _MethodAndPath()


@attrs.frozen(kw_only=True)
class Call(RequestModel, Generic[T_co]):
    """A request model: a value that knows its method, its path and how to read the response.

    A subclass is an ``attrs.frozen(kw_only=True)`` class whose fields are the call's
    parameters. It sets :attr:`path`, and :attr:`method` if it isn't POST, and defines
    :meth:`decode`.
    """

    operation: ClassVar[str] = _method_and_path()
    """The call's name in errors, records and logs: the client method's.

    Default: the HTTP method with the path, without a query.
    """

    method: ClassVar[str] = "POST"
    """The HTTP method."""

    path: ClassVar[str]
    """The path below the client's base URL."""

    service: ClassVar[str | None] = None
    """The service that it goes to, as the profile names it; ``None`` for the base URL."""

    authenticated: ClassVar[bool] = True
    """Whether credentials are sent."""

    reads_body: ClassVar[bool] = True
    """Whether a success needs its body; if not, :meth:`decode` gets ``None`` instead.

    Even then HTML, or a long text that isn't JSON, is not a success: it isn't the vendor's.
    """

    reusable: ClassVar[bool] = False
    """Whether ``get_token()`` may hand the token that this call mints to later callers.

    Set it only if the fields alone decide what is sent.
    """

    @property
    def request_line(self) -> tuple[str, str]:
        """The method, and the path with a query string if the call has one."""
        return self.method, self.path

    @property
    def repeat(self) -> Repeat:
        """When the call may be sent again; a GET is always safe to repeat."""
        return Repeat.SAFE if self.method == "GET" else Repeat.IF_NOT_PERFORMED

    @property
    def advice_if_unknown(self) -> str | None:
        """What to do if the vendor may have carried out the call, and its result is lost.

        A sentence for the error, whether the call was sent again or not.
        """
        return None

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens among the parameters, which no error or log may show."""
        return ()

    @property
    def reuse_problem(self) -> str | None:
        """Why this call's token must not be reused, although others of its kind may be."""
        return None

    @property
    def ends_tokens(self) -> tuple[str, ...]:
        """The tokens that this call ends: they are not handed out again."""
        return ()

    @property
    def opens_payment(self) -> bool:
        """Whether the call may open a payment or a fund session.

        In bulk, such calls need consent and a journal, and are never sent twice. Default:
        every call that is not safe to repeat.
        """
        return self.repeat is not Repeat.SAFE

    @classmethod
    def batch(cls, calls: Sequence[Self]) -> "BatchCall[T_co] | None":
        """Put many calls of this class into one request.

        Default: ``None``, because the vendor takes one at a time.

        Args:
            calls: The calls, at least two.
        """
        del calls
        return None

    def check(self) -> Iterator[FieldError]:
        """Check that a call without a body has no fields for one."""
        if self.method == "GET" and extra_of(self):
            yield FieldError(field="extra", message="cannot be used in a GET, which has no body")

    def encode(self, now: datetime) -> JSON:
        """Return the JSON body, or ``None`` for a request without one.

        Called once per call, however often it is sent. Relative times count from ``now``.
        """
        del now
        return None if self.method == "GET" else write_model(self)

    def is_failure(self, body: JSON) -> bool:
        """Return whether a response with a success status reports a failure."""
        del body
        return False

    def decode(self, body: JSON, response: ResponseInfo) -> T_co:
        """Read the body of a success.

        Args:
            body: The body as JSON; ``None`` if it is empty.
            response: The response's status, headers and time.

        Raises:
            Mismatch: The body is not what the vendor documents.
        """
        raise NotImplementedError


@attrs.frozen(kw_only=True)
class BatchCall(Call[tuple[T_co, ...]], Generic[T_co]):
    """Many calls in one request; its value has one value for each, in their order."""

    def split(self, body: JSON) -> Sequence[JSON]:
        """Return the body that each call alone would get.

        Args:
            body: The body of a success, as :meth:`decode` has read it before.
        """
        raise NotImplementedError


@attrs.frozen(kw_only=True)
class RawCall(Call[JSON]):
    """A call without a model: it sends and returns JSON."""

    verb: str
    target: str = attrs.field(repr=False)
    json: JSON = attrs.field(default=None, repr=False)

    @property
    def request_line(self) -> tuple[str, str]:
        """The method and the path with the query string."""
        return self.verb, self.target

    @property
    def repeat(self) -> Repeat:
        """A GET is safe to repeat; nothing is known about other methods."""
        return Repeat.SAFE if self.verb == "GET" else Repeat.NEVER

    def encode(self, now: datetime) -> JSON:
        """Return the JSON as given."""
        del now
        return self.json

    def decode(self, body: JSON, response: ResponseInfo) -> JSON:
        """Return the JSON as it came."""
        del response
        return body
