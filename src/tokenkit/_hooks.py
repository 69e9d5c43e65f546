"""What happens during a call, as records that hold no secrets, and their debug log."""

import inspect
import logging
import sys
from collections.abc import Callable
from typing import Protocol, TypeAlias

import attrs

from .errors import ConfigurationError

__all__ = [
    "AttemptSent",
    "CallFailed",
    "Hooks",
    "Listener",
    "Record",
    "ResponseReceived",
    "RetryPlanned",
    "check_hooks",
    "is_logged",
    "leave_unawaited",
    "log",
    "log_raising_hook",
]

# Here and not in the package's __init__, whose import logging would slow down.
logger = logging.getLogger(__name__.rpartition(".")[0])
logger.addHandler(logging.NullHandler())


@attrs.frozen(kw_only=True)
class AttemptSent:
    """A request is about to go out.

    Attributes:
        method: The HTTP method.
        url: The URL, without its query.
        attempt: Which attempt this is, counted from 1.
    """

    method: str
    url: str
    attempt: int


@attrs.frozen(kw_only=True)
class ResponseReceived:
    """An answer came in.

    Attributes:
        status: The HTTP status.
        request_id: The id by which the vendor can find the request.
        seconds: The time from sending to the end of the answer.
    """

    status: int
    request_id: str | None
    seconds: float


@attrs.frozen(kw_only=True)
class RetryPlanned:
    """The call will be tried again.

    Attributes:
        reason: Why the attempt failed.
        wait: The seconds until the next attempt.
        retry: Which retry that will be, counted from 1.
    """

    reason: str
    wait: float
    retry: int


@attrs.frozen(kw_only=True)
class CallFailed:
    """The call ends with an error.

    Attributes:
        error: The error's class.
        reason: Its text.
        attempts: How many times the request was sent.
    """

    error: str
    reason: str
    attempts: int


Record: TypeAlias = AttemptSent | ResponseReceived | RetryPlanned | CallFailed


class Listener(Protocol):
    """Something that wants to know what happens during a call."""

    def tell(self, record: Record) -> object:
        """Take a record; an awaitable that is returned is awaited by async clients."""
        ...


@attrs.frozen(kw_only=True)
class Hooks:
    """Functions that are told what happens during calls; async ones for async clients only.

    A hook that raises is logged, and changes nothing about the call.

    Args:
        on_request: Told before each attempt.
        on_response: Told of each complete answer, whatever it says.
        on_retry: Told before each retry, with its reason.
        on_error: Told of each call that ends with an error.
    """

    on_request: Callable[[AttemptSent], object] | None = None
    on_response: Callable[[ResponseReceived], object] | None = None
    on_retry: Callable[[RetryPlanned], object] | None = None
    on_error: Callable[[CallFailed], object] | None = None

    def named(self) -> dict[str, object]:
        """Return the hooks that are set, by name."""
        hooks = attrs.asdict(self, recurse=False)
        return {name: hook for name, hook in hooks.items() if hook is not None}

    def tell(self, record: Record) -> object:
        """Call the hook for a record, and return what it returns."""
        match record:
            case AttemptSent():
                return self.on_request and self.on_request(record)
            case ResponseReceived():
                return self.on_response and self.on_response(record)
            case RetryPlanned():
                return self.on_retry and self.on_retry(record)
            case _:
                return self.on_error and self.on_error(record)


def check_hooks(hooks: object, *, may_be_async: bool) -> Hooks:
    """Check a caller's hooks.

    Raises:
        ConfigurationError: They are none, one cannot be called, or one is async where that
            is not possible.
    """
    if not isinstance(hooks, Hooks):
        raise ConfigurationError(f"hooks must be Hooks(...), not {type(hooks).__name__}")
    for name, hook in hooks.named().items():
        if not callable(hook):
            raise ConfigurationError(f"hooks: {name} must be a function")
        if not may_be_async and _is_async(hook):
            raise ConfigurationError(
                f"hooks: {name} is async, which only the async clients can wait for"
            )
    return hooks


def _is_async(hook: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(
        getattr(hook, "__call__", None)  # noqa: B004 - an object's async __call__ counts
    )


def is_logged() -> bool:
    """Tell whether anybody reads the debug log."""
    return logger.isEnabledFor(logging.DEBUG)


def log(record: Record) -> None:
    """Write a record to the debug log."""
    logger.debug("%s", record)


def leave_unawaited(record: Record, returned: object) -> None:
    """Write to the log that a sync client's hook returned what only async ones can wait for."""
    if not inspect.isawaitable(returned):
        return
    if inspect.iscoroutine(returned):
        returned.close()
    kind = type(record).__name__
    logger.warning("A hook on %s is async, which only the async clients can wait for", kind)


def log_raising_hook(record: Record) -> None:
    """Write to the log that a hook has raised; call it while the exception is handled."""
    logger.warning("A hook raised on %s", type(record).__name__, exc_info=sys.exc_info())
