"""How a store in SQLite responds between its own statements."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from tokenkit.stores import Acquire, Acquired, Found, Publish
from tokenkit.stores.sqlite_commands import SCHEMA, carry_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = 1_800_000_000.0


class Overtaken(sqlite3.Connection):
    """A connection that another process overtakes just before it takes the lock."""

    meanwhile: Callable[[], object] | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Let the other process act first."""
        if self.meanwhile is not None and sql.lstrip().startswith("INSERT INTO locks"):
            act, self.meanwhile = self.meanwhile, None
            act()
        return super().execute(sql, parameters)


def acquire(owner: str) -> Acquire:
    """Ask for a token or the lock."""
    return Acquire(key="k", owner=owner, seconds=30, known="", caller="c")


def test_token_that_came_before_the_lock_is_found(tmp_path: Path) -> None:
    """A caller that gets the lock just after a token was stored gets the token, not the lock."""
    path = tmp_path / "tokens.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.executescript(SCHEMA)
    late = sqlite3.connect(path, isolation_level=None, factory=Overtaken)
    assert carry_out(other, acquire("other"), NOW) == Acquired()
    publish = Publish(key="k", owner="other", mark="m", sealed=b"s", seconds=60, revocable=False)
    late.meanwhile = lambda: carry_out(other, publish, NOW)
    assert carry_out(late, acquire("late"), NOW) == Found(mark="m", sealed=b"s", left=60.0)
    assert other.execute("SELECT * FROM locks").fetchall() == []
    late.close()
    other.close()
