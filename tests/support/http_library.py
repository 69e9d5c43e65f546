"""The HTTP library that this run of the tests is for: httpx, or what HTTP_FAMILY names.

Tests that use httpx's clients, transports or responses take `httpx` from here, so that
they use httpx2's in a run for that. Clients without a named family use this one.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

__all__ = ["FAMILY", "httpx", "prefer_family"]

FAMILY = os.environ.get("HTTP_FAMILY", "httpx")

if not TYPE_CHECKING:
    httpx = import_module(FAMILY)


def prefer_family() -> None:
    """Let this process's clients use this run's family if none is named."""
    settings: Any = import_module("tokenkit._http.settings")
    settings.DEFAULT_FAMILY = FAMILY
