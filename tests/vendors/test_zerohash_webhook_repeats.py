import threading
from contextlib import suppress
from typing import Any

import attrs
import pytest
from clocks import frozen_clock
from signed_webhooks import NOW, SECRET, TIMESTAMP, signed

from tokenkit.zerohash import (
    RepeatedWebhookError,
    WebhookProblem,
    WebhookSettingsError,
    WebhookVerificationError,
    webhooks,
)

PAYLOAD = {"payment_id": "p-1", "status": "initialized"}
LATER = str(int(TIMESTAMP) + 250)


def verify(seen: Any, *, payload: Any = PAYLOAD, **signing: Any) -> webhooks.Event:
    body, headers = signed(payload, **signing)
    return webhooks.verify(body, headers, secrets=SECRET, clock=frozen_clock(NOW), seen=seen)


@attrs.define
class Shared:
    """A store that says whether a key is new, such as Redis's ``SET NX``."""

    keys: dict[str, int] = attrs.field(factory=dict[str, int])

    def add(self, key: str) -> bool:
        is_new = key not in self.keys
        self.keys[key] = 1
        return is_new

    def discard(self, key: str) -> int:
        return self.keys.pop(key, 0)


@pytest.fixture(params=[set[str], webhooks.Seen, Shared])
def seen(request: pytest.FixtureRequest) -> Any:
    return request.param()


def test_the_same_webhook_twice(seen: Any) -> None:
    """A second delivery is refused by its id, even if it was signed again."""
    first = verify(seen)
    assert first.notification_id == "n-1"
    for timestamp in (TIMESTAMP, LATER):
        with pytest.raises(
            RepeatedWebhookError, match="'payment_status_changed' was received before"
        ) as caught:
            verify(seen, timestamp=timestamp)
        assert caught.value.problem is WebhookProblem.REPEATED


def test_a_replay_under_another_id(seen: Any) -> None:
    """The id is not signed: the same signed text under another id is refused."""
    verify(seen)
    with pytest.raises(RepeatedWebhookError):
        verify(seen, notification_id="n-2")
    assert verify(seen, notification_id="n-3", timestamp=LATER).notification_id == "n-3"


def test_other_webhooks_are_new(seen: Any) -> None:
    """Another id with another text is another webhook."""
    verify(seen)
    assert verify(seen, payload={"payment_id": "p-2"}, notification_id="n-2").payload


def test_what_could_not_be_handled_is_new_again(seen: Any) -> None:
    """After a failure of the handler, the vendor's next try counts as the first one."""
    event = verify(seen)
    with pytest.raises(RepeatedWebhookError):
        verify(seen, timestamp=LATER)
    webhooks.forget(event, seen)
    assert verify(seen, timestamp=LATER).notification_id == "n-1"


def test_a_false_webhook_leaves_nothing_behind(seen: Any) -> None:
    """Without the secret, a webhook can't be made to count as seen."""
    with pytest.raises(WebhookVerificationError):
        verify(seen, secret="somebody else's")
    assert verify(seen).notification_id == "n-1"


def test_without_an_id() -> None:
    """Repeats cannot be found without an id: that is an error if they must be found."""
    body, headers = signed(PAYLOAD)
    del headers["x-zh-hook-notification-id"]
    clock = frozen_clock(NOW)
    assert webhooks.verify(body, headers, secrets=SECRET, clock=clock).notification_id is None
    with pytest.raises(WebhookVerificationError, match="notification-id is missing"):
        webhooks.verify(body, headers, secrets=SECRET, clock=clock, seen=set())


def test_the_store_of_a_process_is_bounded() -> None:
    """The oldest keys go first."""
    seen = webhooks.Seen(capacity=2)
    assert [seen.add(key) for key in ("a", "b", "b", "c", "a")] == [True, True, False, True, True]
    assert len(seen) == 2
    seen.discard("never there")


@pytest.mark.parametrize(
    ("capacity", "shown"),
    [
        *((0, "0"), (-1, "-1"), (1, "1"), (True, "bool"), (None, "None"), ("x", "str")),
        *((2.5, "float"), (object(), "object")),
    ],
)
def test_a_capacity_that_would_find_no_repeat(capacity: Any, shown: str) -> None:
    """A store with no room for one webhook's keys is refused when it is created."""
    with pytest.raises(WebhookSettingsError, match=r"Seen\(\): capacity .* at least 2") as caught:
        webhooks.Seen(capacity=capacity)
    assert str(caught.value).endswith(f" keys, not {shown}")
    assert caught.value.problem is WebhookProblem.SETTINGS


def test_threads_that_get_the_same_webhook() -> None:
    """However many threads get one webhook at a time, one of them handles it."""
    for seen in (set[str](), webhooks.Seen()):
        handled: list[webhooks.Event] = []
        start = threading.Barrier(8)

        def handle(seen: Any = seen, handled: Any = handled, start: Any = start) -> None:
            start.wait()
            with suppress(RepeatedWebhookError):
                handled.append(verify(seen))

        threads = [threading.Thread(target=handle) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(handled) == 1


class Failing(Shared):
    """A store whose second ``add`` fails."""

    calls = 0

    def add(self, key: str) -> bool:
        self.calls += 1
        if self.calls == 2:
            raise ConnectionError
        return super().add(key)


def test_a_store_that_fails_loses_no_webhook() -> None:
    """After a store has failed halfway, the vendor's next try counts as the first one."""
    seen = Failing()
    with pytest.raises(ConnectionError):
        verify(seen)
    assert verify(seen).notification_id == "n-1"


class Async:
    """A store with async methods."""

    async def add(self, key: str) -> bool:
        raise AssertionError(key)

    async def discard(self, key: str) -> None:
        raise AssertionError(key)


def test_a_store_with_async_methods() -> None:
    """Its coroutines would count as true, so that no repeat was found: it is refused."""
    with pytest.raises(WebhookSettingsError, match="the methods of seen are async"):
        verify(Async())
