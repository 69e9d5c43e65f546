"""The rules for every token store, as tests that its author can run."""

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Literal, TypeAlias

from ..stores import (
    Acquire,
    Acquired,
    Answer,
    Busy,
    Command,
    Found,
    Invalidate,
    IsLive,
    Publish,
    RateLimited,
    Release,
    Revoke,
    Store,
)

__all__ = ["StoreConformance"]

Scenario: TypeAlias = Generator[Command | float, Any, None]
"""Yields commands, and seconds to wait; is sent the answers."""

KEY, OTHER_KEY = "0" * 32, "1" * 32
MARK, NEW_MARK = "a" * 32, "b" * 32
CALLER, OTHER_CALLER = "c" * 32, "d" * 32
SEALED = bytes(range(256))
SHORT, LONG = 0.1, 30.0
# By then, anything that lasts SHORT seconds has ended.
PATIENCE = 0.3


class StoreConformance:
    """Tests for a store, to derive a test class from.

    Provide a pytest fixture ``store`` that returns an empty store, and a class for each way in
    which it can be asked::

        class TestMyStore(StoreConformance):
            backend = "sync"

            @pytest.fixture
            def store(self) -> MyStore:
                return MyStore(...)

    With another test runner, call the methods with a store.
    """

    backend: ClassVar[Literal["sync", "asyncio", "trio"]] = "sync"
    """How the store is asked: by its ``ask()``, or by its ``ask_async()`` on an event loop."""

    def run(self, store: Store, scenario: Scenario) -> None:
        """Ask a store what a scenario asks."""
        if self.backend == "sync":
            _run(store, scenario)
        else:
            import anyio  # noqa: PLC0415 - keeps the start of pytest fast

            anyio.run(_run_async, store, scenario, backend=self.backend)

    def test_first_one_mints_and_others_find_it(self, store: Store) -> None:
        """The first caller gets the lock; what it publishes is found, byte for byte."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(publish("one"), True)
            found = yield acquire("two")
            assert isinstance(found, Found)
            assert (found.mark, found.sealed) == (MARK, SEALED)
            assert LONG / 2 < found.left <= LONG

        self.run(store, scenario())

    def test_lock_keeps_others_out(self, store: Store) -> None:
        """While one caller mints, others are told to wait; that caller may ask again."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(acquire("two"), Busy())
            yield from expect(acquire("one"), Acquired())
            yield from expect(acquire("two", key=OTHER_KEY), Acquired())

        self.run(store, scenario())

    def test_lock_is_released_by_its_owner_only(self, store: Store) -> None:
        """A release frees the lock if the owner asks for it; asking twice does no harm."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(release("two"), None)
            yield from expect(acquire("two"), Busy())
            yield from expect(release("one"), None)
            yield from expect(release("one"), None)
            yield from expect(acquire("two"), Acquired())

        self.run(store, scenario())

    def test_lock_of_a_dead_process_ends(self, store: Store) -> None:
        """A lock ends by itself, and what its owner publishes then is refused."""

        def scenario() -> Scenario:
            yield from expect(acquire("one", seconds=SHORT), Acquired())
            yield PATIENCE
            yield from expect(acquire("two"), Acquired())
            yield from expect(publish("one"), False)
            yield from expect(acquire("three"), Busy())
            yield from expect(publish("two", mark=NEW_MARK), True)
            found = yield acquire("three")
            assert isinstance(found, Found)
            assert found.mark == NEW_MARK

        self.run(store, scenario())

    def test_nothing_is_stored_without_the_lock(self, store: Store) -> None:
        """A caller without the lock cannot publish."""

        def scenario() -> Scenario:
            yield from expect(publish("one"), False)
            yield from expect(acquire("two"), Acquired())
            yield from expect(publish("one"), False)
            yield from expect(release("two"), None)
            yield from expect(acquire("one"), Acquired())

        self.run(store, scenario())

    def test_publishing_twice_is_publishing_once(self, store: Store) -> None:
        """A publication whose result was lost may be repeated."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(publish("one"), True)
            yield from expect(publish("one"), True)
            yield from expect(publish("one", mark=NEW_MARK), False)

        self.run(store, scenario())

    def test_known_token_is_replaced(self, store: Store) -> None:
        """A caller that wants another token gets the lock; then its new token is found."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(publish("one"), True)
            yield from expect(acquire("one", known=MARK), Acquired())
            yield from expect(acquire("two", known=MARK), Busy())
            found = yield acquire("three")
            assert isinstance(found, Found)
            yield from expect(publish("one", mark=NEW_MARK), True)
            found = yield acquire("two", known=MARK)
            assert isinstance(found, Found)
            assert found.mark == NEW_MARK

        self.run(store, scenario())

    def test_stored_token_ends(self, store: Store) -> None:
        """After a token's end it is neither found nor alive."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(publish("one", seconds=SHORT, revocable=True), True)
            yield PATIENCE
            yield from expect(acquire("two"), Acquired())
            yield from expect(IsLive(mark=MARK), False)

        self.run(store, scenario())

    def test_invalidated_token_is_forgotten(self, store: Store) -> None:
        """An invalidation forgets the token, and fences off a mint in progress."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(publish("one", revocable=True), True)
            yield from expect(Invalidate(key=KEY), None)
            yield from expect(IsLive(mark=MARK), False)
            yield from expect(acquire("two"), Acquired())
            yield from expect(Invalidate(key=KEY), None)
            yield from expect(publish("two", mark=NEW_MARK), False)
            yield from expect(acquire("three"), Acquired())

        self.run(store, scenario())

    def test_only_what_is_known_lives(self, store: Store) -> None:
        """A revocable token lives from its publication to its revocation; others never do."""

        def scenario() -> Scenario:
            yield from expect(IsLive(mark=MARK), False)
            yield from expect(acquire("one"), Acquired())
            yield from expect(publish("one", revocable=True), True)
            yield from expect(IsLive(mark=MARK), True)
            yield from expect(Revoke(mark=MARK), None)
            yield from expect(IsLive(mark=MARK), False)
            yield from expect(Revoke(mark=MARK), None)
            yield from expect(acquire("one", known=MARK), Acquired())
            yield from expect(publish("one", mark=NEW_MARK), True)
            yield from expect(IsLive(mark=NEW_MARK), False)

        self.run(store, scenario())

    def test_repeated_publication_revives_nothing(self, store: Store) -> None:
        """A revoked token stays revoked, even if its publication is repeated or late."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(publish("one", revocable=True), True)
            yield from expect(Revoke(mark=MARK), None)
            yield publish("one", revocable=True)
            yield from expect(IsLive(mark=MARK), False)
            yield from expect(acquire("two", known=MARK), Acquired())
            yield from expect(publish("one", mark=NEW_MARK, revocable=True), False)
            yield from expect(IsLive(mark=NEW_MARK), False)

        self.run(store, scenario())

    def test_rate_limit_holds_for_its_caller(self, store: Store) -> None:
        """A refused caller is told for how long; others, and those who find a token, aren't."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(publish("one"), True)
            yield from expect(acquire("one", key=OTHER_KEY), Acquired())
            yield from expect(release("one", key=OTHER_KEY, rate_limited=LONG), None)
            limited = yield acquire("two", key=OTHER_KEY)
            assert isinstance(limited, RateLimited)
            assert LONG / 2 < limited.seconds <= LONG
            yield from expect(acquire("two", key=OTHER_KEY, caller=OTHER_CALLER), Acquired())
            found = yield acquire("two")
            assert isinstance(found, Found)

        self.run(store, scenario())

    def test_rate_limit_ends(self, store: Store) -> None:
        """After its time, a caller may mint again; nobody holds the lock meanwhile."""

        def scenario() -> Scenario:
            yield from expect(release("one", rate_limited=SHORT), None)
            yield acquire("one")
            yield PATIENCE
            yield from expect(release("one"), None)
            yield from expect(acquire("two"), Acquired())

        self.run(store, scenario())

    def test_one_of_many_gets_the_lock(self, store: Store) -> None:
        """If many ask at once, one mints."""
        owners = [f"owner-{number}" for number in range(16)]
        if self.backend == "sync":
            with ThreadPoolExecutor(len(owners)) as threads:
                commands = [acquire(owner) for owner in owners]
                answers = [*threads.map(store.ask, commands)]
        else:
            import anyio  # noqa: PLC0415 - keeps the start of pytest fast

            answers = anyio.run(_ask_at_once, store, owners, backend=self.backend)
        assert sorted(type(answer).__name__ for answer in answers) == [
            "Acquired",
            *["Busy"] * (len(owners) - 1),
        ]


def acquire(
    owner: str,
    *,
    key: str = KEY,
    seconds: float = LONG,
    known: str = "",
    caller: str = CALLER,
) -> Acquire:
    """Ask for a token or the lock."""
    return Acquire(key=key, owner=owner, seconds=seconds, known=known, caller=caller)


def publish(
    owner: str, *, mark: str = MARK, seconds: float = LONG, revocable: bool = False
) -> Publish:
    """Publish a token."""
    return Publish(
        key=KEY, owner=owner, mark=mark, sealed=SEALED, seconds=seconds, revocable=revocable
    )


def release(owner: str, *, key: str = KEY, rate_limited: float = 0.0) -> Release:
    """Release the lock."""
    return Release(key=key, owner=owner, caller=CALLER, rate_limited=rate_limited)


def expect(command: Command, answer: Answer) -> Scenario:
    """Ask, and check the answer."""
    given = yield command
    assert given == answer, f"{command} was answered by {given}, not by {answer}"


def _run(store: Store, scenario: Scenario) -> None:
    answer: Answer = None
    while True:
        try:
            step = scenario.send(answer)
        except StopIteration:
            return
        answer = None
        if isinstance(step, (int, float)):
            time.sleep(step)
        else:
            answer = store.ask(step)


async def _run_async(store: Store, scenario: Scenario) -> None:
    import anyio  # noqa: PLC0415 - keeps the start of pytest fast

    answer: Answer = None
    while True:
        try:
            step = scenario.send(answer)
        except StopIteration:
            return
        answer = None
        if isinstance(step, (int, float)):
            await anyio.sleep(step)
        else:
            answer = await store.ask_async(step)


async def _ask_at_once(store: Store, owners: list[str]) -> list[Answer]:
    import anyio  # noqa: PLC0415 - keeps the start of pytest fast

    answers: list[Answer] = []

    async def ask(owner: str) -> None:
        answers.append(await store.ask_async(acquire(owner)))

    async with anyio.create_task_group() as group:
        for owner in owners:
            group.start_soon(ask, owner)
    return answers
