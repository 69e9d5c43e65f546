"""Helpers for testing programs that use tokenkit; nothing else in the package imports them.

The pytest plugin of this package needs no import: with `tokenkit-sdk` installed, its fixtures are
there. What is here works with any test runner.
"""

from .clock import AsyncFrozenClock, FrozenClock
from .credentials import FAKE_CREDENTIALS

__all__ = ["FAKE_CREDENTIALS", "AsyncFrozenClock", "FrozenClock"]
