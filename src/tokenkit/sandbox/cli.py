"""The command ``sandbox``: ``KEY=value`` lines on stdout, one log line per request on stderr."""

import contextlib
import logging
import queue
import re
import signal
import sys
from collections.abc import Generator, Sequence
from types import FrameType

from ..errors import ConfigurationError
from .faults.text import parse_fault
from .log import logger
from .sandbox import Sandbox
from .strigo.rate_limit import SAMPLE_LIMIT
from .strigo.rate_limit import WINDOW as STRIGO_WINDOW
from .zerohash.rate_limit import DOCUMENTED_LIMIT
from .zerohash.rate_limit import WINDOW as ZEROHASH_WINDOW

__all__ = ["run"]

RATE = re.compile(r"([0-9]+)(?:/([0-9]+))?")
POLL = 0.5  # seconds; on Windows an endless wait would not notice Ctrl-C


def run(  # noqa: PLR0913 - each is an option of the command line
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    advertise: str | None = None,
    faults: Sequence[str] = (),
    clock_skew: float = 0.0,
    rate_limits: bool = False,
    strigo_rate_limit: str | None = None,
    zerohash_rate_limit: str | None = None,
    webhook_url: str | None = None,
    unknown_permissions: bool = False,
) -> int:
    """Serve until SIGINT or SIGTERM and return the exit code.

    Once connections are accepted, stdout gets one ``KEY=value`` line for each credential and base
    URL, and nothing else. Call it from the main thread. The code is 0 after a signal, 1 if the
    sandbox cannot listen on the address, and 2 for a wrong option.
    """
    try:
        strigo, strigo_window = _rate(
            strigo_rate_limit, SAMPLE_LIMIT if rate_limits else None, STRIGO_WINDOW
        )
        zerohash, zerohash_window = _rate(
            zerohash_rate_limit, DOCUMENTED_LIMIT if rate_limits else None, ZEROHASH_WINDOW
        )
        sandbox = Sandbox(
            host,
            port,
            advertise=advertise,
            clock_skew=clock_skew,
            faults=[parse_fault(text) for text in faults],
            strigo_rate_limit=strigo,
            strigo_rate_window=strigo_window,
            zerohash_rate_limit=zerohash,
            zerohash_rate_window=zerohash_window,
            zerohash_webhook_url=webhook_url,
            zerohash_unknown_permissions=unknown_permissions,
        )
    except ConfigurationError as error:
        sys.stderr.write(f"python -m tokenkit sandbox: error: {error}\n")
        return 2
    return _serve(sandbox)


def _rate(text: str | None, limit: int | None, window: int) -> tuple[int | None, int]:
    """Read a rate limit and its window in seconds; keep the defaults of what is missing."""
    if text is None:
        return limit, window
    written = RATE.fullmatch(text)
    if written is None:
        raise ConfigurationError(
            f"a rate limit must be REQUESTS or REQUESTS/SECONDS, not {text!r}"
        )
    return int(written[1]), int(written[2] or window)


def _serve(sandbox: Sandbox) -> int:
    # An event's lock may be held when a signal strikes; this may be put to at any time.
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's interface
        signals.put(number)

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with _log_to_stderr(), sandbox:
            lines = (f"{name}={value}\n" for name, value in sandbox.environment.items())
            sys.stdout.writelines(lines)
            sys.stdout.flush()
            _wait(signals)
    except OSError as error:
        sys.stderr.write(f"python -m tokenkit sandbox: error: {error.strerror or error}\n")
        return 1
    finally:
        for number, action in previous.items():
            signal.signal(number, action)
    return 0


def _wait(signals: queue.SimpleQueue[int]) -> None:
    while True:
        with contextlib.suppress(queue.Empty):
            signals.get(timeout=POLL)
            return


@contextlib.contextmanager
def _log_to_stderr() -> Generator[None]:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
