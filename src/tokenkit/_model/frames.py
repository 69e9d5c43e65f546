"""Remove arguments, which may be secrets, from an error's frames: error trackers show them."""

import sys
from abc import ABCMeta
from inspect import Signature, signature
from traceback import clear_frames
from typing import TYPE_CHECKING

from typing_extensions import Protocol

from .._secret import with_members

__all__ = ["ForgetsArguments", "Mixable", "forget_arguments"]


def forget_arguments(error: BaseException, outer: BaseException | None = None) -> None:
    """Empty the finished frames of an error, of the errors behind it and of a group's errors.

    The lines stay, so that the traceback still shows where it happened.

    Args:
        error: The error.
        outer: What the caller was handling before: it, and what is behind it, stays as it is.
    """
    try:
        _forget_arguments(error, {id(outer)})
    except BaseException:  # a signal's exception leaves nothing undone
        _forget_arguments(error, {id(outer)})
        raise


def _forget_arguments(error: BaseException, seen: set[int]) -> None:
    errors: list[BaseException | None] = [error]
    while errors:
        one = errors.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        clear_frames(one.__traceback__)
        errors += [one.__cause__, one.__context__, *with_members(one)]


if TYPE_CHECKING:
    # The metaclass of protocols, as type checkers know it.
    from typing import _ProtocolMeta as Mixable  # pyright: ignore[reportPrivateUsage]  # it has no public name
else:

    class Mixable(type(Protocol)):
        """A metaclass whose classes can also derive from an abstract class or a protocol.

        Python allows that only if it derives from theirs. It behaves like an ``ABCMeta``, and
        costs no more.
        """

        __eq__ = ABCMeta.__eq__
        __hash__ = ABCMeta.__hash__
        __instancecheck__ = ABCMeta.__instancecheck__
        __subclasscheck__ = ABCMeta.__subclasscheck__


class ForgetsArguments(Mixable):
    """The metaclass of classes that take secrets: a failing constructor leaves none in frames."""

    # Type checkers must see the constructor of each class, not this one.
    if not TYPE_CHECKING:

        def __call__(cls, *args: object, **kwargs: object) -> object:
            _, outer, _ = sys.exc_info()
            try:
                return super().__call__(*args, **kwargs)
            except BaseException as error:
                args, kwargs = (), {}  # this frame is still running
                forget_arguments(error, outer)
                raise

        @property
        def __signature__(cls) -> Signature:
            # Otherwise inspect shows the arguments of __call__ above.
            made = signature(cls.__init__)
            _, *parameters = made.parameters.values()
            return made.replace(parameters=parameters, return_annotation=Signature.empty)
