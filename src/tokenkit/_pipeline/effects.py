"""What the generator of a call asks its driver to do, and what it gets back."""

from collections.abc import Coroutine, Generator, Mapping
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import attrs

from .._model.messages import Request, Response
from .._observability.records import Record
from .._policy.clock import Moment
from .._policy.timeouts import Timeouts
from .._secret import AnySecretGroup, AsyncSecretSource, Secret
from ..errors import ResponseTooLarge, TransportError
from .prepare import Plan

__all__ = [
    "AnyEffect",
    "Ask",
    "AttemptOutcome",
    "Discard",
    "Effect",
    "NoResponse",
    "Notify",
    "Question",
    "Resolve",
    "ResolveGroup",
    "Result",
    "Send",
    "Sleep",
    "Steps",
    "Wait",
    "Waitable",
]

AnyEffect: TypeAlias = "Send | Sleep | Resolve | ResolveGroup | Notify | Discard | Wait | Ask"
"""Every effect that a driver must perform."""

R = TypeVar("R")
T = TypeVar("T")


@attrs.frozen(kw_only=True)
class NoResponse:
    """An attempt without a complete response, as a plain value.

    Attributes:
        error: The class of the error.
        message: What went wrong.
        sent: Whether a byte of the request may have been sent.
        response: As much of the response as arrived.
    """

    error: type[TransportError | ResponseTooLarge]
    message: str = attrs.field(repr=False)
    sent: bool
    response: Response | None = None


AttemptOutcome: TypeAlias = Response | NoResponse
"""The outcome of one attempt."""


class Effect(Generic[R]):
    """Something for the driver to do; ``R`` is the type of its result."""

    __slots__ = ()


# This and Result are not frozen, as every call makes them and that takes three times as long.
@attrs.define(eq=False, repr=False)
class Send(Effect[AttemptOutcome]):
    """Send a request; return by the monotonic time ``until``."""

    request: Request
    timeouts: Timeouts
    until: float


@attrs.frozen(eq=False, repr=False)
class Sleep(Effect[None]):
    """Wait for some seconds."""

    seconds: float


@attrs.frozen(eq=False, repr=False)
class Resolve(Effect[Secret]):
    """Ask a secret source for its secret; an error says in which plan it is."""

    source: AsyncSecretSource = attrs.field(repr=False)
    plan: Plan


@attrs.frozen(eq=False, repr=False)
class ResolveGroup(Effect[Mapping[str, Secret]]):
    """Ask a group of secrets for all its secrets; an error says in which plan it is."""

    group: AnySecretGroup = attrs.field(repr=False)
    plan: Plan


@attrs.frozen(eq=False, repr=False)
class Discard(Effect[None]):
    """Close the pooled connections: one of them may hold another request's response."""


@attrs.frozen(eq=False, repr=False)
class Notify(Effect[None]):
    """Report a record to hooks and the log."""

    record: Record


class Waitable(Protocol):
    """Something that can be waited for."""

    def wait(self, seconds: float) -> None:
        """Wait for it, at most some seconds."""
        ...

    def wait_async(self, seconds: float) -> Coroutine[Any, Any, None]:
        """Wait for it, at most some seconds."""
        ...


@attrs.frozen(eq=False, repr=False)
class Wait(Effect[None]):
    """Wait for something else to finish, until the monotonic time ``until`` at the latest."""

    on: Waitable
    until: float


class Question(Protocol):
    """A question to something outside the call, such as a shared store."""

    def ask(self) -> object:
        """Ask it."""
        ...

    def ask_async(self) -> Coroutine[Any, Any, object]:
        """Ask it."""
        ...


@attrs.frozen(eq=False, repr=False)
class Ask(Effect[Any]):
    """Ask a question."""

    question: Question


@attrs.define(eq=False, repr=False)
class Result(Generic[R]):
    """An effect's result, and the moment it was ready."""

    value: R
    at: Moment


Steps: TypeAlias = Generator[Effect[Any], Result[Any], T]
"""A generator that yields effects, receives their results, and returns a ``T``."""
