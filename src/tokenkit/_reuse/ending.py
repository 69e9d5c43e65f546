"""Calls that end tokens: once they have returned, those tokens are no longer handed out."""

from collections.abc import Callable
from typing import TypeVar

from .._model.call import Call
from .._model.data_errors import DATA_ERRORS
from .._pipeline.effects import Ask, Steps
from .._policy.clock import Moment
from ..errors import StoreError
from .asking import StoreFailure, StoreQuestion
from .cache import TokenCache, all_caches
from .commands import Revoke, Store
from .kept import mark_of

__all__ = ["ending"]

T = TypeVar("T")


def ending(
    call: Call[object],
    begin: Callable[[Moment], Steps[T]],
    cache: TokenCache | None,
    vendor: str,
) -> Callable[[Moment], Steps[T]]:
    """Make a call that ends tokens also end them in all caches and stores of the process.

    The stores are updated before the vendor is called, so that no process hands out a token that
    is just being revoked. A store that cannot be updated is tried again afterwards; if that fails
    too, the call raises a :class:`StoreError`, although the vendor has ended the token.

    Args:
        call: The call.
        begin: Begins its life.
        cache: The client's own cache.
        vendor: The vendor, as errors name it.
    """

    def life(start: Moment) -> Steps[T]:
        marks = [mark_of(token) for token in call.ends_tokens]
        stores = _end_in_process(marks, cache)
        untold = yield from _tell(stores, marks)
        returned = yield from begin(start)
        # A mint under way may have ended with it in the meantime.
        _end_in_process(marks, cache)
        if (yield from _tell(untold, marks)):
            raise StoreError(
                "The vendor has ended the token, but the shared store could not be updated: other "
                "processes may still hand it out; make this call again",
                vendor=vendor,
                operation=call.operation,
                outcome="performed",
            )
        return returned

    return life


def _end_in_process(marks: list[str], own: TokenCache | None) -> list[Store]:
    """End tokens in all caches; return the stores that may hold them."""
    stores: list[Store] = []
    for cache in all_caches():
        store = cache.table.settings.store
        concerned = cache is own or cache.table.serves_revocable
        if concerned and store is not None and not any(store is known for known in stores):
            stores.append(store)
        for mark in marks:
            cache.table.end(mark)
    return stores


def _tell(stores: list[Store], marks: list[str]) -> Steps[list[Store]]:
    untold: list[Store] = []
    for store in stores:
        for mark in marks:
            try:
                response = (yield Ask(StoreQuestion(store, Revoke(mark=mark)))).value
            except (*DATA_ERRORS, OSError):  # a broken store; the vendor is asked all the same
                response = StoreFailure("", 0.0)
            if isinstance(response, StoreFailure):
                untold.append(store)
                break
    return untold
