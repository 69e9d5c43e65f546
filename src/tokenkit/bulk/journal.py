"""What a run has done, on disk, so that a killed run can continue.

An entry is the key of a call and its state. Keys reveal nothing about their calls; tokens are kept
encrypted, or not at all.
"""

import hmac
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

import attrs

from .._model.call import Call, Reply
from .._model.json import JSON
from .._reuse.commands import Sealing
from .._reuse.entry import Entry as Opened
from .._reuse.entry import seal_entry, unseal_entry
from ..errors import ConfigurationError
from .journal_file import JournalFile, open_file

__all__ = ["DONE", "SENT", "Entry", "Journal"]

SENT, DONE = 1, 2
PUT = """
INSERT INTO entries (key, state, sealed) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET state = excluded.state, sealed = excluded.sealed
"""


@attrs.frozen
class Entry:
    """What the journal knows about a call.

    Attributes:
        state: ``SENT`` or ``DONE``.
        sealed: The encrypted response, if one is kept.
    """

    state: int
    sealed: bytes | None = attrs.field(repr=False)


class Journal:
    """A run's journal.

    Args:
        path: The file.
        client: The vendor and its address.
        identity: The digest of the client's credentials and address.
        key_of: Returns a call's key, as hex digits.
        sealing: Seals the responses that are kept; ``None`` to keep none.

    Raises:
        ConfigurationError: The file cannot be used for this run.
    """

    def __init__(
        self,
        path: str,
        *,
        client: str,
        identity: bytes,
        key_of: Callable[[Call[Any]], str],
        sealing: Sealing | None,
    ) -> None:
        self.sealing = sealing
        self._path = path
        self._key_of = key_of
        self._file: JournalFile = open_file(path)
        self._database = self._file.connection
        try:
            self._about(client, hmac.digest(identity, b"journal", "sha256"))
        except BaseException:
            self._database.close()
            raise
        self._database.execute("CREATE TABLE temp.taken (key BLOB PRIMARY KEY, times INTEGER)")
        self._database.execute("PRAGMA temp.cache_size = -1024")

    @property
    def is_whole(self) -> bool:
        """Whether it is certain that no entry was lost."""
        return self._file.is_whole and self._told("damaged") is None

    def _about(self, client: str, credentials: bytes) -> None:
        """Check that the file belongs to this run; in a new file, note the run."""
        known = self._told("client")
        if known is None:
            # Shows later whether the same keys are given.
            check = None if self.sealing is None else self.sealing.seal(b"")
            told = [("client", client), ("credentials", credentials), ("check", check)]
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", told)
            self._database.execute("COMMIT")
        if not self._file.is_whole:
            self._database.execute("INSERT OR REPLACE INTO about VALUES ('damaged', 1)")
        if known is None:
            return
        if known != client:
            raise ConfigurationError(
                f"journal: {self._path!r} belongs to a run of {known}, but this client is "
                f"{client}: use another file"
            )
        self._check_seal(self._told("check"))
        if self._told("credentials") != credentials and self._holds_payments():
            raise ConfigurationError(
                f"journal: {self._path!r} holds interrupted calls that were sent with other "
                "credentials: use the same credentials, or another file"
            )

    def _check_seal(self, check: bytes | None) -> None:
        if check is None and self.sealing is not None:
            problem = "was started without encryption_keys: leave them out, or use another file"
        elif check is not None and self.sealing is None:
            problem = "was started with encryption_keys: pass them, or use another file"
        elif check is not None and self.sealing is not None and self.sealing.open(check) != b"":
            problem = "was started with other encryption_keys: pass those too"
        else:
            return
        raise ConfigurationError(f"journal: {self._path!r} {problem}")

    def _holds_payments(self) -> bool:
        query = "SELECT 1 FROM entries WHERE state = ? LIMIT 1"
        return self._database.execute(query, (SENT,)).fetchone() is not None

    def _told(self, name: str) -> Any:
        query = "SELECT value FROM about WHERE name = ?"
        row = self._database.execute(query, (name,)).fetchone()
        return None if row is None else row[0]

    def key_for(self, call: Call[Any]) -> bytes:
        """Return the key of the next entry for a call.

        Equal calls in one run have an entry each: the second has another key than the first.

        Raises:
            InvalidInputError: The call cannot be sent.
        """
        key = bytes.fromhex(self._key_of(call))
        taken = self._database.execute("INSERT OR IGNORE INTO temp.taken VALUES (?, 1)", (key,))
        if taken.rowcount:
            return key
        self._database.execute("UPDATE temp.taken SET times = times + 1 WHERE key = ?", (key,))
        query = "SELECT times FROM temp.taken WHERE key = ?"
        (times,) = self._database.execute(query, (key,)).fetchone()
        return sha256(key + times.to_bytes(8, "big")).digest()[: len(key)]

    def opened(self, key: bytes, sealed: bytes, call: Call[Any], origin: str) -> Opened | None:
        """Return a kept response, read by its call; ``None`` where it cannot be read."""
        sealing, name = self.sealing, key.hex()
        return None if sealing is None else unseal_entry(sealing, name, sealed, call, origin)

    def find(self, key: bytes) -> Entry | None:
        """Return an entry, if it is there."""
        query = "SELECT state, sealed FROM entries WHERE key = ?"
        row = self._database.execute(query, (key,)).fetchone()
        return None if row is None else Entry(*row)

    def sent(self, key: bytes) -> None:
        """Note a call that must not be sent twice, before it is sent; survives a power cut."""
        self._database.execute(PUT, (key, SENT, None))
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def forget(self, key: bytes) -> None:
        """Note that a call was certainly not carried out."""
        self._database.execute("DELETE FROM entries WHERE key = ? AND state = ?", (key, SENT))

    def done(self, key: bytes) -> None:
        """Note that a call's result was delivered."""
        self._database.execute(PUT, (key, DONE, None))

    def keep(self, reply: Reply[Any], bodies: Iterable[tuple[bytes, JSON]]) -> None:
        """Note that the calls of a request are done, and keep what each got, sealed."""
        sealing = self.sealing
        rows = [
            (key, DONE, sealing and seal_entry(sealing, key.hex(), reply, body))
            for key, body in bodies
        ]
        self._database.execute("BEGIN")
        self._database.executemany(PUT, rows)
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._database.close()
