"""The webhooks, the state of each, and when the next try is due.

These are documented: the header with the type, the flat payload, and the tries: four of them
250 ms apart, three with growing pauses, then the webhook is dropped. The lengths of these pauses
are modelled.
"""

import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import attrs

from ..bounded import Bounded
from ..clock import Clock, utc
from ..json_text import JSON, encode

__all__ = ["Outbox", "Webhook", "WebhookTry"]

PAUSES = tuple(timedelta(seconds=pause) for pause in (0.25, 0.25, 0.25, 5, 30, 120))
"""The pauses between a failed try and the next."""

KEPT_BYTES = 16 * 1024 * 1024
"""Memory for webhooks; the oldest are dropped first."""

WebhookState: TypeAlias = Literal["kept", "waiting", "delivered", "dropped"]
"""The state of a webhook; ``kept`` if there was no address to send it to."""


@attrs.frozen(kw_only=True)
class WebhookTry:
    """One try to deliver a webhook."""

    at: datetime
    """When, in UTC by the sandbox's clock."""
    status: int | None
    """The status of the response; None if there was none."""
    error: str = ""
    """Why there was no response."""


@attrs.frozen(kw_only=True)
class Webhook:
    """One event, as sent."""

    notification_id: str
    """The header ``x-zh-hook-notification-id``, the same for every try."""
    type: str
    """The header ``x-zh-hook-payload-type``."""
    body: bytes
    """The JSON, exactly as signed and sent."""
    payload: Mapping[str, JSON] = attrs.field(hash=False, repr=False)
    """The content of the body."""
    happened_at: datetime
    """When it happened, in UTC by the sandbox's clock."""
    state: WebhookState = "kept"
    tries: tuple[WebhookTry, ...] = ()


class Outbox:
    """The webhooks, oldest first. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self.changed: threading.Condition = threading.Condition()
        self._clock = clock
        self._webhooks = Bounded[Webhook](KEPT_BYTES)
        self._due: dict[str, datetime] = {}
        self._sending = False

    def add(self, kind: str, payload: Mapping[str, JSON], at: datetime) -> None:
        """Add a webhook for something that happened at a time."""
        with self.changed:
            webhook = Webhook(
                notification_id=str(uuid.uuid4()),
                type=kind,
                body=encode(payload),
                payload=payload,
                happened_at=at,
                state="waiting" if self._sending else "kept",
            )
            self._keep(webhook)
            if self._sending:
                self._due[webhook.notification_id] = at
            self.changed.notify_all()

    def all(self) -> tuple[Webhook, ...]:
        """Return every webhook, oldest first."""
        with self.changed:
            return tuple(self._webhooks)

    def send_from_now_on(self, *, sending: bool) -> None:
        """Set whether new webhooks are sent; if not, those still waiting are dropped."""
        with self.changed:
            self._sending = sending
            if not sending:
                self._due.clear()
            self.changed.notify_all()

    def next_due(self) -> Webhook | None:
        """Return the webhook whose try is longest overdue, or None."""
        now = utc(self._clock.steady())
        with self.changed:
            due = [(at, identity) for identity, at in self._due.items() if at <= now]
            return self._webhooks.get(min(due)[1]) if due else None

    def tried(self, webhook: Webhook, outcome: WebhookTry) -> None:
        """Record a try, and plan the next if it failed."""
        identity = webhook.notification_id
        with self.changed:
            due = self._due.pop(identity, None)
            if due is None:  # dropped while it was sent
                return
            delivered = outcome.status is not None and outcome.status // 100 == 2  # noqa: PLR2004 - HTTP's own number
            pauses = PAUSES[len(webhook.tries) :]
            if not delivered and pauses:
                self._due[identity] = due + pauses[0]
            state: WebhookState = "delivered" if delivered else "waiting" if pauses else "dropped"
            tries = (*webhook.tries, outcome)
            self._keep(attrs.evolve(webhook, state=state, tries=tries))
            self.changed.notify_all()

    def wait(self, timeout: float, catch_up: Callable[[], None]) -> bool:
        """Wait until no try is due; return whether that happened within ``timeout`` seconds."""
        catch_up()
        with self.changed:
            return self.changed.wait_for(lambda: self.next_due() is None, timeout)

    def clear(self) -> None:
        """Forget everything."""
        with self.changed:
            self._webhooks.clear()
            self._due.clear()
            self.changed.notify_all()

    def _keep(self, webhook: Webhook) -> None:
        size = 4 * len(webhook.body) + 200 * len(webhook.tries)
        for forgotten in self._webhooks.keep(webhook.notification_id, webhook, size):
            self._due.pop(forgotten, None)
