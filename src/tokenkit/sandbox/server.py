"""The sandbox's server: uvicorn in a thread of its own, on a port known before it starts."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Literal

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import Self, Unpack

from ..errors import ConfigurationError
from .app import create_app
from .clients import ClientFactory
from .clock import Clock
from .connection import Connection
from .faults.fault import MAX_SKEW, Fault, FaultOptions
from .faults.plan import FaultPlan
from .ledger import Issued, Ledger, Refused
from .settings import CREDENTIALS, Switches
from .zerohash.token import prepare_key, public_key_pem

GRACE = 1  # seconds that requests in progress are given when the sandbox closes


class _Server(uvicorn.Server):
    """A uvicorn server that tells when it accepts connections, and waits for none to end."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self.settled = threading.Event()
        self.failure: Exception | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Answers are written at once, so an open connection is either idle or waits for its
        # client. Closed first, it ends its request as a client's disconnection does.
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)

    def serve_on(self, listener: socket.socket) -> None:
        """Serve until ``should_exit``, as the target of a thread."""
        try:
            with listener:
                asyncio.run(self.serve([listener]))
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            self.failure = error
        finally:
            self.settled.set()

    def check(self) -> None:
        """Raise in the caller's thread what went wrong in the server's."""
        if self.failure is not None:
            raise RuntimeError("the sandbox's server failed") from self.failure


class Sandbox(ClientFactory):
    """Serve the three issuers on one loopback port, as a context manager or by :meth:`start`.

    Args:
        host: The address to listen on.
        port: The port to listen on. Default: any free one.
        clock: Returns wall time in seconds since the epoch, for everything that concerns time,
            the ``Date`` header included.
        clock_skew: How many seconds the sandbox is ahead of ``clock``; behind, if negative.
        faults: What goes wrong during the whole run, each until it has hit as many requests as
            its ``times`` says. For the next request only, use :meth:`fail_next`.
        strigo_rate_limit: Requests in a window before Strigo sends a 429. Default: no limit.
        strigo_rate_window: Seconds of that window. Default: the documented minute.
        zerohash_rate_limit: Requests in a window before zerohash sends a 429; 2,000 are
            documented. Default: no limit.
        zerohash_rate_window: Seconds of that window. Default: the documented 10.
        zerohash_auth_failure_status: Status for bad credentials, 401 (default) or 403. The
            vendor's sources disagree.
        zerohash_time_shape: Body of ``GET /time``, ``"epoch"`` (default) or ``"message"``. The
            vendor's sources disagree.
        strigo_success_status: Status of a Strigo mint, 200 (default) or 201. The vendor's sources
            vary.

    Raises:
        ConfigurationError: ``clock_skew`` or ``faults`` cannot be.
        ValueError: Another argument has a value that no source of the vendor supports.
    """

    def __init__(  # noqa: PLR0913 - each is a switch of its own
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        clock: Callable[[], float] = time.time,
        clock_skew: float = 0.0,
        faults: Iterable[Fault] = (),
        zerohash_auth_failure_status: Literal[401, 403] = 401,
        zerohash_time_shape: Literal["epoch", "message"] = "epoch",
        zerohash_rate_limit: int | None = None,
        zerohash_rate_window: float = 10.0,
        strigo_rate_limit: int | None = None,
        strigo_rate_window: int = 60,
        strigo_success_status: Literal[200, 201] = 200,
    ) -> None:
        self._host = host
        self._port = port
        if not abs(clock_skew) <= MAX_SKEW:  # which a NaN is not, either
            raise ConfigurationError(f"clock_skew must be seconds up to {MAX_SKEW}")
        standing = tuple(faults)
        if not all(isinstance(fault, Fault) for fault in standing):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller checks types
            raise ConfigurationError("faults must be Fault values, as in faults=[Fault(...)]")
        skewed = Clock(clock, clock_skew)
        self._ledger = Ledger(skewed.steady)
        self._plan = FaultPlan(standing)
        self._switches = Switches(
            clock=skewed,
            zerohash_auth_failure_status=zerohash_auth_failure_status,
            zerohash_time_shape=zerohash_time_shape,
            zerohash_rate_limit=zerohash_rate_limit,
            zerohash_rate_window=zerohash_rate_window,
            strigo_rate_limit=strigo_rate_limit,
            strigo_rate_window=strigo_rate_window,
            strigo_success_status=strigo_success_status,
        )
        self._url = ""
        self._running: tuple[_Server, threading.Thread] | None = None

    @property
    def url(self) -> str:
        """The server's origin: the base URL of ZDK and zerohash; Strigo's adds ``/api/v1``."""
        if self._running is None:
            raise RuntimeError("the sandbox is not running")
        return self._url

    @property
    def environment(self) -> dict[str, str]:
        """The credentials and base URLs, by the names of the environment variables for them."""
        return CREDENTIALS.environment(self.url)

    @property
    def issued(self) -> tuple[Issued, ...]:
        """Every token issued so far, oldest first; kept after the sandbox has closed."""
        return self._ledger.issued

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Every request refused so far and why, oldest first."""
        return self._ledger.refused

    @property
    def zerohash_public_key(self) -> str:
        """The key that verifies zerohash tokens, as PEM; the vendor itself publishes none."""
        return public_key_pem()

    @property
    def pending_faults(self) -> tuple[Fault, ...]:
        """The faults of :meth:`fail_next` that are not spent, oldest first, each with what is left."""
        return self._plan.queued

    def fail_next(self, **fault: Unpack[FaultOptions]) -> None:
        """Let the next request go wrong, or the next ``times`` requests.

        Only requests to its ``vendor`` and ``path`` count, where they are given. Several faults
        hit in the order of the calls.

        Args:
            **fault: The fields of :class:`Fault`; ``times`` is 1 by default.

        Raises:
            ConfigurationError: A field is wrong; the text names it.
        """
        fault.setdefault("times", 1)
        self._plan.queue(Fault(**fault))

    def clear_faults(self) -> None:
        """Forget the faults of ``fail_next`` that are not spent."""
        self._plan.clear()

    def start(self) -> Self:
        """Start serving and return once connections are accepted.

        Raises:
            OSError: The address cannot be listened on.
            RuntimeError: The sandbox runs already.
        """
        if self._running is not None:
            raise RuntimeError("the sandbox is running already")
        listener = listen(self._host, self._port)
        prepare_key()
        server = _Server(create_app(self._switches, self._ledger, self._plan))
        thread = threading.Thread(
            target=server.serve_on, args=(listener,), name="tokenkit-sandbox", daemon=True
        )
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._url = f"http://{host}:{listener.getsockname()[1]}"
        thread.start()
        server.settled.wait()
        server.check()
        self._running = server, thread
        return self

    def close(self) -> None:
        """Stop serving and wait until every connection is closed; closing twice is harmless."""
        running, self._running = self._running, None
        if running is not None:
            server, thread = running
            server.should_exit = True
            thread.join()
            server.check()

    def reset(self) -> None:
        """Forget what was issued and refused, and ``clear_faults``, as between two tests."""
        self._ledger.clear()
        self.clear_faults()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address.

    Raises:
        OSError: It cannot be listened on; the text names it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise OSError(
            error.errno, f"the sandbox cannot listen on {host} port {port}: {error.strerror}"
        ) from error
    # asyncio sets this only on sockets made with proto=IPPROTO_TCP, which these are not. Without
    # it each response to a POST waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
