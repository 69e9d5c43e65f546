"""Store commands as SQL statements."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import attrs

from .._reuse.commands import (
    Acquire,
    Acquired,
    Busy,
    Command,
    Found,
    IsLive,
    Publish,
    RateLimited,
    Release,
    Revoke,
    StoreResponse,
)

__all__ = ["SCHEMA", "carry_out"]

R = TypeVar("R")

# If the clock was set back, an entry that begins in the future counts as ended, except for what
# other processes have begun since this one read the clock.
TOLERANCE = 5.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens
    (key TEXT PRIMARY KEY, mark TEXT, sealed BLOB, begins REAL, ends REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS locks
    (key TEXT PRIMARY KEY, owner TEXT, begins REAL, ends REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS live (mark TEXT PRIMARY KEY, begins REAL, ends REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS limits
    (caller TEXT PRIMARY KEY, begins REAL, ends REAL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tokens_by_end ON tokens (ends);
CREATE INDEX IF NOT EXISTS live_by_end ON live (ends);
"""
FIND = """
SELECT mark, sealed, ends - :now FROM tokens
WHERE key = :key AND begins <= :soon AND ends > :now AND mark <> :known
"""
LOCK = """
INSERT INTO locks VALUES (:key, :owner, :now, :now + :seconds)
ON CONFLICT (key) DO UPDATE
SET owner = excluded.owner, begins = excluded.begins, ends = excluded.ends
WHERE locks.ends <= :now OR locks.begins > :soon OR locks.owner = excluded.owner
"""
LIMIT = "SELECT ends - :now FROM limits WHERE caller = :caller AND begins <= :soon AND ends > :now"
UNLOCK = "DELETE FROM locks WHERE key = :key AND owner = :owner"
OWNS = (
    "SELECT 1 FROM locks WHERE key = :key AND owner = :owner AND begins <= :soon AND ends > :now"
)
STORED = "SELECT 1 FROM tokens WHERE key = :key AND mark = :mark"
STORE = "INSERT OR REPLACE INTO tokens VALUES (:key, :mark, :sealed, :now, :now + :seconds)"
MARK = "INSERT OR REPLACE INTO live VALUES (:mark, :now, :now + :seconds)"
IS_LIVE = "SELECT 1 FROM live WHERE mark = :mark AND begins <= :soon AND ends > :now"
UNMARK_KEY = "DELETE FROM live WHERE mark IN (SELECT mark FROM tokens WHERE key = :key)"


def carry_out(database: sqlite3.Connection, command: Command, now: float) -> StoreResponse:
    """Carry out a command at a time of day; return the response."""
    values: dict[str, object] = {
        **attrs.asdict(command),
        "now": now,
        "soon": now + TOLERANCE,
    }
    match command:
        case Acquire():
            return _acquire(database, values)
        case Publish():
            return _in_transaction(database, _publish, values)
        case Release():
            database.execute(UNLOCK, values)
            if command.rate_limited > 0:
                database.execute(
                    "INSERT OR REPLACE INTO limits VALUES (:caller, :now, :now + :rate_limited)",
                    values,
                )
            return None
        case IsLive():
            return database.execute(IS_LIVE, values).fetchone() is not None
        case Revoke():
            database.execute("DELETE FROM live WHERE mark = :mark", values)
            return None
        case _:
            return _in_transaction(database, _invalidate, values)


def _acquire(database: sqlite3.Connection, values: dict[str, object]) -> StoreResponse:
    found = _found(database, values)
    if found is not None:
        return found
    if not database.execute(LOCK, values).rowcount:
        return Busy()
    # The lock's last owner may have stored a token after the first look.
    response: StoreResponse = _found(database, values)
    if response is None:
        limit = database.execute(LIMIT, values).fetchone()
        if limit is None:
            return Acquired()
        response = RateLimited(seconds=limit[0])
    database.execute(UNLOCK, values)
    return response


def _found(database: sqlite3.Connection, values: dict[str, object]) -> Found | None:
    row = database.execute(FIND, values).fetchone()
    if row is None:
        return None
    mark, sealed, left = row
    # A damaged entry opens as nothing.
    return Found(mark=mark, sealed=sealed if isinstance(sealed, bytes) else b"", left=left)


def _publish(database: sqlite3.Connection, values: dict[str, object]) -> bool:
    if database.execute(OWNS, values).fetchone() is None:
        # Asked twice, it was stored the first time.
        return database.execute(STORED, values).fetchone() is not None
    for table in ("tokens", "live", "locks", "limits"):
        database.execute(f"DELETE FROM {table} WHERE ends <= :now", values)  # noqa: S608 - constant
    if values["revocable"]:
        database.execute(MARK, values)
    database.execute(STORE, values)
    database.execute(UNLOCK, values)
    return True


def _invalidate(database: sqlite3.Connection, values: dict[str, object]) -> None:
    database.execute(UNMARK_KEY, values)
    database.execute("DELETE FROM tokens WHERE key = :key", values)
    database.execute("DELETE FROM locks WHERE key = :key", values)


def _in_transaction(
    database: sqlite3.Connection,
    change: Callable[[sqlite3.Connection, dict[str, object]], R],
    values: dict[str, object],
) -> R:
    database.execute("BEGIN IMMEDIATE")
    try:
        result = change(database, values)
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
    return result
