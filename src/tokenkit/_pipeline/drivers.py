"""The two loops that perform the effects of a call, sync and async."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from .._model.messages import Request
from .._observability.hooks import Hooks, Listener
from .._observability.logging import leave_unawaited, log, log_raising_hook
from .._observability.records import Record
from .._policy.clock import AsyncClock, Clock, Moment, moment_of, monotonic_of
from .._policy.timeouts import Timeouts
from .._secret import outside_frames
from ..errors import ConfigurationError
from .effects import (
    AnyEffect,
    Ask,
    AttemptOutcome,
    Discard,
    Resolve,
    ResolveGroup,
    Result,
    Send,
    Sleep,
    Steps,
    Wait,
)
from .secret_sources import resolve, resolve_async, resolve_group, resolve_group_async
from .stop_iteration import as_raised

__all__ = [
    "AsyncConnections",
    "Connections",
    "drive",
    "drive_async",
    "report",
    "report_async",
]

T = TypeVar("T")

NO_HOOKS = Hooks()


class Connections(Protocol):
    """Sends requests for a sync client."""

    def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the response, within ``left`` seconds."""
        ...

    def discard(self) -> None:
        """Close the pooled connections: one may hold another request's response."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class AsyncConnections(Protocol):
    """Sends requests for an async client."""

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the response, within ``left`` seconds."""
        ...

    async def discard(self) -> None:
        """Close the pooled connections: one may hold another request's response."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


def drive(
    begin: Callable[[Moment], Steps[T]],
    connections: Connections,
    clock: Clock,
    listener: Listener = NO_HOOKS,
    at: Moment | None = None,
) -> T:
    """Perform effects one by one; return the generator's value.

    Args:
        begin: Begins them at a moment.
        connections: Sends requests.
        clock: Tells the time, and waits.
        listener: Gets the records of what happens.
        at: The moment of the start. Default: now.
    """
    steps = begin(moment_of(clock) if at is None else at)
    result, thrown = None, None
    try:
        while True:
            effect = _next(steps, result, thrown)
            try:
                value = _perform(effect, connections, clock, listener)
                result, thrown = Result(value, moment_of(clock)), None
            except BaseException as error:  # noqa: BLE001 - the generator gets all of them
                thrown = _bare(error)
    except StopIteration as stop:
        returned: T = stop.value
        return returned
    except BaseException as error:  # noqa: BLE001 - raised below
        # A signal handler may have raised anywhere in here, next to secrets.
        failed = _bare(as_raised(error))
    finally:
        # An exception between two steps leaves the generator waiting. What it holds, such as a
        # mint that others wait for, is released now, not when the traceback is dropped.
        steps.close()
    try:
        raise failed from failed.__cause__
    finally:
        del failed  # whose traceback holds this frame


async def drive_async(
    begin: Callable[[Moment], Steps[T]],
    connections: AsyncConnections,
    clock: AsyncClock,
    listener: Listener = NO_HOOKS,
    at: Moment | None = None,
) -> T:
    """Perform effects one by one; return the generator's value.

    The arguments are those of :func:`drive`.
    """
    steps = begin(moment_of(clock) if at is None else at)
    result, thrown = None, None
    try:
        while True:
            effect = _next(steps, result, thrown)
            try:
                value = await _perform_async(effect, connections, clock, listener)
                result, thrown = Result(value, moment_of(clock)), None
            except BaseException as error:  # noqa: BLE001 - the generator gets all of them
                thrown = _bare(error)
    except StopIteration as stop:
        returned: T = stop.value
        return returned
    except BaseException as error:  # noqa: BLE001 - the generator gets all of them
        raise _bare(error) from error.__cause__
    finally:
        steps.close()


def _bare(error: BaseException) -> BaseException:
    """Remove the frames that may hold the request; a source's own exception stays the cause."""
    cause = error.__cause__ if isinstance(error, ConfigurationError) else None
    outside_frames(error)
    error.__cause__ = cause and outside_frames(cause)
    return error


def _next(steps: Steps[T], result: Result[Any] | None, thrown: BaseException | None) -> Any:
    if thrown is not None:
        return steps.throw(thrown)
    return next(steps) if result is None else steps.send(result)


def _perform(
    effect: AnyEffect, connections: Connections, clock: Clock, listener: Listener
) -> object:
    if isinstance(effect, Send):
        left = effect.until - monotonic_of(clock)
        return connections.send(effect.request, effect.timeouts, left)
    if isinstance(effect, Resolve):
        return resolve(effect.source, effect.plan)
    if isinstance(effect, ResolveGroup):
        return resolve_group(effect.group, effect.plan)
    if isinstance(effect, Sleep):
        clock.sleep(effect.seconds)
    elif isinstance(effect, Wait):
        effect.on.wait(effect.until - monotonic_of(clock))
    elif isinstance(effect, Ask):
        return effect.question.ask()
    elif isinstance(effect, Discard):
        connections.discard()
    else:
        report(effect.record, listener)
    return None


async def _perform_async(
    effect: AnyEffect, connections: AsyncConnections, clock: AsyncClock, listener: Listener
) -> object:
    if isinstance(effect, Send):
        left = effect.until - monotonic_of(clock)
        return await connections.send(effect.request, effect.timeouts, left)
    if isinstance(effect, Resolve):
        return await resolve_async(effect.source, effect.plan)
    if isinstance(effect, ResolveGroup):
        return await resolve_group_async(effect.group, effect.plan)
    if isinstance(effect, Sleep):
        await clock.sleep(effect.seconds)
    elif isinstance(effect, Wait):
        await effect.on.wait_async(effect.until - monotonic_of(clock))
    elif isinstance(effect, Ask):
        return await effect.question.ask_async()
    elif isinstance(effect, Discard):
        await connections.discard()
    else:
        await report_async(effect.record, listener)
    return None


def report(record: Record, listener: Listener) -> None:
    """Report a record to the log and to a hook."""
    leave_unawaited(record, _notify(record, listener))


async def report_async(record: Record, listener: Listener) -> None:
    """Report a record to the log and to a hook, which may be async."""
    waiting = _notify(record, listener)
    if inspect.isawaitable(waiting):
        await _awaited_notice(record, waiting)


def _notify(record: Record, listener: Listener) -> object:
    """Report a record to the log and the hook; return what the hook returns."""
    log(record)
    if listener is NO_HOOKS:
        return None
    try:
        return listener.tell(record)
    except Exception:  # noqa: BLE001 - a caller's hook may raise anything
        log_raising_hook(record)
    return None


async def _awaited_notice(record: Record, waiting: Awaitable[object]) -> None:
    try:
        await waiting
    except Exception:  # noqa: BLE001 - a caller's hook may raise anything
        log_raising_hook(record)
