"""How far the current exchange has got, shared between a sender and the network below it."""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

from .._model.messages import DEFAULT_PORTS
from .._policy.timeouts import LONGEST

__all__ = ["PROGRESS", "Progress", "time_left"]

# The steps of httpcore before a request is sent. An unknown one counts as sending.
CONNECTING = frozenset(
    {"connect_tcp", "connect_unix_socket", "retry", "setup_socks5_connection", "start_tls"}
)


class Progress:
    """One exchange's deadline, and whether its request was sent.

    Args:
        left: The seconds until the deadline.
        origin: Where the request goes.

    Attributes:
        until: The deadline, on this process's monotonic clock.
        sent: True once a byte of the request was written, False if the first write failed,
            None if unknown.
        peer: The proxy, or another host, while it is the peer.
        ended: Whether the peer has closed its end.
        has_proxy: Whether the caller's transport is known to have a proxy.
        closes: Whether the caller's connection must be closed behind the response.
        transport: The caller's transport, if nothing else gets its response first.
    """

    __slots__ = ("closes", "ended", "has_proxy", "origin", "peer", "sent", "transport", "until")

    def __init__(self, left: float, origin: str) -> None:
        self.origin = origin
        self.until = time.monotonic() + left
        self.sent: bool | None = None
        self.peer: str | None = None
        self.closes = self.ended = self.has_proxy = False
        self.transport: Any = None

    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self.until - time.monotonic()

    def follow(self, event: str, info: Mapping[str, Any]) -> None:
        """Take an event of httpcore's ``trace`` extension, which tells about this request only.

        A caller's client may raise a connection error that belongs to its own request.
        """
        part, _, rest = event.partition(".")
        step, _, moment = rest.partition(".")
        if moment in ("complete", "failed") or step == "response_closed":
            return
        is_tunnel = getattr(info.get("request"), "method", b"") == b"CONNECT"
        if step in CONNECTING or is_tunnel:
            self.sent = bool(self.sent)
            self._note_peer(part, step, info)
            if is_tunnel and self.peer is not None:
                self.peer = f"proxy {self.peer.removeprefix('proxy ')}"
        else:
            self.sent, self.peer = True, None
            if self.closes and (part, step) == ("http11", "send_request_headers"):
                _ask_to_close(info.get("request"))

    def _note_peer(self, part: str, step: str, info: Mapping[str, Any]) -> None:
        if step == "connect_tcp":
            origin = urlsplit(self.origin)
            host, port = info.get("host"), info.get("port")
            own = (origin.hostname, origin.port or DEFAULT_PORTS[origin.scheme])
            # A class of the caller's may send to another host for another reason.
            kind = "proxy " if self.has_proxy else ""
            self.peer = None if (host, port) == own else f"{kind}{host}:{port}"
        elif step == "start_tls" and part != "connection":  # through the proxy, to the origin
            self.peer = None

    async def follow_async(self, event: str, info: Mapping[str, Any]) -> None:
        """Take an event, as async connections report it."""
        self.follow(event, info)

    def failed_to_write(self) -> None:
        """Record that a write failed; if it was the first, no whole request was sent."""
        if self.sent is None:
            self.sent = False


def _ask_to_close(request: Any) -> None:
    """Restore a header that a caller's hook or transport may have changed or dropped."""
    if type(request).__module__.startswith("httpcore"):
        kept = [one for one in request.headers if one[0].lower() != b"connection"]
        request.headers = [*kept, (b"connection", b"close")]


PROGRESS: ContextVar[Progress] = ContextVar("tokenkit_progress")


def time_left(timeout: float | None, too_late: type[Exception] = TimeoutError) -> float:
    """Return the smaller of a step's timeout and the time until the exchange's deadline.

    Args:
        timeout: The step's timeout.
        too_late: What to raise once the deadline has passed. A socket that always has something
            to read would otherwise never time out.
    """
    left = PROGRESS.get().until - time.monotonic()
    if left <= 0:
        raise too_late("the deadline has passed")
    return min(left, LONGEST if timeout is None else timeout)
