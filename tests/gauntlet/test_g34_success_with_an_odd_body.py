"""G34: a call that needs no body succeeds whatever the body of its success is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clocks import frozen_clock
from driven_calls import driven_client, errors, outcomes, replies
from leaks import REVOCATION
from network_calls import each_family, each_flavour
from raw_server import RawServer, http, saying

from tokenkit import DecodeError

if TYPE_CHECKING:
    from network_calls import Family, Flavour

JSON = "Content-Type: application/json"
TEXT = "Content-Type: text/plain"
HTML = "Content-Type: text/html; charset=utf-8"
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
    http(200, b"\r\n", HTML),
    http(200, b"{}", HTML),
    http(200, b'{"revoked": ["' + b"a" * 1_000 + b'"]}', JSON),
]
PORTAL = b"<!doctype html><p>Log in"
PAGES = [
    http(200, PORTAL, HTML),
    http(200, b"\n <html>Pay first</html>", HTML),
    http(200, PORTAL, JSON),
    http(200, PORTAL),
    http(200, b"\0\v\f" + PORTAL, TEXT),
    http(200, PORTAL.decode().encode("utf-16"), TEXT),
    http(200, b"Please log in", HTML),
    http(200, b"Please log in", "Content-Type: APPLICATION/XHTML+XML"),
    http(200, b"Please log in. " * 20, TEXT),
    http(200, b"[" * 70_000, JSON),
]


@each_flavour
@each_family
def test_a_revocation_is_done(flavour: Flavour, family: Family) -> None:
    """Every 2xx means that the token is revoked: its body isn't needed, so it isn't read."""
    with RawServer(saying(*BODIES)) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock(), http_family=family)
        found = replies(outcomes(client, flavour, *[REVOCATION] * len(BODIES)))
    assert [reply.value for reply in found] == [None] * len(BODIES)


@each_flavour
def test_a_captive_portal_revokes_nothing(flavour: Flavour) -> None:
    """HTML, or a long text, isn't the vendor's, so that a live token isn't taken for revoked."""
    with RawServer(saying(*PAGES)) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock())
        found = errors(DecodeError, outcomes(client, flavour, *[REVOCATION] * len(PAGES)))
        assert len(server.requests) == len(PAGES)
    assert {error.outcome for error in found} == {"unknown"}
    assert "text/html" in str(found[0])
    assert "Log in" in str(found[0])
