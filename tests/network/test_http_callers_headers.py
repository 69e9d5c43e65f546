"""A caller's client adds its headers, and changes nothing that is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from callers_clients import send_through
from network_calls import (
    HARMLESS,
    ZEROHASH_KEY,
    ZEROHASH_MINTED,
    ZEROHASH_PRIVATE_KEY,
    each_family,
    each_flavour,
)
from raw_server import RawServer, answering

if TYPE_CHECKING:
    from network_calls import Family, Flavour
    from raw_server import RawRequest

CALLERS_HEADERS = {
    "x-team": "payments",
    "user-agent": "callers/1.0",
    "authorization": "Bearer the-callers-own",
    "cookie": "session=the-callers-own",
    "x-api-key": "the-callers-own",
    "content-encoding": "gzip",
    "x-scx-api-key": "not this one",
}


def signature_of(request: RawRequest) -> str:
    """Sign a request as zerohash's documentation says."""
    route = request.line.split(" ")[1]
    text = f"{request.headers['x-scx-timestamp']}POST{route}".encode() + request.body
    key = base64.b64decode(ZEROHASH_PRIVATE_KEY)
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


@each_family
@each_flavour
def test_a_callers_client_adds_only_its_headers(flavour: Flavour, family: Family) -> None:
    """A caller's client's default headers are sent below ours, unless they may be credentials."""
    with RawServer(answering(lambda _: ZEROHASH_MINTED)) as server:
        send_through(
            flavour,
            family,
            server.url,
            HARMLESS,
            auth=("user", "word"),
            params={"tenant": "7"},
            headers=CALLERS_HEADERS,
        )
    (request,) = server.requests
    headers = request.headers
    assert request.line == "POST /client_auth_token HTTP/1.1"
    assert headers["x-scx-api-key"] == ZEROHASH_KEY
    assert headers["x-scx-signed"] == signature_of(request)
    assert headers["x-team"] == "payments"
    assert headers["user-agent"].startswith("tokenkit/")
    assert request.head.lower().count(b"x-scx-api-key") == 1
    assert "the-callers-own" not in request.head.decode()
    assert "content-encoding" not in headers
