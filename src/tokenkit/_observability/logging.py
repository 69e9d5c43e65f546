"""The package's logger, and what is written to it."""

import inspect
import logging
import sys

import attrs

from .records import (
    AttemptSent,
    CallSucceeded,
    Record,
    ResponseReceived,
    RetryPlanned,
    StoreFailed,
    TokenMinted,
    TokenServed,
)

__all__ = ["is_logged", "leave_unawaited", "log", "log_raising_hook", "logger"]

# Here and not in the package's __init__, whose import logging would slow down.
logger = logging.getLogger(__name__.rsplit(".", 2)[0])
logger.addHandler(logging.NullHandler())


def is_logged() -> bool:
    """Return whether the debug log is enabled."""
    return logger.isEnabledFor(logging.DEBUG)


def log(record: Record) -> None:
    """Write a record to the log: a sentence, with its parts as ``extra`` fields.

    A failing store is a warning, as nothing else reports it; everything else is for debugging.
    """
    level = logging.WARNING if isinstance(record, StoreFailed) else logging.DEBUG
    if logger.isEnabledFor(level):
        parts = attrs.asdict(record, recurse=False)
        extra = {"event": type(record).__name__, **parts}
        logger.log(level, "%s", _sentence(record), extra=extra)


def _sentence(record: Record) -> str:
    match record:
        case AttemptSent():
            happened = f"attempt {record.attempt}: {record.method} {record.url}"
        case ResponseReceived():
            happened = (
                f"attempt {record.attempt}: HTTP {record.status} after {record.seconds:.3f} s"
            )
        case RetryPlanned():
            happened = f"retry {record.retry} in {record.wait:.3f} s, after {record.reason}"
        case TokenServed():
            happened = f"token from the {record.source}, {record.left:.0f} s left"
        case TokenMinted():
            happened = f"token minted: {record.reason}"
        case StoreFailed():
            happened = f"token store failed after {record.seconds:.3f} s: {record.error}"
        case CallSucceeded():
            happened = f"succeeded after {record.seconds:.3f} s, {_tries(record.attempts)}"
        case _:
            reason = f": {record.reason}" if record.reason else ""
            happened = (
                f"failed after {record.seconds:.3f} s, {_tries(record.attempts)}, "
                f"with {record.error}{reason}"
            )
    return f"{record.vendor} {record.operation}: {happened}"


def _tries(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"


def leave_unawaited(record: Record, returned: object) -> None:
    """Log that a sync client's hook returned an awaitable, which only async clients can await."""
    if not inspect.isawaitable(returned):
        return
    if inspect.iscoroutine(returned):
        returned.close()
    kind = type(record).__name__
    logger.warning("A hook on %s is async, which only the async clients can wait for", kind)


def log_raising_hook(record: Record) -> None:
    """Log that a hook has raised; call it while the exception is handled."""
    logger.warning("A hook raised on %s", type(record).__name__, exc_info=sys.exc_info())
