"""G6: failures before, during and after the request, retried exactly as the contract allows."""

from __future__ import annotations

import socket
import threading
from asyncio.selector_events import BaseSelectorEventLoop
from typing import TYPE_CHECKING, Any

import pytest
import trio
from all_clients import (
    HEALTH,
    HEALTHY,
    STRIGO_MINT,
    STRIGO_MINTED,
    VENDORS,
    WITHDRAWAL,
    ZEROHASH_MINT,
    ZEROHASH_MINTED,
)
from clocks import frozen_clock
from driven_calls import (
    driven_client,
    outcomes,
)
from lost_connections import (
    close_at_once,
    close_before_the_answer,
    close_in_a_chunk,
    close_in_the_body,
    close_in_the_headers,
    reset_in_the_body,
)
from network_calls import FAST_RETRIES, each_family, each_flavour, send_zerohash
from raw_server import RawServer, http, json_response, resetting, responding, saying

from tokenkit import (
    ConnectError,
    ConnectionLostError,
    ProtocolError,
    Reply,
    RequestTimeoutError,
    RetryPolicy,
    Timeouts,
    TransportError,
    extension,
    zerohash,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from driven_calls import Vendor
    from network_calls import Family, Flavour
    from raw_server import Peer

    from tokenkit import Call


def minting(*permissions: str) -> zerohash.ClientAuthTokenRequest:
    return zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=permissions)


REVOCATION = zerohash.RevokeAuthTokenRequest(token="e30.eyJqdGkiOiAiMSJ9.c2ln")
REVOKED = http(204)

# The call, its success, and whether it may be sent again where the first may have been performed.
CALLS: dict[str, tuple[Vendor, Call[Any], bytes, bool]] = {
    "Strigo mint": ("strigo", STRIGO_MINT, STRIGO_MINTED, True),
    "Strigo health": ("strigo", HEALTH, HEALTHY, True),
    "ZDK mint": ("zdk", VENDORS["zdk"].mint, VENDORS["zdk"].minted, True),
    "zerohash time": ("zerohash", zerohash.TimeRequest(), json_response({"epoch": 0}), True),
    "zerohash revocation": ("zerohash", REVOCATION, REVOKED, True),
    "harmless": ("zerohash", ZEROHASH_MINT, ZEROHASH_MINTED, True),
    "harmless together": ("zerohash", minting("fwc", "crypto-buy"), ZEROHASH_MINTED, True),
    "withdrawal": ("zerohash", WITHDRAWAL, ZEROHASH_MINTED, False),
    "payout": ("zerohash", minting("crypto-payouts"), ZEROHASH_MINTED, False),
    "payment": ("zerohash", minting("crypto-pay"), ZEROHASH_MINTED, False),
    "payment besides": ("zerohash", minting("fwc", "crypto-pay"), ZEROHASH_MINTED, False),
    "unknown": ("zerohash", minting("not-yet-documented"), ZEROHASH_MINTED, False),
    "raw POST": (
        "zerohash",
        extension.RawCall(verb="POST", target="/x", json={}),
        ZEROHASH_MINTED,
        False,
    ),
}
each_call = pytest.mark.parametrize("name", CALLS)


def goes_on(name: str, status: int, headers: str) -> bool:
    """Say by the contracts whether a call is sent again after a response."""
    vendor, _, _, repeatable = CALLS[name]
    # Of a call without a model nothing is known: no answer makes a second one harmless.
    if name == "raw POST" or status == 500:
        return False
    if status == 429 or (status == 503 and headers and vendor == "zerohash"):
        return True
    return status in (502, 503, 504) and repeatable


@each_flavour
@each_family
@each_call
def test_each_status_is_repeated_where_the_contract_allows(
    flavour: Flavour, family: Family, name: str
) -> None:
    """A 500 is never repeated, a 429 always, 502 to 504 only if a second mint does no harm."""
    vendor, call, success, _ = CALLS[name]
    refusals = (400, 401, 403, 404, 409, 422, 500)
    fates = [(status, "") for status in (*refusals, 429, 502, 503, 504)]
    fates += [(503, "zh-allow-retry: true"), (500, "zh-allow-retry: true")]
    script: list[bytes] = []
    for status, header in fates:
        script.append(http(status, b"", *([header] if header else [])))
        script += [success] * goes_on(name, status, header)
    with RawServer(saying(*script)) as server:
        client = driven_client(flavour, vendor, server.url, frozen_clock(), http_family=family)
        ends = outcomes(client, flavour, *[call] * len(fates))
        assert len(server.requests) == len(script)
    found = [isinstance(end, Reply) and end.attempts == 2 for end in ends]
    expected = [goes_on(name, *fate) for fate in fates]
    assert list(zip(fates, found, strict=True)) == list(zip(fates, expected, strict=True))


LOSSES = [
    close_before_the_answer,
    close_in_the_headers,
    close_in_the_body,
    close_in_a_chunk,
    reset_in_the_body,
    resetting(),
]
each_loss = pytest.mark.parametrize(
    "loss", LOSSES, ids=[*(loss.__name__ for loss in LOSSES[:-1]), "reset"]
)


@each_flavour
@each_family
@each_loss
def test_each_lost_response_is_repeated_where_the_contract_allows(
    flavour: Flavour, family: Family, loss: Callable[[Peer], None]
) -> None:
    """However the response is lost, harmless calls are repeated."""
    for name in ("Strigo mint", "ZDK mint", "harmless", "withdrawal", "unknown", "raw POST"):
        vendor, call, success, repeatable = CALLS[name]
        with RawServer(loss, saying(success)) as server:
            client = driven_client(flavour, vendor, server.url, frozen_clock(), http_family=family)
            (end,) = outcomes(client, flavour, call)
            assert server.connections == (2 if repeatable else 1), name
        if repeatable:
            assert isinstance(end, Reply), name
            assert end.attempts == 2, name
        else:
            assert isinstance(end, (ConnectionLostError, ProtocolError)), name
            assert end.attempts == 1, name


@each_flavour
@each_family
def test_a_connection_closed_at_once_is_never_taken_for_a_lost_response_twice(
    flavour: Flavour, family: Family
) -> None:
    """A payment is sent again only if the client saw the end before it wrote a byte."""
    for name in ("Strigo mint", "withdrawal"):
        vendor, call, success, repeatable = CALLS[name]
        with RawServer(close_at_once, saying(success)) as server:
            client = driven_client(flavour, vendor, server.url, frozen_clock(), http_family=family)
            (end,) = outcomes(client, flavour, call)
            assert len(server.requests) == server.connections - 1, name
        if isinstance(end, Reply):
            assert end.attempts == 2, name
        else:
            assert not repeatable, name
            assert isinstance(end, (ConnectionLostError, ProtocolError)), name


def close_in_the_second_body(peer: Peer) -> None:
    saying(ZEROHASH_MINTED)(peer)
    close_in_the_body(peer)


def fall_silent_on_the_second(peer: Peer) -> None:
    saying(ZEROHASH_MINTED)(peer)
    peer.read_request()
    peer.wait_gone()


always_minted = responding(lambda _: ZEROHASH_MINTED)


@each_flavour
@each_family
@pytest.mark.parametrize(
    "loss",
    [resetting(ZEROHASH_MINTED), close_in_the_second_body, fall_silent_on_the_second],
    ids=["reset", "closed", "silent"],
)
def test_a_payment_is_not_opened_twice(
    flavour: Flavour, family: Family, loss: Callable[[Peer], None]
) -> None:
    """If a reused connection dies after the write, a mint that opens a payment is not repeated."""
    with RawServer(loss, always_minted) as server:
        with pytest.raises((ConnectionLostError, ProtocolError, RequestTimeoutError)):
            send_zerohash(
                flavour,
                server.url,
                ZEROHASH_MINT,
                WITHDRAWAL,
                retry=FAST_RETRIES,
                timeout=Timeouts(read=1),
                http_family=family,
            )
        assert [request.connection for request in server.requests] == [1, 1]


@each_flavour
@each_family
def test_a_payment_is_repeated_when_the_caller_says_so(flavour: Flavour, family: Family) -> None:
    """With repeat_payments, a mint that opens a payment is sent again after a lost response."""
    policy = RetryPolicy(first_wait=0.01, repeat_payments=True)
    with RawServer(resetting(), always_minted) as server:
        (reply,) = send_zerohash(flavour, server.url, WITHDRAWAL, retry=policy, http_family=family)
    assert reply.attempts == 2


@each_flavour
@each_family
def test_a_slow_response_is_a_lost_one(flavour: Flavour, family: Family) -> None:
    """A harmless mint is repeated if its response doesn't come in time; a payment is not."""

    def never_answer(peer: Peer) -> None:
        peer.read_request()
        peer.wait_gone()

    timeout = Timeouts(read=1)
    for call, attempts in ((ZEROHASH_MINT, 2), (WITHDRAWAL, 1)):
        with RawServer(never_answer, always_minted) as server:
            client = driven_client(
                flavour,
                "zerohash",
                server.url,
                frozen_clock(),
                http_family=family,
                timeout=timeout,
            )
            (end,) = outcomes(client, flavour, call)
            assert len(server.requests) == attempts
        assert isinstance(end, (Reply if attempts == 2 else RequestTimeoutError))


@each_flavour
@each_family
def test_a_refused_connection_is_tried_again(flavour: Flavour, family: Family) -> None:
    """If no connection is made, nothing was sent, and every call is repeated."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    time = frozen_clock()
    client = driven_client(flavour, "zerohash", url, time, http_family=family)
    for end in outcomes(client, flavour, WITHDRAWAL, ZEROHASH_MINT):
        assert isinstance(end, ConnectError)
        assert url in str(end)
        assert end.attempts == 3
    assert len(time.sleeps) == 4


@each_flavour
@each_family
def test_an_idle_connection_that_was_closed_is_replaced(flavour: Flavour, family: Family) -> None:
    """A connection that the server closed between two calls costs no attempt."""
    with RawServer(saying(ZEROHASH_MINTED), always_minted) as server:
        sent = send_zerohash(
            flavour,
            server.url,
            ZEROHASH_MINT,
            WITHDRAWAL,
            between=lambda: server.wait_for(lambda: server.ended >= 1),
            http_family=family,
        )
        assert [reply.attempts for reply in sent] == [1, 1]
        assert server.connections == 2


class DiesUnseen:
    """Resets the first connection after it was made and before its first request."""

    def __init__(self) -> None:
        self.connected = threading.Event()

    def __call__(self, peer: Peer) -> None:
        self.connected.wait(10)
        peer.reset()

    def let_it_die(self, server: RawServer) -> None:
        self.connected.set()
        server.wait_for(lambda: server.ended >= 1)


@each_flavour
@each_family
def test_a_first_write_that_fails_is_not_sent_twice(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that dies before its first byte has sent nothing, and is replaced."""
    script = DiesUnseen()
    with RawServer(script, always_minted) as server:
        connect_sync = socket.socket.connect

        def connect_and_wait(sock: socket.socket, address: Any) -> None:
            connect_sync(sock, address)
            script.let_it_die(server)

        def then_wait(connect: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            async def connect_async_and_wait(*args: Any, **kwargs: Any) -> Any:
                connected: Any = await connect(*args, **kwargs)
                script.let_it_die(server)
                return connected

            return connect_async_and_wait

        if flavour == "sync":
            monkeypatch.setattr(socket.socket, "connect", connect_and_wait)
        else:
            loop: Any = BaseSelectorEventLoop
            monkeypatch.setattr(loop, "sock_connect", then_wait(loop.sock_connect))
            monkeypatch.setattr(trio, "open_tcp_stream", then_wait(trio.open_tcp_stream))
        client = driven_client(
            flavour, "zerohash", server.url, frozen_clock(), http_family=family, retry=FAST_RETRIES
        )
        (end,) = outcomes(client, flavour, WITHDRAWAL)
        assert len(server.requests) == 1
    assert isinstance(end, Reply)
    assert end.attempts == 2


@each_flavour
@each_family
@pytest.mark.parametrize("repeatable", [True, False])
def test_a_later_write_that_fails_may_have_been_sent(
    flavour: Flavour, family: Family, *, repeatable: bool
) -> None:
    """A request that was cut off half-way counts as sent: a payment is not sent again."""

    def take_a_little(peer: Peer) -> None:
        peer.sock.recv(100)
        peer.reset()

    call = zerohash.ClientAuthTokenRequest(
        participant_code="CUST01",
        permissions=["fwc" if repeatable else "crypto-pay"],
        extra={"filler": "x" * 900_000},
    )
    with RawServer(take_a_little, always_minted, receive_buffer=2048) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock(), http_family=family)
        (end,) = outcomes(client, flavour, call)
        assert server.connections == (2 if repeatable else 1)
    if repeatable:
        assert isinstance(end, Reply)
    else:
        assert isinstance(end, TransportError)
        assert end.attempts == 1
