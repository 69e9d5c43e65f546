"""G29: a response that was read before is used as it is."""

from __future__ import annotations

import gzip
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import ZEROHASH_MINT, ZEROHASH_MINTED
from callers_clients import send_through
from credentials import strigo_client
from network_calls import each_family, each_flavour
from raw_server import RawServer, http, responding

from tokenkit import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Family, Flavour

PACKED = http(
    200, gzip.compress(ZEROHASH_MINTED.partition(b"\r\n\r\n")[2]), "Content-Encoding: gzip"
)


def hooks(flavour: Flavour, sync: Callable[[Any], Any], name: str) -> dict[str, list[Any]]:
    async def hook(response: Any) -> None:
        await getattr(response, name)()

    return {"response": [sync if flavour == "sync" else hook]}


@each_family
@each_flavour
@pytest.mark.parametrize("answer", [ZEROHASH_MINTED, PACKED], ids=["plain", "gzip"])
def test_a_response_that_a_hook_has_read(flavour: Flavour, family: Family, answer: bytes) -> None:
    """If a hook that logs bodies reads them first, the client uses what httpx decoded."""
    with RawServer(responding(lambda _: answer)) as server:
        event_hooks = hooks(flavour, lambda response: response.read(), "aread")
        replies = send_through(
            flavour, family, server.url, ZEROHASH_MINT, ZEROHASH_MINT, event_hooks=event_hooks
        )
        assert len(server.requests) == 2
    assert all(reply.value.token for reply in replies)


@each_family
@each_flavour
def test_a_response_that_a_hook_has_closed(flavour: Flavour, family: Family) -> None:
    """A hook that closes the response unread causes an error, not a hang."""
    with RawServer(responding(lambda _: ZEROHASH_MINTED)) as server:
        event_hooks = hooks(flavour, lambda response: response.close(), "aclose")
        with pytest.raises(TransportError):
            send_through(flavour, family, server.url, ZEROHASH_MINT, event_hooks=event_hooks)


@each_family
def test_a_mocks_packed_response(family: Family) -> None:
    """If a mock names an encoding, httpx has already decoded its content."""
    http_module: Any = import_module(family)
    body = gzip.compress(b'{"status": "ok", "message": "m"}')

    def packed(_: object) -> Any:
        return http_module.Response(200, content=body, headers={"Content-Encoding": "gzip"})

    transport = http_module.MockTransport(packed)
    with strigo_client(transport=transport) as client:
        assert client.check_health().status == "ok"
