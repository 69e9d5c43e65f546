"""The descriptor that turns a request model into a typed client method."""

import inspect
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from traceback import clear_frames
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

from typing_extensions import Self

from .._model.call import Call, Reply, lacks
from .._model.json import type_of
from ..errors import InvalidInputError
from .failed_call import FailedCall, name_method
from .signatures import documented, method_signature, value_type

__all__ = [
    "AsyncCaller",
    "Caller",
    "ClientMethod",
    "ModelMethod",
    "Operation",
    "ValueMethod",
    "failed_by",
    "operation",
    "take_over",
]

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _MayFail:
    def _failed_call(self, error: Exception, operation: str) -> FailedCall:
        """Return a call that an error ends before a request is sent."""
        raise NotImplementedError


class Caller(_MayFail):
    """Something that sends a call and returns its value."""

    def send(self, call: Call[T]) -> T:
        """Perform a call."""
        raise NotImplementedError

    def send_raw(self, call: Call[T]) -> Reply[T]:
        """Perform a call, and return its value with more about its response."""
        raise NotImplementedError

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for name, found in _operations(cls):
            setattr(cls, name, found.method(cls))


class AsyncCaller(_MayFail):
    """Something that sends a call and returns its value, asynchronously."""

    async def send(self, call: Call[T]) -> T:
        """Perform a call."""
        raise NotImplementedError

    async def send_raw(self, call: Call[T]) -> Reply[T]:
        """Perform a call, and return its value with more about its response."""
        raise NotImplementedError

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for name, found in _operations(cls):
            setattr(cls, name, found.async_method(cls))


FailedBy: TypeAlias = Callable[[Exception, str], FailedCall]


def failed_by(caller: _MayFail) -> FailedBy:
    """Return how a client makes a failed call of an error."""
    return caller._failed_call  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # its methods are made outside of its class


OfClass: TypeAlias = Callable[Concatenate[Caller, P], T]
AsyncOfClass: TypeAlias = Callable[Concatenate[AsyncCaller, P], Coroutine[Any, Any, T]]


class ClientMethod(ABC):
    """A method that is declared once and created for each client class, sync or async.

    Type checkers see a descriptor. At run time every client class holds a real function
    instead, so that ``help()``, ``inspect`` and mocks work as for any method.

    Args:
        stub: Has the method's name and docstring.
    """

    def __init__(self, stub: Callable[..., None]) -> None:
        self.stub = stub
        self.__doc__ = stub.__doc__

    @property
    def doc(self) -> str | None:
        """The method's docstring."""
        return self.stub.__doc__

    @abstractmethod
    def method(self, owner: type[object]) -> Callable[..., object]:
        """Make the function for a sync client class."""
        ...

    @abstractmethod
    def async_method(self, owner: type[object]) -> Callable[..., object]:
        """Make the function for an async client class."""
        ...

    def name_in(self, owner: type[object]) -> str:
        """Return the method's name with its client class's."""
        return f"{owner.__qualname__}.{self.stub.__name__}"

    def named(
        self,
        function: Callable[..., object],
        owner: type[object],
        signature: inspect.Signature,
    ) -> Callable[..., object]:
        """Let a function look like a method that was written in its class."""
        name = self.stub.__name__
        code = function.__code__
        function.__code__ = code.replace(co_name=name)  # which is what tracebacks show
        function.__name__ = name
        function.__qualname__ = self.name_in(owner)
        function.__module__ = owner.__module__
        function.__doc__ = self.doc
        function.__signature__ = signature  # type: ignore[attr-defined] # inspect's own protocol
        function.__annotations__ = {
            parameter.name: parameter.annotation
            for parameter in signature.parameters.values()
            if parameter.annotation is not inspect.Parameter.empty
        } | {"return": signature.return_annotation}
        return function


class ValueMethod(ClientMethod, Generic[P, T_co]):
    """A client method that returns a value: directly, or on an async client as a coroutine."""

    @overload
    def __get__(self, instance: None, owner: type[Caller]) -> "OfClass[P, T_co]": ...

    @overload
    def __get__(self, instance: None, owner: type[AsyncCaller]) -> "AsyncOfClass[P, T_co]": ...

    @overload
    def __get__(self, instance: None, owner: type[object]) -> Self: ...

    @overload
    def __get__(self, instance: Caller, owner: type[object]) -> Callable[P, T_co]: ...

    @overload
    def __get__(
        self, instance: AsyncCaller, owner: type[object]
    ) -> Callable[P, Coroutine[Any, Any, T_co]]: ...

    def __get__(self, instance: object, owner: type[object]) -> object:
        """Return the descriptor itself: client classes hold functions instead."""
        return self


class ModelMethod(ClientMethod, Generic[P, T_co]):
    """A client method that takes a request model's arguments."""

    def __init__(self, model: Callable[P, Call[T_co]], stub: Callable[..., None]) -> None:
        super().__init__(stub)
        self.model = model

    @property
    def doc(self) -> str | None:
        """The stub's description of the call, with the model's of its parameters."""
        return documented(self.stub.__doc__, self.model.__doc__)

    def names(self, owner: type[object]) -> tuple[str, str]:
        """Return the names of the model and of the client's method, for errors."""
        return self.model.__name__, f"{self.name_in(owner)}()"

    def builder(
        self, owner: type[object]
    ) -> Callable[[FailedBy, tuple[Any, ...], dict[str, Any]], Call[T_co] | FailedCall]:
        """Return a function that makes the request from the arguments, or a failed call."""
        model: Callable[..., Call[T_co]] = self.model
        name = self.stub.__name__
        written = f"{self.model.__qualname__}.__init__()"
        _, meant = self.names(owner)

        # An error leaves from the method itself: this frame holds the arguments, and a token
        # may be among them.
        def build(
            fail: FailedBy, args: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> Call[T_co] | FailedCall:
            found: Exception
            try:
                return model(*args, **kwargs)
            except InvalidInputError as error:
                found = InvalidInputError(meant, error.errors) if error.errors else error
            except TypeError as error:
                if not _is_about_arguments(error):
                    raise
                found = TypeError(str(error).replace(written, meant))
            return fail(found, name)

        return build


def _is_about_arguments(error: TypeError) -> bool:
    """Return whether Python refused the arguments of a model, and not code of the model's."""
    trace = error.__traceback__ and error.__traceback__.tb_next
    return trace is None or trace.tb_next is None


class Operation(ModelMethod[P, T_co], ValueMethod[P, T_co]):
    """A client method that is a request model's constructor followed by ``send``."""

    def method(self, owner: type[object]) -> Callable[..., object]:
        """Make the function for a sync client class."""
        build, names = self.builder(owner), self.names(owner)

        def call(self: Caller, *args: Any, **kwargs: Any) -> object:
            try:
                request = build(failed_by(self), args, kwargs)
            except BaseException as error:
                clear_frames(error.__traceback__)  # a model's own mistake, or an interrupt
                raise
            finally:
                args, kwargs = (), {}  # keep them out of the traceback
            if isinstance(request, FailedCall):
                raise request.reported()
            try:
                return self.send(request)
            except InvalidInputError as error:
                name_method(error, *names)
                raise

        return self.named(call, owner, method_signature(self.model, value_type(self.model)))

    def async_method(self, owner: type[object]) -> Callable[..., object]:
        """Make the function for an async client class."""
        build, names = self.builder(owner), self.names(owner)

        async def call(self: AsyncCaller, *args: Any, **kwargs: Any) -> object:
            try:
                request = build(failed_by(self), args, kwargs)
            except BaseException as error:
                clear_frames(error.__traceback__)  # a model's own mistake, or an interrupt
                raise
            finally:
                args, kwargs = (), {}  # keep them out of the traceback
            if isinstance(request, FailedCall):
                raise await request.reported_async()
            try:
                return await self.send(request)
            except InvalidInputError as error:
                name_method(error, *names)
                raise

        return self.named(call, owner, method_signature(self.model, value_type(self.model)))


def take_over(client: type, *mixins: type) -> None:
    """Name a client's class in Python's errors about wrong calls, not a private base class."""
    for mixin in mixins:
        for name, member in vars(mixin).items():
            if isinstance(member, types.FunctionType):
                member.__qualname__ = f"{client.__qualname__}.{name}"


def operation(
    model: Callable[P, Call[T]],
) -> Callable[[Callable[[Any], None]], Operation[P, T]]:
    """Declare a client method for a request model.

    Decorate a stub whose name and docstring are the method's::

        @operation(UserTokenRequest)
        def create_user_token(self) -> None:
            \"\"\"Mint a user token.\"\"\"

    The method takes the model's arguments, and returns the call's value: directly on a sync
    client, as a coroutine on an async one.

    Raises:
        TypeError: ``model`` lacks its path or ``decode()``, or is something else, such as the
            stub if the parentheses are missing.
    """
    unchecked: Any = model
    if not callable(unchecked) or [*inspect.signature(unchecked).parameters] == ["self"]:
        raise TypeError(
            f"operation() takes a request model, not {type_of(unchecked)}: write "
            "@operation(YourRequest)"
        )
    is_model = isinstance(unchecked, type) and issubclass(unchecked, Call)
    if is_model and (missing := lacks(model)):
        raise TypeError(str(InvalidInputError(unchecked.__qualname__, missing)))

    def declare(stub: Callable[[Any], None]) -> Operation[P, T]:
        return Operation(model, stub)

    return declare


def _operations(cls: type) -> list[tuple[str, ClientMethod]]:
    # A method that a class or an earlier base overrides stays overridden.
    attributes: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        attributes.update(vars(base))
    return [(name, found) for name, found in attributes.items() if isinstance(found, ClientMethod)]
