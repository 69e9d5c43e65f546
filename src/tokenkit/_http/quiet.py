"""Debug logs of the libraries below: what they log of headers may be a credential."""

import logging

from .progress import PROGRESS

__all__ = ["hide_headers"]

# httpcore logs an answer's headers, which a server may echo; hpack logs a request's.
LOGGERS = (
    "hpack.hpack",
    "hpack.table",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore2.http11",
    "httpcore2.http2",
)


def _is_harmless(record: logging.LogRecord) -> bool:
    """Let through what other exchanges log, and the starts of steps, which hold no headers."""
    return PROGRESS.get(None) is None or ".started" in record.getMessage()


def hide_headers() -> None:
    """Keep headers of this package's exchanges out of the debug log."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_is_harmless)
