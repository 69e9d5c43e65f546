"""Stores, where the processes of a program share reused tokens.

:class:`SqliteStore` is for the processes of one machine, :class:`RedisStore` for many machines.
To write another store, implement :class:`Store` so that it carries out each :data:`Command` and
passes :class:`tokenkit.testing.StoreConformance`.
"""

from .._reuse.commands import (
    Acquire,
    Acquired,
    Busy,
    Command,
    Found,
    Invalidate,
    IsLive,
    Publish,
    RateLimited,
    Release,
    Revoke,
    Sealing,
    Store,
    StoreResponse,
)
from .._reuse.sealing import FernetSealing, NoSealing, sealing_of
from .redis import RedisStore
from .sqlite import SqliteStore

__all__ = [
    "Acquire",
    "Acquired",
    "Busy",
    "Command",
    "FernetSealing",
    "Found",
    "Invalidate",
    "IsLive",
    "NoSealing",
    "Publish",
    "RateLimited",
    "RedisStore",
    "Release",
    "Revoke",
    "Sealing",
    "SqliteStore",
    "Store",
    "StoreResponse",
    "sealing_of",
]
