"""The Redis clients that a store can use: sync, on asyncio, and on trio."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from inspect import iscoroutinefunction
from typing import Any

from .._model.json import type_of
from .._reuse.commands import StoreResponse
from ..errors import ConfigurationError
from .redis_commands import Exchange, Plain, Script

__all__ = [
    "AsyncSender",
    "CoredisSender",
    "Sender",
    "errors_of",
    "is_async",
    "is_coredis",
    "perform",
    "perform_async",
    "timeout_problem",
]

LIBRARIES = {"redis": "RedisError", "valkey": "ValkeyError", "coredis": "RedisError"}


def library_of(client: object) -> str:
    """Return the library that a client's class comes from."""
    for kind in type(client).__mro__:
        name = kind.__module__.partition(".")[0]
        if name in LIBRARIES:
            return name
    names = ", ".join(LIBRARIES)
    problem = f"client must be a client of {names}, not {type_of(client)}"
    raise ConfigurationError("RedisStore", [problem])


def errors_of(client: object) -> tuple[type[Exception], ...]:
    """Return the exceptions that a client raises when a command fails."""
    name = library_of(client)
    error: type[Exception] = getattr(import_module(f"{name}.exceptions"), LIBRARIES[name])
    return (error, OSError, TimeoutError)


def _unknown_script(client: object) -> type[Exception]:
    exceptions = import_module(f"{library_of(client)}.exceptions")
    error: type[Exception] = exceptions.NoScriptError
    return error


def is_coredis(client: object) -> bool:
    """Return whether a client is coredis's, which is always async."""
    return library_of(client) == "coredis"


def is_async(client: Any) -> bool:
    """Return whether a client is async."""
    return iscoroutinefunction(client.execute_command)


def timeout_problem(client: Any) -> str | None:
    """Return why a sync client could wait forever."""
    arguments: dict[str, Any] = getattr(client, "get_connection_kwargs", dict[str, Any])()
    if not arguments or arguments.get("socket_timeout") is not None:
        return None
    return (
        "the client has no socket_timeout, so a hanging server would hang its callers; create it "
        "with socket_timeout=0.25, socket_connect_timeout=0.25"
    )


class Sender:
    """Sends commands through a sync client of redis-py or valkey-py.

    Args:
        client: The client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._unknown_script = _unknown_script(client)

    def send(self, request: Plain | Script) -> Any:
        """Send a command and return its result."""
        if isinstance(request, Plain):
            return self._client.execute_command(request.name, *request.arguments)
        rest = (len(request.keys), *request.keys, *request.arguments)
        try:
            return self._client.execute_command("EVALSHA", request.digest, *rest)
        except self._unknown_script:
            return self._client.execute_command("EVAL", request.text, *rest)


class AsyncSender:
    """Sends commands through an asyncio client of redis-py or valkey-py.

    Args:
        client: The client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._unknown_script = _unknown_script(client)

    async def send(self, request: Plain | Script) -> Any:
        """Send a command and return its result."""
        if isinstance(request, Plain):
            return await self._client.execute_command(request.name, *request.arguments)
        rest = (len(request.keys), *request.keys, *request.arguments)
        try:
            return await self._client.execute_command("EVALSHA", request.digest, *rest)
        except self._unknown_script:
            return await self._client.execute_command("EVAL", request.text, *rest)


class CoredisSender:
    """Sends commands through a client of coredis, on asyncio or trio.

    Args:
        client: The client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._unknown_script = _unknown_script(client)

    async def send(self, request: Plain | Script) -> Any:
        """Send a command and return its result."""
        if isinstance(request, Script):
            keys, arguments = list(request.keys), list(request.arguments)
            try:
                return await self._client.evalsha(request.digest, keys=keys, args=arguments)
            except self._unknown_script:
                return await self._client.eval(request.text, keys=keys, args=arguments)
        names = [str(one) for one in request.arguments]
        if request.name == "SET":
            return await self._client.set(names[0], names[1], px=int(names[3]))
        methods = {
            "DEL": "delete",
            "EXISTS": "exists",
            "GET": "get",
            "HGET": "hget",
            "PTTL": "pttl",
        }
        method = getattr(self._client, methods[request.name])
        return await (method(names) if request.name in ("DEL", "EXISTS") else method(*names))


def perform(steps: Exchange, send: Callable[[Plain | Script], Any]) -> StoreResponse:
    """Send the commands through a sync client; return the store's response."""
    step = _next(steps, None)
    while not isinstance(step, StopIteration):
        step = _next(steps, send(step))
    response: StoreResponse = step.value
    return response


async def perform_async(
    steps: Exchange, send: Callable[[Plain | Script], Awaitable[Any]]
) -> StoreResponse:
    """Send the commands through an async client; return the store's response."""
    step = _next(steps, None)
    while not isinstance(step, StopIteration):
        step = _next(steps, await send(step))
    response: StoreResponse = step.value
    return response


def _next(steps: Exchange, result: Any) -> Plain | Script | StopIteration:
    """Return the next command, or the end; what a client raises is never taken for it."""
    try:
        return steps.send(result)
    except StopIteration as end:
        return end
