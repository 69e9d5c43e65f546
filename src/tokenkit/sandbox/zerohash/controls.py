"""What a test does on behalf of zerohash's user, and of zerohash itself."""

import threading

from ..clock import Clock
from ..server import Server
from .courier import Courier, webhook_headers
from .fund_sessions import EXPIRED, EXPIRED_CODE, FundSession
from .outbox import Webhook
from .payments import Payment
from .state import ZerohashState
from .webhook_signature import WebhookSigner, public_key_pem

__all__ = ["ZerohashControls"]


class ZerohashControls:
    """Controls of zerohash's payments, fund sessions and webhooks."""

    _clock: Clock
    _zerohash: ZerohashState
    _signer: WebhookSigner
    _running: tuple[Server, threading.Thread] | None
    _courier: Courier | None = None

    @property
    def payments(self) -> tuple[Payment, ...]:
        """Every payment that a zerohash mint opened, oldest first."""
        return self._zerohash.payments.all()

    @property
    def fund_sessions(self) -> tuple[FundSession, ...]:
        """Every fund session that a zerohash mint opened, oldest first."""
        return self._zerohash.fund_sessions.all()

    @property
    def webhooks(self) -> tuple[Webhook, ...]:
        """Every webhook so far, sent or not, oldest first."""
        self._zerohash.catch_up()
        return self._zerohash.outbox.all()

    @property
    def zerohash_webhook_secret(self) -> str:
        """The secret of the HMAC signatures of webhooks."""
        return self._signer.secret

    @property
    def zerohash_webhook_public_key(self) -> str:
        """The key that verifies the RSA signatures of webhooks, as PEM."""
        return public_key_pem()

    def set_payment_status(self, payment_id: str | None = None, *, status: str) -> Payment:
        """Give a payment any status, for example as if its user had confirmed it.

        A payment that is no longer ``initialized`` is not abandoned with its token (modelled).

        Args:
            payment_id: Which payment. Default: the newest that has not ended.
            status: The new status; the vendor's list is open.

        Raises:
            LookupError: There is no such payment, or it has ended.
        """
        return self._zerohash.payments.change(payment_id, status, None)

    def settle_payment(self, payment_id: str | None = None) -> Payment:
        """Complete a payment: its status becomes ``settled``.

        Args:
            payment_id: Which payment. Default: the newest that has not ended.

        Raises:
            LookupError: There is no such payment, or it has ended.
        """
        return self._zerohash.payments.change(payment_id, "settled", None)

    def fail_payment(
        self, payment_id: str | None = None, *, reason: str = "Failed on purpose"
    ) -> Payment:
        """Make a payment fail: its status becomes ``failed``.

        Args:
            payment_id: Which payment. Default: the newest that has not ended.
            reason: The payment's ``failure_reason``.

        Raises:
            LookupError: There is no such payment, or it has ended.
        """
        return self._zerohash.payments.change(payment_id, "failed", reason)

    def complete_fund_session(
        self,
        deposit_intent_id: str | None = None,
        *,
        fund_asset: str = "USDC",
        quantity: str = "100",
        notional: str = "100",
    ) -> FundSession:
        """End a fund session with a deposit.

        Args:
            deposit_intent_id: Which session. Default: the newest open one.
            fund_asset: What was deposited.
            quantity: How much of it, as a string.
            notional: What that is worth in USD, as a string.

        Raises:
            LookupError: There is no such session, or it has ended.
        """
        deposit = {"fund_asset": fund_asset, "quantity": quantity, "notional": notional}
        return self._zerohash.fund_sessions.end(deposit_intent_id, deposit=deposit)

    def end_fund_session(
        self,
        deposit_intent_id: str | None = None,
        *,
        reason: str = EXPIRED,
        reason_code: str = EXPIRED_CODE,
    ) -> FundSession:
        """End a fund session without a deposit, as it ends after 30 minutes.

        Args:
            deposit_intent_id: Which session. Default: the newest open one.
            reason: The transaction's ``status_reason``. Default: the documented one.
            reason_code: Its ``status_reason_code``; the default is modelled.

        Raises:
            LookupError: There is no such session, or it has ended.
        """
        return self._zerohash.fund_sessions.end(
            deposit_intent_id, deposit={}, reason=reason, reason_code=reason_code
        )

    def send_webhooks_to(self, url: str | None) -> None:
        """Send webhooks for what happens from now on.

        Args:
            url: The ``http`` URL on this machine to send them to; None stops sending.

        Raises:
            ConfigurationError: ``url`` is not such an address.
            RuntimeError: The sandbox is not running.
        """
        state = self._zerohash
        courier = None
        if url is not None:
            courier = Courier(url, state.outbox, self._signer, self._clock, state.catch_up)
        self._check_running()
        self._stop_courier()
        if courier is not None:
            courier.start()
            self._courier = courier

    def wait_for_webhooks(self, timeout: float = 30.0) -> None:
        """Wait until every webhook that is due by the sandbox's clock has been tried.

        Args:
            timeout: The most seconds to wait.

        Raises:
            TimeoutError: Some are still being sent.
        """
        if not self._zerohash.outbox.wait(timeout, self._zerohash.catch_up):
            raise TimeoutError(f"the webhooks were not sent within {timeout} seconds")

    def webhook_headers(self, webhook: Webhook) -> dict[str, str]:
        """Return the headers that a webhook would have if sent now, signatures included.

        With these and :attr:`Webhook.body`, you can test a handler without a server.

        Args:
            webhook: One of :attr:`webhooks`.
        """
        return webhook_headers(webhook, self._signer, self._clock)

    def _check_running(self) -> None:
        if self._running is None:
            raise RuntimeError("the sandbox is not running")

    def _stop_courier(self) -> None:
        courier, self._courier = self._courier, None
        if courier is not None:
            courier.stop()
