"""httpx2 instead of httpx: the hooks exist, and responses do not depend on the family."""

from __future__ import annotations

from typing import Any

import pytest
from all_clients import HEALTH, HEALTHY
from credentials import async_strigo_client, strigo_client
from network_calls import send_strigo
from pooled import idle_of
from raw_server import RawServer, json_response, responding

httpx2: Any = pytest.importorskip("httpx2")


healthy = responding(lambda _: HEALTHY)


def test_the_seam_of_httpx2_holds() -> None:
    """httpx2's pool really uses the network backend with the deadline."""
    with (
        RawServer(healthy) as server,
        strigo_client(server.url, http_family="httpx2") as client,
    ):
        client.check_health()
        (kept,) = idle_of(client)
        assert type(kept._connection).__module__.startswith("httpcore2")
        assert kept.network._opened is kept._connection._connection._network_stream


@pytest.mark.anyio
async def test_the_async_seam_of_httpx2_holds() -> None:
    """httpx2's async pool really uses the network backend that counts."""
    with RawServer(healthy) as server:
        async with async_strigo_client(server.url, http_family="httpx2") as client:
            await client.check_health()
            (kept,) = idle_of(client)
            assert type(kept._connection).__module__.startswith("httpcore2")
            assert kept.network._opened is kept._connection._connection._network_stream


def test_json_responses_are_the_same() -> None:
    """A response's headers and value do not depend on the family."""
    answer = json_response({"status": "ok", "message": "m"})
    with RawServer(responding(lambda _: answer)) as server:
        (one,) = send_strigo("sync", server.url, HEALTH, http_family="httpx")
        (other,) = send_strigo("sync", server.url, HEALTH, http_family="httpx2")
    assert (one.value, dict(one.headers)) == (other.value, dict(other.headers))
