"""``python -m tokenkit mint``: a table in, a table with tokens out."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import datetime, timezone
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from mint_runs import mint, read_csv

from tokenkit import strigo
from tokenkit._mint.models import MODELS
from tokenkit._mint.people import People
from tokenkit._mint.tables import Dialect

if TYPE_CHECKING:
    from pathlib import Path

    from tokenkit.sandbox import Sandbox


def test_a_csv_becomes_a_csv_with_tokens(
    own_sandbox: Sandbox, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows keep their order and their other columns; the file is private; no token is shown."""
    target = table.with_name("tokens.csv")
    assert mint("--from", table, "--to", target) == 0
    rows = read_csv(target)
    assert [row["E-Mail"] for row in rows] == [f"learner{n}@example.com" for n in range(12)]
    assert {row["city"] for row in rows} == {"Berlin"}
    assert {row["token"] for row in rows} == {issued.token for issued in own_sandbox.issued}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "12 of 12 rows have their token" in shown.err
    assert not [row for row in rows if row["token"] in shown.err]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_other_formats_go_in_and_out(own_sandbox: Sandbox, table: Path, ending: str) -> None:
    """JSON lines and Parquet hold the same rows, and can be read again."""
    if ending == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    first, second = table.with_name(f"first.{ending}"), table.with_name("second.csv")
    renamed = table.with_name(f"again.{ending}")
    assert mint("--from", table, "--to", first) == 0
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    rows = read_any(first)
    assert [row["ok"] for row in rows] == [True] * 12
    write_any(renamed, [{"email": row["E-Mail"], "groups": None} for row in rows])
    assert mint("--from", renamed, "--to", second) == 0
    assert len(read_csv(second)) == 12
    assert len(own_sandbox.issued) == 24


def read_any(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows: list[dict[str, Any]]
    rows = import_module("pyarrow.parquet").read_table(path).to_pylist()
    return rows


def write_any(path: Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return
    table = import_module("pyarrow").Table.from_pylist(rows)
    import_module("pyarrow.parquet").write_table(table, path)


def test_parquet_keeps_other_types_as_text(own_sandbox: Sandbox, tmp_path: Path) -> None:
    """Numbers, dates and lists of the table come out as text."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    born = datetime(2000, 1, 2, tzinfo=timezone.utc)
    write_any(source, [{"email": "a@example.com", "groups": ["x", "y"], "age": 7, "born": born}])
    assert mint("--from", source, "--to", target) == 0
    (row,) = read_any(target)
    assert (row["age"], row["born"][:10]) == ("7", "2000-01-02")
    assert len(own_sandbox.issued) == 1
    source.write_bytes(b"PAR1 and nothing else")
    assert mint("--from", source, "--to", tmp_path / "other.csv") == 2


def test_excels_csv_stays_excels(own_sandbox: Sandbox, tmp_path: Path) -> None:
    """A byte order mark, semicolons and accents are preserved."""
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text('email;name\njose@example.com;"José; Núñez"\n', "utf-8-sig")
    assert mint("--from", source, "--to", target) == 0
    assert target.read_bytes().startswith(b"\xef\xbb\xbfemail;name;ok;token")
    assert read_csv(target, ";")[0]["name"] == "José; Núñez"
    assert len(own_sandbox.issued) == 1


def test_rows_that_fail_say_why_and_are_tried_again(
    own_sandbox: Sandbox, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 1; once the vendor recovers, the same command mints what is missing."""
    target, journal = table.with_name("tokens.csv"), table.with_name("mint.journal")
    command = ("--from", table, "--to", target, "--journal", journal)
    own_sandbox.fail_next(vendor="strigo", status=500, times=2)
    assert mint(*command) == 1
    failed = [row for row in read_csv(target) if row["ok"] == "False"]
    assert [(row["error"], row["status"], row["token"]) for row in failed] == [
        ("ServerError", "500", "")
    ] * 2
    assert "2 failed" in capsys.readouterr().err
    assert mint(*command) == 0
    rows = read_csv(target)
    assert sorted(row["E-Mail"] for row in rows) == sorted(
        f"learner{n}@example.com" for n in range(12)
    )
    assert len(own_sandbox.issued) == 12
    assert "10 of 12 rows have their token already" in capsys.readouterr().err
    assert mint(*command) == 0
    assert len(own_sandbox.issued) == 12


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_killed_command_goes_on(own_sandbox: Sandbox, table: Path, ending: str) -> None:
    """After SIGKILL the same command finishes the file; a truncated row is minted again."""
    if ending == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    target, journal = table.with_name(f"tokens.{ending}"), table.with_name("mint.journal")
    command = ["--from", str(table), "--to", str(target), "--journal", str(journal)]
    own_sandbox.fail_next(vendor="strigo", delay=0.01, times=3)
    own_sandbox.fail_next(vendor="strigo", delay=30.0, times=1)
    program = [sys.executable, "-m", "tokenkit", "mint", "strigo", *command, "--concurrency", "2"]
    with subprocess.Popen(program, env=os.environ.copy(), stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 60
        while not target.exists() or not journal.exists() or len(own_sandbox.issued) < 2:
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    own_sandbox.clear_faults()
    with target.open("ab") as file:
        file.write(b'"cut' if ending == "csv" else b'{"E-Mail": "cu')
    assert mint(*command) == 0
    rows = read_csv(target) if ending == "csv" else read_any(target)
    assert sorted(row["E-Mail"] for row in rows) == sorted(
        f"learner{n}@example.com" for n in range(12)
    )


def test_fields_may_be_renamed_and_set(own_sandbox: Sandbox, tmp_path: Path) -> None:
    """``--column`` and ``--set`` supply fields that the table names differently, or lacks."""
    source, target = tmp_path / "in.csv", tmp_path / "out.jsonl"
    source.write_text("mail,until\na@example.com,2h\n", "utf-8")
    code = mint(
        *("--from", source, "--to", target, "--column", "email=mail"),
        *("--column", "expiration=until", "--set", "groups=one;two"),
    )
    assert code == 0
    (issued,) = own_sandbox.issued
    assert issued.subject == "a@example.com"
    (row,) = read_any(target)
    assert row["mail"] == "a@example.com"
    assert row["expires_at"]


def test_other_vendors_are_minted_too(own_sandbox: Sandbox, tmp_path: Path) -> None:
    """ZDK in batches, and zerohash with payment ids."""
    source = tmp_path / "in.csv"
    source.write_text('id,metadata,permissions\n1,"{""team"": ""blue""}",100;chat\n2,,\n', "utf-8")
    options = ("--from", source, "--to", tmp_path / "zdk.csv", "--batch-size", "10", "--quiet")
    assert mint(*options, vendor="zdk") == 0
    source.write_text("participant_code,reference_id\nCUST01,invoice-1\n", "utf-8")
    code = mint(
        *("--from", source, "--to", tmp_path / "zerohash.csv", "--allow-payments"),
        *("--journal", tmp_path / "j", "--set", "permissions=crypto-withdrawals"),
        vendor="zerohash",
    )
    assert code == 0
    assert read_csv(tmp_path / "zerohash.csv")[0]["payment_id"]
    assert len(own_sandbox.issued) == 3


@pytest.mark.parametrize(
    ("content", "options", "problem"),
    [
        ("name\nAda\n", (), "row 1: email: is missing: add a column 'email'"),
        ("email\n\n", (), "has no rows"),
        ("", (), "has no rows"),
        (
            "email,expiration\na@b.c,soon\n",
            (),
            "row 1: expiration: must be a duration such as 30d",
        ),
        (
            "email,expiration\na@b.c,2020-01-01T00:00:00Z\nb@b.c,2030-01-01\n",
            (),
            "expiration: must be a duration such as 30d",
        ),
        ("email,email\na,b\n", (), "has the column 'email' twice"),
        ("email,name\na\n", (), "line 2: has 1 cells for 2 columns"),
        ("email,token\na,b\n", (), "the column 'token' is also in the result: rename it"),
        ("email\na\n", ("--column", "mail=email"), "strigo has no field 'mail'; it has email"),
        ("email\na\n", ("--column", "name=Name"), "has no column 'Name' for name"),
        ("email\na\n", ("--share", "0"), "--share must be above 0 and at most 1, not 0.0\n"),
        ("email\na\n", ("--share", "nan"), "--share must be above 0 and at most 1, not nan\n"),
        ("email\na\n", ("--concurrency", "0"), "--concurrency must be a whole number from 1 to"),
        ("email\na\n", ("--batch-size", "-1"), "--batch-size must be a whole number from 1 to"),
        ("email\na\n", ("--allow-payments",), "--allow-payments needs --journal, so that"),
        ("email\n" + "\x01\n" * 25, (), "and 5 more"),
    ],
)
def test_a_problem_is_told_before_anything_is_sent(
    own_sandbox: Sandbox,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    options: tuple[str, ...],
    problem: str,
) -> None:
    """Exit code 2, one line for each problem, and no file."""
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(content, "utf-8")
    assert mint("--from", source, "--to", target, *options) == 2
    assert problem in capsys.readouterr().err
    assert not target.exists()
    assert own_sandbox.issued == ()


def test_bad_cells_of_other_kinds_are_told(
    own_sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A JSON cell, a JSON line, an encoding and a file ending that are wrong."""
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("id,metadata\n1,blue\n", "utf-8")
    assert mint("--from", source, "--to", target, vendor="zdk") == 2
    assert "metadata: must be a JSON object such as" in capsys.readouterr().err
    source.write_bytes("email\njosé@example.com\n".encode("latin-1"))
    assert mint("--from", source, "--to", target) == 2
    assert "must be UTF-8; in Excel save as" in capsys.readouterr().err
    source.write_bytes("josé\na\n".encode("latin-1"))
    assert mint("--from", source, "--to", target) == 2
    lines = tmp_path / "in.jsonl"
    for line in ("[]", "{", "7"):
        lines.write_text(f"\n{line}\n", "utf-8")
        assert mint("--from", lines, "--to", target) == 2
        assert "line 2: must be a JSON object" in capsys.readouterr().err
    assert mint("--from", source, "--to", tmp_path / "out.xlsx") == 2
    assert "must end with .csv, .jsonl, .parquet" in capsys.readouterr().err
    assert mint("--from", tmp_path / "none.csv", "--to", target) == 2
    assert "No such file" in capsys.readouterr().err
    assert own_sandbox.issued == ()


def test_lists_in_cells_are_read(tmp_path: Path) -> None:
    """A list in JSON lines becomes the list of the field."""
    source = tmp_path / "in.jsonl"
    source.write_text('{"email": "a@example.com", "groups": ["one", "two"]}\n', "utf-8")
    people = People(source, ".jsonl", Dialect(), MODELS["strigo"], strigo.UserTokenRequest, {}, {})
    assert people.check() == (1, [])
    ((_, call),) = people
    assert call == strigo.UserTokenRequest(email="a@example.com", groups=["one", "two"])


def test_bad_encoding_far_down_is_told(
    own_sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table with an ASCII head may still not be UTF-8."""
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = "".join(f"learner{number}@example.com\n" for number in range(1000))
    source.write_bytes(f"email\n{rows}josé@example.com\n".encode("latin-1"))
    assert mint("--from", source, "--to", target) == 2
    assert "must be UTF-8; in Excel save as" in capsys.readouterr().err
    assert own_sandbox.issued == ()


def test_a_finished_parquet_file_is_continued(own_sandbox: Sandbox, table: Path) -> None:
    """A second run of a command reads the tokens of the first, and mints none of them again."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    target = table.with_name("tokens.parquet")
    journal = table.with_name("mint.journal")
    command = ("--from", table, "--to", target, "--journal", journal)
    assert mint(*command) == 0
    rows = read_any(target)
    with table.open("a", encoding="utf-8") as file:
        file.write("late@example.com,Late,Berlin\n")
    assert mint(*command) == 0
    assert read_any(target)[:-1] == rows
    assert len(own_sandbox.issued) == 13
