"""Where the processes of a program share reused tokens.

:class:`SqliteStore` is for the processes of one machine, :class:`RedisStore` for many machines.
Anything else can be a store too: a class with the members of :class:`Store`, which answers each
:data:`Command` and passes :class:`tokenkit.testing.StoreConformance`.
"""

from .._reuse.commands import (
    Acquire,
    Acquired,
    Answer,
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
)
from .._reuse.sealing import FernetSealing, NoSealing, sealing_of
from .redis import RedisStore
from .sqlite import SqliteStore

__all__ = [
    "Acquire",
    "Acquired",
    "Answer",
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
    "sealing_of",
]
