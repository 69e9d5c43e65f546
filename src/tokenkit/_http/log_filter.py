"""Debug logs of the libraries below: what they log of headers and proxies may be a credential."""

import logging

from .progress import PROGRESS

__all__ = ["hide_credentials"]

PACKAGES = ("httpcore", "httpcore2", "hpack")
LOGGERS = (
    "hpack.hpack",
    "hpack.table",
    *(
        f"{core}.{module}"
        for core in ("httpcore", "httpcore2")
        for module in ("connection", "http11", "http2", "proxy", "socks")
    ),
)
# The starts of steps that name no header and no password.
HARMLESS = frozenset(
    {
        "close.started",
        "connect_tcp.started",
        "receive_response_body.started",
        "receive_response_headers.started",
        "response_closed.started",
        "send_request_body.started",
        "send_request_headers.started",
        "start_tls.started",
    }
)


def is_harmless(record: logging.LogRecord) -> bool:
    """Let through what other exchanges log, and events that are known to hold no credential."""
    if PROGRESS.get(None) is None:
        return True
    event, _, _ = str(record.msg).partition(" ")
    return not record.args and event in HARMLESS


def hide_credentials() -> None:
    """Keep the credentials of this package's exchanges out of the debug log."""
    found = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in PACKAGES]
    for name in {*LOGGERS, *found}:
        logging.getLogger(name).addFilter(is_harmless)
