"""G26 where hooks and classes of the caller's get a response before tokenkit does."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from callers_clients import CALLED_TWICE, minted
from credentials import strigo_client
from network_calls import NO_RETRIES, each_family, each_flavour, echo_token
from raw_server import RawServer, http
from surplus import CALLS, RIGHT, SURPLUS, polite

from tokenkit import TransportError
from tokenkit._http.connection import PATH_TO_H11
from tokenkit._http.httpx_adapter import at

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Family, Flavour
    from raw_server import Peer


def surplus_at_first(peer: Peer) -> None:
    """Respond to each request; another response follows a connection's first one."""
    behind = SURPLUS
    while (request := peer.read_request()) is not None:
        peer.send(echo_token(request) + behind)
        behind = b""


def fails_at_second(peer: Peer) -> None:
    """Refuse a connection's second request, with another response behind the refusal."""
    number = 0
    while (request := peer.read_request()) is not None:
        number += 1
        peer.send(http(503, b"busy") + SURPLUS if number == 2 else echo_token(request))


def read(response: Any) -> Any:
    response.read()
    return response


async def aread(coming: Any) -> Any:
    response = await coming
    await response.aread()
    return response


def reading_hook(module: Any, prefix: str) -> dict[str, Any]:
    """Return a client with a hook that reads each response, as for a log of bodies."""

    async def hook(response: Any) -> None:
        await response.aread()

    hooks = {"response": [hook if prefix else read]}
    return {"http_client": getattr(module, f"{prefix}Client")(event_hooks=hooks)}


def reading_client(module: Any, prefix: str) -> dict[str, Any]:
    """Return a client of a class that reads each response."""
    base: Any = getattr(module, f"{prefix}Client")

    class Reading(base):  # type: ignore[misc] # either family's
        def send(self, *args: Any, **kwargs: Any) -> Any:
            return (aread if prefix else read)(base.send(self, *args, **kwargs))

    return {"http_client": Reading()}


def replaced_send(module: Any, prefix: str) -> dict[str, Any]:
    """Return a client on which a tool has replaced the method that sends."""
    client = getattr(module, f"{prefix}Client")()
    send = client.send

    def sent(*args: Any, **kwargs: Any) -> Any:
        return (aread if prefix else read)(send(*args, **kwargs))

    client.send = sent
    return {"http_client": client}


def reading_class(module: Any, prefix: str) -> Any:
    base: Any = getattr(module, f"{prefix}HTTPTransport")

    class Reading(base):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            return read(base.handle_request(self, request))

        async def handle_async_request(self, request: Any) -> Any:
            return await aread(base.handle_async_request(self, request))

    return Reading


def reading_transport(module: Any, prefix: str) -> dict[str, Any]:
    """Return a transport that reads each response."""
    return {"transport": reading_class(module, prefix)()}


def alternating(module: Any, prefix: str) -> dict[str, Any]:
    """Return a transport that sends by one of httpx's own, or by one that reads."""
    base: Any = getattr(module, f"{prefix}BaseTransport")
    parts = [getattr(module, f"{prefix}HTTPTransport")(), reading_class(module, prefix)()]

    class Alternating(base):  # type: ignore[misc] # either family's
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


def hiding_network(module: Any, prefix: str) -> dict[str, Any]:
    """Return a transport that reads each response and puts its own object before the network."""
    reading = reading_class(module, prefix)

    class Hiding(reading):  # type: ignore[misc, valid-type] # either family's
        def handle_request(self, request: Any) -> Any:
            response = reading.handle_request(self, request)
            response.extensions["network_stream"] = object()
            return response

        async def handle_async_request(self, request: Any) -> Any:
            response = await reading.handle_async_request(self, request)
            response.extensions["network_stream"] = object()
            return response

    return {"transport": Hiding()}


def check_each_gets_its_own(
    flavour: Flavour,
    family: Family,
    made_by: Callable[[Any, str], dict[str, Any]],
    script: Callable[[Peer], None],
) -> None:
    """Mint through a caller's object: the tokens are right, and no connection is kept."""
    options = made_by(import_module(family), "" if flavour == "sync" else "Async")
    with RawServer(script) as server:
        assert minted(flavour, options, server.url) == RIGHT * 2
        assert server.connections == len(CALLED_TWICE)


READERS = [
    *(reading_hook, reading_client, replaced_send),
    *(reading_transport, alternating, hiding_network),
]


@each_family
@each_flavour
@pytest.mark.parametrize("made_by", READERS)
def test_a_response_that_was_read_before_leaves_nothing_to_the_next(
    flavour: Flavour, family: Family, made_by: Callable[[Any, str], dict[str, Any]]
) -> None:
    """Whatever of the caller's reads a response first, what is behind it is nobody's."""
    check_each_gets_its_own(flavour, family, made_by, surplus_at_first)


@each_family
@each_flavour
def test_a_clean_transport_does_not_speak_for_another(flavour: Flavour, family: Family) -> None:
    """A client may send to another server by another transport, which is looked at by itself."""
    module, prefix = import_module(family), "" if flavour == "sync" else "Async"
    mounts = {"all://127.0.0.1": reading_class(module, prefix)()}
    options = {"http_client": getattr(module, f"{prefix}Client")(mounts=mounts)}
    with RawServer(surplus_at_first) as server, RawServer(polite) as other:
        url = other.url.replace("127.0.0.1", "localhost")
        assert minted(flavour, options, server.url, url) == RIGHT * 2
        assert other.connections == 2


@each_family
def test_a_hook_that_raises_leaves_nothing_to_the_next(family: Family) -> None:
    """A response that a hook has read and refused never comes to tokenkit."""
    module: Any = import_module(family)

    def refuse(response: Any) -> None:
        if response.is_error:
            response.read()
            response.raise_for_status()

    shared = module.Client(event_hooks={"response": [refuse]})
    with RawServer(fails_at_second) as server:
        assert minted("sync", {"http_client": shared}, server.url) == RIGHT * 2


@each_family
def test_a_transport_that_sends_again_leaves_nothing_to_its_next_request(family: Family) -> None:
    """A response that a caller's transport has read and dropped never comes to tokenkit."""
    module: Any = import_module(family)

    class SendsAgain(module.HTTPTransport):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            response = module.HTTPTransport.handle_request(self, request)
            if response.status_code == 503:
                response.read()
                response = module.HTTPTransport.handle_request(self, request)
            return response

    with RawServer(fails_at_second) as server:
        assert minted("sync", {"transport": SendsAgain()}, server.url) == RIGHT * 2


def dropping(module: Any, prefix: str) -> dict[str, Any]:
    """Return a transport that drops the headers between neighbours, as RFC 9110 says."""
    base: Any = getattr(module, f"{prefix}HTTPTransport")

    class Dropping(base):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            del request.headers["connection"]
            return base.handle_request(self, request)

        async def handle_async_request(self, request: Any) -> Any:
            del request.headers["connection"]
            return await base.handle_async_request(self, request)

    return {"transport": Dropping()}


def hooked(module: Any, prefix: str) -> dict[str, Any]:
    """Return a client with hooks that keep each connection and look at each response."""

    def keep(request: Any) -> None:
        request.headers["connection"] = "keep-alive"

    async def akeep(request: Any) -> None:
        keep(request)

    async def alook(response: Any) -> None:
        assert response.status_code

    hooks = {
        "request": [akeep if prefix else keep],
        "response": [alook if prefix else str],
    }
    return {"http_client": getattr(module, f"{prefix}Client")(event_hooks=hooks)}


def keeping_and_reading(module: Any, prefix: str) -> dict[str, Any]:
    """Return a client with hooks that keep each connection and read each response."""
    options = hooked(module, prefix)
    client = options["http_client"]
    reading = reading_hook(module, prefix)["http_client"].event_hooks["response"]
    client.event_hooks = {**client.event_hooks, "response": reading}
    return options


@each_family
@each_flavour
@pytest.mark.parametrize("made_by", [dropping, hooked, keeping_and_reading])
def test_a_request_that_no_longer_asks_to_close_leaves_nothing_to_the_next(
    flavour: Flavour, family: Family, made_by: Callable[[Any, str], dict[str, Any]]
) -> None:
    """What the caller's own code changes in a request doesn't keep its connection."""
    check_each_gets_its_own(flavour, family, made_by, surplus_at_first)


@each_family
def test_a_transport_that_tells_events_itself(family: Family) -> None:
    """What it tells of its own request, whatever that is, isn't touched."""
    module: Any = import_module(family)

    def respond(request: Any) -> Any:
        request.extensions["trace"]("http11.send_request_headers.started", {"request": request})
        assert request.headers["connection"] == "close"
        return module.Response(200, json={"result": "success", "data": {"token": "t"}})

    options = {"transport": module.MockTransport(respond)}
    assert minted("sync", options, "https://vendor.example") == ["t"] * len(CALLED_TWICE)


@each_family
@each_flavour
def test_a_network_that_is_hidden_from_a_clean_response(flavour: Flavour, family: Family) -> None:
    """The response counts, and its connection serves one call."""
    check_each_gets_its_own(flavour, family, hiding_network, polite)


@each_family
def test_a_connection_that_takes_no_more_requests(family: Family) -> None:
    """A call that finds one wasn't performed, and is sent again on another."""
    transport = import_module(family).HTTPTransport()
    with (
        RawServer(polite) as server,
        strigo_client(server.url, transport=transport, retry=NO_RETRIES) as once,
    ):
        for call in CALLS:
            once.send(call)
        (kept,) = getattr(transport, "_pool").connections  # noqa: B009 - it is private
        at(kept, PATH_TO_H11).send_failed()
        with pytest.raises(TransportError) as caught:
            once.send(CALLS[0])
        assert caught.value.outcome == "not performed"
        assert once.send(CALLS[0]).token == RIGHT[0]
