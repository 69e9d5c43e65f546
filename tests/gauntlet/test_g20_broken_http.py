"""G20: servers that break HTTP in every way: a TransportError or the right value, no hang."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import HEALTH, HEALTHY, STRIGO_MINT, STRIGO_MINTED, TOKEN
from network_calls import (
    NO_RETRIES,
    at_most,
    each_family,
    each_flavour,
    send_strigo,
    send_zerohash,
)
from raw_server import RawServer, saying

from tokenkit import (
    DecodeError,
    ProtocolError,
    TransportError,
    extension,
    zerohash,
)

if TYPE_CHECKING:
    from network_calls import Family, Flavour

REVOCATION = zerohash.RevokeAuthTokenRequest(token="e30.eyJqdGkiOiAiMSJ9.c2ln")

BROKEN: dict[str, bytes] = {
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "bad length": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    "endless header": b"HTTP/1.1 200 OK\r\nX-Large: " + b"a" * 300_000,
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X-More: 1\r\n" * 50_000,
    "HTTP/0.9": b"<html><body>hello</body></html>",
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\x00\x04\x00\x00",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "nothing": b"",
    "half a status line": b"HTTP/1.1 2",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "bad header": b"HTTP/1.1 200 OK\r\nthis is no header\r\n\r\n",
    "NUL in a header": b"HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "odd transfer encoding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\n{}",
    "length and chunks": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n{"
    ),
    "switching": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "only early hints": b"HTTP/1.1 103 Early Hints\r\n\r\n",
}


@each_flavour
@each_family
@pytest.mark.parametrize("answer", list(BROKEN.values()), ids=list(BROKEN))
def test_broken_http_is_a_transport_error(flavour: Flavour, family: Family, answer: bytes) -> None:
    """Whatever a server sends that isn't HTTP, a TransportError says so at once."""
    with RawServer(saying(answer)) as server:
        with pytest.raises(TransportError) as caught, at_most(1):
            send_strigo(flavour, server.url, STRIGO_MINT, retry=NO_RETRIES, http_family=family)
        assert str(caught.value).startswith(server.url)
        server.wait_all_closed()


@each_flavour
@each_family
def test_a_storm_of_informational_responses_passes(flavour: Flavour, family: Family) -> None:
    """The response after a thousand informational ones is read."""
    storm = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1000
    with RawServer(saying(storm + STRIGO_MINTED)) as server:
        (reply,) = send_strigo(flavour, server.url, STRIGO_MINT, http_family=family)
    assert reply.value.token == TOKEN


@each_flavour
@each_family
def test_no_content_with_a_body_is_no_content(flavour: Flavour, family: Family) -> None:
    """A body that a 204 must not have is not read, and affects no later response."""
    answer = b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nHELLO"
    with RawServer(saying(answer, answer)) as server:
        replies = send_zerohash(flavour, server.url, REVOCATION, REVOCATION, http_family=family)
        assert [reply.status for reply in replies] == [204, 204]
        assert [reply.value for reply in replies] == [None, None]


@each_flavour
@each_family
def test_bytes_after_the_response_poison_no_later_one(flavour: Flavour, family: Family) -> None:
    """What a server sends behind a response is never taken for the next one."""
    smuggled = HEALTHY.replace(b"all is well", b"all is evil")
    with RawServer(saying(HEALTHY + smuggled, HEALTHY), saying(HEALTHY)) as server:
        replies = send_strigo(flavour, server.url, HEALTH, HEALTH, http_family=family)
    assert [reply.value.message for reply in replies] == ["all is well"] * 2


@each_flavour
@each_family
def test_a_response_without_framing_ends_with_the_connection(
    flavour: Flavour, family: Family
) -> None:
    """HTTP/1.0 without a length is read until the close."""
    answer = STRIGO_MINTED.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Content-Length", b"X-Was")
    with RawServer(saying(answer)) as server:
        (reply,) = send_strigo(flavour, server.url, STRIGO_MINT, http_family=family)
    assert reply.value.token == TOKEN


@each_flavour
@each_family
def test_a_repeated_header_is_joined(flavour: Flavour, family: Family) -> None:
    """A repeated header becomes one with both values, whatever bytes they have."""
    head = b"HTTP/1.1 200 OK\r\nX-Twice: a\r\nx-twice: \xe9\r\n"
    answer = STRIGO_MINTED.replace(b"HTTP/1.1 200 Whatever\r\n", head)
    with RawServer(saying(answer)) as server:
        (reply,) = send_strigo(flavour, server.url, STRIGO_MINT, http_family=family)
    assert reply.headers["X-TWICE"].startswith("a, ")


@each_flavour
@each_family
@pytest.mark.parametrize("status", [200, 201, 299])
def test_an_empty_success_cannot_be_read(flavour: Flavour, family: Family, status: int) -> None:
    """An empty response to a mint is a DecodeError."""
    answer = f"HTTP/1.1 {status} OK\r\nContent-Length: 0\r\n\r\n".encode()
    with RawServer(saying(answer)) as server, pytest.raises(DecodeError):
        send_strigo(flavour, server.url, STRIGO_MINT, http_family=family)


@each_flavour
@each_family
def test_a_head_request_has_no_body(flavour: Flavour, family: Family) -> None:
    """The response to a HEAD has a length and no body, and the connection is kept."""
    head: extension.Call[Any] = extension.RawCall(verb="HEAD", target="/health")
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with RawServer(saying(answer, answer)) as server:
        replies = send_strigo(flavour, server.url, head, head, http_family=family)
        assert [reply.value for reply in replies] == [None, None]
        assert server.connections == 1


@each_flavour
@each_family
@pytest.mark.parametrize(
    "said", [f"cannot read <{TOKEN}>", f"illegal status line {TOKEN}", f"{TOKEN} is no header"]
)
def test_a_librarys_new_wording_shows_nothing_of_a_response(
    flavour: Flavour, family: Family, said: str
) -> None:
    """If a library words its complaint differently, no part of the response gets into ours."""
    module: Any = import_module(family)

    def refuse(_: object) -> Any:
        raise module.RemoteProtocolError(said)

    options: dict[str, Any] = {"transport": module.MockTransport(refuse)}
    with pytest.raises(ProtocolError) as caught:
        send_strigo(flavour, "https://vendor.example", STRIGO_MINT, retry=NO_RETRIES, **options)
    assert TOKEN not in str(caught.value)
    assert "RemoteProtocolError" in str(caught.value)
