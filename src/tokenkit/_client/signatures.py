"""What ``help()``, an editor and the documentation show of a method made for a request model."""

import inspect
import sys
import types
import typing
from collections.abc import Callable
from typing import Any

from .._model.call import BatchCall, Call

__all__ = ["documented", "method_signature", "value_type"]


def documented(what: str | None, model: str | None) -> str | None:
    """Return a stub's description of a call, with the parameters of its request model."""
    parameters = _section(inspect.cleandoc(model or ""), "Args:")
    if not what or not parameters:
        return what
    text = inspect.cleandoc(what)
    at = min(
        found
        for name in ("Raises:", "Source:")
        if (found := f"{text}\n\n{name}".find(f"\n\n{name}")) >= 0
    )
    return f"{text[:at]}\n\n{parameters}{text[at:]}"


def _section(doc: str, title: str) -> str:
    _, _, rest = f"\n\n{doc}".partition(f"\n\n{title}\n")
    lines = [title]
    for line in rest.splitlines():
        if line and not line.startswith(" "):
            break
        lines.append(line)
    return "\n".join(lines).rstrip() if rest else ""


def value_type(model: Callable[..., object]) -> object:
    """Return the ``T`` of the ``Call[T]`` that a model derives from."""
    bases: tuple[type, ...] = getattr(model, "__mro__", ())
    for base in bases:
        parents: tuple[Any, ...] = vars(base).get("__orig_bases__", ())
        for parent in parents:
            arguments = typing.get_args(parent)
            origin: Any = typing.get_origin(parent)
            if arguments and issubclass(origin, BatchCall):
                return types.GenericAlias(tuple, (arguments[0], ...))
            if arguments and issubclass(origin, Call):
                return None if arguments[0] is type(None) else arguments[0]
    return inspect.Signature.empty


def method_signature(model: Callable[..., object], returns: object) -> inspect.Signature:
    """Return the signature of a method that takes a model's arguments."""
    signature = inspect.signature(model)
    initializer = getattr(model, "__init__", model)
    names = vars(sys.modules[model.__module__])
    try:
        hints = typing.get_type_hints(initializer, globalns=dict(names))
    except NameError:
        hints = {}
    parameters = [
        parameter.replace(annotation=hints.get(parameter.name, parameter.annotation))
        for parameter in signature.parameters.values()
    ]
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return inspect.Signature([itself, *parameters], return_annotation=returns)
