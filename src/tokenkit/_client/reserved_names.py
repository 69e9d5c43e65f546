"""The names that clients keep for themselves: a subclass can't use one by accident."""

from inspect import get_annotations
from types import FunctionType
from typing import ClassVar

__all__ = ["ReservesNames"]

FOLDER = f"{__name__.rpartition('.')[0]}."


class ReservesNames:
    """The base of clients. A subclass elsewhere that defines a name of theirs is a ``TypeError``.

    Names with one leading underscore are reserved if a class in this folder has them.
    """

    _reserved: ClassVar[frozenset[str]] = frozenset({"_reserved"})

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for base in cls.__bases__:
            cls._reserved |= getattr(base, "_reserved", frozenset())
        if _is_ours(cls):
            cls._reserved |= _private_names(cls)
        for one in cls.__mro__:
            own = {*vars(one), *get_annotations(one)} - {"_reserved"}
            for name in () if _is_ours(one) else sorted(cls._reserved & own):
                raise TypeError(
                    f"{cls.__name__} can't use the name {name}: tokenkit's clients use it "
                    f"themselves; choose another, such as _{name}"
                )


def _is_ours(owner: type) -> bool:
    return owner.__module__.startswith(FOLDER)


def _private_names(owner: type) -> frozenset[str]:
    # Only what this package writes: Python itself adds some, such as an ABC's registry.
    functions = (name for name, it in vars(owner).items() if isinstance(it, FunctionType))
    written = {*get_annotations(owner), *functions}
    return frozenset(name for name in written if name[0] == "_" and name[:2] != "__")
