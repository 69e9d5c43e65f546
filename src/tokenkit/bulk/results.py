"""The results of a bulk run, one for each call."""

from typing import ClassVar, Generic, Literal, NoReturn, TypeAlias, TypeVar

import attrs

from .._model.call import Call
from ..errors import TokenKitError

__all__ = ["Counts", "Failure", "Result", "Success"]

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Success(Generic[T]):
    """A call of a bulk run that succeeded.

    Attributes:
        index: The call's place among the inputs, from 0.
        call: The call.
        value: What the call returned, usually a token.
        ok: Always true.
        error: Always ``None``.
    """

    ok: ClassVar[Literal[True]] = True
    error: ClassVar[None] = None

    index: int
    call: Call[T]
    # The value of a call without a model is JSON, which may hold a token.
    value: T = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Failure(Generic[T]):
    """A call of a bulk run that failed.

    Attributes:
        index: The call's place among the inputs, from 0.
        call: The call.
        error: Why it failed.
        ok: Always false.
    """

    ok: ClassVar[Literal[False]] = False

    index: int
    call: Call[T]
    error: TokenKitError

    @property
    def value(self) -> NoReturn:
        """There is none: raises the error."""
        raise self.error


Result: TypeAlias = Success[T] | Failure[T]
"""What a bulk run returns for a call."""


@attrs.define(kw_only=True)
class Counts:
    """How many calls a bulk run has taken, by result, and how many requests it has sent.

    Attributes:
        taken: Calls taken from the inputs.
        succeeded: Calls that succeeded.
        failed: Calls that failed.
        skipped: Calls whose results an earlier run with the same journal has delivered.
        requests: Requests sent; a batch is one, and so is each that was refused.
        refused: Requests refused with 429; their calls were sent again.
    """

    taken: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    requests: int = 0
    refused: int = 0
