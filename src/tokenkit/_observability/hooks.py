"""The caller's functions that are called with records of a call."""

import inspect
from collections.abc import Callable
from typing import Protocol

import attrs

from .._model.json import type_of
from ..errors import ConfigurationError
from .records import (
    AttemptSent,
    CallFailed,
    CallSucceeded,
    Record,
    ResponseReceived,
    RetryPlanned,
    StoreFailed,
    TokenMinted,
    TokenServed,
)

__all__ = ["Hooks", "Listener", "check_hooks"]


class Listener(Protocol):
    """Receives the records of a call."""

    def tell(self, record: Record) -> object:
        """Receive a record; async clients await the result if it is awaitable."""
        ...


@attrs.frozen(kw_only=True)
class Hooks:
    """Functions to call with a record of what happens; async clients take async ones too.

    If a hook raises, that is logged and the call goes on.

    Args:
        on_request: Called before each attempt.
        on_response: Called for each complete response, whatever its status.
        on_retry: Called before each retry, with its reason.
        on_success: Called for each call that returns a value.
        on_error: Called for each call that ends with an error.
        on_token: Called for each token that ``get_token()`` returns.
        on_store_failure: Called when the shared token store fails.
    """

    on_request: Callable[[AttemptSent], object] | None = None
    on_response: Callable[[ResponseReceived], object] | None = None
    on_retry: Callable[[RetryPlanned], object] | None = None
    on_success: Callable[[CallSucceeded], object] | None = None
    on_error: Callable[[CallFailed], object] | None = None
    on_token: Callable[[TokenServed | TokenMinted], object] | None = None
    on_store_failure: Callable[[StoreFailed], object] | None = None

    def named(self) -> dict[str, object]:
        """Return the hooks that are set, by name."""
        hooks = attrs.asdict(self, recurse=False)
        return {name: hook for name, hook in hooks.items() if hook is not None}

    def tell(self, record: Record) -> object:  # noqa: PLR0911 - one for each kind of record
        """Call the hook for a record, and return what it returns."""
        match record:
            case AttemptSent():
                return self.on_request and self.on_request(record)
            case ResponseReceived():
                return self.on_response and self.on_response(record)
            case RetryPlanned():
                return self.on_retry and self.on_retry(record)
            case CallSucceeded():
                return self.on_success and self.on_success(record)
            case TokenServed() | TokenMinted():
                return self.on_token and self.on_token(record)
            case StoreFailed():
                return self.on_store_failure and self.on_store_failure(record)
            case CallFailed():
                return self.on_error and self.on_error(record)


def check_hooks(hooks: object, *, may_be_async: bool) -> Hooks:
    """Check a caller's hooks.

    Raises:
        ConfigurationError: They are not ``Hooks``, or some cannot be called or are async on a sync
            client; it names all of them.
    """
    if not isinstance(hooks, Hooks):
        raise ConfigurationError(f"hooks must be Hooks(...), not {type_of(hooks)}")
    problems = [
        f"hooks: {name} {problem}"
        for name, hook in hooks.named().items()
        if (problem := _problem(hook, may_be_async=may_be_async))
    ]
    if problems:
        raise ConfigurationError(problems=problems)
    return hooks


def _problem(hook: object, *, may_be_async: bool) -> str | None:
    if not callable(hook):
        return f"must be a function, not {type_of(hook)}"
    if not may_be_async and _is_async(hook):
        return "is async, which only the async clients can wait for"
    return None


def _is_async(hook: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(
        getattr(hook, "__call__", None)  # noqa: B004 - an object's async __call__ counts
    )
