from typing import ClassVar

import attrs
import pytest

from tokenkit import DecodeError
from tokenkit.extension import JSON, PagedCall, PageWalk, ResponseInfo


@attrs.frozen(kw_only=True)
class Page:
    """A page of numbers."""

    items: tuple[int, ...]


@attrs.frozen(kw_only=True)
class NumbersRequest(PagedCall[Page, int]):
    """A list that begins at a number."""

    path: ClassVar[str] = "/numbers"

    start: int = 0

    def decode(self, body: JSON, response: ResponseInfo) -> Page:
        del response
        raise AssertionError(body)

    def next_call(self, page: Page, seen: int) -> "NumbersRequest | None":
        return NumbersRequest(start=self.start + len(page.items)) if seen < 4 else None


class EndlessRequest(NumbersRequest):
    """A list that never ends."""

    path: ClassVar[str] = "/endless"

    def next_call(self, page: Page, seen: int) -> "EndlessRequest":
        del page, seen
        return self


def test_a_walk() -> None:
    """A walk returns each page's items and asks for the next page until there is none."""
    walk = PageWalk(NumbersRequest())
    taken: list[int] = []
    while walk.call is not None:
        assert isinstance(walk.call, NumbersRequest)
        taken += walk.take(Page(items=(walk.call.start, walk.call.start + 1)))
    assert taken == [0, 1, 2, 3]
    with pytest.raises(RuntimeError, match="ended"):
        walk.take(Page(items=()))


def test_pages_that_do_not_turn() -> None:
    """The same items twice in a row are an error; the call decides about empty pages."""
    walk = PageWalk(NumbersRequest())
    assert walk.take(Page(items=())) == ()
    assert walk.take(Page(items=())) == ()
    walk.take(Page(items=(1,)))
    with pytest.raises(
        DecodeError, match=r"/numbers: a page came twice: new entries .* start again"
    ):
        walk.take(Page(items=(1,)))


@pytest.mark.parametrize("before", [0, 1, 5])
@pytest.mark.parametrize("around", [2, 3, 7])
def test_pages_that_go_round(before: int, around: int) -> None:
    """Pages that repeat in a cycle are an error, not an endless walk."""
    pages = [Page(items=(number,)) for number in range(before + around)]
    walk = PageWalk(EndlessRequest())

    def turn_pages() -> None:
        for turn in range(100):
            walk.take(pages[turn if turn < before else before + (turn - before) % around])

    with pytest.raises(DecodeError, match="/endless: a page came twice"):
        turn_pages()


def test_a_call_that_cannot_go_on() -> None:
    """A paged call must define its next call."""

    class Endless(PagedCall[Page, int]):
        path: ClassVar[str] = "/endless"

    with pytest.raises(NotImplementedError):
        PageWalk(Endless()).take(Page(items=(1,)))
