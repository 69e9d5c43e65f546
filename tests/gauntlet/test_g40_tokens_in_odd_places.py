"""G40: a token in a path, a query, broken HTTP, odd successes or a Reply is not shown."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, ClassVar

import attrs
import pytest
from all_clients import STRIGO_MINT, TOKEN
from clocks import frozen_clock
from driven_calls import driven_client, outcomes, replies
from network_calls import each_family, each_flavour
from raw_server import RawServer, http, responding

from tokenkit import Call, Hooks, RetryPolicy
from tokenkit.extension import RawCall, param, text

if TYPE_CHECKING:
    from network_calls import Family, Flavour
    from raw_server import Peer

    from tokenkit.extension import JSON, ResponseInfo

JSON_TYPE = "Content-Type: application/json"
BODY = json.dumps({"result": "success", "data": {"token": TOKEN}}).encode()


@attrs.frozen(kw_only=True)
class Introspect(Call[None]):
    """Ask about a token, which a fourth vendor takes in the path and the query."""

    method: ClassVar[str] = "GET"

    token: str = attrs.field(repr=False, metadata=param(text()))

    @property
    def request_line(self) -> tuple[str, str]:
        return "GET", f"/tokens/{self.token}?token={self.token}"

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.token,)

    def decode(self, body: JSON, response: ResponseInfo) -> None:
        del body, response


SHORT = "tok-short"
CALLS: list[tuple[Call[object], str]] = [
    (Introspect(token=TOKEN), TOKEN),
    (Introspect(token=SHORT), SHORT),
    (RawCall(verb="GET", target=f"/tokens/{TOKEN}"), TOKEN),
    (RawCall(verb="GET", target=f"/x?token={TOKEN}"), TOKEN),
    (RawCall(verb="DELETE", target=f"/tokens/{TOKEN}/sessions"), TOKEN),
]


@each_flavour
@each_family
@pytest.mark.parametrize(("call", "token"), CALLS)
def test_a_token_in_a_url(
    flavour: Flavour,
    family: Family,
    call: Call[object],
    token: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A token in a path or a query is in no error, record or log."""
    told: list[object] = []
    hooks = Hooks(on_request=told.append, on_response=told.append, on_error=told.append)
    with (
        RawServer(responding(lambda _: http(404))) as server,
        caplog.at_level(logging.DEBUG, "tokenkit"),
    ):
        client = driven_client(
            flavour, "zdk", server.url, frozen_clock(), http_family=family, hooks=hooks
        )
        (error,) = outcomes(client, flavour, call)
    logged = [f"{record.getMessage()}{vars(record)}" for record in caplog.records]
    shown = f"{error}{error!r}{vars(error) if isinstance(error, Exception) else ''}{told}{logged}"
    assert "404" in shown
    assert token not in shown


def chunked_without_chunks(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + BODY + b"\r\n")
    peer.wait_gone()


def no_status_line(peer: Peer) -> None:
    peer.read_request()
    peer.send(BODY + b"\r\n\r\n")
    peer.wait_gone()


def broken_header(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\n" + BODY + b"\r\n\r\n")
    peer.wait_gone()


ODD_RESPONSES = [
    chunked_without_chunks,
    no_status_line,
    broken_header,
    responding(lambda _: http(200, TOKEN.encode(), "Content-Type: text/plain")),
    responding(lambda _: http(200, b")]}',\n" + BODY, "Content-Type: text/javascript")),
    responding(lambda _: http(200, BODY[:-2], JSON_TYPE)),
    responding(lambda _: http(200, b"<p>" + BODY + b"</p>", "Content-Type: text/html")),
    responding(lambda _: http(502, BODY[:-2], JSON_TYPE)),
    responding(lambda _: http(500, b"\xef\xbb\xbf" + BODY, JSON_TYPE)),
    responding(lambda _: http(500, b'{"n": NaN, ' + BODY[1:], JSON_TYPE)),
    responding(lambda _: http(422, json.dumps({"data": {"jwt": TOKEN}}).encode(), JSON_TYPE)),
    responding(lambda _: http(500, b"token=" + TOKEN.encode(), "Content-Type: text/plain")),
]


@each_flavour
@each_family
@pytest.mark.parametrize("script", ODD_RESPONSES)
def test_a_token_in_an_odd_response(
    flavour: Flavour, family: Family, script: object, caplog: pytest.LogCaptureFixture
) -> None:
    """A minted token in a broken or unexpected response is not shown."""
    told: list[object] = []
    with RawServer(script) as server, caplog.at_level(logging.DEBUG, "tokenkit"):  # type: ignore[arg-type] # all are scripts
        client = driven_client(
            flavour,
            "strigo",
            server.url,
            frozen_clock(),
            http_family=family,
            hooks=Hooks(on_error=told.append),
            retry=RetryPolicy(max_retries=0),
        )
        (error,) = outcomes(client, flavour, STRIGO_MINT)
    assert isinstance(error, Exception)
    assert TOKEN not in f"{error}{vars(error)}{told}{caplog.text}"


@each_flavour
@each_family
def test_a_replys_repr(flavour: Flavour, family: Family) -> None:
    """The repr of a Reply shows neither its value nor an echoed key."""
    key = "strigo-key-77aa51c0de"
    response = http(200, BODY, JSON_TYPE, f"Server: {key}", f"X-Request-Id: Bearer {key}")
    with RawServer(responding(lambda _: response)) as server:
        client = driven_client(flavour, "strigo", server.url, frozen_clock(), http_family=family)
        raw = RawCall(verb="POST", target="/academy/users/token", json={})
        found = replies(outcomes(client, flavour, raw))
    assert TOKEN not in repr(found)
    assert key not in repr(found)
    assert found[0].status == 200
