"""What ``help()``, an editor and the documentation show of a method made for a request model."""

import inspect
import sys
import typing
from collections.abc import Callable
from typing import Any

from .._model.call import Call

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
    found = _argument_of_call(model)
    return None if found is type(None) else found


def _argument_of_call(model: Any) -> object:
    kind: Any = typing.get_origin(model) or model
    arguments: tuple[object, ...] = typing.get_args(model)
    if kind is Call and arguments:
        return arguments[0]
    own: tuple[object, ...] = getattr(kind, "__parameters__", ())
    known = dict(zip(own, arguments, strict=False))
    for base in _models_below(kind):
        variables: tuple[object, ...] = base.__parameters__ if typing.get_origin(base) else ()
        given = tuple(known.get(one, one) for one in variables)
        found = _argument_of_call(base[given] if given else base)
        if found is not inspect.Signature.empty:
            return found
    return inspect.Signature.empty


def _models_below(kind: Any) -> list[Any]:
    """Return the calls that a class derives from, with their type arguments."""
    if not isinstance(kind, type):
        return []
    # A class without type arguments has no __orig_bases__ of its own.
    bases: tuple[Any, ...] = vars(kind).get("__orig_bases__", kind.__bases__)
    origins = [(typing.get_origin(base) or base, base) for base in bases]
    return [base for origin, base in origins if issubclass(origin, Call)]


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
