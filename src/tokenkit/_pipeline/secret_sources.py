"""Where a secret callable is asked for its secret."""

import inspect
from collections.abc import Awaitable

from .._secret import AsyncSecretSource, Secret
from ..errors import ConfigurationError

__all__ = ["resolve", "resolve_async"]


def _asked(source: AsyncSecretSource) -> object:
    """Ask a source for its secret; an awaitable comes back as it is."""
    if not callable(source):
        return source
    try:
        return source()
    except Exception as error:  # noqa: BLE001 - a source of the caller's may raise anything
        name = type(error).__name__
    raise ConfigurationError(f"The secret source {_name(source)} raised {name}")


def _name(source: object) -> str:
    return getattr(source, "__qualname__", type(source).__name__)


def _as_secret(source: object, value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value)
    problem = f"must return text or a Secret, not {type(value).__name__}"
    if inspect.isawaitable(value):
        problem = "is async, which only the async clients can wait for"
    if inspect.iscoroutine(value):
        value.close()
    raise ConfigurationError(f"The secret source {_name(source)} {problem}")


def resolve(source: AsyncSecretSource) -> Secret:
    return _as_secret(source, _asked(source))


async def resolve_async(source: AsyncSecretSource) -> Secret:
    value = _asked(source)
    if inspect.isawaitable(value):
        value = await _awaited(source, value)
    return _as_secret(source, value)


async def _awaited(source: AsyncSecretSource, value: Awaitable[object]) -> object:
    try:
        return await value
    except Exception as error:  # noqa: BLE001 - a source of the caller's may raise anything
        name = type(error).__name__
    raise ConfigurationError(f"The secret source {_name(source)} raised {name}")
