"""The sandbox: starts and stops the three issuers, and is what a test talks to."""

import threading
import time
from collections.abc import Callable, Collection, Iterable
from types import TracebackType
from typing import Any, Literal

from typing_extensions import Self, Unpack

from .app import create_app
from .clients import ClientFactory
from .clock import Clock
from .faults.fault import Fault, FaultOptions
from .faults.plan import FaultPlan
from .hosts import host_of, origin
from .ledger import Issued, Ledger, Refused
from .options import check_options
from .server import Server, listen
from .settings import CREDENTIALS, WEBHOOK_SECRET, Switches
from .zerohash.controls import ZerohashControls
from .zerohash.state import ZerohashState
from .zerohash.token import prepare_key, public_key_pem
from .zerohash.webhook_signature import RsaPadding, WebhookSignature, WebhookSigner

__all__ = ["Sandbox"]

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - how to reach it instead


class Sandbox(ZerohashControls, ClientFactory):
    """Serves the three issuers on one loopback port, as a context manager or by :meth:`start`.

    Args:
        host: The address to listen on.
        port: The port to listen on. Default: any free one.
        advertise: The origin under which clients reach the sandbox, such as
            ``http://sandbox:8700`` in a network of containers. Default: host and port.
        clock: Returns wall time in seconds since the epoch, for everything that depends on time,
            including the ``Date`` header.
        clock_skew: How many seconds the sandbox is ahead of ``clock``; behind, if negative.
        faults: Faults during the whole run, each until it has hit as many requests as its
            ``times`` says. For the next request only, use :meth:`fail_next`.
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
        zerohash_unknown_permissions: Whether zerohash mints tokens with permissions that are not
            documented. Default: it refuses them, which is modelled.
        zerohash_lists_open_fund_sessions: Whether ``GET /fund/transactions`` shows open sessions.
            Default: it does not, which is modelled.
        zerohash_webhook_url: The ``http`` URL on this machine to send zerohash's webhooks to.
            Default: they are not sent, only kept in :attr:`webhooks`.
        zerohash_webhook_secret: The key of their HMAC signatures.
        zerohash_webhook_signatures: Their schemes: any of ``hmac``, ``hmac-legacy``, ``rsa`` and
            ``rsa-legacy``. Default: the first two.
        zerohash_webhook_rsa_padding: ``pss`` (default, observed) or ``pkcs1v15``.

    Raises:
        ConfigurationError: Arguments are invalid, or have values that no source of the vendor
            supports; the error names them all.
    """

    def __init__(  # noqa: PLR0913 - each is a switch of its own
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        advertise: str | None = None,
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
        zerohash_unknown_permissions: bool = False,
        zerohash_lists_open_fund_sessions: bool = False,
        zerohash_webhook_url: str | None = None,
        zerohash_webhook_secret: str = WEBHOOK_SECRET,
        zerohash_webhook_signatures: Collection[WebhookSignature] = ("hmac", "hmac-legacy"),
        zerohash_webhook_rsa_padding: RsaPadding = "pss",
    ) -> None:
        if not isinstance(faults, Collection) and isinstance(faults, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller checks types
            faults = tuple(faults)
        switches: dict[str, Any] = {
            "zerohash_auth_failure_status": zerohash_auth_failure_status,
            "zerohash_time_shape": zerohash_time_shape,
            "zerohash_rate_limit": zerohash_rate_limit,
            "zerohash_rate_window": zerohash_rate_window,
            "strigo_rate_limit": strigo_rate_limit,
            "strigo_rate_window": strigo_rate_window,
            "strigo_success_status": strigo_success_status,
            "zerohash_unknown_permissions": zerohash_unknown_permissions,
            "zerohash_lists_open_fund_sessions": zerohash_lists_open_fund_sessions,
        }
        check_options(
            {
                "host": host,
                "port": port,
                "advertise": advertise,
                "clock": clock,
                "clock_skew": clock_skew,
                "faults": faults,
                **switches,
                "zerohash_webhook_url": zerohash_webhook_url,
                "zerohash_webhook_secret": zerohash_webhook_secret,
                "zerohash_webhook_signatures": zerohash_webhook_signatures,
                "zerohash_webhook_rsa_padding": zerohash_webhook_rsa_padding,
            }
        )
        self._advertised = None if advertise is None else origin(advertise)
        self._hosts = frozenset(filter(None, (host.lower(), host_of(advertise or ""))))
        self._host = host
        self._port = port
        self._clock = Clock(clock, clock_skew)
        self._ledger = Ledger(self._clock.steady)
        self._zerohash = ZerohashState(self._clock)
        self._webhook_url = zerohash_webhook_url
        self._signer = WebhookSigner(
            secret=zerohash_webhook_secret,
            schemes=frozenset(zerohash_webhook_signatures),
            rsa_padding=zerohash_webhook_rsa_padding,
        )
        self._plan = FaultPlan(tuple(faults))
        self._switches = Switches(clock=self._clock, **switches)
        self._url = ""
        self._running: tuple[Server, threading.Thread] | None = None

    @property
    def url(self) -> str:
        """The server's origin: the base URL of ZDK and zerohash; Strigo's adds ``/api/v1``."""
        self._check_running()
        return self._url

    @property
    def environment(self) -> dict[str, str]:
        """The credentials and base URLs, by the names of the environment variables for them."""
        variables = CREDENTIALS.environment(self.url)
        if self._webhook_url is not None:
            variables["ZEROHASH_WEBHOOK_SECRET"] = self._signer.secret
        return variables

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
        """The faults of :meth:`fail_next` that are not used up, oldest first."""
        return self._plan.queued

    def fail_next(self, **fault: Unpack[FaultOptions]) -> None:
        """Make the next request fail, or the next ``times`` requests.

        If ``vendor`` or ``path`` is given, only matching requests count. Several faults take
        effect in the order of the calls.

        Args:
            **fault: The fields of :class:`Fault`; ``times`` is 1 by default.

        Raises:
            ConfigurationError: A field is wrong; the error names it.
        """
        fault.setdefault("times", 1)
        self._plan.queue(Fault(**fault))

    def clear_faults(self) -> None:
        """Forget the faults of ``fail_next`` that are not used up."""
        self._plan.clear()

    def start(self) -> Self:
        """Start serving and return once connections are accepted.

        Raises:
            OSError: The sandbox cannot listen on the address.
            RuntimeError: The sandbox is already running.
        """
        if self._running is not None:
            raise RuntimeError("the sandbox is already running")
        listener = listen(self._host, self._port)
        prepare_key()
        server = Server(
            create_app(self._switches, self._ledger, self._plan, self._zerohash, self._hosts)
        )
        thread = threading.Thread(
            target=server.serve_on, args=(listener,), name="tokenkit-sandbox", daemon=True
        )
        host = EVERYWHERE.get(self._host, self._host)
        host = f"[{host}]" if ":" in host else host
        self._url = self._advertised or f"http://{host}:{listener.getsockname()[1]}"
        thread.start()
        server.settled.wait()
        server.check()
        self._running = server, thread
        self.send_webhooks_to(self._webhook_url)
        return self

    def close(self) -> None:
        """Stop serving and wait until every connection is closed; does nothing the second time."""
        self._stop_courier()
        running, self._running = self._running, None
        if running is not None:
            server, thread = running
            server.should_exit = True
            thread.join()
            server.check()

    def reset(self) -> None:
        """Forget everything that happened, as between two tests.

        This covers what was issued and refused, payments, fund sessions and webhooks, the faults
        of :meth:`fail_next`, and what :meth:`advance` and :meth:`send_webhooks_to` changed.
        """
        self._ledger.clear()
        self._zerohash.clear()
        self.clear_faults()
        self._clock.rewind()
        if self._running is not None:
            self.send_webhooks_to(self._webhook_url)

    def time(self) -> float:
        """Return the time of the sandbox's clock, in seconds since the epoch."""
        return self._clock.steady()

    def advance(self, seconds: float) -> None:
        """Advance the sandbox's clock: tokens and payments expire, and webhooks become due.

        Args:
            seconds: By how much.

        Raises:
            ValueError: ``seconds`` is negative, infinite or NaN.
        """
        self._clock.advance(seconds)
        self._zerohash.catch_up()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
