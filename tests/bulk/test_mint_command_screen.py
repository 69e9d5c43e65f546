"""What ``python -m tokenkit mint`` shows on the screen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tokenkit.__main__ import main
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        for name, value in sandbox.environment.items():
            monkeypatch.setenv(name, value)
        yield sandbox


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "learners.csv"
    rows = [f"learner{number}@example.com,Learner {number},Berlin" for number in range(12)]
    path.write_text("\n".join(["E-Mail,name,city", *rows, ""]), "utf-8")
    return path


def mint(*arguments: str | Path, vendor: str = "strigo") -> int:
    return main(["mint", vendor, *map(str, arguments)])


def test_progress_is_shown_while_it_waits(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal a line now and then tells how far it is, and why it waits."""
    monkeypatch.setattr("tokenkit._mint.progress.LINE_EVERY", 0.2)
    with Sandbox(strigo_rate_limit=8, strigo_rate_window=1) as sandbox:
        for name, value in sandbox.environment.items():
            monkeypatch.setenv(name, value)
        sandbox.fail_next(vendor="strigo", status=500)
        assert mint("--from", table, "--to", table.with_name("tokens.csv")) == 1
    shown = capsys.readouterr().err
    assert "0 of 12" in shown
    assert "1 failed, waiting" in shown
    assert "s left" in shown


def test_a_terminal_gets_a_bar(
    sandbox: Sandbox,
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where tqdm is installed."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert mint("--from", table, "--to", table.with_name("tokens.csv")) == 0
    assert "12/12" in capsys.readouterr().err
    assert len(sandbox.issued) == 12


def test_the_help_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    """It names the files, the fields, the exit codes, and has examples."""
    with pytest.raises(SystemExit) as left:
        mint("--help")
    assert left.value.code == 0
    shown = capsys.readouterr().out
    for needed in (
        "--from FILE",
        "--journal FILE",
        "external_user_id",
        "exit codes",
        "130",
        "30d",
    ):
        assert needed in shown
