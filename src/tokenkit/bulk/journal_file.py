"""The journal's file: private, checked, locked, and recovered if it is damaged."""

import contextlib
import os
import sqlite3
from pathlib import Path

import attrs

from ..errors import ConfigurationError

__all__ = ["JournalFile", "open_file"]

FORMAT = 1
APPLICATION_ID = 0x746B6A6E  # "tkjn"
MAGIC = b"SQLite format 3\0"
# Where SQLite's file format has the user version and the application id.
PAGE_SIZE = slice(16, 18)
USER_VERSION = slice(60, 64)
APPLICATION = slice(68, 72)
LOCK_WAIT = 1.0
TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value BLOB);
CREATE TABLE entries (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    sealed BLOB
);
"""


@attrs.define
class JournalFile:
    """An open journal.

    Attributes:
        connection: The database.
        is_new: Whether it was made just now.
        is_whole: Whether it is certain that no entry was lost.
    """

    connection: sqlite3.Connection
    is_new: bool
    is_whole: bool


def open_file(path: str) -> JournalFile:
    """Open a journal, or make one.

    Raises:
        ConfigurationError: It cannot be opened, is not a journal, was written by a newer version,
            or another run is using it.
    """
    try:
        is_new = _made(path)
        was_empty = not is_new and Path(path).stat().st_size == 0
        is_cut = not is_new and _is_cut(path)
        connection, recovered = _opened(path, is_cut=is_cut)
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except sqlite3.OperationalError as error:
        problem = "another run is using it" if "locked" in str(error) else str(error)
    else:
        return JournalFile(connection, is_new or was_empty, not (was_empty or recovered))
    raise ConfigurationError(f"journal: cannot open {path!r}: {problem}")


def _made(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return False
    return True


def _is_cut(path: str) -> bool:
    """Check a file's head; return whether the file ends within a page.

    SQLite would take the missing bytes for zeros.
    """
    with Path(path).open("rb") as file:
        head = file.read(100)
        size = file.seek(0, os.SEEK_END)
    if head[: len(MAGIC)] != MAGIC[: len(head)]:
        raise ConfigurationError(f"journal: {path!r} is not a journal of tokenkit")
    if len(head) < APPLICATION.stop:
        return bool(head)
    application = int.from_bytes(head[APPLICATION], "big")
    version = int.from_bytes(head[USER_VERSION], "big")
    # Zero in a file that was being made when its process was killed: it holds nothing yet.
    if application not in (0, APPLICATION_ID) or (not application and version):
        raise ConfigurationError(f"journal: {path!r} is not a journal of tokenkit")
    if version > FORMAT:
        raise ConfigurationError(
            f"journal: {path!r} was written by a newer version of tokenkit (its format is "
            f"{version}, this version reads {FORMAT}): update tokenkit, or use another file"
        )
    page_size = int.from_bytes(head[PAGE_SIZE], "big")
    return page_size > 1 and size % page_size != 0  # 1 stands for a size that isn't used here


def _opened(path: str, *, is_cut: bool = False) -> tuple[sqlite3.Connection, bool]:
    """Open and lock a database; return whether it had to be recovered."""
    connection = _connected(path)
    try:
        if _is_whole(connection, path) and not is_cut:
            Path(path).chmod(0o600)  # before SQLite makes files with the same mode beside it
            # A commit without a sync outlives a killed process; only a power cut can undo it.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            return connection, False
    except BaseException:
        connection.close()
        raise
    connection.close()
    _recover(path)
    return _opened(path)[0], True


def _connected(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=LOCK_WAIT, isolation_level=None, check_same_thread=False
    )
    # The lock is the operating system's: it ends with the process, however that ends. Without
    # other users of the file there is no shared memory beside it, either.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    return connection


def _is_whole(connection: sqlite3.Connection, path: str) -> bool:
    """Lock a database and check it; make the tables of a new one."""
    try:
        connection.execute("BEGIN EXCLUSIVE")
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            _make_tables(connection)
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            raise ConfigurationError(f"journal: {path!r} is not a journal of tokenkit")
        (checked,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        connection.execute("COMMIT")
    except sqlite3.OperationalError:
        raise  # a lock, or a disk that cannot be written, is not damage
    except sqlite3.DatabaseError:
        return False
    return bool(checked == "ok")


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in TABLES.split(";")[:-1]:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _recover(path: str) -> None:
    """Replace a damaged database with a whole one that has everything readable."""
    rebuilt = f"{path}.recovered"
    Path(rebuilt).unlink(missing_ok=True)
    _made(rebuilt)
    with (
        contextlib.closing(_connected(rebuilt)) as target,
        contextlib.closing(_connected(path)) as source,
    ):
        target.execute("BEGIN")
        _make_tables(target)
        with contextlib.suppress(sqlite3.DatabaseError):
            # Otherwise SQLite reads nothing of a file that is too short.
            source.execute("PRAGMA writable_schema = ON")
            _copy(source, target)
        target.execute("COMMIT")
    for suffix in ("-wal", "-shm", "-journal"):
        Path(path + suffix).unlink(missing_ok=True)
    Path(rebuilt).replace(path)


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    for row in source.execute("SELECT name, value FROM about"):
        target.execute("INSERT INTO about VALUES (?, ?)", row)
    # In the order of writing: what is missing is the end.
    for row in source.execute("SELECT key, state, sealed FROM entries ORDER BY number"):
        target.execute("INSERT INTO entries (key, state, sealed) VALUES (?, ?, ?)", row)
