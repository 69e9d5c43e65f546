"""The details of errors, as plain values."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, TypeVar

import attrs
from typing_extensions import TypedDict

__all__ = [
    "REFUSED_STATUSES",
    "CallContext",
    "FailureDetails",
    "FieldError",
    "Outcome",
    "RateLimit",
    "input_text",
    "listed",
    "problem_text",
    "type_of",
]

E = TypeVar("E", bound=Exception)

REFUSED_STATUSES = frozenset({400, 401, 403, 404, 409, 422})
"""Statuses that say that a request was not carried out, and would be refused again."""

PREDICATE = re.compile(
    r"(are|begins|can't|cannot|contains|does|doesn't|ends|has|have|is|isn't|must|needs|takes) "
)

Outcome: TypeAlias = Literal["not performed", "unknown", "performed"]
"""Whether the vendor carried out a failed call."""


@attrs.frozen(kw_only=True)
class FieldError:
    """One problem with one field.

    Attributes:
        message: What is wrong, as a phrase.
        field: The field's name: in Python for input errors, the vendor's for responses.
        wire_name: The field's name in JSON, if it differs from ``field``.
        location: The part of the request that the vendor names, such as ``body``.
    """

    message: str
    field: str | None = None
    wire_name: str | None = None
    location: str | None = None

    def __str__(self) -> str:
        if self.field is None:
            return self.message
        alias = f" ({self.wire_name!r} in JSON)" if self.wire_name else ""
        return f"{self.field}{alias}: {self.message}"


def input_text(about: str, errors: Sequence[FieldError]) -> str:
    """Write what is wrong with the arguments of something, such as a client's method."""
    listed = "; ".join(map(_as_sentence, errors))
    return f"{about}: {listed}" if listed else about


def _as_sentence(error: FieldError) -> str:
    # A check of a vendor's own may say something else than a predicate.
    if error.field is None or not PREDICATE.match(error.message):
        return str(error)
    return f"{str(error).removesuffix(f': {error.message}')} {error.message}"


@attrs.frozen(kw_only=True)
class RateLimit:
    """The vendor's rate-limit figures, as far as its response gives them.

    Attributes:
        limit: Requests allowed in the current window.
        remaining: Requests left in it.
        reset_at: When the window ends, in UTC.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None


class CallContext(TypedDict, total=False):
    """An error's facts about the call that it ended."""

    vendor: str | None
    """The vendor's name in lower case, such as ``zdk``. ``None`` outside a call."""

    operation: str | None
    """The client's method, such as ``create_user_token``; for ``request()`` the HTTP method and
    the path. ``None`` outside a call."""

    request_id: str | None
    """The id that the vendor can find the request by: its own if it sent one, otherwise the one
    that was sent. ``None`` outside a call."""

    attempts: int
    """How many times the request was sent; if a method of several calls failed between them, how
    many times all its requests were sent."""

    outcome: Outcome
    """Whether the vendor carried out the call, counting all attempts."""


class FailureDetails(CallContext, total=False):
    """The vendor's account of a failure."""

    message: str
    """The vendor's message. Default: the error's text."""

    status: int
    """The HTTP status. Default: that of the class, otherwise 0."""

    code: str | None
    """The vendor's name for the error (Strigo's ``type``, ZDK's ``code``)."""

    errors: Sequence[FieldError]
    """The vendor's list of errors."""

    hint: str | None
    """The usual cause, if the vendor's documentation gives one."""

    retry_after: float | None
    """Seconds to wait before the next try, if the vendor asks for a wait or documents one."""

    rate_limit: RateLimit | None
    """The vendor's rate-limit figures."""

    method: str
    """The HTTP method of the failed request."""

    url: str
    """The URL of the failed request, without its query."""

    headers: Mapping[str, str]
    """The response's headers, names in lower case, without cookies."""

    body: str
    """The response's text; empty for a body above 64 KiB."""


def problem_text(about: str, problems: Sequence[str]) -> str:
    """Write what is wrong: one problem on one line, several on a line each.

    Args:
        about: What has the problems, such as ``ZdkClient``; empty if that is not known.
        problems: The problems, at least one.
    """
    if len(problems) == 1:
        return f"{about}: {problems[0]}" if about else problems[0]
    count = f"{len(problems)} problems:"
    heading = f"{about} has {count}" if about else count
    return "\n".join((heading, *(f"- {problem}" for problem in problems)))


def rebuilt(kind: type[E], args: tuple[object, ...], state: dict[str, object]) -> E:
    """Make a pickled or copied error again, without its constructor."""
    error = kind.__new__(kind, *args)
    error.args = args  # TimeoutError's __new__ leaves this to __init__
    error.__dict__.update(state)
    return error


def listed(words: Sequence[str]) -> str:
    """Write words as a list, such as ``a, b and c``."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def type_of(value: object) -> str:
    """Return the name of a value's type, for problems with arguments."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "None" if value is None else type(value).__name__
