"""The sandbox's server: uvicorn in a thread of its own, on a port known before it starts."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING, Literal

import uvicorn

from .app import create_app
from .clients import ClientFactory
from .ledger import Issued, Ledger, Refused
from .settings import CREDENTIALS, Switches
from .zerohash_token import prepare_key, public_key_pem

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from starlette.types import ASGIApp
    from typing_extensions import Self

GRACE = 1  # seconds that requests in progress are given when the sandbox closes


class _Server(uvicorn.Server):
    """A uvicorn server that tells when it accepts connections, and waits for none to end."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http="h11",
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
        """Serve until `should_exit`, as the target of a thread."""
        try:
            with listener:
                asyncio.run(self.serve([listener]))
        except Exception as error:  # noqa: BLE001 (handed to the thread that waits)
            self.failure = error
        finally:
            self.settled.set()

    def check(self) -> None:
        """Raise in the caller's thread what went wrong in the server's."""
        if self.failure is not None:
            raise RuntimeError("the sandbox's server failed") from self.failure


class Sandbox(ClientFactory):
    """Serve the three issuers on one loopback port, as a context manager or by `start()`.

    `port` 0 takes any free one. `clock` gives wall time in seconds since the epoch and rules
    everything that concerns time, the `Date` header included. The other arguments choose between
    behaviours that the vendors' documentation leaves open:

    - `zerohash_auth_failure_status`: 401 (default) or 403 for bad credentials;
    - `zerohash_time_shape`: `"epoch"` (default) or `"message"`, the body of `GET /time`;
    - `strigo_rate_limit`: requests a minute before Strigo answers 429; None (default) for never;
    - `strigo_success_status`: 200 (default) or 201 for a Strigo mint.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        clock: Callable[[], float] = time.time,
        zerohash_auth_failure_status: Literal[401, 403] = 401,
        zerohash_time_shape: Literal["epoch", "message"] = "epoch",
        strigo_rate_limit: int | None = None,
        strigo_success_status: Literal[200, 201] = 200,
    ) -> None:
        self._host = host
        self._port = port
        self._ledger = Ledger()
        self._switches = Switches(
            clock=clock,
            zerohash_auth_failure_status=zerohash_auth_failure_status,
            zerohash_time_shape=zerohash_time_shape,
            strigo_rate_limit=strigo_rate_limit,
            strigo_success_status=strigo_success_status,
        )
        self._url = ""
        self._running: tuple[_Server, threading.Thread] | None = None

    @property
    def url(self) -> str:
        """The server's origin: the base URL of ZDK and zerohash; Strigo's adds `/api/v1`."""
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

    def start(self) -> Self:
        """Start serving and return once connections are accepted.

        Raise OSError if the address cannot be listened on, RuntimeError if it runs already.
        """
        if self._running is not None:
            raise RuntimeError("the sandbox is running already")
        listener = _listen(self._host, self._port)
        prepare_key()
        server = _Server(create_app(self._switches, self._ledger))
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

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise OSError(
            error.errno, f"the sandbox cannot listen on {host} port {port}: {error.strerror}"
        ) from error
