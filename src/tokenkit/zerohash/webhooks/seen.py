"""The webhooks that were received before, so that none is handled twice."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Coroutine, MutableSet
from typing import Protocol, TypeAlias

from ...extension import type_of
from ..errors import WebhookSettingsError
from .events import Event
from .signatures import unusable

__all__ = ["AnySeen", "Seen", "SeenStore", "already_seen", "forget", "keys_of"]

KEYS_EACH = 2

_LOCK = threading.Lock()


class SeenStore(Protocol):
    """Where the keys of received webhooks are kept; processes can share one.

    With Redis, :meth:`add` is ``SET key 1 NX EX 86400``.
    """

    def add(self, key: str) -> bool:
        """Add a key atomically, and return whether it is new."""
        ...

    def discard(self, key: str) -> object:
        """Remove a key, if it is there."""
        ...


class Seen:
    """The keys of the latest webhooks of this process; safe to share between threads.

    Args:
        capacity: How many keys are kept, at least 2, because a webhook has two.

    Raises:
        WebhookSettingsError: The capacity cannot be used.
    """

    def __init__(self, capacity: int = 20_000) -> None:
        given: object = capacity
        if type(given) is not int or given < KEYS_EACH:
            found = given if type(given) is int else type_of(given)
            problem = (
                f"capacity must be an integer of at least {KEYS_EACH}, because a webhook has "
                f"{KEYS_EACH} keys, not {found}"
            )
            raise WebhookSettingsError("Seen()", [problem])
        self._capacity = given
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, key: str) -> bool:
        """Add a key, and return whether it is new."""
        with self._lock:
            if key in self._keys:
                return False
            self._keys[key] = None
            if len(self._keys) > self._capacity:
                self._keys.popitem(last=False)
            return True

    def discard(self, key: str) -> None:
        """Remove a key, if it is there."""
        with self._lock:
            self._keys.pop(key, None)

    def __len__(self) -> int:
        return len(self._keys)


AnySeen: TypeAlias = MutableSet[str] | SeenStore


def keys_of(notification_id: str, message: bytes) -> tuple[str, str]:
    """Return the two keys of a webhook.

    The signature does not cover the notification's id, so the signed content is a key too.
    """
    return f"signed:{hashlib.sha256(message).hexdigest()}", f"id:{notification_id}"


def already_seen(seen: AnySeen, keys: tuple[str, str]) -> bool:
    """Return whether one of a webhook's keys is there already; if not, add them all."""
    signed, notification_id = keys
    if not _add(seen, signed):
        return True
    is_new = False
    try:
        is_new = _add(seen, notification_id)
    finally:
        if not is_new:  # after a failure, the next try must not count as a repeat
            seen.discard(signed)
    return not is_new


def _add(seen: AnySeen, key: str) -> bool:
    if not isinstance(seen, MutableSet):
        return _is_new(seen.add(key))
    with _LOCK:
        is_new = key not in seen
        seen.add(key)
    return is_new


def _is_new(told: object) -> bool:
    if isinstance(told, Coroutine):  # counts as true, so that each webhook would be new
        told.close()
        raise unusable(
            "the methods of seen are async, but verify() is not: use a store with ordinary "
            "methods, and on asyncio call verify() in a thread"
        )
    return bool(told)


def forget(event: Event, seen: AnySeen) -> None:
    """Make an event count as new again, because handling it failed and zerohash will resend it.

    Args:
        event: The event.
        seen: What was passed to :func:`verify`.
    """
    for key in event.seen_keys:
        seen.discard(key)
