"""G10: the search for secrets and minted tokens in everything that a report could show.

They are in no repr, str, vars, debug log, pickled exception, frame local or warning.
"""

from __future__ import annotations

import importlib
import json
import logging
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from all_clients import TOKEN, ZEROHASH, ZEROHASH_MINT, each_vendor, perform
from credentials import ZEROHASH_API_KEY, zerohash_client
from leaks import REVOCATION, check_no_secret
from network_calls import NO_RETRIES, each_family, each_flavour, send_zerohash
from raw_server import RawServer, black_hole, http, json_response, responding

from tokenkit import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    DecodeError,
    Hooks,
    ProtocolError,
    ResponseTooLarge,
    Secret,
    TransportError,
    UnexpectedRedirect,
    zerohash,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from all_clients import Vendor
    from network_calls import Family, Flavour
    from raw_server import Peer, RawRequest


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Log everything in the whole process, and let nothing warn."""
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        yield caplog
    assert [str(warning.message) for warning in warned] == []


def secrets_of(vendor: Vendor) -> tuple[str, ...]:
    """Return everything that must not show where a vendor's call was made."""
    return (*vendor.credentials.values(), TOKEN)


def signatures(server: RawServer) -> list[str]:
    return [request.headers["x-scx-signed"] for request in server.requests]


def echo(request: RawRequest) -> bytes:
    """Refuse a request, with all of its headers and its body in the response."""
    body = {"error": str(request.headers), "sent": request.headers, "body": str(request.body)}
    return json_response(body, 401)


def echo_in_a_header(request: RawRequest) -> bytes:
    key = request.headers["x-scx-api-key"]
    return http(401, b"{}", f"X-Request-Id: {key}", f"X-Echo: {key}")


def echo_as_html(request: RawRequest) -> bytes:
    return http(200, b"<p>" + request.head + b"</p>", "Content-Type: text/html")


def echo_as_a_redirect(request: RawRequest) -> bytes:
    return http(307, b"", f"Location: http://other.example/{request.headers['x-scx-api-key']}")


def truncated_mint(peer: Peer) -> None:
    peer.read_request()
    body = json.dumps({"message": {"token": TOKEN}})[:-3].encode()
    peer.send(http(200, body, "Content-Type: application/json"))


def cut_off_mint(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    peer.send(json.dumps({"message": {"token": TOKEN}}).encode())


def oversized_mint(peer: Peer) -> None:
    peer.read_request()
    peer.send(http(200, json.dumps({"message": {"token": TOKEN, "x": "y" * 9_000_000}}).encode()))


def slow_mint(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    peer.send(json.dumps({"message": {"token": TOKEN}}).encode())
    peer.wait_gone()


def token_as_a_number(peer: Peer) -> None:
    peer.read_request()
    peer.send(json_response({"message": {"token": [TOKEN], "other": TOKEN}}))


def broken_headers(peer: Peer) -> None:
    request = peer.read_request()
    assert request is not None
    peer.send(b"HTTP/1.1 200 OK\r\n" + request.head.replace(b":", b" ") + b"\r\n\r\n")


@each_flavour
@each_family
@pytest.mark.parametrize("call", [ZEROHASH_MINT, REVOCATION])
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (responding(echo), AuthenticationError),
        (responding(echo_in_a_header), AuthenticationError),
        (responding(echo_as_html), DecodeError),
        (responding(echo_as_a_redirect), UnexpectedRedirect),
        (truncated_mint, DecodeError),
        (token_as_a_number, DecodeError),
        (cut_off_mint, (ConnectionLostError, ProtocolError)),
        (oversized_mint, ResponseTooLarge),
        (slow_mint, DeadlineExceeded),
        (black_hole, DeadlineExceeded),
        (broken_headers, TransportError),
    ],
)
def test_a_failed_call_shows_no_secret(
    flavour: Flavour,
    family: Family,
    call: zerohash.ClientAuthTokenRequest | zerohash.RevokeAuthTokenRequest,
    script: Callable[[Peer], None],
    expected: type[Exception],
    log: pytest.LogCaptureFixture,
) -> None:
    """Whatever the server responds, no credential, signature or token is shown anywhere."""
    if call is REVOCATION and script in (truncated_mint, token_as_a_number):
        pytest.skip("a revocation needs no body")
    with RawServer(script) as server:
        with pytest.raises(expected) as caught:
            # Only what waits for the deadline needs a short one.
            send_zerohash(
                flavour,
                server.url,
                call,
                deadline=0.2 if expected is DeadlineExceeded else 20,
                retry=NO_RETRIES,
                http_family=family,
            )
        check_no_secret(caught.value, log, *signatures(server))
        assert log.records


@each_flavour
@each_family
def test_an_unreachable_server_shows_no_secret(
    flavour: Flavour, family: Family, log: pytest.LogCaptureFixture
) -> None:
    """A refused connection shows no credential."""
    with pytest.raises(ConnectError) as caught:
        send_zerohash(
            flavour, "http://127.0.0.1:1", ZEROHASH_MINT, retry=NO_RETRIES, http_family=family
        )
    check_no_secret(caught.value, log)


@each_flavour
@each_family
@each_vendor
def test_every_vendors_credentials_are_hidden(
    flavour: Flavour, family: Family, vendor: Vendor, log: pytest.LogCaptureFixture
) -> None:
    """If a server echoes the whole request, no vendor's credentials get into the error."""
    with RawServer(responding(echo)) as server:
        client = vendor.open(flavour, base_url=server.url, http_family=family)
        with pytest.raises(AuthenticationError) as caught:
            perform(client, flavour, lambda: vendor.mint)
        (request,) = server.requests
    assert all(header in request.headers for header in ("user-agent", "content-type"))
    check_no_secret(caught.value, log, *secrets_of(vendor))
    assert "[redacted]" in caught.value.body
    core = {"httpx": "httpcore.", "httpx2": "httpcore2."}[family]
    assert any(record.name.startswith(core) for record in log.records)


@each_flavour
@each_family
@each_vendor
def test_a_served_call_shows_no_secret(
    flavour: Flavour, family: Family, vendor: Vendor, log: pytest.LogCaptureFixture
) -> None:
    """Clients, calls, replies, tokens, hooks' records and the log show nothing either."""
    records: list[object] = []
    hooks = Hooks(on_request=records.append, on_response=records.append)
    with RawServer(responding(lambda _: vendor.minted)) as server:
        client = vendor.open(flavour, base_url=server.url, http_family=family, hooks=hooks)
        reply = perform(client, flavour, lambda: vendor.mint)
    assert reply.value.token == TOKEN
    assert len(records) == 2
    shown = [client, client.with_options(deadline=5), hooks, vendor.mint, reply, reply.value]
    texts = [f"{thing!r} {thing} {getattr(thing, '__dict__', None)!r}" for thing in shown]
    texts += [repr(records), reply.value._repr_html_(), *(repr(vars(one)) for one in log.records)]
    assert log.records
    assert [text for text in texts for secret in secrets_of(vendor) if secret in text] == []


@each_flavour
@each_family
@each_vendor
def test_a_refused_credential_is_not_shown(
    flavour: Flavour, family: Family, vendor: Vendor, log: pytest.LogCaptureFixture
) -> None:
    """An unusable credential is shown in no error, whether passed or returned."""
    for name in vendor.credentials:
        bad = "careless-file-content\n"
        for source in (bad, Secret(bad), lambda: "careless-file-content\n"):
            with pytest.raises(ConfigurationError, match=name) as caught:
                perform(
                    vendor.open(flavour, http_family=family, **{name: source}),
                    flavour,
                    lambda: vendor.mint,
                )
            check_no_secret(caught.value, log, "careless-file", *secrets_of(vendor))


@each_flavour
@each_family
@each_vendor
def test_a_raising_hook_shows_no_secret(
    flavour: Flavour, family: Family, vendor: Vendor, log: pytest.LogCaptureFixture
) -> None:
    """The logged traceback of a caller's hook has no frame with a secret."""

    def fail(_: object) -> None:
        raise ValueError("a mistake in the hook")

    with RawServer(responding(lambda _: vendor.minted)) as server:
        client = vendor.open(
            flavour, base_url=server.url, http_family=family, hooks=Hooks(on_response=fail)
        )
        perform(client, flavour, lambda: vendor.mint)
    (error,) = [
        record.exc_info[1] for record in log.records if record.exc_info and record.exc_info[1]
    ]
    assert isinstance(error, ValueError)
    check_no_secret(error, log, *secrets_of(vendor))


@each_flavour
@each_family
def test_a_callers_http2_transport_logs_no_secret(
    flavour: Flavour, family: Family, log: pytest.LogCaptureFixture
) -> None:
    """HTTP/2's log of the request's headers is kept out of the log."""
    http_module: Any = importlib.import_module(family)

    def respond(request: Any) -> Any:
        logging.getLogger("hpack.hpack").debug("Adding %r to the table", request.headers.raw)
        return http_module.Response(401)

    client = ZEROHASH.open(flavour, transport=http_module.MockTransport(respond))
    with pytest.raises(AuthenticationError) as caught:
        perform(client, flavour, lambda: ZEROHASH_MINT)
    check_no_secret(caught.value, log)


def test_the_search_finds_what_is_there(log: pytest.LogCaptureFixture) -> None:
    """The search works: it finds a secret in a text, a cause, a frame and the log."""
    hidden: dict[str, Any] = {"__name__": "tokenkit.leaky"}
    program = "def leak(local):\n    raise ValueError('no secret in the text')"
    exec(program, hidden)  # noqa: S102 - a frame that counts as ours
    in_text, in_cause = ValueError(f"the key is {ZEROHASH_API_KEY}"), RuntimeError("innocent")
    in_cause.__cause__ = in_text
    with pytest.raises(ValueError, match="no secret") as in_frame:
        hidden["leak"](ZEROHASH_API_KEY)
    for error in (in_text, in_cause, in_frame.value):
        with pytest.raises(AssertionError, match=ZEROHASH_API_KEY):
            check_no_secret(error, log)
    logging.getLogger("anything").debug("the key is %s", ZEROHASH_API_KEY)
    with pytest.raises(AssertionError, match="log"):
        check_no_secret(RuntimeError("innocent"), log)


def test_other_users_of_httpx_keep_their_log(log: pytest.LogCaptureFixture) -> None:
    """A plain httpx client beside ours logs what it always does."""
    with (
        RawServer(responding(lambda _: http(200, b"", "X-Plain: visible"))) as server,
        httpx.Client(trust_env=False) as plain,
    ):
        zerohash_client(server.url).close()
        plain.get(server.url)
    assert any("visible" in record.getMessage() for record in log.records)
