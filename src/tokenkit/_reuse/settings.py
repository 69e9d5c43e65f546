"""The settings of a cache."""

import attrs

from .commands import Store

__all__ = ["CacheSettings"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CacheSettings:
    """The checked settings of a cache.

    Attributes:
        max_tokens: How many tokens a process keeps.
        store: The store that it shares with other processes.
        local_copies_for: Seconds for which a revocable token is handed out without asking the
            store.
        renew_ahead: The last part of a token's life, in which it is renewed.
        lock_timeout: The seconds that a mint under the store's lock may take.
    """

    max_tokens: int
    store: Store | None
    local_copies_for: float
    renew_ahead: float
    lock_timeout: float
