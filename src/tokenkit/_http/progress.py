"""How far the current exchange has got, and what is left on a caller's connection."""

import os
import ssl
import sys
import time
from collections.abc import Coroutine, Iterator, Mapping
from contextvars import ContextVar
from inspect import CO_COROUTINE, currentframe
from types import NoneType
from typing import Any, NoReturn
from urllib.parse import urlsplit

from .._model.messages import DEFAULT_PORTS

__all__ = ["CLOSE", "PROGRESS", "CallersProgress", "Progress", "has_read_all"]

# What a connection of httpcore's calls h11's, its network, and the number of its requests.
H11, NETWORK, REQUESTS = "_h11_state", "_network_stream", "_request_count"
# What tokenkit writes there: its process, and the number of the last request that it followed.
FOLLOWED = "_tokenkit_followed"
# Closes a connection unless it is known, and can be told from what a caller's hook may say.
CLOSE = (b"connection", b"Close")
# What anyio's and trio's TLS, and anyio's sockets, have received but not passed on.
TRANSPORT, READ_BIOS = "_stream", ("_read_bio", "_incoming")
READ_QUEUE = ("_protocol", "read_queue")
HTTPCORES = ("httpcore", "httpcore2")
# httpcore's connections, and the pool above them, handle a request a few calls above its `trace`.
HANDLERS = ("handle_request", "handle_async_request")
CALLS_ABOVE = 16

# The steps of httpcore before a request is sent. An unknown one counts as sending.
CONNECTING = frozenset(
    {"connect_tcp", "connect_unix_socket", "retry", "setup_socks5_connection", "start_tls"}
)
# Most events of a request over HTTP/1.1, at which nothing changes that is noted here.
SAYS_NOTHING = frozenset(
    (
        *("http11.send_request_headers.complete", "http11.send_request_body.started"),
        *("http11.send_request_body.complete", "http11.receive_response_headers.started"),
        *("http11.receive_response_headers.complete", "http11.receive_response_body.started"),
        *("http11.receive_response_body.complete", "http11.response_closed.complete"),
    )
)
# uvloop's timers count whole milliseconds, and may be early by one.
ONE_MILLISECOND = 0.001
# How many connections of a caller's are refused for a call. A pool rarely has more.
MOST_REFUSALS = 100


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
        is_stale: Whether the connection was closed, or held another response, before that.
    """

    __slots__ = ("ended", "is_stale", "origin", "peer", "sent", "until")

    def __init__(self, left: float, origin: str) -> None:
        self.origin = origin
        self.until = time.monotonic() + left
        self.sent: bool | None = None
        self.peer: str | None = None
        self.ended = False
        self.is_stale = False

    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self.until - time.monotonic()

    def is_over(self) -> bool:
        """Return whether the deadline has passed, or is less than a millisecond away."""
        return self.left() <= ONE_MILLISECOND

    def failed_to_write(self) -> None:
        """Record that a write failed; if it was the first, no whole request was sent."""
        if self.sent is None:
            self.sent = False

    def settle(self, error: Exception | None, *, is_connecting: bool) -> None:
        """Forget what the end of the exchange doesn't bear out."""

    def is_refused_by_proxy(self) -> bool:
        """Return whether a status for proxies only came from a proxy."""
        return False


class CallersProgress(Progress):
    """Follows a request through a caller's connections by the ``trace`` extension of httpcore.

    A connection is looked at when it takes the request and when the response is closed, whoever
    closes it. One that can't be looked at is asked to close. One that has served requests of the
    caller's own isn't used: another's response may still be on its way.
    """

    __slots__ = (
        *("_earlier", "_forwards", "_h11", "_is_async", "_network"),
        *("_refusals", "_trouble", "_tunnels", "_unsent"),
    )

    def __init__(self, left: float, origin: str, *, is_async: bool) -> None:
        super().__init__(left, origin)
        self._is_async = is_async
        self._h11: Any = None
        self._network: Any = None
        self._forwards = False
        # The connections to proxies that were asked for a tunnel, by what asked them.
        self._tunnels: dict[int, object] = {}
        # Whether another attempt of a caller's transport was sent before.
        self._earlier = False
        self._refusals = 0
        # Whether a step before the request is under way, or was at the deadline; why it failed.
        self._unsent = False
        self._trouble: object = None

    def follow(self, event: str, info: Mapping[str, Any]) -> Coroutine[Any, Any, None] | None:
        """Take an event, which tells about this request only.

        A caller's transport may pass an async request on to a sync one's, or the other way round.
        """
        if event not in SAYS_NOTHING or self.sent is False:
            part, _, rest = event.partition(".")
            step, _, stage = rest.partition(".")
            if stage == "started":
                # Unless something of the caller's stands in between, httpcore's own way is known.
                caller = getattr(currentframe(), "f_back", None)
                if caller and caller.f_globals.get("__name__", "").startswith("httpcore"):
                    self._is_async = bool(caller.f_code.co_flags & CO_COROUTINE)
                if step == "response_closed":
                    self._leave_connection()
                elif (part, step) == ("proxy", "start_tls") and (spoilt := self._spoilt_tunnel()):
                    return self._close(spoilt)
                else:
                    self._begin(part, step, info)
            elif step != "response_closed":
                self._end(info.get("exception"))
        return _nothing() if self._is_async else None

    def _end(self, trouble: object) -> None:
        # A proxy that refuses may stop reading; httpcore then reads its response.
        self._forwards &= trouble is None or type(trouble).__name__ == "WriteError"
        if self._unsent:
            self._trouble = trouble  # the deadline may have cancelled it
            self._unsent = not isinstance(trouble, (Exception, NoneType)) and self.is_over()

    def settle(self, error: Exception | None, *, is_connecting: bool) -> None:
        """Forget that nothing was sent, unless that is how the exchange ended.

        A caller's transport may have sent the request in another way than the one that failed, and
        raise any error. So it must be httpcore's own; httpx passes it on under the same name.

        Args:
            error: What ended it; ``None`` if the deadline did.
            is_connecting: Whether the error's class says that nothing was sent.
        """
        cause = error and error.__cause__
        told = cause if type(cause).__name__ == type(error).__name__ else error
        if told is None:
            is_unsent = self._unsent
        elif self._trouble is None:  # a proxy's refusal, which is no step's failure
            is_unsent = is_connecting and _core_of(told) is not None
        else:
            is_unsent = told is self._trouble
        if self.sent is False and not is_unsent:
            self.sent = self.peer = None

    def is_refused_by_proxy(self) -> bool:
        """Return whether a status for proxies only came from a proxy, which got plain http."""
        if not self._forwards:
            return False
        self.sent, self.peer = self._earlier, "proxy"
        return True

    def _begin(self, part: str, step: str, info: Mapping[str, Any]) -> None:
        request = info.get("request")
        is_tunnel = getattr(request, "method", b"") == b"CONNECT"
        self._trouble = None
        if step not in CONNECTING and not is_tunnel:
            if part == "http11" and step == "send_request_headers":
                self._take_connection(request)
            self._earlier, self._unsent = self.sent is True, False
            self.sent, self.peer = True, None
            return
        self.sent, self._unsent = bool(self.sent), True
        self._note_peer(part, step, info)
        if is_tunnel:
            self._tunnels.update(dict.fromkeys(map(id, _called()), _taking()))
            self.peer = self.peer and f"proxy {self.peer.removeprefix('proxy ')}"

    def _spoilt_tunnel(self) -> Any:
        """Return a tunnel in which more came than its proxy's reply; httpcore would drop it."""
        tunnel = self._tunnels.get(id(next(_called(), None)))
        is_spoilt = not has_read_all(getattr(tunnel, H11, None))
        return tunnel if is_spoilt and _core_of(tunnel) else None

    def _close(self, tunnel: Any) -> Coroutine[Any, Any, None]:
        error: Exception = _core_of(tunnel).ConnectError("the peer spoke before TLS")
        if self._is_async:
            return _closed(tunnel, error)
        tunnel.close()
        raise error

    def _note_peer(self, part: str, step: str, info: Mapping[str, Any]) -> None:
        if step == "connect_tcp":
            origin = urlsplit(self.origin)
            host, port = info.get("host"), info.get("port")
            own = (origin.hostname, origin.port or DEFAULT_PORTS[origin.scheme])
            # A class of the caller's may send to another host for another reason.
            has_proxy = any(type(one).__name__.endswith("Proxy") for one in _called())
            kind = "proxy " if has_proxy else ""
            self.peer = None if (host, port) == own else f"{kind}{host}:{port}"
        elif step == "start_tls" and part != "connection":  # through the proxy, to the origin
            self.peer = None

    def _take_connection(self, request: Any) -> None:
        """Look at the connection that takes the request.

        Raises:
            ConnectionNotAvailable: It served before, and may hold another request's response.
                httpcore closes it, and takes another.
            ConnectError: So did all that were taken.
        """
        connection = _taking()
        core = _core_of(connection) or _core_of(request)
        if core is None:  # a transport may tell events of its own
            return
        self._h11 = getattr(connection, H11, None)
        self._network = getattr(connection, NETWORK, None)
        number = getattr(connection, REQUESTS, None)
        # A forked child has the parent's connections, and each would get the other's responses.
        process = os.getpid()
        is_clean = (
            isinstance(number, int)
            and getattr(connection, FOLLOWED, (process, 0)) == (process, number - 1)
            and self._is_clean()
            # Something may have arrived since the pool looked. A new one may have TLS's tickets.
            and (number == 1 or self._network.get_extra_info("is_readable") is False)
        )
        try:
            setattr(connection, FOLLOWED, (process, number if is_clean else 0))
        except (AttributeError, TypeError):
            is_clean = False
        if not is_clean and number not in (None, 1):
            self._refuse(core)
        if is_clean:
            request.headers = [one for one in request.headers if one != CLOSE]
        else:
            kept = [one for one in request.headers if one[0].lower() != CLOSE[0]]
            request.headers = [*kept, CLOSE]
        target = getattr(getattr(request, "url", None), "target", None)
        self._forwards = isinstance(target, bytes) and target.startswith(b"http")

    def _refuse(self, core: Any) -> NoReturn:
        self.sent = bool(self.sent)
        self._refusals += 1
        if self._refusals > MOST_REFUSALS:
            raise core.ConnectError("each connection has served another request")
        raise core.ConnectionNotAvailable("the connection has served another request")

    def _is_clean(self) -> bool:
        return has_read_all(self._h11) and _is_drained_below(self._network)

    def _leave_connection(self) -> None:
        """Let httpcore close the connection with the response if bytes are left behind it."""
        if self._h11 is not None and not self._is_clean():
            self._h11.send_failed()
        self._h11, self._forwards = None, False  # it may serve another request from now on


async def _nothing() -> None:
    pass


async def _closed(connection: Any, error: Exception) -> None:
    await connection.aclose()
    raise error


def _core_of(value: object) -> Any:
    """Return the httpcore whose class, or a subclass of it, a value has; ``None`` if neither's."""
    for kind in type(value).__mro__:
        name = kind.__module__.partition(".")[0]
        if name in HTTPCORES:
            return sys.modules[name]
    return None


def _taking() -> object:
    """Return the connection that is being asked to take a request; ``None`` if there is none."""
    for one in _called():
        try:
            # What an object passes on of another one's doesn't make it a connection.
            object.__getattribute__(one, H11)
        except AttributeError:
            continue
        return one
    return None


def _called() -> Iterator[object]:
    """Yield the objects that are being asked to handle a request, the innermost first."""
    frame = getattr(currentframe(), "f_back", None)
    for _ in range(CALLS_ABOVE):
        if frame is not None:
            if frame.f_code.co_name in HANDLERS:
                yield frame.f_locals.get("self")
            frame = frame.f_back


PROGRESS: ContextVar[Progress] = ContextVar("tokenkit_progress")


def _is_drained_below(network: Any) -> bool:
    """Return whether the streams below h11 hold nothing; ``False`` if that can't be told."""
    if not type(network).__module__.startswith("httpcore"):
        return False
    tls = network.get_extra_info("ssl_object")
    if tls is not None and (not hasattr(tls, "pending") or tls.pending()):  # a mock's has none
        return False
    if not hasattr(network, "aclose"):
        # TLS on a socket leaves what it hasn't decrypted there, where the pool sees it.
        return not isinstance(tls, ssl.SSLObject)
    stream = getattr(network, TRANSPORT, None)
    if tls is not None:
        held = [getattr(stream, name) for name in READ_BIOS if hasattr(stream, name)]
        if not held or held[0].pending:
            return False
        stream = getattr(stream, "transport_stream", None)
    is_top = not hasattr(stream, "transport_stream")  # what TLS within TLS holds is unknown
    if type(stream).__module__.startswith("trio"):
        return is_top  # it keeps nothing
    for name in READ_QUEUE:
        stream = getattr(stream, name, None)
    return is_top and stream is not None and not stream


def has_read_all(h11_connection: Any) -> bool:
    """Return whether h11 holds no bytes."""
    return getattr(h11_connection, "trailing_data", None) == (b"", False)
