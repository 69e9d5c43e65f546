"""Helpers for testing programs that use tokenkit.

The pytest plugin needs no import: its fixtures are available once `tokenkit-sdk` is installed. The
names here work with any test runner.
"""

from .clock import AsyncFrozenClock, FrozenClock
from .credentials import FAKE_CREDENTIALS

__all__ = ["FAKE_CREDENTIALS", "AsyncFrozenClock", "FrozenClock"]
