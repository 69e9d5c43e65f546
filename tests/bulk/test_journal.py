"""The journal: what it remembers, what it refuses, and what it never holds."""

from __future__ import annotations

import sqlite3
import stat
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest
from bulk_runs import async_run, learners, reply, results, run
from cryptography.fernet import Fernet

from tokenkit import ConfigurationError, Secret, StrigoClient, strigo, zdk, zerohash
from tokenkit.bulk import Failure
from tokenkit.testing import FrozenClock

if TYPE_CHECKING:
    from pathlib import Path

    from tokenkit import Call, Reply
    from tokenkit.sandbox import Sandbox

KEY, OTHER_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mint.journal"


def told(call: Call[Any]) -> Reply[Any]:
    return reply(f"token of {call}")


def mint(client: StrigoClient, count: int, **options: Any) -> tuple[list[int], Any]:
    with client.send_many(learners(count), **options) as opened:
        return sorted(result.index for result in opened if result.ok), opened.counts


def test_a_run_that_was_left_goes_on(path: Path) -> None:
    """Delivered calls are skipped; the last result before the ``break`` comes once more."""
    first: list[int] = []
    with run(learners(50), told, journal=path) as opened:
        for result in opened:
            first.append(result.index)
            if len(first) == 20:
                break
    again = run(learners(50), told, journal=path)
    second = [result.index for result in results(again)]
    assert again.counts.skipped == 19
    assert sorted(first[:19] + second) == list(range(50))


def test_an_async_run_goes_on_likewise(path: Path, anyio_backend: str) -> None:
    """The journal works the same for async clients, with both drivers."""

    async def main() -> int:
        async with async_run(learners(30), told, journal=path) as opened:
            async for _ in opened:
                if opened.counts.succeeded >= 10:
                    break
        async with async_run(learners(30), told, journal=path) as opened:
            delivered = [result async for result in opened]
            assert opened.counts.skipped + len(delivered) == 30
            return opened.counts.skipped

    skipped = anyio.run(main, backend=anyio_backend)
    assert results(run(learners(30), told, journal=path)) == []
    assert skipped < 30


def test_the_order_is_kept_around_what_is_skipped(path: Path) -> None:
    """Skipped calls leave no gap that an ordered run waits for."""
    results(
        run(
            [call for call in learners(40) if call.email.endswith("3@example.com")],
            told,
            journal=path,
        )
    )
    opened = run(learners(40), told, journal=path, ordered=True, concurrency=2)
    assert [result.index for result in results(opened)] == [n for n in range(40) if n % 10 != 3]


def test_failures_are_sent_again_by_the_next_run(path: Path, client: StrigoClient) -> None:
    """A call that failed is not done."""
    calls = [*learners(3), strigo.UserTokenRequest(email="no address")]
    for skipped in (0, 3):
        with client.send_many(calls, journal=path) as opened:
            failed = [result for result in opened if not result.ok]
        assert [result.index for result in failed] == [3]
        assert opened.counts.skipped == skipped


def test_equal_calls_get_a_result_each(path: Path) -> None:
    """A table that names someone twice gives two results, even when the run is continued."""
    twice = [*learners(3), *learners(3)]
    with run(twice, told, journal=path, concurrency=1) as opened:
        for result in opened:
            if result.index == 4:
                break
    again = results(run(twice, told, journal=path))
    assert [result.index for result in again] == [4, 5]


def test_equal_calls_in_one_run_are_all_delivered(path: Path) -> None:
    """What this run has just done doesn't count as done by an earlier one."""
    assert len(results(run([*learners(1)] * 20, told, journal=path, concurrency=1))) == 20
    assert len(results(run([*learners(1)] * 25, told, journal=path))) == 5


def test_the_file_is_private(path: Path) -> None:
    """Only their owner can read the journal and the files that SQLite puts beside it."""
    path.touch(mode=0o644)
    with run(learners(20), told, journal=path) as opened:
        next(opened)
        next(opened)
        files = sorted(path.parent.iterdir())
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in files}
    assert "mint.journal-wal" in modes
    assert set(modes.values()) == {0o600}
    assert [file.name for file in path.parent.iterdir()] == ["mint.journal"]


@pytest.mark.parametrize("keys", [None, [KEY]])
def test_the_journal_tells_nothing(
    client: StrigoClient, sandbox: Sandbox, path: Path, keys: list[str] | None
) -> None:
    """G10: no token, e-mail, name or credential is in the file, with or without kept tokens."""
    calls = [attrs.evolve(call, name="Ada Lovelace") for call in learners(20)]
    with client.send_many(calls, journal=path, encryption_keys=keys) as opened:
        tokens = [result.value.token for result in opened if result.ok][:20]
        written = b"".join(file.read_bytes() for file in path.parent.iterdir())
    written += path.read_bytes()
    assert len(tokens) == 20
    hidden = [*tokens, *sandbox.environment.values(), KEY, "example.com", "Lovelace"]
    shown = [text for text in hidden if text.encode() in written and "http" not in text]
    assert shown == []


def test_a_strategy_that_fails_for_the_journal_is_named(path: Path) -> None:
    """Before the first call, too, the error names the client and has no frame."""

    class Failing:
        uses_time = False
        secrets = (Secret("key"),)

        def headers(self, *_: object) -> dict[str, str]:
            raise KeyError("vault-s3cret")

    strategy: Any = Failing()
    client = StrigoClient(auth=strategy)
    with pytest.raises(ConfigurationError) as caught, client.send_many([], journal=str(path)):
        raise AssertionError("never entered")
    assert str(caught.value) == "StrigoClient: Failing.headers() raised KeyError"
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.__cause__.__traceback__ is None


def test_kept_tokens_are_handed_out_again(
    client: StrigoClient, sandbox: Sandbox, path: Path
) -> None:
    """With encryption keys a new run yields every result again, and sends nothing."""
    with client.send_many(learners(20), journal=path, encryption_keys=[KEY]) as opened:
        first = {result.index: result.value for result in opened if result.ok}
    issued = len(sandbox.issued)
    with client.send_many(
        learners(20), journal=path, encryption_keys=[OTHER_KEY, KEY.encode()], ordered=True
    ) as opened:
        again = {result.index: result.value for result in opened if result.ok}
    assert first == again
    assert opened.counts.skipped == 20
    assert len(sandbox.issued) == issued


def test_kept_tokens_of_batches_are_handed_out_one_by_one(sandbox: Sandbox, path: Path) -> None:
    """A batch's response is kept for each of its calls alone."""
    calls = [zdk.UserTokenRequest(id=str(number)) for number in range(30)]
    with sandbox.zdk_client() as client:
        with client.send_many(calls, batch_size=8, journal=path, encryption_keys=[KEY]) as opened:
            first = {result.index: result.value for result in opened if result.ok}
        with client.send_many(calls[::-1], journal=path, encryption_keys=[KEY]) as opened:
            again = {29 - result.index: result.value for result in opened if result.ok}
    assert first == again
    assert opened.counts.requests == 0


def test_a_kept_token_that_has_ended_is_minted_again(sandbox: Sandbox, path: Path) -> None:
    """Results that are no longer of use are not returned."""
    soon = [attrs.evolve(call, expiration=timedelta(hours=1)) for call in learners(3)]
    keys = [KEY]
    with (
        sandbox.strigo_client() as client,
        client.send_many(soon, journal=path, encryption_keys=keys) as opened,
    ):
        assert len(list(opened)) == 3
    later = FrozenClock(datetime.now(timezone.utc) + timedelta(hours=2))
    with (
        sandbox.strigo_client(clock=later) as client,
        client.send_many(soon, journal=path, encryption_keys=keys) as opened,
    ):
        assert len(list(opened)) == 3
    assert opened.counts.requests == 3


def test_a_call_whose_token_is_kept_fails_as_itself(sandbox: Sandbox, path: Path) -> None:
    """The error names the mint, as it does without a journal."""
    keys = [KEY]
    with sandbox.strigo_client() as client:
        sandbox.fail_next(status=422)
        with client.send_many(learners(1), journal=path, encryption_keys=keys) as opened:
            (failure,) = opened
    assert isinstance(failure, Failure)
    assert failure.error.operation == "create_user_token"


@pytest.mark.parametrize("change", ["spoil", "swap", "other body", "other shape"])
def test_a_kept_response_that_cannot_be_read_is_minted_again(
    client: StrigoClient, path: Path, change: str
) -> None:
    """Bytes that don't decrypt, or that belong to another call, are not a result."""
    keys = [KEY]
    with client.send_many(learners(2), journal=path, encryption_keys=keys) as opened:
        assert len(list(opened)) == 2
    database = sqlite3.connect(path)
    rows = database.execute("SELECT key, sealed FROM entries").fetchall()
    sealed = {
        "spoil": [b"spoilt", b"spoilt"],
        "swap": [rows[1][1], rows[0][1]],
        "other body": [Fernet(KEY).encrypt(key + b'[[],200,{},1,""]') for key, _ in rows],
        "other shape": [Fernet(KEY).encrypt(key + b"[]") for key, _ in rows],
    }[change]
    for (key, _), value in zip(rows, sealed, strict=True):
        database.execute("UPDATE entries SET sealed = ? WHERE key = ?", (value, key))
    database.commit()
    database.close()
    with client.send_many(learners(2), journal=path, encryption_keys=keys) as opened:
        assert len(list(opened)) == 2
    assert opened.counts.requests == 2


def test_other_credentials_mint_for_themselves(path: Path) -> None:
    """The keys of the entries depend on the credentials."""
    results(run(learners(5), told, journal=path))
    assert len(results(run(learners(5), told, journal=path, identity=b"o" * 32))) == 5


def test_a_journal_of_another_client_is_refused_by_name(
    sandbox: Sandbox, client: StrigoClient, path: Path
) -> None:
    """A journal belongs to a vendor and its address."""
    mint(client, 1, journal=path)
    with (
        sandbox.zdk_client() as other,
        pytest.raises(ConfigurationError, match=r"mint\.journal' belongs to a run of Strigo at"),
        other.send_many([zdk.UserTokenRequest(id="1")], journal=path),
    ):
        pass


def test_a_journal_in_use_is_refused_by_name(path: Path) -> None:
    """Two runs on one journal would not know about each other."""
    with (
        run(learners(1), told, journal=path),
        pytest.raises(ConfigurationError, match=r"mint\.journal': another run is using it"),
        run(learners(1), told, journal=path),
    ):
        pass
    assert len(results(run(learners(1), told, journal=path))) == 1


@pytest.mark.parametrize(
    ("first", "then", "problem"),
    [
        (None, [KEY], "was started without encryption_keys"),
        ([KEY], None, "was started with encryption_keys"),
        ([KEY], [OTHER_KEY], "was started with other encryption_keys"),
    ],
)
def test_a_journal_is_used_with_the_keys_it_was_begun_with(
    path: Path, first: list[str] | None, then: list[str] | None, problem: str
) -> None:
    """Otherwise results would be skipped that were never delivered."""
    with run(learners(1), told, journal=path, encryption_keys=first):
        pass
    with (
        pytest.raises(ConfigurationError, match=problem),
        run(learners(1), told, journal=path, encryption_keys=then),
    ):
        pass


def test_a_journal_of_a_newer_version_is_refused_by_name(path: Path) -> None:
    """An older tokenkit doesn't guess at a newer format."""
    results(run(learners(1), told, journal=path))
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 2")
    database.close()
    with (
        pytest.raises(ConfigurationError, match=r"newer version of tokenkit \(its format is 2"),
        run(learners(1), told, journal=path),
    ):
        pass


def foreign_file(path: Path, kind: str) -> None:
    if kind == "text":
        path.write_text("email,name\nada@example.com,Ada\n", "utf-8")
        return
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE learners (email TEXT)")
    if kind == "another program's":
        database.execute("PRAGMA application_id = 77")
    database.commit()
    database.close()


@pytest.mark.parametrize("kind", ["text", "a database", "another program's"])
def test_a_file_that_is_no_journal_is_left_alone(path: Path, kind: str) -> None:
    """A table or a database given by mistake is neither used nor changed."""
    foreign_file(path, kind)
    before = path.read_bytes()
    with (
        pytest.raises(ConfigurationError, match=r"mint\.journal' is not a journal of tokenkit"),
        run(learners(1), told, journal=path),
    ):
        pass
    assert path.read_bytes() == before


def test_a_journal_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    """The path and the system's reason are in the message."""
    missing = tmp_path / "missing" / "mint.journal"
    for path, reason in ((missing, "No such file"), (tmp_path, "directory")):
        with (
            pytest.raises(ConfigurationError, match=reason),
            run(learners(1), told, journal=path),
        ):
            pass


def test_a_call_whose_key_cannot_be_made_is_a_failure(path: Path) -> None:
    """A call that cannot be sent is found before it is sent, and doesn't stop the run."""
    late = strigo.UserTokenRequest(
        email="late@example.com", expiration=datetime(2020, 1, 1, tzinfo=timezone.utc)
    )

    class Broken(zerohash.TimeRequest):
        def encode(self, now: datetime) -> Any:
            raise KeyError(now)

    calls: list[Any] = [late, Broken(), *learners(1)]
    opened = run(calls, told, journal=path, ordered=True)
    first, second, third = results(opened)
    assert isinstance(first, Failure)
    assert isinstance(second, Failure)
    assert "expiration" in str(first.error)
    assert "Broken: the body: Broken.encode() raised KeyError" in str(second.error)
    assert third.ok
