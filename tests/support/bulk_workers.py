"""What travels to workers in other processes: functions that are found by name."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from tokenkit import AsyncStrigoClient, StrigoClient

if TYPE_CHECKING:
    from collections.abc import Mapping


def client_for(environ: tuple[tuple[str, str], ...]) -> StrigoClient:
    """Return a client for a sandbox."""
    return StrigoClient.from_env(environ=dict(environ))


def factory(environ: Mapping[str, str]) -> partial[StrigoClient]:
    """Return what makes a client, for a worker."""
    return partial(client_for, tuple(environ.items()))


def async_client() -> AsyncStrigoClient:
    """Return a client that no worker can use."""
    return AsyncStrigoClient(org_id="org", api_key="key")


def process() -> int:
    """Return the process's number."""
    return os.getpid()
