"""Ask secret callables for their secrets."""

import inspect
from collections.abc import Awaitable, Mapping, Sequence

from .._model.json import is_mapping, type_of
from .._policy.clock import Moment
from .._secret import (
    AnySecretGroup,
    AsyncSecretMember,
    AsyncSecretSource,
    Secret,
    SecretMember,
)
from ..errors import ConfigurationError
from .effects import Resolve, ResolveGroup, Result, Steps

__all__ = [
    "resolve",
    "resolve_async",
    "resolve_group",
    "resolve_group_async",
    "resolved",
    "source_name",
]


def resolved(
    sources: Sequence[AsyncSecretSource], at: Moment
) -> Steps[tuple[list[Secret], Moment]]:
    """Ask all sources for their secrets; a group is asked once for all its members.

    Args:
        sources: The sources.
        at: The moment of the start.

    Returns:
        The secrets in the order of their sources, and the moment they were ready.
    """
    groups = [one.group for one in sources if isinstance(one, (SecretMember, AsyncSecretMember))]
    read: dict[AnySecretGroup, Mapping[str, Secret]] = {}
    for group in dict.fromkeys(groups):
        came: Result[Mapping[str, Secret]] = yield ResolveGroup(group)
        read[group], at = came.value, came.at
    secrets: list[Secret] = []
    for source in sources:
        if isinstance(source, Secret):
            secrets.append(source)
        elif isinstance(source, (SecretMember, AsyncSecretMember)):
            secrets.append(source.of(read[source.group]))
        else:
            result: Result[Secret] = yield Resolve(source)
            secrets.append(result.value)
            at = result.at
    return secrets, at


def resolve(source: AsyncSecretSource) -> Secret:
    """Ask a source for its secret.

    Raises:
        ConfigurationError: The source raised, or returned something else.
    """
    return _as_secret(source, _asked(source))


async def resolve_async(source: AsyncSecretSource) -> Secret:
    """Ask a source, which may be async, for its secret.

    Raises:
        ConfigurationError: The source raised, or returned something else.
    """
    value = _asked(source)
    if inspect.isawaitable(value):
        value = await _awaited(source, value)
    return _as_secret(source, value)


def resolve_group(group: AnySecretGroup) -> Mapping[str, Secret]:
    """Ask a group for its secrets.

    Raises:
        ConfigurationError: The group raised, or returned something else.
    """
    return _as_secrets(group.read, _asked(group.read))


async def resolve_group_async(group: AnySecretGroup) -> Mapping[str, Secret]:
    """Ask a group, which may be async, for its secrets.

    Raises:
        ConfigurationError: The group raised, or returned something else.
    """
    value = _asked(group.read)
    if inspect.isawaitable(value):
        value = await _awaited(group.read, value)
    return _as_secrets(group.read, value)


def _asked(source: object) -> object:
    """Ask a source for its secret; return an awaitable unawaited."""
    if not callable(source):
        return source
    try:
        return source()
    except Exception as error:  # noqa: BLE001 - a caller's source may raise anything
        cause = error
    raise ConfigurationError(
        f"The secret source {source_name(source)} raised {type(cause).__name__}"
    ) from cause


async def _awaited(source: object, value: Awaitable[object]) -> object:
    try:
        return await value
    except Exception as error:  # noqa: BLE001 - a caller's source may raise anything
        cause = error
    raise ConfigurationError(
        f"The secret source {source_name(source)} raised {type(cause).__name__}"
    ) from cause


def source_name(source: object) -> str:
    """Return a source's name, for errors."""
    return getattr(source, "__qualname__", type(source).__name__)


def _as_secret(source: object, value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value)
    problem = _problem(value, "a string or a Secret")
    del value  # keep it out of the traceback
    raise ConfigurationError(f"The secret source {source_name(source)} {problem}")


def _as_secrets(source: object, value: object) -> Mapping[str, Secret]:
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
    raise ConfigurationError(f"The secret source {source_name(source)} {problem}")


def _problem(value: object, wanted: str) -> str:
    if inspect.iscoroutine(value):
        value.close()
    if inspect.isawaitable(value):
        return "is async, which only the async clients can wait for"
    return f"must return {wanted}, not {type_of(value)}"
