"""Leaving a failing store alone."""

import threading

__all__ = ["Circuit"]

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


class Circuit:
    """Opens when the store fails: for 1 second at first, for up to 30 if it goes on failing.

    After a pause, one caller checks whether the store is back; the others go on without it.

    Attributes:
        failures: How often the store has failed.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._pause = 0.0
        self._open_until = 0.0
        self._trying = False
        self.failures: int = 0

    def allows(self, now: float) -> bool:
        """Return whether the store may be asked; after a pause, only one caller may."""
        if not self._pause:
            return True
        with self._lock:
            if now < self._open_until:
                return False
            self._trying = True
            self._open_until = now + FIRST_PAUSE
            return True

    def failed(self, now: float) -> None:
        """Note a failure; failures of questions asked at the same time count as one."""
        with self._lock:
            self.failures += 1
            if now < self._open_until and not self._trying:
                return
            self._trying = False
            self._pause = min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
            self._open_until = now + self._pause

    def worked(self) -> None:
        """Note a response."""
        if self._pause:
            with self._lock:
                self._pause = self._open_until = 0.0
                self._trying = False
