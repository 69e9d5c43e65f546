"""Client methods that iterate over all pages of a list."""

import inspect
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

from typing_extensions import Self

from .._model.call import Call
from .._model.paging import HasItems, PagedCall, PageWalk
from .operation import AsyncCaller, Caller, ModelMethod, method_signature

__all__ = ["Iteration", "iteration"]

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)
P = ParamSpec("P")
Page = TypeVar("Page", bound=HasItems[object])


class _Items(Generic[Item]):
    """The items of all pages; each page is requested when the one before it is used up."""

    def __init__(self, call: PagedCall[Any, Item]) -> None:
        self._walk = PageWalk(call)
        self._left: Iterator[Item] = iter(())

    def _turn(self, page: Any) -> None:
        self._left = iter(self._walk.take(page))


class Items(_Items[Item], Iterator[Item]):
    """The items of all pages, requested by a sync client."""

    def __init__(self, call: PagedCall[Any, Item], send: Callable[[Call[Any]], object]) -> None:
        super().__init__(call)
        self._send = send

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        while True:
            for item in self._left:
                return item
            if self._walk.call is None:
                raise StopIteration
            self._turn(self._send(self._walk.call))


# A class, as trio warns about async generators that are not finished.
class AsyncItems(_Items[Item], AsyncIterator[Item]):
    """The items of all pages, requested by an async client."""

    def __init__(
        self, call: PagedCall[Any, Item], send: Callable[[Call[Any]], Awaitable[object]]
    ) -> None:
        super().__init__(call)
        self._send = send

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while True:
            for item in self._left:
                return item
            if self._walk.call is None:
                raise StopAsyncIteration
            self._turn(await self._send(self._walk.call))


OfClass: TypeAlias = Callable[Concatenate[Caller, P], Iterator[Item]]
AsyncOfClass: TypeAlias = Callable[Concatenate[AsyncCaller, P], AsyncIterator[Item]]


class Iteration(ModelMethod[P, Any], Generic[P, Item_co]):
    """A client method that takes a paged call's arguments and iterates over all its items."""

    @overload
    def __get__(self, instance: None, owner: type[Caller]) -> "OfClass[P, Item_co]": ...

    @overload
    def __get__(self, instance: None, owner: type[AsyncCaller]) -> "AsyncOfClass[P, Item_co]": ...

    @overload
    def __get__(self, instance: None, owner: type[object]) -> "Iteration[P, Item_co]": ...

    @overload
    def __get__(self, instance: Caller, owner: type[object]) -> Callable[P, Iterator[Item_co]]: ...

    @overload
    def __get__(
        self, instance: AsyncCaller, owner: type[object]
    ) -> Callable[P, AsyncIterator[Item_co]]: ...

    def __get__(self, instance: object, owner: type[object]) -> object:
        """Return the descriptor itself: client classes hold functions instead."""
        return self

    def method(self, owner: type[object]) -> Callable[..., object]:
        """Make the function for a sync client class."""
        return self._made(owner, Items, Iterator)

    def async_method(self, owner: type[object]) -> Callable[..., object]:
        """Make the function for an async client class."""
        return self._made(owner, AsyncItems, AsyncIterator)

    def _made(
        self, owner: type[object], items: Callable[[Any, Any], object], kind: Any
    ) -> Callable[..., object]:
        build = self.builder(owner)

        def call(self: Caller | AsyncCaller, *args: Any, **kwargs: Any) -> object:
            first = build(args, kwargs)
            args, kwargs = (), {}  # keep them out of the traceback
            if isinstance(first, Exception):
                raise first
            return items(first, self.send)

        signature = method_signature(self.model, kind[item_type(self.model)])
        return self.named(call, owner, signature)


def item_type(model: Callable[..., object]) -> object:
    """Return the ``Item`` of the ``PagedCall[Page, Item]`` that a model derives from."""
    parents: tuple[Any, ...] = vars(model).get("__orig_bases__", ())
    found = [typing.get_args(one) for one in parents if typing.get_origin(one) is PagedCall]
    return found[0][1] if found else inspect.Signature.empty


def iteration(
    model: Callable[P, PagedCall[Page, Item]],
) -> Callable[[Callable[[Any], None]], Iteration[P, Item]]:
    """Declare a client method that iterates over all pages of a paged call.

    Decorate a stub whose name and docstring are the method's::

        @iteration(PaymentsRequest)
        def iter_payments(self) -> None:
            \"\"\"Iterate over all payments.\"\"\"

    The method takes the model's arguments and returns an iterator over the pages' items, an
    async one on an async client. Each page is requested when the iterator reaches it.
    """

    def declare(stub: Callable[[Any], None]) -> Iteration[P, Item]:
        return Iteration(model, stub)

    return declare
