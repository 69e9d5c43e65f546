"""The life of a bulk run, as far as sync and async runs share it."""

import sys
from collections.abc import Sequence, Sized
from typing import Any, Generic, TypeVar

from .._model.call import Call
from .._observability.logging import logger
from .._reuse.key import key_of
from .._reuse.sealing import FernetSealing
from .._secret import Secret
from ..errors import ConfigurationError
from .journal import Journal
from .options import Settings
from .pace import Pace
from .progress import Meter, progress_bar
from .results import Counts
from .run import Run
from .sender import Sender

__all__ = ["LONGEST_NAP", "Session"]

T = TypeVar("T")

# Seconds of a wait in one piece: in between, progress is reported and interrupts are noticed.
LONGEST_NAP = 1.0


class Session(Generic[T]):
    """The state of a bulk run.

    Args:
        calls: The calls, for their number.
        settings: What the caller has set.
        sender: The client.

    Raises:
        ConfigurationError: The encryption keys cannot be used.
    """

    def __init__(self, calls: object, settings: Settings, sender: Sender[Any, Any, Any]) -> None:
        self.settings = settings
        self.counts: Counts = Counts()
        self.problem: BaseException | None = None
        """What the caller's iterable raised, to raise after the last result."""
        self.delay: float | None = None
        """Seconds until the next request may go, as :meth:`Run.delay` last returned them."""
        self._sender = sender
        self._total = len(calls) if isinstance(calls, Sized) else None
        keys = settings.encryption_keys
        try:
            self._sealing = None if keys is None else FernetSealing(keys)
        except ConfigurationError as error:
            raise ConfigurationError("send_many()", error.problems) from None
        self._journal: Journal | None = None
        self._run: Run[T] | None = None
        self._meter: Meter | None = None
        self._closed = False

    @property
    def run(self) -> Run[T]:
        """The run.

        Raises:
            RuntimeError: It has not begun, or is over.
        """
        if self._run is None:
            raise RuntimeError("use send_many() as a context manager: with client.send_many(...)")
        if self._closed:
            raise RuntimeError("the run is over: iterate within its with block")
        return self._run

    def begin(self, secrets: Sequence[Secret]) -> None:
        """Open the journal and begin.

        Args:
            secrets: The client's secrets, resolved; only a journal needs them.

        Raises:
            ConfigurationError: The journal or the progress bar cannot be used.
            RuntimeError: The run has begun before.
        """
        if self._run is not None:
            raise RuntimeError("a run cannot begin twice: call send_many() again")
        settings, sender = self.settings, self._sender
        report = progress_bar(self._total) if settings.progress is True else settings.progress
        if settings.journal is not None:
            self._journal = self._open_journal(settings.journal, sender.identity(secrets))
        self._run = Run(
            settings,
            Pace(share=settings.share, rate=sender.rate, refused_wait=sender.refused_wait),
            self._journal,
            blames_credentials=sender.blames_credentials,
            wall=sender.clock.time,
            origin_of=sender.origin_of,
        )
        self.counts = self._run.counts
        if report:
            self._meter = Meter(report, self.counts, self._total, sender.clock.monotonic())

    def _open_journal(self, path: str, identity: bytes) -> Journal:
        time = self._sender.clock.time

        def key(call: Call[Any]) -> str:
            return key_of(call, identity, time())

        return Journal(
            path, client=self._sender.name, identity=identity, key_of=key, sealing=self._sealing
        )

    def take(self, call: Call[T]) -> None:
        """Hand the next call to the run; anything else ends the calls."""
        try:
            self.run.take(call)
        except Exception as error:  # noqa: BLE001 - raised after the results of the calls before
            self.stop_taking(error)

    def stop_taking(self, problem: BaseException | None = None) -> None:
        """Note that there are no more calls, and why, if that is the caller's mistake."""
        self.problem = self.problem or problem
        try:
            self.run.end()
        except Exception as error:  # noqa: BLE001 - raised after the results of the calls before
            self.problem = self.problem or error

    def report(self, waiting: float = 0.0) -> None:
        """Report the progress, unless that was just done."""
        if self._meter is not None:
            self._meter.update(self._sender.clock.monotonic(), waiting)

    def end(self) -> None:
        """Report the end, once; raise what the caller's iterable raised."""
        self._report_end()
        if self.problem is not None:
            problem, self.problem = self.problem, None
            raise problem

    def close(self, error: BaseException | None) -> None:
        """Close the journal; say how to continue after a run that was cut short."""
        run, self._closed = self._run, True
        try:
            self._report_end()
        finally:
            if self._journal is not None:
                self._journal.close()
        if run is None or run.ended:
            return
        done = self.counts.succeeded + self.counts.failed + self.counts.skipped
        path = self.settings.journal
        how = (
            "with journal=... a run can be continued"
            if path is None
            else f"run it again with journal={path!r} to continue"
        )
        note = f"send_many() stopped after {done} of {self._of()} calls: {how}"
        logger.warning("%s", note)
        if error is not None and sys.version_info >= (3, 11):
            error.add_note(note)

    def _of(self) -> str:
        return f"{self.counts.taken}+" if self._total is None else str(self._total)

    def _report_end(self) -> None:
        meter, self._meter = self._meter, None
        if meter is not None:
            meter.end(self._sender.clock.monotonic())

    def __repr__(self) -> str:
        return f"send_many({self._sender.name}, {self.counts})"
