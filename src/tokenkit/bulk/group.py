"""The calls of a run on their way: alone, or many in one request."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import attrs

from .._model.call import BatchCall, Call, Repeat, Reply
from .._model.json import JSON
from ..errors import (
    BadRequestError,
    ConfigurationError,
    DecodeError,
    InvalidInputError,
    TokenKitError,
    UnprocessableError,
)
from .pace import Ticket

__all__ = ["Group", "Item", "may_be_one_call"]

T = TypeVar("T")


@attrs.frozen
class Item(Generic[T]):
    """A call of a run.

    Attributes:
        index: Its place among the inputs.
        call: The call.
        key: Its key in the journal, if there is one.
    """

    index: int
    call: Call[T]
    key: bytes | None


class Group(Generic[T]):
    """The calls of one request.

    Args:
        items: The calls, in the order of the inputs.

    Raises:
        ConfigurationError: There are several, but the vendor takes one at a time.
    """

    __slots__ = ("items", "request", "ticket")

    def __init__(self, items: Sequence[Item[T]]) -> None:
        self.items: Sequence[Item[T]] = items
        self.ticket: Ticket = Ticket(0, asks=False)
        """The request's ticket, which it gets when it goes."""
        call = items[0].call
        self.request: Call[Any] = call if len(items) == 1 else self._batch()
        """The one call to send."""

    @property
    def keys(self) -> list[bytes]:
        """The calls' keys in the journal."""
        return [item.key for item in self.items if item.key is not None]

    @property
    def opens_payment(self) -> bool:
        """Whether it must not be sent twice; such a call is alone."""
        return self.items[0].call.opens_payment

    @property
    def forbids_retry(self) -> bool:
        """Whether the client must not send it again by itself, although it usually would."""
        call = self.items[0].call
        return call.opens_payment and call.repeat is Repeat.SAFE

    def _batch(self) -> BatchCall[T]:
        model = type(self.items[0].call)
        batch = model.batch([item.call for item in self.items])
        if batch is None:
            name = f"{model.__module__}.{model.__qualname__}"
            problem = f"batch_size: the vendor takes {name} one at a time; leave batch_size out"
            raise ConfigurationError("send_many()", [problem])
        return batch

    def values(self, value: Any) -> list[tuple[Item[T], T]]:
        """Return each call's value.

        Args:
            value: What the request returned.
        """
        values = [value] if len(self.items) == 1 else value
        return list(zip(self.items, values, strict=True))

    def bodies(self, reply: Reply[Any]) -> list[tuple[bytes, JSON]]:
        """Return each call's key in the journal, and its part of the response's body."""
        bodies = [reply.body]
        if len(self.items) > 1:
            bodies = list(self._batch().split(reply.body))
        return [
            (item.key, body)
            for item, body in zip(self.items, bodies, strict=True)
            if item.key is not None
        ]

    def halves(self) -> "list[Group[T]]":
        """Return two groups with half of the calls each."""
        middle = len(self.items) // 2
        parts = (self.items[:middle], self.items[middle:])
        return [Group(part) for part in parts]


def may_be_one_call(error: TokenKitError) -> bool:
    """Return whether one call of a batch may be the reason why all failed."""
    if isinstance(error, DecodeError):
        # A body that was read in part, such as one with another number of tokens.
        return error.path != "$"
    return isinstance(error, (BadRequestError, InvalidInputError, UnprocessableError))
