"""The package's logger, and what is written to it."""

import inspect
import logging
import sys

from .records import Record, StoreFailed

__all__ = ["is_logged", "leave_unawaited", "log", "log_raising_hook", "logger"]

# Here and not in the package's __init__, whose import logging would slow down.
logger = logging.getLogger(__name__.rsplit(".", 2)[0])
logger.addHandler(logging.NullHandler())


def is_logged() -> bool:
    """Tell whether anybody reads the debug log."""
    return logger.isEnabledFor(logging.DEBUG)


def log(record: Record) -> None:
    """Write a record to the log: a failing store as a warning, all else for debugging."""
    level = logging.WARNING if isinstance(record, StoreFailed) else logging.DEBUG
    logger.log(level, "%s", record)


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
