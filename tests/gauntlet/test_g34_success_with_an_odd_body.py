"""G34: a call that needs no body succeeds whatever body its success has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from driven_calls import DrivenTime, driven_client, errors, outcomes, replies
from leaks import REVOCATION
from network_calls import each_family, each_flavour
from raw_server import RawServer, http, saying

from tokenkit import DecodeError

if TYPE_CHECKING:
    from network_calls import Family, Flavour

JSON = "Content-Type: application/json"
TEXT = "Content-Type: text/plain"
BODIES = [
    http(204),
    http(200, b"\r\n", TEXT),
    http(200, b" ", TEXT),
    http(200, b"OK", TEXT),
    http(200, b"{}", JSON),
    http(200, b"null", JSON),
    http(202, b'{"revoked": true}', JSON),
    http(200, b"{broken", JSON),
    http(200, b"\xff\xfe\x00", "Content-Type: application/octet-stream"),
]


@each_flavour
@each_family
def test_a_revocation_is_done(flavour: Flavour, family: Family) -> None:
    """Every 2xx means that the token is revoked: its body, which nobody needs, is not read."""
    with RawServer(saying(*BODIES)) as server:
        client = driven_client(flavour, "zerohash", server.url, DrivenTime(), http_family=family)
        found = replies(outcomes(client, flavour, *[REVOCATION] * len(BODIES)))
    assert [reply.value for reply in found] == [None] * len(BODIES)


@each_flavour
@pytest.mark.parametrize("page", [b"<!doctype html><p>Log in", b"\n <html>Pay first</html>"])
def test_a_captive_portal_revokes_nothing(flavour: Flavour, page: bytes) -> None:
    """A page of HTML is nobody's success, so that a token that still lives isn't called dead."""
    with RawServer(saying(http(200, page, "Content-Type: text/html"))) as server:
        client = driven_client(flavour, "zerohash", server.url, DrivenTime())
        (error,) = errors(DecodeError, outcomes(client, flavour, REVOCATION))
    assert "text/html" in str(error)
