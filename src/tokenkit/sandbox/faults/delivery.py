"""How a response is sent: normally, late, in part, or not at all."""

import asyncio
import os
import socket
import struct

import anyio
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from ..exchange import Response
from ..log import LOG_LINE, write
from .bodies import with_content
from .fault import Fault

__all__ = ["TRANSPORT", "deliver"]

TRANSPORT = "tokenkit.sandbox.transport"
"""Where in the ASGI scope's state the server leaves a request's connection."""

NOT_HTTP = b"220 mail.example ESMTP\r\n\r\n"

LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""Linger for no time, so that closing resets the connection instead of ending it properly."""


async def deliver(
    response: Response, fault: Fault | None, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send a response the way a fault says, or normally without one."""
    if fault is not None and fault.delay and not await _stays(receive, fault.delay):
        write(f"{scope[LOG_LINE]}; the client did not wait")
        return
    drop = None if fault is None else fault.drop
    connection: asyncio.Transport = scope["state"][TRANSPORT]
    if fault is not None and fault.body == "not-http":
        write(scope[LOG_LINE])
        connection.write(NOT_HTTP)
        connection.close()
        await _gone(receive)
    elif drop == "before":
        write(scope[LOG_LINE])
        _reset(connection)
        await _gone(receive)
    elif drop == "during":
        await _send_half(with_content(response), send)
        connection.close()
        await _gone(receive)
    else:
        await response_of(response)(scope, receive, send)
        if drop == "after":
            connection.close()


def response_of(response: Response) -> HttpResponse:
    """Turn a response into Starlette's."""
    headers = dict(response.headers)
    if response.content:
        # Not as Starlette's media_type, which would add a charset that the vendors don't send.
        headers["content-type"] = response.media_type
    return HttpResponse(response.content, response.status, headers)


async def _send_half(response: Response, send: Send) -> None:
    """Send half the body under a Content-Length that promises all of it."""
    whole = response_of(response)
    await send(
        {
            "type": "http.response.start",
            "status": whole.status_code,
            "headers": whole.raw_headers,
        }
    )
    half = response.content[: len(response.content) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})


def _reset(connection: asyncio.Transport) -> None:
    connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
    connection.abort()


async def _stays(receive: Receive, seconds: float) -> bool:
    """Wait; return whether the client is still connected at the end."""
    with anyio.move_on_after(seconds):
        await _gone(receive)
        return False
    return True


async def _gone(receive: Receive) -> None:
    """Wait until the connection is closed."""
    while (await receive())["type"] != "http.disconnect":
        pass
