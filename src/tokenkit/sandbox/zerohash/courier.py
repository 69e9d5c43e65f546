"""The thread that sends webhooks to one address on this machine."""

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from ...errors import ConfigurationError
from ..clock import Clock, milliseconds, utc
from ..hosts import is_loopback
from .outbox import Outbox, Webhook, WebhookTry
from .webhook_signature import WebhookSigner

__all__ = ["Courier", "check_loopback", "webhook_headers"]

POLL = 0.05  # seconds; the sandbox's clock may be moved by others
PATIENCE = 10  # seconds that a receiver has


class Courier:
    """Sends the webhooks that are due, until it is stopped.

    Args:
        url: The receiver.
        outbox: The webhooks.
        signer: Signs each try.
        clock: The sandbox's clock.
        catch_up: Adds to the outbox what has happened since.

    Raises:
        ConfigurationError: ``url`` is not a plain ``http`` URL of this machine.
    """

    def __init__(
        self,
        url: str,
        outbox: Outbox,
        signer: WebhookSigner,
        clock: Clock,
        catch_up: Callable[[], None],
    ) -> None:
        self._to = check_loopback(url)
        self._outbox = outbox
        self._signer = signer
        self._clock = clock
        self._catch_up = catch_up
        self._stopped = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self._thread = threading.Thread(
            target=self._run, name="tokenkit-sandbox-webhooks", daemon=True
        )

    def start(self) -> None:
        """Start sending new webhooks."""
        self._outbox.send_from_now_on(sending=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and break off the current try, if there is one."""
        self._stopped.set()
        self._outbox.send_from_now_on(sending=False)
        sock = None if self._connection is None else self._connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):  # closed in the meantime
                sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._catch_up()
            webhook = self._outbox.next_due()
            if webhook is None:
                with self._outbox.changed:
                    self._outbox.changed.wait(POLL)
            else:
                self._outbox.tried(webhook, self._try(webhook))

    def _try(self, webhook: Webhook) -> WebhookTry:
        at = utc(self._clock.steady())
        connection = self._connection = http.client.HTTPConnection(
            self._to.hostname or "", self._to.port or http.client.HTTP_PORT, timeout=PATIENCE
        )
        target = (self._to.path or "/") + (f"?{self._to.query}" if self._to.query else "")
        headers = webhook_headers(webhook, self._signer, self._clock)
        try:
            connection.connect()
            # A stop after this line finds the socket; one before it has set the event.
            connection.sock.settimeout(0 if self._stopped.is_set() else PATIENCE)
            connection.request("POST", target, webhook.body, headers)
            return WebhookTry(at=at, status=connection.getresponse().status)
        except (OSError, http.client.HTTPException) as error:
            return WebhookTry(at=at, status=None, error=f"{type(error).__name__}: {error}")
        finally:
            self._connection = None
            connection.close()


def webhook_headers(webhook: Webhook, signer: WebhookSigner, clock: Clock) -> dict[str, str]:
    """Return the headers that a webhook would have if sent at the clock's time."""
    return {
        "content-type": "application/json",
        "x-zh-hook-notification-id": webhook.notification_id,
        "x-zh-hook-payload-type": webhook.type,
        **signer.headers(webhook.body, milliseconds(utc(clock.steady()))),
    }


def check_loopback(url: object) -> SplitResult:
    """Split the URL of a receiver.

    Raises:
        ConfigurationError: It is not a plain ``http`` URL of this machine.
    """
    text = url if isinstance(url, str) else ""
    try:
        parts = urlsplit(text)
        local = is_loopback(parts.hostname or "") and parts.port != 0
    except ValueError:
        parts, local = urlsplit(""), False
    if not local or parts.scheme != "http" or not text.isascii() or not text.isprintable():
        raise ConfigurationError(
            "webhooks go to this machine only: use a URL like http://127.0.0.1:8000/webhooks"
        )
    return parts
