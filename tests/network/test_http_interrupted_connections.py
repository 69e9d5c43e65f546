"""A connection whose exchange was interrupted, and what its client can do afterwards."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from network_calls import HEALTH, HEALTHY, NO_RETRIES, each_family, strigo_client
from raw_server import RawServer, responding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from network_calls import Family

    from tokenkit import StrigoClient


class TimeLimitError(BaseException):
    """What a signal handler raises in the midst of a call."""


class Interrupter:
    """Raises at one line of a file, as a signal handler could."""

    def __init__(self, file: str, at: int) -> None:
        self._file = file
        self._at = at
        self._tracer = sys.gettrace()  # that of a measurement of coverage
        self.lines = 0

    def call(self, client: StrigoClient) -> None:
        sys.settrace(self._entered)
        try:
            client.send(HEALTH)
        except TimeLimitError:
            pass
        finally:
            sys.settrace(self._tracer)

    def _entered(self, frame: FrameType, *_: Any) -> Any:
        return self._traced if frame.f_code.co_filename.endswith(self._file) else None

    def _traced(self, _: FrameType, event: str, __: Any) -> Any:
        if event == "line":
            self.lines += 1
            if self.lines == self._at:
                sys.settrace(self._tracer)
                raise TimeLimitError
        return self._traced


def interrupted_clients(file: str, url: str, family: Family) -> Iterator[StrigoClient]:
    """Yield a client for each line of a file that a call runs through, interrupted there."""
    count = Interrupter(file, 0)
    with strigo_client(url, http_family=family) as client:
        client.send(HEALTH)
        count.call(client)
    assert count.lines
    for at in range(1, count.lines + 1):
        with strigo_client(url, http_family=family, retry=NO_RETRIES) as client:
            client.send(HEALTH)
            Interrupter(file, at).call(client)
            yield client


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(responding(lambda _: HEALTHY)) as server:
        yield server


@each_family
def test_a_lock_that_an_interrupt_left_locked_holds_nobody_up(
    server: RawServer, family: Family
) -> None:
    """Wherever an exception strikes in httpcore's locks, the client's next call gets through."""
    for client in interrupted_clients("_synchronization.py", server.url, family):
        later = threading.Thread(target=client.send, args=[HEALTH], daemon=True)
        later.start()
        later.join(30)
        assert not later.is_alive()
