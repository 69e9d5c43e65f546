"""What a cache has done so far."""

import attrs

__all__ = ["Statistics"]


@attrs.frozen(kw_only=True)
class Statistics:
    """What a cache has done so far, in this process.

    Attributes:
        hits: Tokens handed out that the process had.
        store_hits: Tokens found in the shared store.
        misses: Times that the process had no token that lives long enough.
        mints: Tokens minted.
        renewals: Those of them that replace one which was still good.
        waits: Callers that waited for a mint of somebody else's in the process.
        store_failures: Times that the shared store could not be asked.
        tokens: Tokens that the process keeps now.
    """

    hits: int
    store_hits: int
    misses: int
    mints: int
    renewals: int
    waits: int
    store_failures: int
    tokens: int
