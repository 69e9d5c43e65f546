"""G41: a response to another request is an error, and the connection is closed."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from all_clients import ZEROHASH_MINT
from clocks import frozen_clock
from driven_calls import driven_client, errors, outcomes, replies
from network_calls import each_family, each_flavour
from raw_server import RawServer, http, saying

from tokenkit import MismatchedResponse, zerohash

if TYPE_CHECKING:
    from network_calls import Family, Flavour
    from raw_server import Peer, RawRequest

JSON = "Content-Type: application/json"


def jwt_of(participant_code: str) -> str:
    """Write an unsigned JWT."""
    parts = ({"alg": "RS256"}, {"jti": "1", "participant_code": participant_code})
    written = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return b".".join((*written, b"c2ln")).decode()


def minted(participant_code: str, request_id: str) -> bytes:
    """Respond with a token."""
    body = json.dumps({"message": {"token": jwt_of(participant_code)}}).encode()
    return http(201, body, JSON, f"X-Request-Id: {request_id}")


def in_turn(*kinds: str) -> object:
    """Respond to each connection's requests: correctly, or with another's id or token."""
    left = list(kinds)

    def respond(request: RawRequest) -> bytes:
        kind, own = left.pop(0), request.headers["x-request-id"]
        code = "MALLRY" if kind == "another token" else "CUST01"
        return minted(code, "another-requests-id" if kind == "another id" else own.upper())

    def script(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(respond(request))

    return script


@each_flavour
@each_family
@pytest.mark.parametrize("kind", ["another id", "another token"])
def test_what_belongs_to_another_request(flavour: Flavour, family: Family, kind: str) -> None:
    """It is not a success: the token stays hidden, and the next call has a new connection."""
    script = in_turn("right", kind, "right")
    with RawServer(script, script) as server:  # type: ignore[arg-type] # a script
        client = driven_client(flavour, "zerohash", server.url, frozen_clock(), http_family=family)
        first, second, third = outcomes(
            client, flavour, ZEROHASH_MINT, ZEROHASH_MINT, ZEROHASH_MINT
        )
        connections = [request.connection for request in server.requests]
        sent = server.requests[1].headers["x-request-id"]
    replies([first, third])
    (error,) = errors(MismatchedResponse, [second])
    assert connections[0] == connections[1] != connections[2]
    assert (error.request_id, error.outcome, error.attempts) == (sent, "unknown", 1)
    assert "eyJ" not in f"{error}{vars(error)}"


@each_flavour
def test_a_token_for_an_address_names_whom_it_likes(flavour: Flavour) -> None:
    """A mint by e-mail asks for no participant, so the token may name any."""
    call = zerohash.ClientAuthTokenRequest(email="a@example.com", permissions=["onboarding"])
    script = in_turn("another token")
    with RawServer(script) as server:  # type: ignore[arg-type] # a script
        client = driven_client(flavour, "zerohash", server.url, frozen_clock())
        (reply,) = replies(outcomes(client, flavour, call))
    assert reply.value.unverified_claims["participant_code"] == "MALLRY"


@each_flavour
def test_a_failure_may_have_an_id_of_its_own(flavour: Flavour) -> None:
    """A gateway's failure has its own id, which is the one to ask about."""
    with RawServer(saying(http(403, b"<p>denied", "X-Request-Id: gateway-1"))) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock())
        (error,) = outcomes(client, flavour, ZEROHASH_MINT)
    assert isinstance(error, Exception)
    assert vars(error)["request_id"] == "gateway-1"
