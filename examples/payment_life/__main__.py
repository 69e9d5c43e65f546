"""The life of a payment: a mint whose response is lost, its webhooks, and its end."""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import attrs

from tokenkit import TokenKitError, ZeroHashClient, zerohash
from tokenkit.sandbox import Sandbox
from tokenkit.zerohash import PaymentStatus, experiences, webhooks

logger = logging.getLogger("payment_life")


@attrs.define
class Payout:
    """What your database knows about a payout; write it before the request leaves."""

    participant_code: str
    reference_id: str = attrs.field(factory=zerohash.new_reference_id)
    minted_at: datetime | None = None
    payment_id: str | None = None
    status: str | None = None
    changed_at: datetime | None = None


class Backend:
    """Mints tokens for payouts, and receives zerohash's webhooks about them."""

    def __init__(
        self, client: ZeroHashClient, secret: str, clock: webhooks.WallClock = time
    ) -> None:
        self.client = client
        self.payouts: dict[str, Payout] = {}
        self._secret = secret
        self._clock = clock
        self._seen = webhooks.Seen()  # for several processes: a store that they share

    def mint(self, payout: Payout) -> zerohash.ClientAuthToken | None:
        """Return a token, or ``None`` if it was lost and a payment may be open."""
        payout.minted_at = datetime.now(timezone.utc)
        self.payouts[payout.reference_id] = payout
        request = experiences.CryptoPayouts(
            participant_code=payout.participant_code, reference_id=payout.reference_id
        )
        try:
            token = self.client.send(request)
        except TokenKitError as error:
            logger.info("%s: %s", type(error).__name__, error)
            if error.outcome == "not performed":
                raise
        else:
            payout.payment_id = token.payment_id
            return token
        # Minting again now might open a second payment.
        found = self.client.find_minted(request, since=payout.minted_at)
        if isinstance(found, zerohash.Payment):
            logger.info("The mint has opened a payment; it is %s", found.status)
            payout.payment_id = found.payment_id
        return None

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]
    ) -> Iterable[bytes]:
        """Receive a webhook."""
        body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {
            name.removeprefix("HTTP_").replace("_", "-"): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        start_response(self._receive(body, headers), [("content-length", "0")])
        return []

    def _receive(self, body: bytes, headers: dict[str, str]) -> str:
        try:
            event = webhooks.verify(
                body, headers, secrets=[self._secret], clock=self._clock, seen=self._seen
            )
        except zerohash.WebhookSettingsError:
            raise  # a 500, so that someone sees it
        except zerohash.RepeatedWebhookError:
            return "409 Conflict"
        except zerohash.WebhookVerificationError as error:
            logger.warning("%s", error)
            return "400 Bad Request"
        try:
            self._handle(event)
        except BaseException:
            webhooks.forget(event, self._seen)  # zerohash will send it again
            raise
        return "200 OK"

    def _handle(self, event: webhooks.Event) -> None:
        payout = self.payouts.get(event.reference_id or "")
        if payout is None or not isinstance(event, webhooks.PaymentStatusChanged):
            return
        occurred_at = event.occurred_at
        if occurred_at is None or (payout.changed_at and occurred_at < payout.changed_at):
            return  # webhooks may arrive out of order
        payment = event.payment
        payout.payment_id, payout.status = payment.payment_id, payment.status
        payout.changed_at = occurred_at
        logger.info("Webhook: the payment is %s", payment.status)


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Keep requests out of the log."""


@contextmanager
def serving(backend: Backend) -> Generator[str]:
    """Serve the backend's webhooks on this machine; yield the address."""
    with make_server("127.0.0.1", 0, backend, handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/webhooks"
        finally:
            server.shutdown()
            thread.join()


def main() -> list[Payout]:
    with Sandbox() as sandbox, sandbox.zerohash_client() as client:
        backend = Backend(client, sandbox.zerohash_webhook_secret, clock=sandbox)
        with serving(backend) as url:
            sandbox.send_webhooks_to(url)

            sandbox.fail_next(drop="before", vendor="zerohash")
            lost = Payout("CUST01")
            backend.mint(lost)
            logger.info("Its token is lost and can't be used: wait for the payment to end")
            sandbox.wait_for_webhooks()
            sandbox.advance(300)
            sandbox.wait_for_webhooks()

            if lost.status == PaymentStatus.ABANDONED:
                again = Payout("CUST01")
                token = backend.mint(again)
                if token is not None:
                    setup = token.to_sdk_setup(environment="us-cert")
                    logger.info("The page opens %s", setup["appIdentifier"])
                    sandbox.settle_payment(token.payment_id)  # as the user's confirmation would
                    sandbox.wait_for_webhooks()
            return list(backend.payouts.values())


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    logger.setLevel(logging.INFO)
    main()
