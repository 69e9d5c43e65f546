"""Functions for workers in other processes, which find them by name."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from credentials import async_strigo_client

from tokenkit import AsyncStrigoClient, StrigoClient

if TYPE_CHECKING:
    from collections.abc import Mapping


def client_for(environ: tuple[tuple[str, str], ...]) -> StrigoClient:
    """Return a client for a sandbox."""
    return StrigoClient.from_env(environ=dict(environ))


def factory(environ: Mapping[str, str]) -> partial[StrigoClient]:
    """Return a client factory for a worker."""
    return partial(client_for, tuple(environ.items()))


def async_client() -> AsyncStrigoClient:
    """Return a client that no worker can use."""
    return async_strigo_client()


def process() -> int:
    """Return the process's number."""
    return os.getpid()
