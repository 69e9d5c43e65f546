"""``python -m tokenkit mint``: existing files, interruptions, progress and help."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from mint_runs import mint, read_csv

from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path


def test_no_file_is_overwritten_by_mistake(
    own_sandbox: Sandbox, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another table, or a result without its journal, is left untouched."""
    target, journal = table.with_name("tokens.csv"), table.with_name("mint.journal")
    command = ("--from", table, "--to", target)
    target.write_text("precious", "utf-8")
    assert mint(*command) == 2
    assert "exists: choose another file" in capsys.readouterr().err
    journal.touch()
    assert mint(*command, "--journal", journal) == 2
    assert "contains another table" in capsys.readouterr().err
    assert target.read_text("utf-8") == "precious"
    lines = table.with_name("tokens.jsonl")
    lines.write_text('{"other": 1}\n', "utf-8")
    assert mint("--from", table, "--to", lines, "--journal", journal) == 2
    lines.write_text('{"E-Mail": 1}\n', "utf-8")
    assert mint("--from", table, "--to", lines, "--journal", journal) == 2
    assert capsys.readouterr().err.count("contains another table") == 2
    target.unlink()
    assert mint(*command, "--journal", journal) == 2
    assert "is gone: restore it, or delete the journal" in capsys.readouterr().err
    assert own_sandbox.issued == ()


def test_rows_that_only_the_journal_has_are_told(
    own_sandbox: Sandbox, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A result that lost rows doesn't count as a success."""
    target, journal = table.with_name("tokens.csv"), table.with_name("mint.journal")
    command = ("--from", table, "--to", target, "--journal", journal)
    assert mint(*command) == 0
    lines = target.read_text("utf-8").splitlines(keepends=True)
    for kept in (lines[:-1], [lines[0], *lines[2:]]):
        target.write_text("".join(kept), "utf-8")
        assert mint(*command) == 1
        assert "1 were delivered by an earlier run" in capsys.readouterr().err
    more = table.read_text("utf-8") + "late@example.com,Late,Rome\n"
    table.write_text(more, "utf-8")
    assert mint(*command) == 1
    assert len(own_sandbox.issued) == 13


def test_without_credentials_nothing_is_written(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The missing variables are named."""
    for name in [name for name in os.environ if name.startswith("STRIGO")]:
        monkeypatch.delenv(name)
    target = table.with_name("tokens.csv")
    assert mint("--from", table, "--to", target) == 2
    assert "STRIGO_API_KEY" in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize("with_journal", [True, False])
def test_ctrl_c_says_how_to_go_on(
    own_sandbox: Sandbox,
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    with_journal: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The exit code is 130; the file holds what is done, and the same command continues."""
    from tokenkit._mint.output import Output  # noqa: PLC0415 - only here

    add, added = Output.add, list[object]()

    def interrupted(output: Output, row: Any) -> None:
        if len(added) == 4:
            raise KeyboardInterrupt
        added.append(row)
        add(output, row)

    monkeypatch.setattr(Output, "add", interrupted)
    target = table.with_name("tokens.csv")
    command: tuple[str | Path, ...] = ("--from", table, "--to", target)
    if with_journal:
        command = (*command, "--journal", table.with_name("mint.journal"))
    assert mint(*command) == 130
    told = "run the same command again" if with_journal else "with --journal"
    assert f"Interrupted: 4 of 12 rows have their token; {told}" in capsys.readouterr().err
    assert len(read_csv(target)) == 4
    monkeypatch.setattr(Output, "add", add)
    if with_journal:
        assert mint(*command) == 0
        assert len(read_csv(target)) == 12
    assert len(own_sandbox.issued) >= 4


def test_progress_is_shown_while_it_waits(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal, a line now and then says how far it is and why it waits."""
    monkeypatch.setattr("tokenkit._mint.progress.LINE_EVERY", 0.2)
    with Sandbox(strigo_rate_limit=8, strigo_rate_window=5) as sandbox:
        for name, value in sandbox.environment.items():
            monkeypatch.setenv(name, value)
        sandbox.fail_next(vendor="strigo", status=500)
        assert mint("--from", table, "--to", table.with_name("tokens.csv")) == 1
    shown = capsys.readouterr().err
    assert "0 of 12" in shown
    assert "1 failed, waiting" in shown
    assert "s left" in shown


def test_a_terminal_gets_a_bar(
    own_sandbox: Sandbox,
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The bar shows if tqdm is installed."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert mint("--from", table, "--to", table.with_name("tokens.csv")) == 0
    assert "12/12" in capsys.readouterr().err
    assert len(own_sandbox.issued) == 12


def test_the_help_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names the files, the fields and the exit codes, and has examples."""
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


@pytest.mark.parametrize("pair", ["email", "=mail", "email="])
def test_a_pair_without_both_sides_is_refused(
    pair: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message shows the expected form."""
    with pytest.raises(SystemExit):
        mint("--from", "a.csv", "--to", "b.csv", "--column", pair)
    assert "must be FIELD=VALUE" in capsys.readouterr().err


def test_parquet_without_pyarrow_says_what_to_install(
    own_sandbox: Sandbox,
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The option is refused before anything is sent."""
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert mint("--from", table, "--to", table.with_name("tokens.parquet")) == 2
    assert "pip install pyarrow" in capsys.readouterr().err
    assert own_sandbox.issued == ()
