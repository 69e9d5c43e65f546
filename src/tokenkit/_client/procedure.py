"""Client methods that make several calls, written once for sync and async."""

import inspect
import typing
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

from .._model.call import Call
from .operation import AsyncCaller, Caller, ClientMethod

__all__ = ["Procedure", "procedure"]

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

OfClass: TypeAlias = Callable[Concatenate[Caller, P], T]
AsyncOfClass: TypeAlias = Callable[Concatenate[AsyncCaller, P], Coroutine[Any, Any, T]]
Calls: TypeAlias = Generator[Call[Any], Any, T]


class Procedure(ClientMethod, Generic[P, T_co]):
    """A client method that sends the calls that a generator yields."""

    def __init__(self, calls: Callable[P, Calls[T_co]], stub: Callable[..., None]) -> None:
        super().__init__(stub)
        self.calls = calls

    @overload
    def __get__(self, instance: None, owner: type[Caller]) -> "OfClass[P, T_co]": ...

    @overload
    def __get__(self, instance: None, owner: type[AsyncCaller]) -> "AsyncOfClass[P, T_co]": ...

    @overload
    def __get__(self, instance: None, owner: type[object]) -> "Procedure[P, T_co]": ...

    @overload
    def __get__(self, instance: Caller, owner: type[object]) -> Callable[P, T_co]: ...

    @overload
    def __get__(
        self, instance: AsyncCaller, owner: type[object]
    ) -> Callable[P, Coroutine[Any, Any, T_co]]: ...

    def __get__(self, instance: object, owner: type[object]) -> object:
        """Return the descriptor itself: client classes hold functions instead."""
        return self

    def method(self, owner: type[object]) -> Callable[..., object]:
        """Make the function for a sync client class."""
        begin: Callable[..., Calls[object]] = self.calls

        def call(self: Caller, *args: Any, **kwargs: Any) -> object:
            calls, value = begin(*args, **kwargs), None
            try:
                while True:
                    value = self.send(calls.send(value))
            except StopIteration as stop:
                return stop.value

        return self.named(call, owner, self._signature())

    def async_method(self, owner: type[object]) -> Callable[..., object]:
        """Make the function for an async client class."""
        begin: Callable[..., Calls[object]] = self.calls

        async def call(self: AsyncCaller, *args: Any, **kwargs: Any) -> object:
            calls, value = begin(*args, **kwargs), None
            try:
                while True:
                    value = await self.send(calls.send(value))
            except StopIteration as stop:
                return stop.value

        return self.named(call, owner, self._signature())

    def _signature(self) -> inspect.Signature:
        written = inspect.signature(self.calls)
        hints = typing.get_type_hints(self.calls)
        itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = [
            parameter.replace(annotation=hints[parameter.name])
            for parameter in written.parameters.values()
        ]
        returns = typing.get_args(hints["return"])[2]
        return inspect.Signature([itself, *parameters], return_annotation=returns)


def procedure(
    calls: Callable[P, Calls[T]],
) -> Callable[[Callable[[Any], None]], Procedure[P, T]]:
    """Declare a client method that makes several calls.

    ``calls`` is a generator function: it yields calls, receives the value of each, and returns
    the method's value. A call that fails ends the method. Decorate a stub whose name and
    docstring are the method's::

        @procedure(find_minted)
        def find_minted(self) -> None:
            \"\"\"Find what a mint started.\"\"\"
    """

    def declare(stub: Callable[[Any], None]) -> Procedure[P, T]:
        return Procedure(calls, stub)

    return declare
