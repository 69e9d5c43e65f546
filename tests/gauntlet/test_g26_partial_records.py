"""G26: a surplus response whose TLS record has arrived in part never reaches the next caller."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from network_calls import each_family, each_flavour, send_strigo
from raw_server import RawServer
from surplus import CALLS, RIGHT, cut_at
from tls_servers import trusting

if TYPE_CHECKING:
    from network_calls import Family, Flavour


@each_family
@each_flavour
@pytest.mark.parametrize("size", [3, 20])
def test_a_part_of_a_record_is_noticed(flavour: Flavour, family: Family, size: int) -> None:
    """Each caller gets a token of its own, though the rest of a record comes in between."""
    with RawServer(cut_at(size)) as server:
        replies = send_strigo(
            flavour,
            server.url.replace("http:", "https:"),
            *CALLS,
            between=lambda: time.sleep(0.1),
            ssl_context=trusting(),
            http_family=family,
        )
    assert [reply.value.token for reply in replies] == RIGHT
