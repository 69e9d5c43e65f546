"""What the life of a call asks of its driver, and what it gets back."""

from collections.abc import Generator
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from ._call import Request, Response
from ._clock import Moment
from ._hooks import Record
from ._secret import AsyncSecretSource, Secret
from .errors import ConfigurationError, ResponseTooLarge, TransportError

__all__ = [
    "AnyEffect",
    "Effect",
    "Fault",
    "Notify",
    "Resolve",
    "Result",
    "Send",
    "Sleep",
    "Steps",
    "Timeouts",
    "check_seconds",
]

AnyEffect: TypeAlias = "Send | Sleep | Resolve | Notify"
"""What a driver has to be able to do."""

R = TypeVar("R")
T = TypeVar("T")

LONGEST = 1_000_000


@attrs.frozen(kw_only=True)
class Timeouts:
    """How long each step of an attempt may take, in seconds.

    Args:
        connect: Making the connection, TLS included.
        read: Waiting for the next bytes of the answer.
        write: Waiting until the next bytes of the request are taken.

    Raises:
        ConfigurationError: A value is not a positive number of seconds, below a million.
    """

    connect: float = 5.0
    read: float = 30.0
    write: float = 30.0

    def __attrs_post_init__(self) -> None:
        for name in ("connect", "read", "write"):
            check_seconds(f"the {name} timeout", getattr(self, name))


def check_seconds(name: str, value: object, *, alternative: str = "") -> None:
    """Check a time limit.

    Raises:
        ConfigurationError: It is no positive number, or longer than sockets can wait.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= LONGEST:
        raise ConfigurationError(
            f"{name} must be a positive number of seconds, below a million{alternative}"
        )


@attrs.frozen(kw_only=True)
class Fault:
    """An attempt that brought no complete answer, as a plain value.

    Attributes:
        error: The class of the error that it is.
        message: What went wrong.
        sent: Whether a byte of the request may have been sent.
        response: As much of the answer as came in.
    """

    error: type[TransportError | ResponseTooLarge]
    message: str = attrs.field(repr=False)
    sent: bool
    response: Response | None = None


class Effect(Generic[R]):
    """Something that a driver does; ``R`` is its result's type."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class Send(Effect[Response | Fault]):
    """Send a request, and be back at a monotonic time."""

    request: Request
    timeouts: Timeouts
    until: float


@attrs.frozen(eq=False, repr=False)
class Sleep(Effect[None]):
    """Wait some seconds."""

    seconds: float


@attrs.frozen(eq=False, repr=False)
class Resolve(Effect[Secret]):
    """Ask a secret source for its secret."""

    source: AsyncSecretSource = attrs.field(repr=False)


@attrs.frozen(eq=False, repr=False)
class Notify(Effect[None]):
    """Tell those who watch."""

    record: Record


@attrs.frozen(eq=False, repr=False)
class Result(Generic[R]):
    """An effect's result, and when it was there."""

    value: R
    at: Moment


Steps: TypeAlias = Generator[Effect[Any], Result[Any], T]
"""A part of a call's life: it yields effects, is sent their results, and returns a ``T``."""
