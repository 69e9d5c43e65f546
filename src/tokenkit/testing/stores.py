"""The behaviour required of every token store, as tests that its author can run."""

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Literal, TypeAlias

from ..stores import (
    Acquire,
    Acquired,
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
    StoreResponse,
)

__all__ = ["StoreConformance"]

Scenario: TypeAlias = Generator[Command | float, Any, None]
"""Yields commands, and seconds to wait; receives the responses."""

KEY, OTHER_KEY = "0" * 32, "1" * 32
MARK, NEW_MARK = "a" * 32, "b" * 32
CALLER, OTHER_CALLER = "c" * 32, "d" * 32
SEALED = bytes(range(256))
SHORT, LONG = 0.1, 30.0
# By then, anything that lasts SHORT seconds has ended.
PATIENCE = 0.3


class StoreConformance:
    """Tests for a store; derive your test classes from it.

    Provide a pytest fixture ``store`` that returns an empty store, and one class for each backend
    that the store supports::

        class TestMyStore(StoreConformance):
            backend = "sync"

            @pytest.fixture
            def store(self) -> MyStore:
                return MyStore(...)

    With another test runner, call the methods with a store.
    """

    backend: ClassVar[Literal["sync", "asyncio", "trio"]] = "sync"
    """How the store is called: ``ask()``, or ``ask_async()`` on this event loop."""

    def run(self, store: Store, scenario: Scenario) -> None:
        """Run a scenario's commands against a store."""
        if self.backend == "sync":
            _run(store, scenario)
        else:
            import anyio  # noqa: PLC0415 - keeps the start of pytest fast

            anyio.run(_run_async, store, scenario, backend=self.backend)

    def test_first_one_mints_and_others_find_it(self, store: Store) -> None:
        """The first caller gets the lock; its token is found, byte for byte."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(publish("one"), True)
            found = yield acquire("two")
            assert isinstance(found, Found)
            assert (found.mark, found.sealed) == (MARK, SEALED)
            assert LONG / 2 < found.left <= LONG

        self.run(store, scenario())

    def test_lock_keeps_others_out(self, store: Store) -> None:
        """While one owner mints, others are told to wait; the owner may ask again."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(acquire("two"), Busy())
            yield from expect(acquire("one"), Acquired())
            yield from expect(acquire("two", key=OTHER_KEY), Acquired())

        self.run(store, scenario())

    def test_lock_is_released_by_its_owner_only(self, store: Store) -> None:
        """Only the owner can release the lock; releasing it twice does no harm."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(release("two"), None)
            yield from expect(acquire("two"), Busy())
            yield from expect(release("one"), None)
            yield from expect(release("one"), None)
            yield from expect(acquire("two"), Acquired())

        self.run(store, scenario())

    def test_lock_of_a_dead_process_ends(self, store: Store) -> None:
        """A lock expires; after that, its owner can't publish."""

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
        """Without the lock, a caller can't publish."""

        def scenario() -> Scenario:
            yield from expect(publish("one"), False)
            yield from expect(acquire("two"), Acquired())
            yield from expect(publish("one"), False)
            yield from expect(release("two"), None)
            yield from expect(acquire("one"), Acquired())

        self.run(store, scenario())

    def test_publishing_twice_is_publishing_once(self, store: Store) -> None:
        """A Publish whose response was lost may be repeated."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(publish("one"), True)
            yield from expect(publish("one"), True)
            yield from expect(publish("one", mark=NEW_MARK), False)

        self.run(store, scenario())

    def test_known_token_is_replaced(self, store: Store) -> None:
        """A caller that ignores the stored token gets the lock; then the new token is found."""

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
        """After its end, a token is neither found nor live."""

        def scenario() -> Scenario:
            yield from expect(acquire("one"), Acquired())
            yield from expect(publish("one", seconds=SHORT, revocable=True), True)
            yield PATIENCE
            yield from expect(acquire("two"), Acquired())
            yield from expect(IsLive(mark=MARK), False)

        self.run(store, scenario())

    def test_invalidated_token_is_forgotten(self, store: Store) -> None:
        """Invalidate forgets the token and fences off a mint under way."""

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
        """A revocable token is live from Publish to Revoke; other tokens never are."""

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
        """A revoked token stays revoked, even if its Publish is repeated or comes late."""

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
        """A rate-limited caller learns for how long, unless a token is found; others don't."""

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
        """After the rate limit, the caller may mint again; the lock was free meanwhile."""

        def scenario() -> Scenario:
            yield from expect(release("one", rate_limited=SHORT), None)
            yield acquire("one")
            yield PATIENCE
            yield from expect(release("one"), None)
            yield from expect(acquire("two"), Acquired())

        self.run(store, scenario())

    def test_one_of_many_gets_the_lock(self, store: Store) -> None:
        """Of many callers at once, one mints."""
        owners = [f"owner-{number}" for number in range(16)]
        if self.backend == "sync":
            with ThreadPoolExecutor(len(owners)) as threads:
                commands = [acquire(owner) for owner in owners]
                responses = [*threads.map(store.ask, commands)]
        else:
            import anyio  # noqa: PLC0415 - only for async stores

            responses = anyio.run(_ask_at_once, store, owners, backend=self.backend)
        assert sorted(type(response).__name__ for response in responses) == [
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
    """Make an Acquire."""
    return Acquire(key=key, owner=owner, seconds=seconds, known=known, caller=caller)


def publish(
    owner: str, *, mark: str = MARK, seconds: float = LONG, revocable: bool = False
) -> Publish:
    """Make a Publish."""
    return Publish(
        key=KEY, owner=owner, mark=mark, sealed=SEALED, seconds=seconds, revocable=revocable
    )


def release(owner: str, *, key: str = KEY, rate_limited: float = 0.0) -> Release:
    """Make a Release."""
    return Release(key=key, owner=owner, caller=CALLER, rate_limited=rate_limited)


def expect(command: Command, response: StoreResponse) -> Scenario:
    """Yield a command and check the response."""
    given = yield command
    assert given == response, f"the response to {command} was {given}, not {response}"


def _run(store: Store, scenario: Scenario) -> None:
    response: StoreResponse = None
    while True:
        try:
            step = scenario.send(response)
        except StopIteration:
            return
        response = None
        if isinstance(step, (int, float)):
            time.sleep(step)
        else:
            response = store.ask(step)


async def _run_async(store: Store, scenario: Scenario) -> None:
    import anyio  # noqa: PLC0415 - only for async stores

    response: StoreResponse = None
    while True:
        try:
            step = scenario.send(response)
        except StopIteration:
            return
        response = None
        if isinstance(step, (int, float)):
            await anyio.sleep(step)
        else:
            response = await store.ask_async(step)


async def _ask_at_once(store: Store, owners: list[str]) -> list[StoreResponse]:
    import anyio  # noqa: PLC0415 - only for async stores

    responses: list[StoreResponse] = []

    async def ask(owner: str) -> None:
        responses.append(await store.ask_async(acquire(owner)))

    async with anyio.create_task_group() as group:
        for owner in owners:
            group.start_soon(ask, owner)
    return responses
