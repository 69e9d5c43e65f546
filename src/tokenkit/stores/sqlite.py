"""The store for one machine: a SQLite file, with only the standard library."""

import errno
import os
import sqlite3
import stat
import threading
import time
import weakref
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import attrs

from .._model.frames import ForgetsArguments
from .._model.json import type_of
from .._reuse.commands import Command, Sealing, StoreResponse
from .._reuse.sealing import EncryptionKey, sealing_of
from ..errors import ConfigurationError, StoreError
from .sqlite_commands import SCHEMA, carry_out
from .threads import in_thread

__all__ = ["SqliteStore"]

TIMEOUT = 0.25
CREATION_TRIES, CREATION_PAUSE = 20, 0.05
OWNER_ONLY = stat.S_IRUSR | stat.S_IWUSR


@attrs.frozen(eq=False, repr=False)
class _Connection:
    database: sqlite3.Connection
    inode: tuple[int, int]


@attrs.define(eq=False, repr=False)
class _Pool:
    """The open connections of one process."""

    process: int = attrs.field(factory=os.getpid)
    idle: deque[_Connection] = attrs.field(factory=deque[_Connection])

    def close(self) -> None:
        """Close what is idle, unless it is a parent process's."""
        while self.idle and self.process == os.getpid():
            self.idle.pop().database.close()


# A forked child must neither use nor close its parent's connections.
_INHERITED: list[_Pool] = []


class SqliteStore(metaclass=ForgetsArguments):
    """Shares tokens among the processes of one machine through a file.

    Only the file's owner can read it. It must be on a local disk: SQLite's locks don't work on
    network file systems. A process that uses the store must not open the file in any other way,
    for example to copy it: closing it would release SQLite's locks.

    Args:
        path: The file; it is created if it doesn't exist.
        encryption_keys: Fernet keys, the newest first: see
            :class:`~tokenkit.stores.FernetSealing`.
        allow_unencrypted: Store tokens unencrypted: anyone who can read the file can use them.

    Raises:
        ConfigurationError: The file or a key can't be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        encryption_keys: Sequence[EncryptionKey] | None = None,
        allow_unencrypted: bool = False,
    ) -> None:
        problems: list[str] = []
        try:
            self._path = _checked(path)
        except ConfigurationError as error:
            problems += error.problems
        try:
            self.sealing: Sealing = sealing_of(
                encryption_keys, allow_unencrypted=allow_unencrypted
            )
        except ConfigurationError as error:
            problems += error.problems
        # Only good arguments create a file.
        if not problems and (problem := self._problem()) is not None:
            problems.append(f"can't use {self._path}: {problem}")
        if problems:
            raise ConfigurationError("SqliteStore", problems)
        self._pool = _Pool()
        self._closer = weakref.finalize(self, self._pool.close)

    def ask(self, command: Command) -> StoreResponse:
        """Carry out a command; return the response.

        Raises:
            StoreError: The file is locked for too long, full, gone or damaged.
        """
        try:
            connection = self._take()
            try:
                response = carry_out(connection.database, command, time.time())
            except BaseException:
                # An interruption may have left a transaction open.
                connection.database.close()
                raise
            self._give_back(connection)
        except (sqlite3.Error, OSError) as error:
            # A busy machine may keep a lock for longer than a healthy file needs.
            cause = TimeoutError("database is locked") if "locked" in str(error) else error
            raise StoreError(f"SqliteStore: {type(cause).__name__}") from cause
        return response

    async def ask_async(self, command: Command) -> StoreResponse:
        """Carry out a command in a worker thread; return the response.

        Raises:
            StoreError: As for :meth:`ask`.
        """
        return await in_thread(self.ask, command)

    def close(self) -> None:
        """Close idle connections; the next command opens a new one."""
        self._pool.close()

    def _take(self) -> _Connection:
        pool = self._pool
        if pool.process != os.getpid():
            _INHERITED.append(pool)
            pool = self._pool = _Pool()
            self._closer = weakref.finalize(self, pool.close)
        inode = _inode(self._path)
        while True:
            try:
                connection = pool.idle.pop()
            except IndexError:
                return self._opened()
            # The file may have been removed, and other processes may have another one by now.
            if connection.inode == inode:
                return connection
            connection.database.close()

    def _give_back(self, connection: _Connection) -> None:
        self._pool.idle.append(connection)

    def _problem(self) -> str | None:
        """Return why the file can't be used; retry, because others may be creating it."""
        left = CREATION_TRIES
        while True:
            left -= 1
            try:
                self._opened().database.close()
            except (OSError, ValueError, sqlite3.Error) as error:
                if not (left and isinstance(error, sqlite3.OperationalError)):
                    return getattr(error, "strerror", None) or str(error)
                time.sleep(CREATION_PAUSE)
            else:
                return None

    def _opened(self) -> _Connection:
        _create(self._path)
        database = sqlite3.connect(
            self._path, timeout=TIMEOUT, isolation_level=None, check_same_thread=False
        )
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(SCHEMA)
            return _Connection(database, _inode(self._path) or (0, 0))
        except BaseException:
            database.close()
            raise

    def __repr__(self) -> str:
        return f"SqliteStore({str(self._path)!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A SqliteStore can't be pickled; create one in each process")


def _checked(path: str | os.PathLike[str]) -> Path:
    """Return the file's path.

    Raises:
        ConfigurationError: It is not a path, or not a file's.
    """
    if not isinstance(path, (str, os.PathLike)):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller checks types
        raise ConfigurationError(f"path must be a path, not {type_of(path)}")
    found = Path(os.fsdecode(path)).absolute()
    if found.name == ":memory:":
        raise ConfigurationError(
            "path must be a file; without a store, a TokenCache keeps its tokens in memory"
        )
    return found


def _create(path: Path) -> None:
    """Create a file that only its owner can read, or make it one.

    An existing file must not be opened: closing it would release the locks of this process's
    connections, and another process could remove the log that they write to.
    """
    with _creating:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))
        except FileExistsError:
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode):
                raise OSError(errno.EINVAL, "Not a regular file") from None
            if stat.S_IMODE(mode) != OWNER_ONLY:
                path.chmod(OWNER_ONLY)


# No connection is opened between the creation of a file and its closing.
_creating = threading.RLock()
# Where there is no fork, nothing needs to be done about it.
getattr(os, "register_at_fork", dict)(
    before=_creating.acquire,
    after_in_parent=_creating.release,
    after_in_child=_creating.release,
)


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
