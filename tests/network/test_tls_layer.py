"""TLS above the async streams: what it holds, and how it ends."""

from __future__ import annotations

import ssl
from contextlib import suppress

import anyio
import pytest
import trustme
from asyncio_streams import CORE
from tls_servers import HOST, server_context, trusting

from tokenkit._http.async_stream import TLSStream


class Wire:
    """A connection to a server in memory.

    Attributes:
        server: The server's end of TLS.
        sent: What the server has sent.
        breaks: Whether nothing more can be sent to it.
    """

    breaks = False

    def __init__(self) -> None:
        self._received = ssl.MemoryBIO()
        self.sent = ssl.MemoryBIO()
        context = server_context(HOST)
        self.server = context.wrap_bio(self._received, self.sent, server_side=True)

    async def write(self, data: bytes, timeout: float | None) -> None:  # noqa: ASYNC109 - httpcore's interface
        del timeout
        if self.breaks:
            raise CORE.WriteError("the connection is lost")
        self._received.write(data)
        with suppress(ssl.SSLError):
            self.server.do_handshake()

    async def read(self, max_bytes: int, timeout: float | None) -> bytes:  # noqa: ASYNC109 - httpcore's interface
        del timeout
        return self.sent.read(max_bytes)


async def connected() -> tuple[Wire, TLSStream]:
    """Return a connection after the handshake, with all that the server sends by itself."""
    wire = Wire()
    stream = TLSStream(wire, CORE, trusting(), HOST)
    await stream.handshake()
    stream.feed(wire.sent.read())
    return wire, stream


async def record(text: bytes) -> tuple[TLSStream, bytes]:
    """Return a connection, and the bytes of a record that its server has sent."""
    wire, stream = await connected()
    wire.server.write(text)
    return stream, wire.sent.read()


def test_session_tickets_are_no_surplus() -> None:
    """What a server sends to end its handshake leaves nothing behind."""

    async def main() -> bool:
        return (await connected())[1].holds_something()

    assert not anyio.run(main)


@pytest.mark.parametrize("size", [1, 4, 5, 6, 20])
def test_a_part_of_a_record_is_something(size: int) -> None:
    """However little of a record has come, TLS knows of it; then it can be read as a whole."""

    async def main() -> tuple[bool, bytes]:
        stream, data = await record(b"a surplus response")
        for piece in (data[: size // 2], data[size // 2 : size]):
            stream.feed(piece)
        held = stream.holds_something()
        stream.feed(data[size:])
        return held, await stream.read(100, None)

    assert anyio.run(main) == (True, b"a surplus response")


def test_what_can_be_read_is_something() -> None:
    """A whole record that nobody has read counts, and so does the server's good-bye."""

    async def main() -> list[bool]:
        stream, data = await record(b"a surplus response")
        stream.feed(data)
        wire, ended = await connected()
        with suppress(ssl.SSLWantReadError):
            wire.server.unwrap()
        ended.feed(wire.sent.read())
        return [stream.holds_something(), ended.holds_something()]

    assert anyio.run(main) == [True, True]


def test_a_connection_without_a_good_bye_just_ends() -> None:
    """Many servers close the socket only."""

    async def main() -> bytes:
        _, stream = await connected()
        return await stream.read(100, None)

    assert anyio.run(main) == b""


def test_a_forged_record_is_a_read_error() -> None:
    """Bytes that nobody with the keys has sent are no response, and end the connection."""

    async def main() -> bool:
        stream, data = await record(b"a surplus response")
        forged = data[:-1] + bytes([data[-1] ^ 1])
        stream.feed(forged)
        with pytest.raises(CORE.ReadError):
            await stream.read(100, None)
        other, data = await record(b"a surplus response")
        other.feed(data[:-1] + bytes([data[-1] ^ 1]))
        return other.holds_something()

    assert anyio.run(main)


def test_nothing_is_sent_after_the_good_bye() -> None:
    """A write to a connection that has ended is an error of the network."""

    async def main() -> None:
        wire, stream = await connected()
        assert stream.good_bye()
        with pytest.raises(CORE.WriteError):
            await stream.write(b"late", None)
        assert not wire.sent.read()

    anyio.run(main)


class LeavingWire(Wire):
    """A connection to a server that is gone after its first words."""

    async def read(self, max_bytes: int, timeout: float | None) -> bytes:  # noqa: ASYNC109 - httpcore's interface
        self.breaks = True
        return await super().read(max_bytes, timeout)


@pytest.mark.parametrize("kind", [Wire, LeavingWire])
def test_a_refused_certificate_is_told_to_the_server_if_it_listens(kind: type[Wire]) -> None:
    """The certificate's error is raised, even if the server is gone when it should be told."""
    stream = TLSStream(kind(), CORE, trusting(trustme.CA()), HOST)
    with pytest.raises(ssl.SSLCertVerificationError):
        anyio.run(stream.handshake)
