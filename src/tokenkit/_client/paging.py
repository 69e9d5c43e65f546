"""Client methods that iterate over all pages of a list."""

import inspect
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

from typing_extensions import Self

from .._model.call import Call, Reply
from .._model.paging import HasItems, PagedCall, PageWalk
from .._pipeline.stop_iteration import NOT_THE_END
from ..errors import TokenKitError
from .failed_call import FailedCall, Sent
from .operation import AsyncCaller, Caller, ModelMethod, failed_by
from .signatures import method_signature

__all__ = ["Iteration", "iteration"]

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)
P = ParamSpec("P")
Page = TypeVar("Page", bound=HasItems[object])


class _Items(Generic[Item]):
    """The items of all pages; each page is requested when the one before it is used up."""

    def __init__(
        self, call: PagedCall[Any, Item], fail: Callable[[Exception], FailedCall]
    ) -> None:
        self._walk = PageWalk(call)
        self._fail = fail
        self._left: Iterator[Item] = iter(())
        self._sent = Sent()

    def _turn(self, reply: Reply[Any]) -> FailedCall | None:
        """Move on to a page's items; return a failed call if the server does not turn them."""
        try:
            self._left = iter(self._walk.take(self._sent.add(reply)))
        except TokenKitError as error:
            return self._fail(self._sent.complete(error))
        return None


class Items(_Items[Item], Iterator[Item]):
    """The items of all pages, requested by a sync client."""

    def __init__(
        self,
        call: PagedCall[Any, Item],
        send: Callable[[Call[Any]], Reply[Any]],
        fail: Callable[[Exception], FailedCall],
    ) -> None:
        super().__init__(call, fail)
        self._send = send

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        while True:
            for item in self._left:
                return item
            if self._walk.call is None:
                raise StopIteration
            with NOT_THE_END:
                reply = self._send(self._walk.call)
            failed = self._turn(reply)
            if failed is not None:
                raise failed.reported()


# A class, as trio warns about async generators that are not finished.
class AsyncItems(_Items[Item], AsyncIterator[Item]):
    """The items of all pages, requested by an async client."""

    def __init__(
        self,
        call: PagedCall[Any, Item] | FailedCall,
        send: Callable[[Call[Any]], Awaitable[Reply[Any]]],
        fail: Callable[[Exception], FailedCall],
    ) -> None:
        self._failed = call if isinstance(call, FailedCall) else None
        if not isinstance(call, FailedCall):
            super().__init__(call, fail)
        self._send = send
        self._running = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        if self._failed is not None:  # a hook may be async, so it was not called before
            raise await self._failed.reported_async()
        while True:
            for item in self._left:
                return item
            if self._walk.call is None:
                raise StopAsyncIteration
            failed = await self._next_page(self._walk.call)
            if failed is not None:
                raise await failed.reported_async()

    async def _next_page(self, call: Call[Any]) -> FailedCall | None:
        if self._running:
            raise RuntimeError("this iterator is already running in another task")
        self._running = True
        try:
            with NOT_THE_END:
                reply = await self._send(call)
            return self._turn(reply)
        finally:
            self._running = False


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
        build, name = self.builder(owner), self.stub.__name__

        def call(self: Caller, *args: Any, **kwargs: Any) -> object:
            first: Any = build(failed_by(self), args, kwargs)
            args, kwargs = (), {}  # keep them out of the traceback
            if isinstance(first, FailedCall):
                raise first.reported()
            return Items(first, self.send_raw, lambda error: failed_by(self)(error, name))

        return self.named(call, owner, self._signature(Iterator))

    def async_method(self, owner: type[object]) -> Callable[..., object]:
        """Make the function for an async client class."""
        build, name = self.builder(owner), self.stub.__name__

        def call(self: AsyncCaller, *args: Any, **kwargs: Any) -> object:
            first: Any = build(failed_by(self), args, kwargs)
            return AsyncItems(first, self.send_raw, lambda error: failed_by(self)(error, name))

        return self.named(call, owner, self._signature(AsyncIterator))

    def _signature(self, kind: Any) -> inspect.Signature:
        return method_signature(self.model, kind[item_type(self.model)])


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
