"""The names that clients keep for themselves: a subclass can't use one by accident."""

from collections.abc import Iterable
from inspect import get_annotations
from types import FunctionType
from typing import TYPE_CHECKING, ClassVar

__all__ = ["ReservesNames"]

FOLDER = f"{__name__.rpartition('.')[0]}."


class ReservesNames:
    """The base of clients. A subclass elsewhere that uses a name of theirs is a ``TypeError``.

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
            if not _is_ours(one):
                own = {*vars(one), *get_annotations(one)} - {"_reserved"}
                _refuse(cls, cls._reserved & own)

    # Otherwise type checkers would allow any attribute to be set.
    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: object) -> None:
            _refuse(type(self), self._reserved & {name})
            super().__setattr__(name, value)


def _is_ours(owner: type) -> bool:
    return owner.__module__.startswith(FOLDER)


def _private_names(owner: type) -> frozenset[str]:
    # Only what this package writes: Python itself adds some, such as an ABC's registry.
    functions = (name for name, it in vars(owner).items() if isinstance(it, FunctionType))
    written = {*get_annotations(owner), *functions}
    return frozenset(name for name in written if name[0] == "_" and name[:2] != "__")


def _refuse(owner: type, names: Iterable[str]) -> None:
    for name in sorted(names):
        raise TypeError(
            f"{owner.__name__} can't use the name {name}: tokenkit's clients use it themselves; "
            f"choose another, such as _{name}"
        )
