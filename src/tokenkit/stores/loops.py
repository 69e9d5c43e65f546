"""Connections for asyncio: each event loop has its own, closed when the loop ends."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import attrs
from anyio.lowlevel import RunVar

__all__ = ["PerLoop"]

C = TypeVar("C")


@attrs.frozen(eq=False, repr=False)
class _Opened:
    connections: Any
    keeper: AsyncGenerator[None, None]
    process: int


_OF_LOOP: RunVar[WeakKeyDictionary["PerLoop[Any]", _Opened]] = RunVar("tokenkit_store_clients")
# A forked child must neither use nor close what its parent's event loop had opened.
_INHERITED: list[_Opened] = []


class PerLoop(Generic[C]):
    """Opens something once for each event loop.

    Args:
        open_one: Opens it.
        close: Closes it.
    """

    def __init__(self, open_one: Callable[[], C], close: Callable[[C], Awaitable[object]]) -> None:
        self._open_one = open_one
        self._close = close

    async def get(self) -> C:
        """Return what is open in the running loop."""
        opened = self._opened_here()
        if opened is None:
            made = self._open_one()
            opened = _Opened(made, self._keep(made), os.getpid())
            _of_this_loop()[self] = opened
            await anext(opened.keeper)
        connections: C = opened.connections
        return connections

    async def aclose(self) -> None:
        """Close what is open in the running loop; other loops close theirs when they end."""
        opened = self._opened_here()
        if opened is not None:
            del _of_this_loop()[self]
            await opened.keeper.aclose()

    def _opened_here(self) -> _Opened | None:
        of_loop = _of_this_loop()
        opened = of_loop.get(self)
        if opened is not None and opened.process != os.getpid():
            _INHERITED.append(of_loop.pop(self))
            return None
        return opened

    async def _keep(self, connections: C) -> AsyncGenerator[None, None]:
        process = os.getpid()
        # An event loop closes its async generators when it ends, while it still runs.
        try:
            yield
        finally:
            if process == os.getpid():
                await self._close(connections)


def _of_this_loop() -> "WeakKeyDictionary[PerLoop[Any], _Opened]":
    try:
        return _OF_LOOP.get()
    except LookupError:
        _OF_LOOP.set(WeakKeyDictionary())
    return _OF_LOOP.get()
