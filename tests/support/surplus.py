"""Servers that send more than was asked for, and what their clients must get."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

from network_calls import echo_token
from raw_server import json_response

from tokenkit import strigo

if TYPE_CHECKING:
    import threading

    from raw_server import Peer

USERS = ("alice@example.com", "bob@example.com", "carol@example.com")
RIGHT = [f"for {user}" for user in USERS]
CALLS = [strigo.UserTokenRequest(email=user) for user in USERS]
SURPLUS = json_response({"result": "success", "data": {"token": "for somebody else"}})


def one_too_many(when: str, was_sent: threading.Semaphore) -> Any:
    """Respond to each request; another response follows a connection's first one.

    Args:
        when: How it comes.
        was_sent: Is released when a response, and what follows it, has been sent.
    """

    def script(peer: Peer) -> None:
        first = True
        while (request := peer.read_request()) is not None:
            right = echo_token(request)
            if not first:
                peer.send(right)
            elif when == "in the same piece":
                peer.send(right + SURPLUS)
            elif when == "in a record of its own":
                peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
                peer.send(right)
                peer.send(SURPLUS)
                peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
            else:
                peer.send(right)
                time.sleep(0.01)
                peer.send(SURPLUS)
            was_sent.release()
            first = False

    return script


def polite(peer: Peer) -> None:
    """Respond to each request once."""
    while (request := peer.read_request()) is not None:
        peer.send(echo_token(request))
