"""A server that speaks HTTP/2 and gives every request the same response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived, StreamEnded
from raw_server import RawServer
from tls_servers import server_context

if TYPE_CHECKING:
    from raw_server import Peer


class H2Server:
    """Speaks only HTTP/2, behind TLS.

    Args:
        body: The response's body, as JSON.
        names: What its certificate is for.
    """

    def __init__(self, body: bytes, *names: str) -> None:
        context = server_context(*names)
        context.set_alpn_protocols(["h2"])
        self._body = body
        self.requests: list[dict[str, str]] = []
        self.raw = RawServer(self._speak, tls=context)

    def _speak(self, peer: Peer) -> None:
        connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        peer.send(connection.data_to_send())
        while data := peer.sock.recv(65_536):
            for event in connection.receive_data(data):
                if isinstance(event, RequestReceived):
                    self.requests.append({str(n): str(v) for n, v in event.headers or ()})
                if isinstance(event, StreamEnded):
                    stream = event.stream_id or 0
                    head = [(":status", "200"), ("content-type", "application/json")]
                    connection.send_headers(stream, head)
                    connection.send_data(stream, self._body, end_stream=True)
            peer.send(connection.data_to_send())
