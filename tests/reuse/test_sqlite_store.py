"""The file that the processes of one machine share."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from credentials import STORE_KEY
from listed_problems import listed_problems

from tokenkit import Secret
from tokenkit.errors import ConfigurationError, StoreError
from tokenkit.stores import (
    Acquire,
    Acquired,
    Busy,
    FernetSealing,
    Found,
    IsLive,
    NoSealing,
    Publish,
    Release,
    Revoke,
    SqliteStore,
    sealing_of,
)
from tokenkit.stores.sqlite import _create  # pyright: ignore[reportPrivateUsage]  # the only way to be in its midst

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 30


def acquire(owner: str, seconds: float = 30) -> Acquire:
    """Ask for a token or the lock."""
    return Acquire(key="k", owner=owner, seconds=seconds, known="", caller="c")


def publish(owner: str) -> Publish:
    """Publish a token."""
    return Publish(key="k", owner=owner, mark="m", sealed=b"s", seconds=60, revocable=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a file that doesn't exist yet."""
    return tmp_path / "tokens.db"


def test_file_is_its_owner_s_only(path: Path) -> None:
    """Only its owner can read the file and those beside it, whatever their mode was before."""
    path.touch(0o644)
    path.chmod(0o644)
    store = SqliteStore(path, encryption_keys=[STORE_KEY])
    store.ask(acquire("one"))
    modes = {found.name: found.stat().st_mode & 0o777 for found in path.parent.iterdir()}
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}
    assert repr(store) == f"SqliteStore({str(path)!r})"
    store.close()
    with pytest.raises(TypeError, match="can't be pickled"):
        store.__reduce__()


def test_unusable_file_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that can't be a store is refused when it is created, along with a lack of keys."""
    monkeypatch.setattr("tokenkit.stores.sqlite.CREATION_PAUSE", 0.001)
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"no database" * 1000)
    link = tmp_path / "link"
    link.symlink_to(garbage)
    for path in (tmp_path, tmp_path / "missing" / "tokens.db", garbage, link):
        with pytest.raises(ConfigurationError, match=f"SqliteStore: can't use {path}: "):
            SqliteStore(path, allow_unencrypted=True)
    with pytest.raises(ConfigurationError) as caught:
        SqliteStore(5, encryption_keys=[])  # type: ignore[arg-type] # on purpose
    not_a_path, no_key = listed_problems(caught.value, "SqliteStore")
    assert not_a_path == "path must be a path, not int"
    assert no_key.startswith("encryption_keys must hold at least one key")
    with pytest.raises(ConfigurationError, match="SqliteStore: pass encryption_keys"):
        SqliteStore(tmp_path / "tokens.db")
    assert not (tmp_path / "tokens.db").exists()


def test_file_that_is_locked_for_long_cannot_be_used(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that another process holds locked can't be a store."""
    monkeypatch.setattr("tokenkit.stores.sqlite.CREATION_TRIES", 2)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ConfigurationError, match="locked"):
        SqliteStore(path, allow_unencrypted=True)
    other.close()


def test_lock_of_sqlite_is_waited_for_briefly(path: Path) -> None:
    """While another process writes for long, the store counts as failing; then it works again."""
    store = SqliteStore(path, allow_unencrypted=True)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    with pytest.raises(StoreError, match="TimeoutError"):
        store.ask(acquire("one"))
    assert time.monotonic() - begun < 5
    other.execute("ROLLBACK")
    other.close()
    assert store.ask(acquire("one")) == Acquired()
    store.close()


def test_removed_file_is_made_again(path: Path) -> None:
    """If the file is removed, the processes meet in the next one, and no old entry survives."""
    one, two = (SqliteStore(path, allow_unencrypted=True) for _ in range(2))
    one.ask(acquire("one"))
    one.ask(publish("one"))
    assert two.ask(IsLive(mark="m")) is True
    for found in list(path.parent.iterdir()):
        found.unlink()
    assert two.ask(IsLive(mark="m")) is False
    assert one.ask(IsLive(mark="m")) is False
    assert one.ask(acquire("one")) == Acquired()
    assert two.ask(acquire("two")) == Busy()
    one.close()
    two.close()


def test_failed_statement_leaves_no_transaction(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that fails halfway is undone, and blocks no other."""
    store = SqliteStore(path, allow_unencrypted=True)
    store.ask(acquire("one"))
    with monkeypatch.context() as broken:
        broken.setattr("tokenkit.stores.sqlite_commands.STORE", "INSERT INTO nowhere VALUES (1)")
        with pytest.raises(StoreError):
            store.ask(publish("one"))
    other = SqliteStore(path, allow_unencrypted=True)
    assert other.ask(IsLive(mark="m")) is False
    assert store.ask(publish("one")) is True
    store.close()
    other.close()


@pytest.mark.parametrize("hours", [-24, -1])
def test_clock_that_was_set_back(
    path: Path, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    """Locks and tokens from the future count as expired: no caller waits a day for them."""
    store = SqliteStore(path, allow_unencrypted=True)
    store.ask(acquire("one"))
    store.ask(publish("one"))
    store.ask(Acquire(key="other", owner="one", seconds=30, known="", caller="c"))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + hours * 3600)
    assert store.ask(acquire("two")) == Acquired()
    assert store.ask(IsLive(mark="m")) is False
    other = Acquire(key="other", owner="two", seconds=30, known="", caller="c")
    assert store.ask(other) == Acquired()
    store.close()


def test_many_processes_may_create_the_file(path: Path) -> None:
    """Workers that start at the same moment all get their store."""
    program = (
        "import sys; from tokenkit.stores import SqliteStore; sys.stdin.readline();"
        "SqliteStore(sys.argv[1], allow_unencrypted=True).close()"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", program, path], stdin=subprocess.PIPE)
        for _ in range(4)
    ]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(b"\n")
        worker.stdin.close()
    assert [worker.wait(PATIENCE) for worker in workers] == [0] * 4


def pool_of(store: SqliteStore) -> Any:
    """Return a store's pool, which is private."""
    return vars(store)["_pool"]


def test_forked_child_opens_connections_of_its_own(path: Path) -> None:
    """A connection of the parent is neither used nor closed in a child."""
    store = SqliteStore(path, allow_unencrypted=True)
    store.ask(acquire("one"))
    pool = pool_of(store)
    child = os.fork()
    if child == 0:
        pool.close()
        used = store.ask(acquire("two")) == Busy() and pool_of(store) is not pool
        store.close()
        os._exit(0 if used and len(pool.idle) == 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.ask(publish("one"))
    assert isinstance(store.ask(acquire("two")), Found)
    store.close()


def test_child_is_told_by_its_process(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process id means another pool."""
    store = SqliteStore(path, allow_unencrypted=True)
    store.ask(acquire("one"))
    before = pool_of(store)
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        before.close()
        assert len(before.idle) == 1
        assert store.ask(acquire("two")) == Busy()
        store.close()
    before.close()


def test_threads_use_connections_at_once(path: Path) -> None:
    """Many threads may ask at once; connections are kept for later ones."""
    store = SqliteStore(path, allow_unencrypted=True)
    threads = [
        threading.Thread(target=lambda: [store.ask(IsLive(mark="m")) for _ in range(20)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(pool_of(store).idle) <= 8
    store.close()


# -- sealing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [STORE_KEY, STORE_KEY.encode(), Secret(STORE_KEY)])
def test_sealed_content_opens_with_its_key(key: Any) -> None:
    """A key is text, bytes or a secret; it opens what it sealed."""
    sealing = FernetSealing([key])
    sealed = sealing.seal(b"content")
    assert b"content" not in sealed
    assert FernetSealing([STORE_KEY]).open(sealed) == b"content"
    assert sealing.open(b"content") is None
    assert repr(sealing) == "FernetSealing()"
    assert repr(NoSealing()) == "NoSealing()"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ([], "must hold at least one key"),
        (STORE_KEY, "must be a list of keys, not a single key"),
        ({STORE_KEY: 1}, "must be a list of keys, not dict"),
        ([STORE_KEY, 5], "key 2 must be a string, not int"),
        (["hunter2", STORE_KEY, "x"], "key 1 is not a Fernet .*\n.* key 3 is not a Fernet key"),
        (["é" * 43 + "="], "key 1 is not a Fernet key"),
    ],
)
def test_bad_keys_are_refused(keys: Any, problem: str) -> None:
    """An unusable key is named by its number, and not shown."""
    with pytest.raises(ConfigurationError, match=f"^FernetSealing.*(\n.*)?{problem}") as caught:
        sealing_of(keys, allow_unencrypted=False)
    assert "hunter2" not in str(caught.value)


def test_storing_in_clear_must_be_asked_for() -> None:
    """No keys is not a choice, and neither is both."""
    with pytest.raises(ConfigurationError, match="pass encryption_keys"):
        sealing_of(None, allow_unencrypted=False)
    with pytest.raises(ConfigurationError, match="not both"):
        sealing_of([STORE_KEY], allow_unencrypted=True)
    assert isinstance(sealing_of(None, allow_unencrypted=True), NoSealing)


@pytest.mark.parametrize(
    ("missing", "make", "extra"),
    [
        ("cryptography", "SqliteStore('t.db', encryption_keys=['k'])", "tokenkit-sdk[sqlite]"),
        ("redis", "RedisStore.from_url('redis://', encryption_keys=['k'])", "tokenkit-sdk[redis]"),
    ],
)
def test_missing_extra_is_named(tmp_path: Path, missing: str, make: str, extra: str) -> None:
    """Without an extra's library, the error says what to install; imports cost nothing."""
    program = (
        f"import sys; sys.modules['{missing}'] = None\n"
        "from tokenkit import ConfigurationError\n"
        "from tokenkit.stores import RedisStore, SqliteStore\n"
        f"try: {make}\n"
        "except ConfigurationError as error: sys.stdout.write(str(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert extra in done.stdout


def test_other_process_removes_no_log(path: Path) -> None:
    """A process that has the file open several times keeps its locks; others must find them.

    Otherwise the last connection of another process would remove the write-ahead log, and a
    revocation that is written to it would be lost.
    """
    store = SqliteStore(path, allow_unencrypted=True)
    store.ask(acquire("one"))
    assert store.ask(publish("one")) is True
    inner: Any = store
    first, second = inner._take(), inner._take()
    inner._give_back(first)
    inner._give_back(second)
    program = (
        "import sys; from tokenkit.stores import IsLive, SqliteStore\n"
        "store = SqliteStore(sys.argv[1], allow_unencrypted=True)\n"
        "print(store.ask(IsLive(mark='m'))); store.close()"
    )
    other = [sys.executable, "-c", program, str(path)]
    assert subprocess.check_output(other, text=True) == "True\n"
    store.ask(Revoke(mark="m"))
    assert subprocess.check_output(other, text=True) == "False\n"


def test_fork_waits_for_no_creation(path: Path) -> None:
    """A child that is forked while another thread creates a file can create one too."""
    context = multiprocessing.get_context("fork")
    stop = threading.Event()

    def create() -> None:
        sys.settrace(None)  # a measurement of coverage has a lock that a child would wait for
        while not stop.is_set():
            _create(path)
            path.unlink()

    thread = threading.Thread(target=create)
    thread.start()
    try:
        with warnings.catch_warnings():
            # Python 3.12 and later: forking beside threads is what this is about.
            warnings.simplefilter("ignore", DeprecationWarning)
            for number in range(5):
                child = context.Process(
                    target=SqliteStore,
                    args=(path.with_name(f"{number}.db"),),
                    kwargs={"allow_unencrypted": True},
                )
                child.start()
                child.join(PATIENCE)
                assert child.exitcode == 0
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("spoiled", ["text", 10**12, None])
def test_spoiled_entry_is_replaced(path: Path, spoiled: object) -> None:
    """A value in the file that isn't bytes counts as missing, and the next mint replaces it."""
    store = SqliteStore(path, allow_unencrypted=True)
    store.ask(acquire("one"))
    store.ask(publish("one"))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE tokens SET sealed = ?", (spoiled,))
    database.close()
    found = store.ask(acquire("two"))
    assert isinstance(found, Found)
    assert found.sealed == b""


@pytest.mark.parametrize("path", [":memory:", "nul\0", b"bytes"])
def test_path_must_be_a_file_s(path: Any) -> None:
    """A store that other processes could not find is refused, with the alternative."""
    with pytest.raises(ConfigurationError, match=r"must be a file; without|null|must be a path"):
        SqliteStore(path, allow_unencrypted=True)


def test_what_has_ended_is_removed(path: Path) -> None:
    """Locks of killed processes and expired refusals do not pile up."""
    store = SqliteStore(path, allow_unencrypted=True)
    for number in range(20):
        key = f"key-{number}"
        store.ask(Acquire(key=key, owner="dead", seconds=0.001, known="", caller="c"))
        store.ask(Release(key=key, owner="other", caller=f"c{number}", rate_limited=0.001))
    time.sleep(0.01)
    store.ask(acquire("one"))
    store.ask(publish("one"))
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM locks").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM limits").fetchone() == (0,)
    database.close()
