"""Helpers for testing programs that use tokenkit.

The pytest plugin needs no import: its fixtures are available once `tokenkit-sdk` is installed. The
names here work with any test runner.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .clock import AsyncFrozenClock, FrozenClock
from .credentials import FAKE_CREDENTIALS

if TYPE_CHECKING:
    from .stores import StoreConformance

__all__ = ["FAKE_CREDENTIALS", "AsyncFrozenClock", "FrozenClock", "StoreConformance"]

if not TYPE_CHECKING:
    # Hidden from type checkers, which would otherwise accept any name.
    def __getattr__(name: str) -> object:
        # Loaded late: it would slow down the start of pytest.
        if name != "StoreConformance":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(".stores", __name__), name)
        globals()[name] = value
        return value
