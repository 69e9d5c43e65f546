"""G36: a server may ask for a wait of any length without causing another error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from all_clients import STRIGO_MINT
from network_calls import each_flavour, send_strigo
from raw_server import RawServer, http, responding

from tokenkit import RateLimitError

if TYPE_CHECKING:
    from network_calls import Flavour


@each_flavour
@pytest.mark.parametrize("asked", ["31557600000000", "9" * 300, "1e300", "10000000"])
def test_a_million_years_without_a_deadline(flavour: Flavour, asked: str) -> None:
    """Without a deadline, a wait beyond any clock raises the vendor's error at once."""
    answer = http(429, b"{}", f"Retry-After: {asked}")
    with RawServer(responding(lambda _: answer)) as server:
        with pytest.raises(RateLimitError):
            send_strigo(flavour, server.url, STRIGO_MINT, deadline=None)
        assert len(server.requests) <= 4
