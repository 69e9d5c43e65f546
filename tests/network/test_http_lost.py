"""Lost connections are distinct from silent ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from all_clients import STRIGO_MINT
from lost_connections import (
    close_at_once,
    close_before_the_answer,
    close_in_a_chunk,
    close_in_the_body,
    close_in_the_headers,
    reset_in_the_body,
)
from network_calls import NO_RETRIES, each_family, each_flavour, send_strigo
from raw_server import RawServer, resetting

from tokenkit import ConnectionLostError, RequestTimeoutError, Timeouts

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Family, Flavour
    from raw_server import Peer


LOSSES = [
    close_before_the_answer,
    close_at_once,
    close_in_the_headers,
    close_in_the_body,
    close_in_a_chunk,
    reset_in_the_body,
    resetting(),
]


@each_flavour
@each_family
@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_response_is_a_lost_connection(
    flavour: Flavour, family: Family, loss: Callable[[Peer], None]
) -> None:
    """Wherever a connection breaks, it is reported as a lost connection."""
    with RawServer(loss) as server:
        with pytest.raises(ConnectionLostError) as caught:
            send_strigo(flavour, server.url, STRIGO_MINT, retry=NO_RETRIES, http_family=family)
        assert caught.value.attempts == server.connections == 1
        server.wait_all_closed()


@each_flavour
def test_a_silent_step_is_a_timeout(flavour: Flavour) -> None:
    """A read that exceeds its timeout is reported as one, and not as the deadline."""
    timeout = Timeouts(read=0.05)
    with (
        RawServer(lambda peer: peer.wait_gone()) as server,
        pytest.raises(RequestTimeoutError, match="ReadTimeout") as caught,
    ):
        send_strigo(flavour, server.url, STRIGO_MINT, timeout=timeout, retry=NO_RETRIES)
    assert type(caught.value) is RequestTimeoutError
