"""What a cache has done so far."""

import attrs

__all__ = ["Statistics"]


@attrs.frozen(kw_only=True)
class Statistics:
    """A cache's counts so far, in this process.

    Attributes:
        hits: Calls that got a token kept by this process.
        store_hits: Tokens found in the shared store.
        misses: Calls for which this process kept no token that lives long enough.
        mints: Tokens minted.
        renewals: Mints that replaced a token that was still good.
        waits: Calls that waited for another caller's mint in this process.
        store_failures: Times that the shared store failed.
        tokens: Tokens that this process keeps now.
    """

    hits: int
    store_hits: int
    misses: int
    mints: int
    renewals: int
    waits: int
    store_failures: int
    tokens: int
