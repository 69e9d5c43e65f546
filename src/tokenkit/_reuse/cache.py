"""The token cache, as a user creates it."""

import math
import os
from collections.abc import Iterable
from datetime import timedelta
from typing import NoReturn
from weakref import ReferenceType, ref

import attrs

from .._model.json import type_of
from .._policy.values import value_text
from ..errors import ConfigurationError
from .commands import Store
from .settings import CacheSettings
from .state import TokenTable
from .statistics import Statistics

__all__ = ["TokenCache", "all_caches"]

SHORTEST_LOCK = 1.0


class TokenCache:
    """Keeps tokens until shortly before they expire, for one client or several.

    By default, each client has its own. Pass one as ``token_cache=`` to share it among clients
    (sync and async, of all vendors), or to share tokens among processes through a store. It is
    safe to use from threads and event loops, and a forked process starts with a copy.

    Args:
        max_tokens: How many tokens to keep in the process; the least recently used are dropped.
        store: Where processes share tokens, such as a
            :class:`~tokenkit.stores.RedisStore`. Default: none.
        local_copies_for: How long a revocable token is handed out without asking the store
            whether it was revoked. Default: the store is asked each time.
        renew_ahead: The last part of a token's life, from 0 to 0.5, in which one caller renews it
            while the others get the old token. Default: about a quarter; 0 for never.
        lock_timeout: How many seconds one process may take to mint while others wait for it.

    Raises:
        ConfigurationError: An argument is invalid.
    """

    def __init__(
        self,
        *,
        max_tokens: int = 10_000,
        store: Store | None = None,
        local_copies_for: timedelta = timedelta(0),
        renew_ahead: float = 0.25,
        lock_timeout: float = 10.0,
    ) -> None:
        problems = [
            *_number_problems("max_tokens", max_tokens, int, 1, math.inf),
            *_number_problems("renew_ahead", renew_ahead, float, 0, 0.5),
            *_number_problems("lock_timeout", lock_timeout, float, SHORTEST_LOCK, 3600),
            *_other_problems(store, local_copies_for),
        ]
        if problems:
            raise ConfigurationError("TokenCache", problems)
        self._table = TokenTable(
            CacheSettings(
                max_tokens=max_tokens,
                store=store,
                local_copies_for=local_copies_for.total_seconds(),
                renew_ahead=float(renew_ahead),
                lock_timeout=float(lock_timeout),
            )
        )
        _remember(self)

    @property
    def table(self) -> TokenTable:
        """The kept tokens; not for use outside the package."""
        return self._table

    def statistics(self) -> Statistics:
        """Return what the cache has done so far, in this process."""
        table = self._table
        return Statistics(**attrs.asdict(table.counts), tokens=len(table.kept))

    def __repr__(self) -> str:
        settings = self._table.settings
        store = "" if settings.store is None else f", store={settings.store!r}"
        return f"TokenCache(max_tokens={settings.max_tokens}{store})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A TokenCache can't be pickled or copied; create one in each process, with a store to "
            "share tokens among them"
        )


# A WeakSet can't be read while another thread creates a cache.
_caches: dict[int, ReferenceType[TokenCache]] = {}


def _remember(cache: TokenCache) -> None:
    name = id(cache)
    _caches[name] = ref(cache, lambda _: _caches.pop(name, None))


def all_caches() -> list[TokenCache]:
    """Return the caches of this process."""
    caches = (reference() for reference in _caches.copy().values())
    return [cache for cache in caches if cache is not None]


def _number_problems(
    name: str, value: object, kind: type[int | float], least: float, most: float
) -> Iterable[str]:
    if not isinstance(value, (int, kind)) or isinstance(value, bool):
        wanted = "a whole number" if kind is int else "a number"
        yield f"{name} must be {wanted}, not {type_of(value)}"
    elif not least <= value <= most:
        bound = f"from {least:g} to {most:g}" if most < math.inf else f"at least {least:g}"
        yield f"{name} must be {bound}, not {value_text(value)}"


def _other_problems(store: object, local_copies_for: object) -> Iterable[str]:
    if store is not None and not isinstance(store, Store):
        yield f"store must be a store such as RedisStore(...), not {type_of(store)}"
    if not isinstance(local_copies_for, timedelta):
        yield f"local_copies_for must be a timedelta, not {type_of(local_copies_for)}"
    elif local_copies_for < timedelta(0):
        seconds = local_copies_for.total_seconds()
        yield f"local_copies_for must be at least 0 seconds, not {seconds:g}"


def reset_after_fork() -> None:
    """Keep a child from waiting for its parent's threads."""
    for cache in all_caches():
        cache.table.reset_for_fork()


# Some platforms have no fork.
getattr(os, "register_at_fork", dict)(after_in_child=reset_after_fork)
