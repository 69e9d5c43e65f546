"""A journal that was truncated, or whose run was killed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from bulk_runs import learners, reply, results, run

from tokenkit import InterruptedMintError, zerohash
from tokenkit.bulk import Failure
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tokenkit import Call, Reply

LEARNERS = 250
KILLS = 20


def told(call: Call[Any]) -> Reply[Any]:
    return reply(f"token of {call}")


@pytest.fixture(scope="module")
def journals(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """Return the files of a closed run and of one that was killed."""
    folder = tmp_path_factory.mktemp("journals")
    with run(learners(200), told, journal=folder / "open") as opened:
        for _ in zip(range(150), opened, strict=False):
            pass
        files = {"main": folder / "open", "wal": folder / "open-wal"}
        read = {name: file.read_bytes() for name, file in files.items()}
    return {**read, "closed": (folder / "open").read_bytes()}


def cuts(length: int) -> Iterator[int]:
    """Return where to cut a file: at every byte of its head, and at a sample of the rest."""
    chosen = random.Random(7)  # noqa: S311 - places, no secrets
    yield from range(0, 120, 7)
    yield from sorted(chosen.sample(range(120, length), 20))
    yield from range(4096, length, 4096)


def delivered(path: Path) -> tuple[int, int]:
    opened = run(learners(200), told, journal=path)
    return len(results(opened)), opened.counts.skipped


def test_a_truncated_journal_is_recovered(journals: Mapping[str, bytes], tmp_path: Path) -> None:
    """Wherever a closed journal is cut, the run continues with what is left and mints the rest."""
    whole = journals["closed"]
    found: dict[int, int] = {}
    for cut in cuts(len(whole)):
        path = tmp_path / "cut.journal"
        path.write_bytes(whole[:cut])
        minted, skipped = delivered(path)
        assert minted + skipped == 200
        found[cut] = skipped
        path.unlink()
    assert found[0] == 0
    assert max(found.values()) > 75
    # The longer the file, the more of it is used.
    assert [found[cut] for cut in sorted(found)] == sorted(found.values())


def test_a_truncated_log_beside_the_journal_is_recovered(
    journals: Mapping[str, bytes], tmp_path: Path
) -> None:
    """A killed run leaves SQLite's log; wherever that is cut, the run continues."""
    log = journals["wal"]
    for cut in [*cuts(len(log))][::5]:
        path = tmp_path / "cut.journal"
        path.write_bytes(journals["main"])
        path.with_name("cut.journal-wal").write_bytes(log[:cut])
        minted, skipped = delivered(path)
        assert minted + skipped == 200
        path.unlink()


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_garbage_in_the_journal_is_recovered_from(
    journals: Mapping[str, bytes], tmp_path: Path, place: float
) -> None:
    """An overwritten page loses only what was on it."""
    path = tmp_path / "spoilt.journal"
    spoilt = bytearray(journals["closed"])
    page = int(len(spoilt) * place) // 4096 * 4096
    spoilt[page : page + 4096] = random.Random(7).randbytes(4096)  # noqa: S311 - garbage
    path.write_bytes(spoilt)
    minted, skipped = delivered(path)
    assert minted + skipped == 200


PAYMENT = zerohash.ClientAuthTokenRequest(
    participant_code="CUST01", permissions=["crypto-withdrawals"], reference_id="invoice-1"
)


@pytest.mark.parametrize("cut", [0, 10, 100, 5000, 9000, -4096, -1])
def test_a_damaged_journal_lets_no_payment_go_twice(tmp_path: Path, cut: int) -> None:
    """If the journal may have lost that a payment was sent, the payment isn't sent again."""
    path = tmp_path / "paid.journal"
    options: dict[str, Any] = {"journal": path, "allow_payments": True}
    assert [result.ok for result in results(run([PAYMENT], told, **options))] == [True]
    path.write_bytes(path.read_bytes()[:cut])
    for _ in range(2):  # the damage is remembered
        found = results(run([PAYMENT], told, **options))
        for result in found:
            assert isinstance(result, Failure)
            assert isinstance(result.error, InterruptedMintError)


# A process that starts runs by forking, which is quick, and kills each at a given result.
PROGRAM = textwrap.dedent(
    """
    import json, os, signal, sys
    from tokenkit import StrigoClient, strigo
    # What a run needs is loaded once, and not by each child.
    with StrigoClient.from_env() as client, client.send_many([], journal=sys.argv[1]) as results:
        client.check_health()

    # After each result a child waits for leave to go on, so that it cannot end before its time.
    def deliver(journal, count, write, leave):
        calls = (strigo.UserTokenRequest(email=f"learner{n}@example.com") for n in range(count))
        with StrigoClient.from_env() as client:
            with client.send_many(calls, journal=journal) as results:
                for result in results:
                    os.write(write, b"%d\\n" % result.index)
                    os.read(leave, 1)
        os.write(write, b"end\\n")

    journal, count, *moments = sys.argv[1:]
    seen, kills, ended = [], 0, False
    while not ended:
        read, write = os.pipe()
        leave, allow = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            os.close(allow)
            deliver(journal, int(count), write, leave)
            os._exit(0)
        os.close(write)
        os.close(leave)
        after = int(moments.pop()) if moments else -1
        with os.fdopen(read) as lines:
            for number, line in enumerate(lines, 1):
                if line == "end\\n":
                    ended = True
                else:
                    seen.append(int(line))
                if number == after:
                    os.kill(child, signal.SIGKILL)
                    kills += 1
                    break
                if not ended:
                    os.write(allow, b".")
        os.close(allow)
        os.waitpid(child, 0)
    print(json.dumps([seen, kills]))
    """
)


def test_kill_9_at_twenty_moments_loses_nothing(tmp_path: Path) -> None:
    """A run that is killed repeatedly delivers every result, with at most one repeat per kill."""
    chosen = random.Random(11)  # noqa: S311 - moments, no secrets
    moments = [str(chosen.randrange(1, 15)) for _ in range(KILLS)]
    with Sandbox() as sandbox:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, tmp_path / "mint.journal", str(LEARNERS), *moments],
            env={**os.environ, **sandbox.environment},
            stdout=subprocess.PIPE,
            check=True,
            timeout=120,
        )
    seen, kills = json.loads(ran.stdout)
    assert kills == KILLS
    assert set(seen) == set(range(LEARNERS))
    assert len(seen) - LEARNERS <= kills
