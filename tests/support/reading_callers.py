"""Hooks, classes and tools of a caller's that read a response before tokenkit gets it."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from network_calls import Family, Flavour

PATIENCE = 20


async def until(event: threading.Event) -> None:
    """Wait for an event of another thread or task."""
    await anyio.to_thread.run_sync(event.wait, PATIENCE)
    assert event.is_set()


class Reader:
    """Reads each response before tokenkit gets it; an error's may keep it waiting.

    Args:
        family: Whose classes send.
        flavour: Which of them.
    """

    def __init__(self, family: Family, flavour: Flavour) -> None:
        self.module: Any = import_module(family)
        self.is_async = flavour != "sync"
        self.prefix = "Async" if self.is_async else ""
        self.handle = "handle_async_request" if self.is_async else "handle_request"
        self.has_read_error = threading.Event()
        self.goes_on = threading.Event()
        self.goes_on.set()

    def kind(self, name: str) -> Any:
        return getattr(self.module, self.prefix + name)

    def read(self, response: Any) -> Any:
        response.read()
        if response.is_error:
            self.has_read_error.set()
            assert self.goes_on.wait(PATIENCE)
        return response

    async def aread(self, response: Any) -> Any:
        await response.aread()
        if response.is_error:
            self.has_read_error.set()
            await until(self.goes_on)
        return response

    def behind(self, send: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method that sends, and reads the response."""

        def sent(*args: Any, **kwargs: Any) -> Any:
            return self.read(send(*args, **kwargs))

        async def asent(*args: Any, **kwargs: Any) -> Any:
            return await self.aread(await send(*args, **kwargs))

        return asent if self.is_async else sent

    def subclass(self, name: str, method: str) -> Any:
        base = self.kind(name)
        return type("Reading", (base,), {method: self.behind(getattr(base, method))})


def by_hook(reader: Reader, _: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a client with a hook that reads, as for a log of bodies."""
    hooks = {"response": [reader.aread if reader.is_async else reader.read]}
    return {"http_client": reader.kind("Client")(event_hooks=hooks)}


def by_client(reader: Reader, _: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a client of a class that reads."""
    return {"http_client": reader.subclass("Client", "send")()}


def by_object(reader: Reader, _: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a client on which a tool has replaced the method that sends."""
    client = reader.kind("Client")()
    client.send = reader.behind(client.send)
    return {"http_client": client}


def by_transport(reader: Reader, _: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a transport that reads."""
    return {"transport": reader.subclass("HTTPTransport", reader.handle)()}


def by_mount(reader: Reader, _: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a client that a hook has send by another transport, which reads."""

    def move(request: Any) -> None:
        request.url = request.url.copy_with(host="localhost")

    async def amove(request: Any) -> None:
        move(request)

    return {
        "http_client": reader.kind("Client")(
            mounts={"all://localhost": by_transport(reader, _)["transport"]},
            event_hooks={"request": [amove if reader.is_async else move]},
        )
    }


def by_tool(reader: Reader, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a client; a tool has replaced a method of the library's."""
    kind = reader.kind("HTTPTransport")
    patch.setattr(kind, reader.handle, reader.behind(getattr(kind, reader.handle)))
    return {"http_client": reader.kind("Client")()}


def alternating(reader: Reader, _: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a transport that sends by one of httpx's own, or by one that reads."""
    base = reader.kind("BaseTransport")
    parts = [reader.kind("HTTPTransport")(), by_transport(reader, _)["transport"]]

    class Alternating(base):  # type: ignore[misc, valid-type] # either family's
        turn = 0

        def next(self) -> Any:
            self.turn += 1
            return parts[self.turn not in (1, 3)]

        def handle_request(self, request: Any) -> Any:
            return self.next().handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            return await self.next().handle_async_request(request)

        def close(self) -> None:
            for part in parts:
                part.close()

        async def aclose(self) -> None:
            for part in parts:
                await part.aclose()

    return {"transport": Alternating()}
