"""Calls whose response is one page of many."""

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import attrs

from ..errors import DecodeError
from .call import Call

__all__ = ["HasItems", "PageWalk", "PagedCall"]

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)
Page = TypeVar("Page", bound="HasItems[object]")


class HasItems(Protocol[Item_co]):
    """One page of a list."""

    @property
    def items(self) -> Sequence[Item_co]:
        """The items on the page."""
        ...


@attrs.frozen(kw_only=True)
class PagedCall(Call[Page], Generic[Page, Item]):
    """A call that lists one page; ``Item`` is the type of the page's ``items``.

    A subclass defines :meth:`next_call`.
    """

    def next_call(self, page: Page, seen: int) -> "PagedCall[Page, Item] | None":
        """Return the call for the page after this one, or ``None`` after the last.

        Args:
            page: The page.
            seen: How many items the walk has seen, including this page's.
        """
        raise NotImplementedError


class PageWalk(Generic[Page, Item]):
    """A walk over all pages of a list: send :attr:`call`, hand the page to :meth:`take`.

    Args:
        call: The call for the first page.

    Attributes:
        call: The call for the next page; ``None`` after the last.
    """

    def __init__(self, call: PagedCall[Page, Item]) -> None:
        self.call: PagedCall[Page, Item] | None = call
        self._taken: Sequence[object] = ()
        self._mark: Sequence[object] = ()
        self._pages = 0
        self._seen = 0

    def take(self, page: Page) -> Sequence[Item]:
        """Return a page's items, and move on to the next page.

        Raises:
            DecodeError: The page repeats an earlier one, so entries may be missing: new ones came
                during the walk, or the server ignores the page number.
        """
        call = self.call
        if call is None:
            raise RuntimeError("the walk has ended")
        if page.items and page.items in (self._taken, self._mark):
            raise DecodeError(
                f"{call.request_line[1].partition('?')[0]}: a page came twice: new entries may "
                "have arrived meanwhile, so start again; if it happens again, the server ignores "
                "the page number"
            )
        self._taken = page.items
        self._pages += 1
        # Brent's algorithm: pages in a cycle meet the mark, and no other page is kept.
        if self._pages & (self._pages - 1) == 0:
            self._mark = page.items
        self._seen += len(page.items)
        self.call = call.next_call(page, self._seen)
        items: Any = page.items  # the call declares its type
        typed: Sequence[Item] = items
        return typed
