"""Client methods that make several calls, written once for sync and async."""

import inspect
import typing
from collections.abc import Callable, Generator
from typing import Any, ParamSpec, TypeAlias, TypeVar

from .._model.call import Call
from ..errors import TokenKitError
from .failed_call import Sent, name_method
from .operation import AsyncCaller, Caller, ValueMethod, failed_by

__all__ = ["Procedure", "procedure"]

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Calls: TypeAlias = Generator[Call[Any], Any, T]


def _next(calls: Calls[Any], value: object) -> Call[Any] | TokenKitError | StopIteration:
    """Return the next call, the error that the procedure itself raises, or its end."""
    try:
        return calls.send(value)
    except (TokenKitError, StopIteration) as end:
        return end


def _renamed(error: TypeError, was: str, now: str) -> TypeError:
    """Name in Python's error about the arguments the client's method, not the procedure."""
    return TypeError(str(error).replace(f"{was}()", now))


class Procedure(ValueMethod[P, T_co]):
    """A client method that sends the calls which a generator yields."""

    def __init__(self, calls: Callable[P, Calls[T_co]], stub: Callable[..., None]) -> None:
        super().__init__(stub)
        self.calls = calls

    def method(self, owner: type[object]) -> Callable[..., object]:
        """Make the function for a sync client class."""
        begin: Callable[..., Calls[object]] = self.calls
        name, written = self.stub.__name__, begin.__qualname__
        meant = f"{self.name_in(owner)}()"

        def call(self: Caller, *args: Any, **kwargs: Any) -> object:
            try:
                calls, sent = begin(*args, **kwargs), Sent()
            except TypeError as error:
                raise failed_by(self)(_renamed(error, written, meant), name).reported() from None
            step = _next(calls, None)
            while not isinstance(step, (TokenKitError, StopIteration)):
                step = _next(calls, sent.add(self.send_raw(step)))
            if isinstance(step, StopIteration):
                return step.value
            name_method(step, f"{name}()", meant)
            raise failed_by(self)(sent.complete(step), name).reported()

        return self.named(call, owner, self._signature())

    def async_method(self, owner: type[object]) -> Callable[..., object]:
        """Make the function for an async client class."""
        begin: Callable[..., Calls[object]] = self.calls
        name, written = self.stub.__name__, begin.__qualname__
        meant = f"{self.name_in(owner)}()"

        async def call(self: AsyncCaller, *args: Any, **kwargs: Any) -> object:
            try:
                calls, sent = begin(*args, **kwargs), Sent()
            except TypeError as error:
                failed = failed_by(self)(_renamed(error, written, meant), name)
                raise await failed.reported_async() from None
            step = _next(calls, None)
            while not isinstance(step, (TokenKitError, StopIteration)):
                step = _next(calls, sent.add(await self.send_raw(step)))
            if isinstance(step, StopIteration):
                return step.value
            name_method(step, f"{name}()", meant)
            raise await failed_by(self)(sent.complete(step), name).reported_async()

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
