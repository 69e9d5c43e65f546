"""A call that keeps the body from which its value was read, for a journal that keeps it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Generic, TypeVar

import attrs

from .._model.call import Call, Repeat
from .._model.json import JSON
from .._model.messages import ResponseInfo
from ..errors import FieldError
from .sealing import Kept

__all__ = ["Captured", "Capturing"]

T = TypeVar("T")


@attrs.frozen
class Captured(Generic[T]):
    """A call's value, and what it was read from."""

    value: T = attrs.field(repr=False)
    kept: Kept = attrs.field(repr=False)


@attrs.frozen(kw_only=True, eq=False)
class Capturing(Call[Captured[T]], Generic[T]):
    """Another call, whose value comes with what it was read from."""

    call: Call[T]

    @property
    def operation(self) -> str:  # type: ignore[override] # pyright: ignore[reportIncompatibleVariableOverride] - the other call's
        """The other call's name."""
        return self.call.operation

    @property
    def authenticated(self) -> bool:  # type: ignore[override] # pyright: ignore[reportIncompatibleVariableOverride] - the other call's
        """Whether credentials are sent."""
        return self.call.authenticated

    @property
    def reads_body(self) -> bool:  # type: ignore[override] # pyright: ignore[reportIncompatibleVariableOverride] - the other call's
        """Whether a success needs its body."""
        return self.call.reads_body

    @property
    def service(self) -> str | None:  # type: ignore[override] # pyright: ignore[reportIncompatibleVariableOverride] - the other call's
        """The vendor's service that is asked."""
        return self.call.service

    @property
    def request_line(self) -> tuple[str, str]:
        """The other call's."""
        return self.call.request_line

    @property
    def repeat(self) -> Repeat:
        """The other call's."""
        return self.call.repeat

    @property
    def tokens(self) -> tuple[str, ...]:
        """The other call's."""
        return self.call.tokens

    def check(self) -> Iterator[FieldError]:
        """Check nothing: the other call was checked when it was made."""
        yield from ()

    def encode(self, now: datetime) -> JSON:
        """Return the other call's body."""
        return self.call.encode(now)

    def is_failure(self, answer: JSON) -> bool:
        """Judge as the other call does."""
        return self.call.is_failure(answer)

    def decode(self, body: JSON, response: ResponseInfo) -> Captured[T]:
        """Read the other call's value."""
        return Captured(self.call.decode(body, response), Kept(body, response))
