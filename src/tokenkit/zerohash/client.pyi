# Made from the request models by `nox -s stubs`; don't edit it by hand.
"""zerohash's clients."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import datetime

from typing_extensions import Unpack

from ..auth import AsyncStrategy, Strategy
from ..extension import (
    JSON,
    AsyncClient,
    AsyncClientOptions,
    AsyncSecretSource,
    Client,
    ClientOptions,
    SecretSource,
)
from .details import (
    ClientDeviceInfo,
    CustomFeesAndSpreads,
    DepositDetails,
    PaymentDetails,
    WithdrawalDetails,
)
from .fund_lookups import FundTransaction, FundTransactionPage
from .models import ClientAuthTokenCall, ServerTime
from .payment_lookups import Payment, PaymentPage
from .token import ClientAuthToken

__all__ = ["AsyncZeroHashClient", "ZeroHashClient"]

class ZeroHashClient(Client):
    """Mint and revoke zerohash tokens; pass the three credentials or ``auth``.

    Args:
        api_key: The public key.
        private_key: The private key: the base64 text that zerohash shows.
        passphrase: The key's passphrase. Each of the three is a string, a ``Secret``,
            or a callable that returns one.
        environment: ``us-cert`` (the default), ``us-production``, ``eu-cert`` or
            ``eu-production``. Keys belong to one environment.
        auth: A strategy, instead of the three.
        **options: See :class:`~tokenkit.extension.ClientOptions`.

    Raises:
        ConfigurationError: The credentials or an option cannot be used.
    """

    def __init__(
        self,
        *,
        api_key: SecretSource | None = None,
        private_key: SecretSource | None = None,
        passphrase: SecretSource | None = None,
        environment: str | None = None,
        auth: Strategy | None = None,
        **options: Unpack[ClientOptions],
    ) -> None: ...
    def create_client_auth_token(
        self,
        *,
        permissions: Iterable[str],
        participant_code: str | None = None,
        email: str | None = None,
        phone_number: str | None = None,
        otp_verified: str | None = None,
        reference_id: str | None = None,
        merchant_participant_code: str | None = None,
        withdrawal_details: WithdrawalDetails | None = None,
        deposit_details: DepositDetails | None = None,
        payment_details: PaymentDetails | None = None,
        client_device_info: ClientDeviceInfo | None = None,
        custom_fees_and_spreads: CustomFeesAndSpreads | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> ClientAuthToken:
        """Mint a client access token for one of your end users.

        The token lasts 1 hour, or 5 minutes with ``crypto-withdrawals`` and ``crypto-payouts``.
        After a lost response, a mint is repeated only if it cannot have opened a payment.

        Args:
            permissions: One or more SDK experiences; see :class:`Permission`. Others are sent
                unchanged.
            participant_code: The participant, 6 characters. This or ``email``.
            email: The e-mail of someone who is not onboarded yet. This or ``participant_code``.
            phone_number: The phone number of someone who is not onboarded yet, such as
                ``+15551234567``.
            otp_verified: The channel that was verified by OTP: ``email`` or ``sms``.
            reference_id: Your id for matching later events, at most 50 characters. It does not
                make the request idempotent. Give each mint its own, from ``new_reference_id()``,
                so that ``find_minted()`` can find what a lost mint started.
            merchant_participant_code: The merchant, 1 to 50 characters. Default: the platform.
            withdrawal_details: For crypto withdrawals and payouts.
            deposit_details: For deposits.
            payment_details: For crypto payments.
            client_device_info: Where the SDK will run.
            custom_fees_and_spreads: For crypto trades.
            extra: Fields that zerohash added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            BadRequestError: zerohash refuses an argument; ``errors`` says which.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            ManualApprovalError: A payment is waiting for manual approval.
            MissingRequirementsError: The participant lacks data that a payment needs.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Generate a client access token".
        """

    def revoke_client_auth_token(
        self, *, token: ClientAuthToken | str, extra: Mapping[str, JSON] = ...
    ) -> None:
        """Revoke a client access token.

        Args:
            token: The token: a :class:`ClientAuthToken`, or the JWT as a string.
            extra: Fields that zerohash added later.

        Raises:
            InvalidInputError: The token is not a JWT with a ``jti`` claim; nothing was sent.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Revoke a client access token".
        """

    def get_time(self) -> ServerTime:
        """Get zerohash's time. No credentials are sent.

        Raises:
            TokenKitError: The call failed; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get time".
        """

    def get_payment(self, *, payment_id: str) -> Payment:
        """Look up one payment.

        Args:
            payment_id: The payment's id.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            NotFoundError: There is no such payment.
            MismatchedResponse: Another payment was returned.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get payment".
        """

    def list_payments(
        self,
        *,
        participant_code: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        page: int | None = None,
        size: int | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> PaymentPage:
        """List one page of payments; :meth:`iter_payments` covers all pages.

        Args:
            participant_code: Only this participant's.
            start_date: Only those from this instant on: a datetime with a time zone, sent in whole
                seconds.
            end_date: Only those up to this instant, in the same form.
            page: Which page, from 1 on. Default: 1.
            size: How many payments a page has. Default: 50.
            extra: Query parameters that zerohash added later: strings, integers or booleans.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get payments".
        """

    def iter_payments(
        self,
        *,
        participant_code: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        page: int | None = None,
        size: int | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> Iterator[Payment]:
        """Iterate over the payments of all pages.

        Each page is requested when the iterator reaches it. After a failed request, the iterator
        continues with the same page.

        Args:
            participant_code: Only this participant's.
            start_date: Only those from this instant on: a datetime with a time zone, sent in whole
                seconds.
            end_date: Only those up to this instant, in the same form.
            page: Which page, from 1 on. Default: 1.
            size: How many payments a page has. Default: 50.
            extra: Query parameters that zerohash added later: strings, integers or booleans.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            DecodeError: A page can't be read, or came twice, which may happen if payments arrive
                meanwhile: iterate again from the start.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get payments".
        """

    def list_fund_transactions(
        self,
        *,
        participant_code: str | None = None,
        fund_asset: str | None = None,
        deposit_address: str | None = None,
        fund_id: str | None = None,
        success: bool | None = None,
        deposit_timestamp_gte: int | None = None,
        deposit_timestamp_gt: int | None = None,
        deposit_timestamp_lt: int | None = None,
        deposit_timestamp_lte: int | None = None,
        deposit_intent_id: str | None = None,
        reference_id: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> FundTransactionPage:
        """List one page of fund transactions; :meth:`iter_fund_transactions` covers all.

        Args:
            participant_code: Only this participant's.
            fund_asset: Only those of this asset.
            deposit_address: Only those to this address.
            fund_id: Only the one with this id.
            success: Only those that were, or were not, successful.
            deposit_timestamp_gte: Only those deposited at or after this time.
            deposit_timestamp_gt: Only those deposited after it.
            deposit_timestamp_lt: Only those deposited before it.
            deposit_timestamp_lte: Only those deposited at or before it.
            deposit_intent_id: Only those of this mint; see
                :attr:`ClientAuthToken.deposit_intent_id`.
            reference_id: Only those of the mint with this ``reference_id``.
            page: Which page, from 1 on. Default: 1.
            page_size: How many a page has, at most 50.
            extra: Query parameters that zerohash added later: strings, integers or booleans.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get fund transactions".
        """

    def iter_fund_transactions(
        self,
        *,
        participant_code: str | None = None,
        fund_asset: str | None = None,
        deposit_address: str | None = None,
        fund_id: str | None = None,
        success: bool | None = None,
        deposit_timestamp_gte: int | None = None,
        deposit_timestamp_gt: int | None = None,
        deposit_timestamp_lt: int | None = None,
        deposit_timestamp_lte: int | None = None,
        deposit_intent_id: str | None = None,
        reference_id: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> Iterator[FundTransaction]:
        """Iterate over the fund transactions of all pages.

        Each page is requested when the iterator reaches it. After a failed request, the iterator
        continues with the same page.

        Args:
            participant_code: Only this participant's.
            fund_asset: Only those of this asset.
            deposit_address: Only those to this address.
            fund_id: Only the one with this id.
            success: Only those that were, or were not, successful.
            deposit_timestamp_gte: Only those deposited at or after this time.
            deposit_timestamp_gt: Only those deposited after it.
            deposit_timestamp_lt: Only those deposited before it.
            deposit_timestamp_lte: Only those deposited at or before it.
            deposit_intent_id: Only those of this mint; see
                :attr:`ClientAuthToken.deposit_intent_id`.
            reference_id: Only those of the mint with this ``reference_id``.
            page: Which page, from 1 on. Default: 1.
            page_size: How many a page has, at most 50.
            extra: Query parameters that zerohash added later: strings, integers or booleans.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            DecodeError: A page can't be read, or came twice, which may happen if transactions
                arrive meanwhile: iterate again from the start.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get fund transactions".
        """

    def find_minted(
        self, request: ClientAuthTokenCall, *, since: datetime
    ) -> Payment | FundTransaction | None:
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

class AsyncZeroHashClient(AsyncClient):
    """Mint and revoke zerohash tokens on asyncio or trio; pass the three credentials or ``auth``.

    Args:
        api_key: The public key.
        private_key: The private key: the base64 text that zerohash shows.
        passphrase: The key's passphrase. Each of the three is a string, a ``Secret``,
            or a callable that returns one, which may be async.
        environment: ``us-cert`` (the default), ``us-production``, ``eu-cert`` or
            ``eu-production``. Keys belong to one environment.
        auth: A strategy, instead of the three.
        **options: See :class:`~tokenkit.extension.AsyncClientOptions`.

    Raises:
        ConfigurationError: The credentials or an option cannot be used.
    """

    def __init__(
        self,
        *,
        api_key: AsyncSecretSource | None = None,
        private_key: AsyncSecretSource | None = None,
        passphrase: AsyncSecretSource | None = None,
        environment: str | None = None,
        auth: AsyncStrategy | None = None,
        **options: Unpack[AsyncClientOptions],
    ) -> None: ...
    async def create_client_auth_token(
        self,
        *,
        permissions: Iterable[str],
        participant_code: str | None = None,
        email: str | None = None,
        phone_number: str | None = None,
        otp_verified: str | None = None,
        reference_id: str | None = None,
        merchant_participant_code: str | None = None,
        withdrawal_details: WithdrawalDetails | None = None,
        deposit_details: DepositDetails | None = None,
        payment_details: PaymentDetails | None = None,
        client_device_info: ClientDeviceInfo | None = None,
        custom_fees_and_spreads: CustomFeesAndSpreads | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> ClientAuthToken:
        """Mint a client access token for one of your end users.

        The token lasts 1 hour, or 5 minutes with ``crypto-withdrawals`` and ``crypto-payouts``.
        After a lost response, a mint is repeated only if it cannot have opened a payment.

        Args:
            permissions: One or more SDK experiences; see :class:`Permission`. Others are sent
                unchanged.
            participant_code: The participant, 6 characters. This or ``email``.
            email: The e-mail of someone who is not onboarded yet. This or ``participant_code``.
            phone_number: The phone number of someone who is not onboarded yet, such as
                ``+15551234567``.
            otp_verified: The channel that was verified by OTP: ``email`` or ``sms``.
            reference_id: Your id for matching later events, at most 50 characters. It does not
                make the request idempotent. Give each mint its own, from ``new_reference_id()``,
                so that ``find_minted()`` can find what a lost mint started.
            merchant_participant_code: The merchant, 1 to 50 characters. Default: the platform.
            withdrawal_details: For crypto withdrawals and payouts.
            deposit_details: For deposits.
            payment_details: For crypto payments.
            client_device_info: Where the SDK will run.
            custom_fees_and_spreads: For crypto trades.
            extra: Fields that zerohash added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            BadRequestError: zerohash refuses an argument; ``errors`` says which.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            ManualApprovalError: A payment is waiting for manual approval.
            MissingRequirementsError: The participant lacks data that a payment needs.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Generate a client access token".
        """

    async def revoke_client_auth_token(
        self, *, token: ClientAuthToken | str, extra: Mapping[str, JSON] = ...
    ) -> None:
        """Revoke a client access token.

        Args:
            token: The token: a :class:`ClientAuthToken`, or the JWT as a string.
            extra: Fields that zerohash added later.

        Raises:
            InvalidInputError: The token is not a JWT with a ``jti`` claim; nothing was sent.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Revoke a client access token".
        """

    async def get_time(self) -> ServerTime:
        """Get zerohash's time. No credentials are sent.

        Raises:
            TokenKitError: The call failed; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get time".
        """

    async def get_payment(self, *, payment_id: str) -> Payment:
        """Look up one payment.

        Args:
            payment_id: The payment's id.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            NotFoundError: There is no such payment.
            MismatchedResponse: Another payment was returned.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get payment".
        """

    async def list_payments(
        self,
        *,
        participant_code: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        page: int | None = None,
        size: int | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> PaymentPage:
        """List one page of payments; :meth:`iter_payments` covers all pages.

        Args:
            participant_code: Only this participant's.
            start_date: Only those from this instant on: a datetime with a time zone, sent in whole
                seconds.
            end_date: Only those up to this instant, in the same form.
            page: Which page, from 1 on. Default: 1.
            size: How many payments a page has. Default: 50.
            extra: Query parameters that zerohash added later: strings, integers or booleans.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get payments".
        """

    def iter_payments(
        self,
        *,
        participant_code: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        page: int | None = None,
        size: int | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> AsyncIterator[Payment]:
        """Iterate over the payments of all pages.

        Each page is requested when the iterator reaches it. After a failed request, the iterator
        continues with the same page.

        Args:
            participant_code: Only this participant's.
            start_date: Only those from this instant on: a datetime with a time zone, sent in whole
                seconds.
            end_date: Only those up to this instant, in the same form.
            page: Which page, from 1 on. Default: 1.
            size: How many payments a page has. Default: 50.
            extra: Query parameters that zerohash added later: strings, integers or booleans.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            DecodeError: A page can't be read, or came twice, which may happen if payments arrive
                meanwhile: iterate again from the start.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get payments".
        """

    async def list_fund_transactions(
        self,
        *,
        participant_code: str | None = None,
        fund_asset: str | None = None,
        deposit_address: str | None = None,
        fund_id: str | None = None,
        success: bool | None = None,
        deposit_timestamp_gte: int | None = None,
        deposit_timestamp_gt: int | None = None,
        deposit_timestamp_lt: int | None = None,
        deposit_timestamp_lte: int | None = None,
        deposit_intent_id: str | None = None,
        reference_id: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> FundTransactionPage:
        """List one page of fund transactions; :meth:`iter_fund_transactions` covers all.

        Args:
            participant_code: Only this participant's.
            fund_asset: Only those of this asset.
            deposit_address: Only those to this address.
            fund_id: Only the one with this id.
            success: Only those that were, or were not, successful.
            deposit_timestamp_gte: Only those deposited at or after this time.
            deposit_timestamp_gt: Only those deposited after it.
            deposit_timestamp_lt: Only those deposited before it.
            deposit_timestamp_lte: Only those deposited at or before it.
            deposit_intent_id: Only those of this mint; see
                :attr:`ClientAuthToken.deposit_intent_id`.
            reference_id: Only those of the mint with this ``reference_id``.
            page: Which page, from 1 on. Default: 1.
            page_size: How many a page has, at most 50.
            extra: Query parameters that zerohash added later: strings, integers or booleans.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get fund transactions".
        """

    def iter_fund_transactions(
        self,
        *,
        participant_code: str | None = None,
        fund_asset: str | None = None,
        deposit_address: str | None = None,
        fund_id: str | None = None,
        success: bool | None = None,
        deposit_timestamp_gte: int | None = None,
        deposit_timestamp_gt: int | None = None,
        deposit_timestamp_lt: int | None = None,
        deposit_timestamp_lte: int | None = None,
        deposit_intent_id: str | None = None,
        reference_id: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> AsyncIterator[FundTransaction]:
        """Iterate over the fund transactions of all pages.

        Each page is requested when the iterator reaches it. After a failed request, the iterator
        continues with the same page.

        Args:
            participant_code: Only this participant's.
            fund_asset: Only those of this asset.
            deposit_address: Only those to this address.
            fund_id: Only the one with this id.
            success: Only those that were, or were not, successful.
            deposit_timestamp_gte: Only those deposited at or after this time.
            deposit_timestamp_gt: Only those deposited after it.
            deposit_timestamp_lt: Only those deposited before it.
            deposit_timestamp_lte: Only those deposited at or before it.
            deposit_intent_id: Only those of this mint; see
                :attr:`ClientAuthToken.deposit_intent_id`.
            reference_id: Only those of the mint with this ``reference_id``.
            page: Which page, from 1 on. Default: 1.
            page_size: How many a page has, at most 50.
            extra: Query parameters that zerohash added later: strings, integers or booleans.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            DecodeError: A page can't be read, or came twice, which may happen if transactions
                arrive meanwhile: iterate again from the start.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get fund transactions".
        """

    async def find_minted(
        self, request: ClientAuthTokenCall, *, since: datetime
    ) -> Payment | FundTransaction | None:
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
