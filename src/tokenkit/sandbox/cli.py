"""The command line's sandbox: `KEY=value` lines on stdout, one log line a request on stderr."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING

from .log import logger
from .server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

POLL = 0.5  # seconds; on Windows a wait without a limit would not notice Ctrl-C


def run(host: str = "127.0.0.1", port: int = 0) -> int:
    """Serve until SIGINT or SIGTERM and return the exit code.

    Once connections are accepted, stdout gets one `KEY=value` line for each credential and base
    URL, and nothing else. Call it from the main thread. The code is 0 after a signal, 1 if the
    address cannot be listened on.
    """
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (signal's interface)
        stopped.set()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with _log_to_stderr(), Sandbox(host, port) as sandbox:
            lines = (f"{name}={value}\n" for name, value in sandbox.environment.items())
            sys.stdout.writelines(lines)
            sys.stdout.flush()
            while not stopped.wait(POLL):
                pass
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        for number, action in previous.items():
            signal.signal(number, action)
    return 0


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
