"""The calls of the zerohash clients."""

from ..extension import iteration, operation, procedure
from .fund_lookups import FundTransactionsRequest
from .lost_mints import find_minted
from .models import ClientAuthTokenRequest, RevokeAuthTokenRequest, TimeRequest
from .payment_lookups import PaymentRequest, PaymentsRequest

__all__ = ["ZeroHashCalls"]


class ZeroHashCalls:
    """The calls of :class:`ZeroHashClient` and :class:`AsyncZeroHashClient`."""

    @operation(ClientAuthTokenRequest)
    def create_client_auth_token(self) -> None:
        """Mint a client access token for one of your end users.

        The token lasts 1 hour, or 5 minutes with ``crypto-withdrawals`` and ``crypto-payouts``.
        After a lost response, a mint is repeated only if it cannot have opened a payment.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            BadRequestError: zerohash refuses an argument; ``errors`` says which.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            ManualApprovalError: A payment is waiting for manual approval.
            MissingRequirementsError: The participant lacks data that a payment needs.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Generate a client access token".
        """

    @operation(RevokeAuthTokenRequest)
    def revoke_client_auth_token(self) -> None:
        """Revoke a client access token.

        Raises:
            InvalidInputError: The token is not a JWT with a ``jti`` claim; nothing was sent.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Revoke a client access token".
        """

    @operation(TimeRequest)
    def get_time(self) -> None:
        """Get zerohash's time. No credentials are sent.

        Raises:
            TokenKitError: The call failed; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get time".
        """

    @operation(PaymentRequest)
    def get_payment(self) -> None:
        """Look up one payment.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            NotFoundError: There is no such payment.
            MismatchedResponse: Another payment was returned.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get payment".
        """

    @operation(PaymentsRequest)
    def list_payments(self) -> None:
        """List one page of payments; :meth:`iter_payments` covers all pages.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get payments".
        """

    @iteration(PaymentsRequest)
    def iter_payments(self) -> None:
        """Iterate over the payments of all pages.

        Each page is requested when the iterator reaches it. After a failed request, the iterator
        continues with the same page.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            DecodeError: A page can't be read, or came twice, which may happen if payments arrive
                meanwhile: iterate again from the start.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get payments".
        """

    @operation(FundTransactionsRequest)
    def list_fund_transactions(self) -> None:
        """List one page of fund transactions; :meth:`iter_fund_transactions` covers all.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get fund transactions".
        """

    @iteration(FundTransactionsRequest)
    def iter_fund_transactions(self) -> None:
        """Iterate over the fund transactions of all pages.

        Each page is requested when the iterator reaches it. After a failed request, the iterator
        continues with the same page.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            DecodeError: A page can't be read, or came twice, which may happen if transactions
                arrive meanwhile: iterate again from the start.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get fund transactions".
        """

    @procedure(find_minted)
    def find_minted(self) -> None:
        """Find the payment or fund transaction of a mint whose response was lost.

        It is found by the mint's ``reference_id``, which must be unique for each mint: see
        :func:`new_reference_id`. ``None`` means that there is nothing *so far*: the lost request
        may still be in progress, so wait and look again before you mint a second time.

        Args:
            request: The request whose response was lost.
            since: When you first sent it, or earlier: a datetime with a time zone.

        Raises:
            InvalidInputError: The request has no ``reference_id``, or starts neither a payment
                nor a fund session; nothing was sent.
            InconclusiveLookupError: Nothing is listed, but a payment may exist: the permission is
                ``crypto-pay`` or undocumented, or payments without a ``reference_id`` are listed.
                Ask zerohash before you mint again.
            DecodeError: A list cannot be read, or its pages repeat.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get payments" and "Get fund transactions". It is
        inferred that a payment appears there as soon as its mint is done.
        """
