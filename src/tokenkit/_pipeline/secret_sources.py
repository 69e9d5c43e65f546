"""Ask secret callables for their secrets."""

import inspect
from collections.abc import Awaitable, Mapping
from typing import TypeAlias

from .._error_details import listed
from .._model.json import is_mapping, type_of
from .._policy.clock import Moment
from .._secret import (
    AnySecretGroup,
    AsyncSecretGroup,
    AsyncSecretMember,
    AsyncSecretSource,
    Secret,
    SecretGroup,
    SecretMember,
)
from ..errors import ConfigurationError
from .effects import Resolve, ResolveGroup, Result, Steps
from .prepare import Plan

__all__ = [
    "resolve",
    "resolve_async",
    "resolve_group",
    "resolve_group_async",
    "resolved",
    "source_name",
]

Source: TypeAlias = AsyncSecretSource | AnySecretGroup


def resolved(plan: Plan, at: Moment) -> Steps[tuple[list[Secret], Moment]]:
    """Ask a strategy's sources for their secrets; a group is asked once for all its members.

    Args:
        plan: Has the strategy, and whose it is.
        at: The moment of the start.

    Returns:
        The secrets in the order of their sources, and the moment they were ready.

    Raises:
        ConfigurationError: A group lacks a secret.
    """
    sources = plan.strategy.secrets
    groups = [one.group for one in sources if isinstance(one, (SecretMember, AsyncSecretMember))]
    read: dict[AnySecretGroup, Mapping[str, Secret]] = {}
    for group in dict.fromkeys(groups):
        came: Result[Mapping[str, Secret]] = yield ResolveGroup(group, plan)
        read[group], at = came.value, came.at
    secrets: list[Secret] = []
    for source in sources:
        if isinstance(source, Secret):
            secrets.append(source)
        elif isinstance(source, (SecretMember, AsyncSecretMember)):
            secrets.append(_member(source, read[source.group], plan))
        else:
            result: Result[Secret] = yield Resolve(source, plan)
            secrets.append(result.value)
            at = result.at
    return secrets, at


def resolve(source: AsyncSecretSource, plan: Plan) -> Secret:
    """Ask a plan's source for its secret.

    Raises:
        ConfigurationError: The source raised, or returned something else.
    """
    return _as_secret(_asked(source, source, plan), source, plan)


async def resolve_async(source: AsyncSecretSource, plan: Plan) -> Secret:
    """Ask a plan's source, which may be async, for its secret.

    Raises:
        ConfigurationError: The source raised, or returned something else.
    """
    value = _asked(source, source, plan)
    if inspect.isawaitable(value):
        value = await _awaited(value, source, plan)
    return _as_secret(value, source, plan)


def resolve_group(group: AnySecretGroup, plan: Plan) -> Mapping[str, Secret]:
    """Ask a plan's group for its secrets.

    Raises:
        ConfigurationError: The group raised, or returned something else.
    """
    return _as_secrets(_asked(group.read, group, plan), group, plan)


async def resolve_group_async(group: AnySecretGroup, plan: Plan) -> Mapping[str, Secret]:
    """Ask a plan's group, which may be async, for its secrets.

    Raises:
        ConfigurationError: The group raised, or returned something else.
    """
    value = _asked(group.read, group, plan)
    if inspect.isawaitable(value):
        value = await _awaited(value, group, plan)
    return _as_secrets(value, group, plan)


def _asked(ask: object, source: Source, plan: Plan) -> object:
    """Ask a source for its secret; return an awaitable unawaited."""
    if not callable(ask):
        return ask
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - a caller's source may raise anything
        cause = error
    raise _error(f"raised {type(cause).__name__}", source, plan) from cause


async def _awaited(value: Awaitable[object], source: Source, plan: Plan) -> object:
    try:
        return await value
    except Exception as error:  # noqa: BLE001 - a caller's source may raise anything
        cause = error
    raise _error(f"raised {type(cause).__name__}", source, plan) from cause


def source_name(source: object) -> str:
    """Return a source's name, for errors."""
    return getattr(source, "__qualname__", type(source).__name__)


def _as_secret(value: object, source: Source, plan: Plan) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value)
    problem = _problem(value, "a string or a Secret")
    del value  # keep it out of the traceback
    raise _error(problem, source, plan)


def _as_secrets(value: object, group: AnySecretGroup, plan: Plan) -> Mapping[str, Secret]:
    if not is_mapping(value):
        problem = _problem(value, "a mapping of names to secrets")
    else:
        wrong = [one for one in value.values() if not isinstance(one, (str, Secret))]
        if not wrong:
            return {
                str(name): one if isinstance(one, Secret) else Secret(str(one))
                for name, one in value.items()
            }
        problem = f"must return strings or Secrets, not {type_of(wrong[0])}"
        del wrong
    del value  # keep it out of the traceback
    raise _error(problem, group, plan)


def _member(
    source: SecretMember | AsyncSecretMember, read: Mapping[str, Secret], plan: Plan
) -> Secret:
    if source.name in read:
        return read[source.name]
    known = ", ".join(sorted(read)) or "nothing"
    problem = f"the secret group has no {source.name!r}; it has {known}"
    raise ConfigurationError(plan.client, [_of_options(source, plan) + problem])


def _problem(value: object, wanted: str) -> str:
    if inspect.iscoroutine(value):
        value.close()
    if inspect.isawaitable(value):
        return "is async, which only the async clients can wait for"
    return f"must return {wanted}, not {type_of(value)}"


def _error(problem: str, source: Source, plan: Plan) -> ConfigurationError:
    asked = source.read if isinstance(source, (SecretGroup, AsyncSecretGroup)) else source
    named = f"the secret source {source_name(asked)} {problem}"
    return ConfigurationError(plan.client, [_of_options(source, plan) + named])


def _of_options(source: Source, plan: Plan) -> str:
    """Return the options that a source was given for, as the beginning of an error."""
    names = [
        name
        for name, given in plan.credentials.items()
        if given is source or getattr(given, "group", None) is source
    ]
    if not names and len(plan.credentials) == 1:
        names = [*plan.credentials]  # the caller's strategy, or what a vendor's strategy wraps
    return f"{listed(names)}: " if names else ""
