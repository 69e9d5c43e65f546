"""Checks of options; a problem is a phrase that follows the argument's name."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, TypeGuard

from typing_extensions import TypeIs

from .._model.checks import suggestion
from .._model.json import is_mapping, quoted, type_of
from ..errors import ConfigurationError

__all__ = [
    "LARGEST",
    "check_names",
    "is_set",
    "mapping_problems",
    "number_problem",
    "refuse",
    "seconds_problem",
    "switch_problem",
    "value_text",
]

LARGEST = 1_000_000
SECONDS = "a positive number of seconds, at most a million"
BITS_SHOWN = 64
KEYS = {int: "whole numbers", str: "strings"}


def number_problem(value: object, *, whole: bool = False) -> str | None:
    """Return why a value is not a number from zero to a million."""
    if not _is_number(value) or (whole and not isinstance(value, int)):
        return f"must be {'a whole number' if whole else 'a number'}, not {type_of(value)}"
    if 0 <= value <= LARGEST:
        return None
    return f"must be from 0 to a million, not {value_text(value)}"


def seconds_problem(value: object, alternative: str = "") -> str | None:
    """Return why a value is not a time limit: not positive, or longer than sockets can wait.

    Args:
        value: The value.
        alternative: What else may be passed, to begin the phrase with.
    """
    if _is_number(value) and 0 < value <= LARGEST:
        return None
    return f"must be {alternative}{SECONDS}, not {value_text(value)}"


def switch_problem(value: object) -> str | None:
    """Return why a value is not a switch; a string such as "no" would count as true."""
    return None if isinstance(value, bool) else f"must be True or False, not {type_of(value)}"


def is_set(value: object) -> TypeIs[AbstractSet[object]]:
    """Return whether a value is a set."""
    return isinstance(value, AbstractSet)


def mapping_problems(
    name: str, value: object, key: type[int | str], check: Callable[[object], str | None]
) -> dict[str, str | None]:
    """Return what is wrong with a mapping and with its values, each by its place.

    Args:
        name: The argument.
        value: What was passed.
        key: The type of the keys.
        check: Returns why a value of the mapping can't be used, as a phrase.
    """
    if not is_mapping(value):
        return {name: f"must be a mapping, not {type_of(value)}"}
    problems: dict[str, str | None] = {}
    for one, member in value.items():
        if not isinstance(one, key):
            problems[name] = f"must have only {KEYS[key]} as keys; it has {type_of(one)}"
        else:
            shown = quoted(one) if isinstance(one, str) else value_text(one)
            problems[f"{name}[{shown}]"] = check(member)
    return problems


def refuse(name: str, problems: Mapping[str, str | None], others: Iterable[str] = ()) -> None:
    """Refuse arguments if any has a problem.

    Args:
        name: The class or function.
        problems: What is wrong with each argument, by its name.
        others: Other problems, as whole sentences.

    Raises:
        ConfigurationError: There are problems; the message names all of them.
    """
    found = [f"{argument} {problem}" for argument, problem in problems.items() if problem]
    found += others
    if found:
        raise ConfigurationError(name, found)


def check_names(
    where: str, options: Mapping[str, object], known: type[Any], others: Iterable[str] = ()
) -> None:
    """Check keywords that ``Unpack`` in a signature doesn't check at run time.

    Args:
        where: What they were passed to, for the error.
        options: The keywords.
        known: The options' ``TypedDict``.
        others: The other parameters, which may be meant too; read only for the error.

    Raises:
        TypeError: One is unknown; the text is Python's own, with a suggestion.
    """
    for name in options:
        if name not in known.__annotations__:
            hint = suggestion(name, [*known.__annotations__, *others])
            raise TypeError(f"{where} got an unexpected keyword argument {name!r}{hint}")


def value_text(value: object) -> str:
    """Write a number, or the type of anything else, which might be a secret."""
    if not _is_number(value):
        return type_of(value)
    # Python refuses to write integers of thousands of digits.
    if isinstance(value, int) and value.bit_length() > BITS_SHOWN:
        return f"an integer of {value.bit_length()} bits"
    return str(value)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
