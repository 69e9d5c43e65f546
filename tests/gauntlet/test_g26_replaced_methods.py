"""G26 where a tool has replaced a method between a caller's client and its connection."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar
from unittest.mock import create_autospec

import pytest
from callers_clients import CALLED_TWICE, minted
from credentials import strigo_client
from network_calls import each_family, each_flavour
from raw_server import RawServer
from surplus import CALLS, RIGHT, polite

from tokenkit._http import family as families

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from network_calls import Family, Flavour

SENT_BY = [
    ("http", "Client", "_send_single_request"),
    ("http", "Client", "_send_handling_auth"),
    ("http", "HTTPTransport", "handle_{}request"),
    ("core", "ConnectionPool", "handle_{}request"),
    ("core", "HTTP11Connection", "handle_{}request"),
]


@each_family
@each_flavour
@pytest.mark.parametrize(("where", "kind", "method"), SENT_BY)
def test_a_replaced_method_of_the_library_leaves_nothing_to_the_next(
    flavour: Flavour,
    family: Family,
    where: str,
    kind: str,
    method: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tool that replaces any method between a client and its connection may read a response."""
    module: Any = import_module(family)
    core: Any = import_module("httpcore" if family == "httpx" else "httpcore2")
    prefix, name = (
        ("", method.format("")) if flavour == "sync" else ("Async", method.format("async_"))
    )
    owner = getattr(module if where == "http" else core, f"{prefix}{kind}")
    original = getattr(owner, name)

    def replaced(self: object, *args: Any, **kwargs: Any) -> Any:
        return original(self, *args, **kwargs)

    monkeypatch.setattr(owner, name, replaced)
    options = {"http_client": getattr(module, f"{prefix}Client")()}
    with RawServer(polite) as server:
        assert minted(flavour, options, server.url) == RIGHT * 2
        assert server.connections == len(CALLED_TWICE)


@each_family
def test_a_replaced_method_of_an_object_leaves_nothing_to_the_next(family: Family) -> None:
    """So it is if a tool replaces a method of the transport, or of its pool, alone."""
    module: Any = import_module(family)
    for below in (False, True):
        transport = module.HTTPTransport()
        patched: Any = getattr(transport, "_pool") if below else transport  # noqa: B009 - it is private
        patched.handle_request = patched.handle_request
        with RawServer(polite) as server:
            assert minted("sync", {"transport": transport}, server.url) == RIGHT * 2
            assert server.connections == len(CALLED_TWICE)


class Wrapper:
    """What a tool may put in a method's place before tokenkit is loaded."""

    def __init__(self, original: Callable[..., Any]) -> None:
        self._original = original

    def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
        return partial(self._original, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._original(*args, **kwargs)


class Proxy(Wrapper):
    """One that passes for a function with ``isinstance()``, as wrapt's do."""

    __globals__: ClassVar = vars(import_module("httpx"))

    __class__ = property(lambda _: FunctionType)  # pyright: ignore[reportIncompatibleMethodOverride]  # as wrapt's has


@contextmanager
def loaded_anew() -> Generator[None]:
    """Let tokenkit load httpx or httpx2 as it is now, and again behind the block."""
    load = getattr(families, "_load")  # noqa: B009 - it is private
    load.cache_clear()
    try:
        yield
    finally:
        load.cache_clear()


def in_a_context(original: Callable[..., Any]) -> Callable[..., Any]:
    """Replace a method as a tracer does, by a function that contextlib makes."""

    @contextmanager
    def span() -> Generator[None]:
        yield

    @span()
    def replaced(*args: Any, **kwargs: Any) -> Any:
        return original(*args, **kwargs)

    return replaced


@each_family
@pytest.mark.parametrize("wrapper", [Wrapper, Proxy, in_a_context])
def test_a_method_that_was_replaced_first_leaves_nothing_to_the_next(
    family: Family,
    wrapper: Callable[[Callable[..., Any]], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tool that was there before tokenkit was loaded isn't taken for the library itself."""
    module: Any = import_module(family)
    with monkeypatch.context() as patch, loaded_anew():
        patch.setattr(module.Client, "send", wrapper(module.Client.send))
        with RawServer(polite) as server:
            assert minted("sync", {"http_client": module.Client()}, server.url) == RIGHT * 2
            assert server.connections == len(CALLED_TWICE)


@each_family
@pytest.mark.parametrize("name", ["Client", "HTTPTransport"])
def test_a_class_that_was_replaced_first_leaves_nothing_to_the_next(
    family: Family, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a class of a tool's that has taken the name of the library's."""
    module: Any = import_module(family)
    base: Any = getattr(module, name)

    class Replaced(base):  # type: ignore[misc] # either family's
        pass

    with monkeypatch.context() as patch, loaded_anew():
        patch.setattr(module, name, Replaced)
        option = "http_client" if name == "Client" else "transport"
        with RawServer(polite) as server:
            assert minted("sync", {option: Replaced()}, server.url) == RIGHT * 2
            assert server.connections == len(CALLED_TWICE)


@each_family
def test_a_stub_of_a_client_is_taken(family: Family) -> None:
    """A test may pass a mock with a client's interface, which has no parts of its own."""
    module: Any = import_module(family)
    stub = create_autospec(module.Client, instance=True)
    stub.headers = module.Headers()
    stub.send.return_value = module.Response(
        200, json={"result": "success", "data": {"token": "t"}}
    )
    with strigo_client("https://vendor.example", http_client=stub) as client:
        assert client.send(CALLS[0]).token == "t"
