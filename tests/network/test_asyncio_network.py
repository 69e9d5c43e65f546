"""The network below async clients on asyncio: flow, ends, TLS, lookups, and uvloop."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import socket
import ssl
import threading
import time
from asyncio.selector_events import BaseSelectorEventLoop
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trustme
from http_library import FAMILY
from lost_connections import close_at_once
from network_calls import (
    FAST_RETRIES,
    HEALTH,
    HEALTHY,
    MINT,
    MINTED,
    NO_RETRIES,
    WITHDRAWAL,
    ZEROHASH_MINTED,
    async_strigo_client,
    at_most,
    each_flavour,
    send_strigo,
    send_zerohash,
)
from raw_server import PATIENCE, RawServer, answering, black_hole
from tls_servers import server_context, trusting

from tokenkit import (
    ConnectError,
    DeadlineExceeded,
    RequestTimeoutError,
    Timeouts,
    strigo,
)
from tokenkit._http.asyncio_network import AsyncioBackend, AsyncioStream
from tokenkit._http.family import load_family
from tokenkit._http.network import DeadlineBackend
from tokenkit._http.progress import PROGRESS, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from network_calls import Flavour
    from raw_server import Peer

in_a_thread = anyio.to_thread.run_sync
only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
each_layer = pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])

FAMILY_OF_THIS_RUN = load_family(FAMILY)
CORE: Any = FAMILY_OF_THIS_RUN.core
give_up: Any = vars(import_module("tokenkit._http.receiver"))["_give_up"]
BIG = strigo.UserTokenRequest(email="user1@example.com", extra={"filler": "x" * 1_000_000})


def serve(script: Callable[[Peer], None], *, tls: bool) -> RawServer:
    return RawServer(script, tls=server_context("127.0.0.1") if tls else None)


@asynccontextmanager
async def connected(
    server: RawServer, *, tls: bool = False, left: float = PATIENCE, options: Any = ()
) -> AsyncGenerator[tuple[AsyncioStream, Progress]]:
    """Yield a connection within an exchange of its own."""
    progress = Progress(left)
    previous = PROGRESS.set(progress)
    backend = AsyncioBackend(FAMILY_OF_THIS_RUN)
    try:
        stream = await backend.connect_tcp("127.0.0.1", server.port, socket_options=options)
        if tls:
            stream = await stream.start_tls(trusting(), "127.0.0.1")
        yield stream, progress
    finally:
        await backend.aclose()
        PROGRESS.reset(previous)


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until something is true."""
    with anyio.fail_after(PATIENCE):
        while not condition():  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.001)


async def read_to_the_end(stream: AsyncioStream) -> None:
    while await stream.read(65_536):
        pass


def receiver_of(stream: AsyncioStream) -> Any:
    return vars(stream)["_receiver"]


@each_layer
@only_asyncio
@pytest.mark.anyio
async def test_a_server_faster_than_its_reader_is_held_back(*, tls: bool) -> None:
    """What is not read stays with the server, but for some memory; in the end all arrives."""
    piece, pieces = bytes(range(256)) * 4096, 24
    taken: list[int] = []

    def flood(peer: Peer) -> None:
        for _ in range(pieces):
            peer.send(piece)
            taken.append(len(piece))

    with serve(flood, tls=tls) as server:
        async with connected(server, tls=tls) as (stream, _):
            receiver = receiver_of(stream)
            await until(lambda: not receiver._reading)
            for _ in range(50):
                await asyncio.sleep(0.001)
            assert len(receiver._received) < 1_000_000
            assert len(taken) < pieces
            digest, size = hashlib.sha256(), 0
            while data := await stream.read(65_536):
                digest.update(data)
                size += len(data)
                assert len(receiver._received) < 1_000_000
            assert size == len(piece) * pieces
            assert digest.digest() == hashlib.sha256(piece * pieces).digest()


def read_nothing(peer: Peer) -> None:
    peer.server.stopped.wait(PATIENCE)


SMALL_BUFFER = (socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


@only_asyncio
@pytest.mark.anyio
async def test_a_request_that_is_not_taken_in_time_is_a_timeout() -> None:
    """A server that stops reading ends the exchange by the write timeout."""
    with RawServer(read_nothing, receive_buffer=2048) as server:
        async with connected(server, options=[SMALL_BUFFER]) as (stream, progress):
            await stream.write(b"x" * 900_000, 0.1)
            with pytest.raises(CORE.WriteTimeout), at_most(0.1):
                await stream.read(100)
            assert progress.sent


def test_a_sync_request_that_is_not_taken_in_time_is_a_timeout() -> None:
    """A server that stops reading ends the exchange by the write timeout."""
    progress = Progress(PATIENCE)
    previous = PROGRESS.set(progress)
    with RawServer(read_nothing, receive_buffer=2048) as server:
        stream = DeadlineBackend(FAMILY_OF_THIS_RUN).connect_tcp(
            "127.0.0.1", server.port, socket_options=[SMALL_BUFFER]
        )
        stream.write(b"x" * 900_000, 0.1)
        with pytest.raises(CORE.WriteTimeout), at_most(0.1):
            stream.read(100)
        stream.close()
    PROGRESS.reset(previous)
    assert progress.sent


@each_flavour
@each_layer
def test_a_request_that_is_taken_slowly_arrives(flavour: Flavour, *, tls: bool) -> None:
    """A large body that the server takes piece by piece is sent to its end."""

    def read_slowly(peer: Peer) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += peer.sock.recv(1000)
        length = int(received.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        count = len(received.partition(b"\r\n\r\n")[2])
        while count < length:
            count += len(peer.sock.recv(50_000))
            peer.server.stopped.wait(0.001)
        peer.send(MINTED)

    context = server_context("127.0.0.1") if tls else None
    with RawServer(read_slowly, tls=context, receive_buffer=8192) as server:
        (reply,) = send_strigo(flavour, server.url, BIG, ssl_context=trusting(), retry=NO_RETRIES)
    assert reply.attempts == 1


@each_layer
@only_asyncio
@pytest.mark.anyio
async def test_what_came_before_the_end_can_be_read(*, tls: bool) -> None:
    """A connection that has ended gives what it still holds, and then its end, again and again."""
    with serve(lambda peer: peer.send(b"0123456789"), tls=tls) as server:
        async with connected(server, tls=tls) as (stream, _):
            await until(lambda: receiver_of(stream)._ended)
            assert stream.get_extra_info("is_readable")
            pieces = [await stream.read(4) for _ in range(5)]
            assert pieces == [b"0123", b"4567", b"89", b"", b""]
            assert stream.get_extra_info("is_readable")


@only_asyncio
@pytest.mark.anyio
async def test_what_came_before_a_reset_can_be_read() -> None:
    """A reset connection gives what it holds, and then tells of the reset."""
    was_read = threading.Event()

    def send_and_reset(peer: Peer) -> None:
        peer.send(b"0123456789")
        was_read.wait(10)
        peer.reset()

    with RawServer(send_and_reset) as server:
        async with connected(server) as (stream, _):
            assert await stream.read(4) == b"0123"
            was_read.set()
            await until(lambda: receiver_of(stream)._ended)
            assert await stream.read(100) == b"456789"
            for _ in range(2):
                with pytest.raises(CORE.ReadError, match="reset"):
                    await stream.read(100)


@each_layer
@only_asyncio
@pytest.mark.anyio
async def test_a_connection_lost_while_its_reader_pauses_is_told(*, tls: bool) -> None:
    """What was held back is read, and then the loss is told, however that was noticed."""
    go = threading.Event()

    def flood_and_reset(peer: Peer) -> None:
        peer.sock.settimeout(0.2)
        with suppress(OSError):
            peer.send(b"x" * 20_000_000)
        go.wait(10)
        peer.reset()

    with serve(flood_and_reset, tls=tls) as server:
        async with connected(server, tls=tls) as (stream, _):
            await until(lambda: not receiver_of(stream)._reading)
            go.set()
            await in_a_thread(server.wait_for, lambda: server.ended == 1)
            await stream.write(b"more", 1.0)
            with pytest.raises(CORE.ReadError):
                await read_to_the_end(stream)


@only_asyncio
@pytest.mark.anyio
async def test_a_write_that_leaves_while_a_read_waits_is_not_the_end() -> None:
    """That the system takes more to send again wakes no reader with nothing."""
    go = threading.Event()

    def answer_later(peer: Peer) -> None:
        go.wait(10)
        peer.send(b"answer")

    with RawServer(answer_later) as server:
        async with connected(server) as (stream, _):
            reading = asyncio.create_task(stream.read(100))
            await asyncio.sleep(0)
            receiver = receiver_of(stream)
            receiver.pause_writing()
            receiver.resume_writing()
            for _ in range(5):
                await asyncio.sleep(0)
            assert not reading.done()
            go.set()
            assert await reading == b"answer"


@only_asyncio
@pytest.mark.anyio
async def test_a_timeout_in_the_moment_of_an_answer_is_none() -> None:
    """Where both happen in one round of the event loop, the answer counts."""
    with RawServer(lambda peer: peer.wait_gone()) as server:
        async with connected(server) as (stream, _):
            reading = asyncio.create_task(stream.read(100))
            await asyncio.sleep(0)
            receiver = receiver_of(stream)
            waiter = receiver._waiter
            receiver.data_received(b"some")
            receiver.data_received(b"thing")
            give_up(waiter)
            assert await reading == b"something"


@only_asyncio
@pytest.mark.anyio
async def test_a_write_to_a_connection_that_ended_was_not_sent() -> None:
    """Where the event loop saw the end first, nothing leaves, and that is known."""
    with RawServer(close_at_once) as server:
        async with connected(server) as (stream, progress):
            await until(lambda: receiver_of(stream)._ended)
            await stream.write(b"GET / HTTP/1.1\r\n\r\n", 1.0)
            assert await stream.read(100) == b""
            assert progress.sent is False


@only_asyncio
@pytest.mark.anyio
async def test_a_read_after_the_deadline_is_a_timeout() -> None:
    """Also where there is something to read: a server that drips must not go on for ever."""
    with RawServer(lambda peer: peer.send(b"something")) as server:
        async with connected(server, left=0.2) as (stream, progress):
            await until(lambda: receiver_of(stream).has_something())
            progress.until = time.monotonic()
            with pytest.raises(CORE.ReadTimeout, match="deadline"):
                await stream.read(100)


@each_layer
@only_asyncio
@pytest.mark.anyio
async def test_what_httpcore_asks_of_a_connection(*, tls: bool) -> None:
    """A stream knows its TLS object, whether it is readable, and nothing else."""
    with serve(lambda peer: peer.wait_gone(), tls=tls) as server:
        async with connected(server, tls=tls) as (stream, _):
            assert (stream.get_extra_info("ssl_object") is not None) is tls
            assert stream.get_extra_info("anything else") is None
            # A server with TLS may still send tickets.
            await until(lambda: not stream.get_extra_info("is_readable"))
            await stream.aclose()
            assert stream.get_extra_info("is_readable")
            await stream.aclose()
        await in_a_thread(server.wait_all_closed)


@each_layer
@only_asyncio
@pytest.mark.anyio
async def test_a_reset_is_seen_at_every_moment(*, tls: bool) -> None:
    """In each round of the event loop in which a reset comes in, the connection can be asked."""
    go = threading.Event()

    def reset_later(peer: Peer) -> None:
        go.wait(10)
        peer.reset()

    with serve(reset_later, tls=tls) as server:
        async with connected(server, tls=tls) as (stream, _):
            await until(lambda: not stream.get_extra_info("is_readable"))
            go.set()
            server.wait_for(lambda: server.ended == 1)
            for _ in range(10):
                assert stream.get_extra_info("is_readable")
                await asyncio.sleep(0)


def test_tls_is_ended_with_a_good_bye() -> None:
    """A client that closes says so by TLS's own means."""
    ends: list[str] = []

    def note_the_end(peer: Peer) -> None:
        sock: Any = peer.sock
        sock.suppress_ragged_eofs = False
        peer.read_request()
        peer.send(HEALTHY)
        try:
            assert sock.recv(100) == b""
        except ssl.SSLEOFError:
            ends.append("cut off")
        else:
            ends.append("good-bye")

    with serve(note_the_end, tls=True) as server:
        send_strigo("asyncio", server.url, HEALTH, ssl_context=trusting())
        server.wait_all_closed()
    assert ends == ["good-bye"]


def reset_at_once(peer: Peer) -> None:
    peer.reset()


@pytest.mark.parametrize("end", [close_at_once, reset_at_once])
@pytest.mark.parametrize("noticed", [False, True])
def test_a_connection_that_ends_before_tls_is_a_connect_error(
    end: Callable[[Peer], None], monkeypatch: pytest.MonkeyPatch, *, noticed: bool
) -> None:
    """Nothing was sent, so that a payment is tried again; and that takes no timeout to see."""
    connect: Any = BaseSelectorEventLoop.sock_connect

    async def connect_and_wait(loop: Any, sock: Any, address: Any) -> None:
        await connect(loop, sock, address)
        server.wait_for(lambda: server.ended == server.connections > 0)

    connect_tcp: Any = AsyncioBackend.connect_tcp

    async def connect_and_notice(*args: Any, **kwargs: Any) -> Any:
        stream = await connect_tcp(*args, **kwargs)
        await until(lambda: receiver_of(stream)._ended)
        return stream

    monkeypatch.setattr(BaseSelectorEventLoop, "sock_connect", connect_and_wait)
    if noticed:
        monkeypatch.setattr(AsyncioBackend, "connect_tcp", connect_and_notice)
    with RawServer(end) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(ConnectError) as caught, at_most(2):
            send_zerohash("asyncio", url, WITHDRAWAL, retry=FAST_RETRIES)
    assert caught.value.attempts == 3


@each_flavour
def test_a_handshake_that_takes_too_long_is_a_timeout(flavour: Flavour) -> None:
    """The connect timeout holds for TLS, and a payment is tried again, as nothing was sent."""
    with RawServer(lambda peer: peer.wait_gone()) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(RequestTimeoutError, match="ConnectTimeout") as caught, at_most(0.6):
            send_zerohash(
                flavour, url, WITHDRAWAL, timeout=Timeouts(connect=0.1), retry=FAST_RETRIES
            )
        server.wait_for(lambda: server.ended == 3)
    assert caught.value.attempts == 3


@each_flavour
def test_a_certificate_of_a_stranger_is_a_connect_error(flavour: Flavour) -> None:
    """The text says what is wrong with the certificate; nothing stays open."""
    with serve(answering(lambda _: HEALTHY), tls=True) as server:
        with pytest.raises(ConnectError, match="certificate verify failed"):
            send_strigo(
                flavour,
                server.url,
                HEALTH,
                ssl_context=trusting(trustme.CA()),
                retry=NO_RETRIES,
            )
        server.wait_all_closed()
        assert server.requests == []


def test_a_first_write_that_fails_within_tls_was_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that is reset after the handshake, unseen, has carried no payment."""
    go = threading.Event()

    def reset_unseen(peer: Peer) -> None:
        go.wait(10)
        peer.reset()

    start_tls: Any = asyncio.BaseEventLoop.start_tls

    async def start_tls_and_wait(loop: Any, *args: Any, **kwargs: Any) -> Any:
        secured = await start_tls(loop, *args, **kwargs)
        go.set()
        server.wait_for(lambda: server.ended >= 1)
        return secured

    monkeypatch.setattr(asyncio.BaseEventLoop, "start_tls", start_tls_and_wait)
    minting = answering(lambda _: ZEROHASH_MINTED)
    with RawServer(reset_unseen, minting, tls=server_context("127.0.0.1")) as server:
        (reply,) = send_zerohash(
            "asyncio", server.url, WITHDRAWAL, ssl_context=trusting(), retry=FAST_RETRIES
        )
        assert len(server.requests) == 1
    assert reply.attempts == 2


@only_asyncio
@pytest.mark.anyio
async def test_an_option_that_the_system_refuses_is_a_connect_error() -> None:
    """A connection that cannot be set up as asked is closed."""
    with RawServer(lambda peer: peer.wait_gone()) as server:
        previous = PROGRESS.set(Progress(PATIENCE))
        with pytest.raises(CORE.ConnectError):
            await AsyncioBackend(FAMILY_OF_THIS_RUN).connect_tcp(
                "127.0.0.1", server.port, socket_options=[(socket.IPPROTO_TCP, 9999, 1)]
            )
        PROGRESS.reset(previous)
        await in_a_thread(server.wait_for, lambda: server.ended == 1)


@pytest.fixture
def full() -> Iterator[Any]:
    """Yield an address that swallows packets."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        yield listener.getsockname()


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: Any) -> None:
    """Let every name have these addresses."""

    def look_up(*args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        return [(family, socket.SOCK_STREAM, 6, "", where) for family, where in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("flavour", ["sync", "asyncio"])
def test_an_address_that_swallows_packets_leaves_time_for_the_next(
    flavour: Flavour, full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host's second address is tried within the connect timeout when the first is silent."""
    with RawServer(answering(lambda _: MINTED)) as server:
        resolve_to(
            monkeypatch, (socket.AF_INET, full), (socket.AF_INET, ("127.0.0.1", server.port))
        )
        url = f"http://localhost:{server.port}"
        with at_most(0.3):
            send_strigo(flavour, url, MINT, timeout=Timeouts(connect=0.3), retry=NO_RETRIES)


@pytest.mark.parametrize("flavour", ["sync", "asyncio"])
def test_an_address_of_a_kind_that_the_system_lacks_is_passed_over(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no IPv6, a host's IPv4 address is used."""
    with RawServer(answering(lambda _: MINTED)) as server:
        resolve_to(monkeypatch, (9999, ("::1", 1)), (socket.AF_INET, ("127.0.0.1", server.port)))
        url = f"http://localhost:{server.port}"
        send_strigo(flavour, url, MINT, retry=NO_RETRIES)


@pytest.mark.parametrize("flavour", ["sync", "asyncio"])
def test_all_addresses_that_swallow_packets_are_a_timeout(
    flavour: Flavour, full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none answers, the connect timeout holds for all together."""
    resolve_to(monkeypatch, (socket.AF_INET, full), (socket.AF_INET, full))
    with pytest.raises(RequestTimeoutError, match="ConnectTimeout"), at_most(0.2):
        send_strigo(
            flavour,
            "http://localhost:1",
            MINT,
            timeout=Timeouts(connect=0.2),
            retry=NO_RETRIES,
        )


@pytest.mark.parametrize("flavour", ["sync", "asyncio"])
def test_a_host_without_an_address_is_a_connect_error(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty answer of the resolver is told as such."""
    resolve_to(monkeypatch)
    with pytest.raises(ConnectError, match="localhost has no address"):
        send_strigo(flavour, "http://localhost:1", MINT, retry=NO_RETRIES)


@only_asyncio
@pytest.mark.anyio
async def test_connecting_can_be_cancelled(full: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is cancelled while it connects leaves no socket."""
    resolve_to(monkeypatch, (socket.AF_INET, full))
    async with async_strigo_client("http://localhost:1") as client:
        with anyio.move_on_after(0.05) as scope:
            await client.send(MINT)
        assert scope.cancelled_caught
    gc.collect()


class SlowResolver:
    """Looks names up only when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Any]) -> None:
        self.go = threading.Event()
        self._answer = answer
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, *args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        self.go.wait(10)
        return self._answer()

    def finish(self) -> None:
        """Let the lookups that run come to their ends."""
        self.go.set()
        for thread in threading.enumerate():
            if thread.name == "tokenkit-name-lookup":
                thread.join(10)


@pytest.fixture
def slow_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowResolver]:
    resolver = SlowResolver(monkeypatch, list)
    yield resolver
    resolver.finish()


def test_a_lookup_may_outlast_its_event_loop(slow_resolver: SlowResolver) -> None:
    """A loop's end does not wait for the resolver, whose answer then troubles nobody."""

    async def main() -> None:
        async with async_strigo_client("https://slow.example") as client:
            with pytest.raises(DeadlineExceeded):
                await client.send(MINT, deadline=0.05)

    with at_most(0.5):
        asyncio.run(main())
    slow_resolver.finish()


@only_asyncio
@pytest.mark.anyio
async def test_a_lookup_may_outlast_its_call(slow_resolver: SlowResolver) -> None:
    """An answer of the resolver that comes too late is dropped."""
    async with async_strigo_client("https://slow.example") as client:
        with pytest.raises(RequestTimeoutError, match=r"looking up slow\.example took too long"):
            await client.send(MINT, timeout=Timeouts(connect=0.05), retry=NO_RETRIES)
        await in_a_thread(slow_resolver.finish)
        await asyncio.sleep(0)


def run_on_uvloop(main: Callable[[], Any]) -> None:
    anyio.run(main, backend="asyncio", backend_options={"use_uvloop": True})


needs_uvloop = pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed")


@needs_uvloop
@each_layer
def test_calls_on_uvloop(*, tls: bool) -> None:
    """Large and small calls, one after the other and many at once, share connections."""

    async def main() -> None:
        async with async_strigo_client(server.url, ssl_context=trusting()) as client:
            await client.send(BIG)
            await client.send(MINT)
            assert server.connections == 1
            async with anyio.create_task_group() as tasks:
                for _ in range(30):
                    tasks.start_soon(client.send, MINT)
            assert server.connections <= 30

    with serve(answering(lambda _: MINTED), tls=tls) as server:
        run_on_uvloop(main)
        assert len(server.requests) == 32
        server.wait_all_closed()


@needs_uvloop
@each_layer
def test_ends_on_uvloop(*, tls: bool) -> None:
    """A connection closed while idle is replaced; silence, and a cancellation, free theirs."""

    def answer_once(peer: Peer) -> None:
        peer.read_request()
        peer.send(MINTED)

    async def main() -> None:
        async with async_strigo_client(
            server.url, ssl_context=trusting(), retry=NO_RETRIES
        ) as client:
            await client.send(MINT)
            await in_a_thread(server.wait_for, lambda: server.ended == 1)
            await client.send(MINT)
            await in_a_thread(server.wait_for, lambda: server.ended == 2)
            with pytest.raises(DeadlineExceeded), at_most(0.2):
                await client.send(MINT, deadline=0.2)
            await in_a_thread(server.wait_for, lambda: server.ended == 3)
            with anyio.move_on_after(0.1) as scope:
                await client.send(MINT)
            assert scope.cancelled_caught
            await in_a_thread(server.wait_all_closed)
            assert server.connections == 4

    context = server_context("127.0.0.1") if tls else None
    with RawServer(answer_once, answer_once, black_hole, tls=context) as server:
        run_on_uvloop(main)


@needs_uvloop
@each_layer
def test_flow_control_on_uvloop(*, tls: bool) -> None:
    """What is not read stays with the server, and arrives in the end."""
    piece = b"x" * 1_000_000

    def flood(peer: Peer) -> None:
        for _ in range(20):
            peer.send(piece)
        peer.wait_gone()

    async def read_all() -> None:
        async with connected(server, tls=tls) as (stream, _):
            receiver = receiver_of(stream)
            await until(lambda: not receiver._reading)
            await asyncio.sleep(0.05)
            assert len(receiver._received) < 1_000_000
            size = 0
            while size < 20 * len(piece):
                size += len(await stream.read(65_536))
            assert size == 20 * len(piece)
            assert not stream.get_extra_info("is_readable")
            await stream.aclose()
            assert stream.get_extra_info("is_readable")

    with serve(flood, tls=tls) as server:
        run_on_uvloop(read_all)


@needs_uvloop
def test_a_request_that_is_not_taken_in_time_is_a_timeout_on_uvloop() -> None:
    """A server that stops reading ends the exchange by the write timeout."""

    async def write_in_vain() -> None:
        async with connected(server, options=[SMALL_BUFFER]) as (stream, _):
            await stream.write(b"x" * 900_000, 0.1)
            with pytest.raises(CORE.WriteTimeout), at_most(0.1):
                await stream.read(100)

    with RawServer(read_nothing, receive_buffer=2048) as server:
        run_on_uvloop(write_in_vain)


@needs_uvloop
def test_failures_to_connect_on_uvloop() -> None:
    """Refused, ended before TLS, and TLS that hangs: nothing was sent, and all is closed."""

    async def main() -> None:
        for url, timeout, error in (
            (nobody, Timeouts(), ConnectError),
            (ending.url.replace("http:", "https:"), Timeouts(), ConnectError),
            (silent.url.replace("http:", "https:"), Timeouts(connect=0.1), RequestTimeoutError),
        ):
            async with async_strigo_client(url, timeout=timeout, retry=NO_RETRIES) as client:
                with pytest.raises(error), at_most(2):
                    await client.send(MINT)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with RawServer(close_at_once) as ending, RawServer(lambda peer: peer.wait_gone()) as silent:
        run_on_uvloop(main)
        silent.wait_all_closed()
