"""A fault as one value, however it was requested."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict, cast, get_args

import attrs

from ...errors import ConfigurationError
from ..exchange import Vendor
from ..rules import Rule, number, one_of, optional, positive, whole
from .names import (
    VENDOR_OF,
    BadBody,
    Drop,
    NamedResponse,
)

__all__ = ["SKEW", "Fault", "FaultOptions"]

MAX_SKEW = 10**8  # seconds; beyond three years the dates could leave the calendar
SKEW = number(f"seconds, at most {MAX_SKEW} either way", -MAX_SKEW, MAX_SKEW)
EFFECTS = ("status", "delay", "drop", "body", "response", "clock_skew")


class FaultOptions(TypedDict, total=False):
    """The fields of a ``Fault``, as keyword arguments."""

    vendor: Vendor
    """The only vendor that it applies to. Default: all of them."""

    path: str
    """The only path that it applies to, without the query; ``*`` matches any text. Default: all
    paths."""

    times: int | None
    """How many requests it hits before it is used up; ``None`` for no limit. Default: 1 for
    ``fail_next()``."""

    share: float
    """The share of matching requests that it hits, evenly spread: with 0.25, every fourth.
    Default: 1."""

    status: int
    """Return this status, with the vendor's body for it, and do nothing else."""

    delay: float
    """Seconds by which the response is delayed; the request itself is handled at once."""

    drop: Drop
    """Drop the connection: reset it before the first byte of the response, close it halfway
    through the body, or close it after a whole response that promised to keep it."""

    body: BadBody
    """Spoil the response's body: leave it out, cut it in half, or replace it with plain text,
    another JSON value, a gateway's HTML page, or more than clients read; send another request's
    ``X-Request-ID`` with it; or send bytes that are not HTTP."""

    response: NamedResponse
    """Return one of a vendor's responses by name, and do nothing else."""

    retry_after: int
    """The ``Retry-After`` header of a ``status``, in seconds."""

    missing_requirements: Sequence[str]
    """The names in ``response="missing-requirements"``. Default: ``first_name``, which zerohash
    documents."""

    clock_skew: float
    """Seconds that the vendor's clock is ahead while it handles the request."""


def _tuple(value: Sequence[str]) -> Sequence[str]:
    return tuple(value) if isinstance(value, list) else value


@attrs.frozen(kw_only=True)
class Fault:
    """A fault: what goes wrong, for which requests, and how often.

    A fault needs at least one effect: ``status``, ``delay``, ``drop``, ``body``, ``response`` or
    ``clock_skew``. Effects may be combined.

    Raises:
        ConfigurationError: Fields are wrong; the error names all of them.
    """

    vendor: Vendor | None = None
    """The only vendor that it applies to; ``None`` for all of them."""
    path: str | None = None
    """The only path that it applies to, without the query; ``*`` matches any text."""
    times: int | None = None
    """How many requests it hits before it is used up; ``None`` for no limit."""
    share: float = 1.0
    """The share of matching requests that it hits, evenly spread: with 0.25, every fourth."""
    status: int | None = None
    """Return this status, with the vendor's body for it, and do nothing else."""
    delay: float = 0.0
    """Seconds by which the response is delayed; the request itself is handled at once."""
    drop: Drop | None = None
    """Drop the connection: reset it before the first byte of the response, close it halfway
    through the body, or close it after a whole response that promised to keep it."""
    body: BadBody | None = None
    """Spoil the response's body: leave it out, cut it in half, or replace it with plain text,
    another JSON value, a gateway's HTML page, or more than clients read; send another request's
    ``X-Request-ID`` with it; or send bytes that are not HTTP."""
    response: NamedResponse | None = None
    """Return one of a vendor's responses by name, and do nothing else."""
    retry_after: int | None = None
    """The ``Retry-After`` header of a ``status``, in seconds."""
    missing_requirements: Sequence[str] = attrs.field(default=(), converter=_tuple)
    """The names in ``response="missing-requirements"``; by default ``first_name``, which zerohash
    documents."""
    clock_skew: float = 0.0
    """Seconds that the vendor's clock is ahead while it handles the request."""

    def __attrs_post_init__(self) -> None:
        problems = tuple(_problems(self)) or tuple(_contradictions(self))
        if problems:
            raise ConfigurationError("Fault", problems)

    @property
    def only_vendor(self) -> Vendor | None:
        """The only vendor that it can apply to, which its ``response`` may imply."""
        return VENDOR_OF[self.response] if self.response else self.vendor

    def __str__(self) -> str:
        """Write it in the form of the header and the command line."""
        given = attrs.asdict(self, filter=lambda field, value: value != field.default)
        if self.missing_requirements:
            given["missing_requirements"] = "+".join(self.missing_requirements)
        return "; ".join(f"{name}={value}" for name, value in given.items())


def _is_path(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.startswith("/"))


def _are_texts(value: object) -> bool:
    items = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (None,)
    return all(isinstance(item, str) and item for item in items)


_FIELDS: Mapping[str, Rule] = {
    "vendor": optional(one_of(get_args(Vendor))),
    "path": (_is_path, "a path that starts with '/'"),
    "times": optional(whole("a whole number of at least 1, or None", 1)),
    "share": positive("above 0 and at most 1", 1),
    "status": optional(whole("an HTTP status from 200 to 599", 200, 599)),
    "delay": number("a number of seconds, 0 or more", 0),
    "drop": optional(one_of(get_args(Drop))),
    "body": optional(one_of(get_args(BadBody))),
    "response": optional(one_of(get_args(NamedResponse))),
    "retry_after": optional(whole("whole seconds, 0 or more", 0)),
    "missing_requirements": (_are_texts, "a list of non-empty strings"),
    "clock_skew": SKEW,
}


def _problems(fault: Fault) -> Iterator[str]:
    for name, (fits, needs) in _FIELDS.items():
        value = getattr(fault, name)
        if not fits(value):
            yield f"{name} must be {needs}, not {value!r}"


def _contradictions(fault: Fault) -> Iterator[str]:
    """Yield what is wrong with fields together; each is valid on its own."""
    if not any(getattr(fault, name) for name in EFFECTS):
        yield f"needs one of {', '.join(EFFECTS)}"
    if fault.status is not None and fault.response is not None:
        yield "pass either status or response, not both"
    if fault.retry_after is not None and fault.status is None:
        yield "retry_after needs a status that carries it"
    if fault.missing_requirements and fault.response != "missing-requirements":
        yield "missing_requirements needs response='missing-requirements'"
    if fault.response and fault.vendor not in {None, VENDOR_OF[fault.response]}:
        yield (
            f"response {fault.response!r} belongs to {VENDOR_OF[fault.response]}, "
            f"not to {fault.vendor}"
        )
