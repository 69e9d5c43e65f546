"""What can go wrong on purpose: one value, however it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import attrs

from .fault_checks import check_fault
from .fault_names import (
    VENDOR_OF,
    BadBody,
    Drop,
    NamedAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .exchange import Vendor


class FaultOptions(TypedDict, total=False):
    """The fields of a `Fault`, as keyword arguments."""

    vendor: Vendor
    path: str
    times: int | None
    share: float
    status: int
    delay: float
    drop: Drop
    body: BadBody
    answer: NamedAnswer
    retry_after: int
    missing_requirements: Sequence[str]
    clock_skew: float


def _tuple(value: Sequence[str]) -> Sequence[str]:
    return tuple(value) if isinstance(value, list) else value


@attrs.frozen(kw_only=True)
class Fault:
    """One thing that goes wrong, for which requests, and how often.

    A fault needs at least one effect: `status`, `delay`, `drop`, `body`, `answer` or
    `clock_skew`; effects may be combined. A wrong field is a `ConfigurationError` that names it.
    """

    vendor: Vendor | None = None
    """The only vendor that it is for; None for all of them."""
    path: str | None = None
    """The only path that it is for, without the query; `*` stands for any text."""
    times: int | None = None
    """How many requests it hits before it is spent; None for no end."""
    share: float = 1.0
    """The share of matching requests that it hits, evenly spread: 0.25 hits each fourth."""
    status: int | None = None
    """Answer this status, with the body that the vendor gives it, and do nothing else."""
    delay: float = 0.0
    """Seconds by which the answer is held back; the request itself is dealt with at once."""
    drop: Drop | None = None
    """Drop the connection: by a reset before the first byte of the answer, by closing it halfway
    through the answer's body, or by closing it after a whole answer that promised to keep it."""
    body: BadBody | None = None
    """Spoil the answer's body: leave it out, cut it in half, send plain text or another JSON
    value in its place, or the HTML page of something between client and vendor."""
    answer: NamedAnswer | None = None
    """Give one of a vendor's answers by name, and do nothing else."""
    retry_after: int | None = None
    """The `Retry-After` header of a `status`, in seconds."""
    missing_requirements: Sequence[str] = attrs.field(default=(), converter=_tuple)
    """What `answer="missing-requirements"` names; by default the documented `first_name`."""
    clock_skew: float = 0.0
    """Seconds by which the vendor's clock is ahead while it deals with the request."""

    def __attrs_post_init__(self) -> None:
        check_fault(self)

    @property
    def only_vendor(self) -> Vendor | None:
        """The only vendor that it can be for, also where just its `answer` tells."""
        return VENDOR_OF[self.answer] if self.answer else self.vendor

    def __str__(self) -> str:
        """Write it as the header and the command line spell it."""
        given = attrs.asdict(self, filter=lambda field, value: value != field.default)
        if self.missing_requirements:
            given["missing_requirements"] = "+".join(self.missing_requirements)
        return "; ".join(f"{name}={value}" for name, value in given.items())
