# Made from the request models by `nox -s stubs`; don't edit it by hand.
"""zerohash's clients."""

from collections.abc import Iterable, Mapping

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
from .models import ClientAuthToken, ServerTime

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

        The token lasts 1 hour, or 5 minutes with ``crypto-withdrawals``. A mint whose response
        was lost is repeated only if it cannot have opened a payment.

        Args:
            permissions: One or more SDK experiences; see :class:`Permission`. Others are sent
                unchanged.
            participant_code: The participant, 6 characters. This or ``email``.
            email: The e-mail of somebody who is not onboarded yet. This or ``participant_code``.
            phone_number: The phone number of somebody who is not onboarded yet, such as
                ``+15551234567``.
            otp_verified: The channel that was verified by OTP: ``email`` or ``sms``.
            reference_id: Your id to match later events by, at most 50 characters. It does not make
                the request idempotent.
            merchant_participant_code: The merchant, 1 to 50 characters. Default: the platform.
            withdrawal_details: For crypto withdrawals and payouts.
            deposit_details: For deposits.
            payment_details: For crypto payments.
            client_device_info: Where the SDK will run.
            custom_fees_and_spreads: For crypto trades.
            extra: Fields that zerohash added later.

        Raises:
            InvalidInputError: An argument is not valid; nothing was sent.
            BadRequestError: zerohash rejected an argument; ``errors`` tells which.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            ManualApprovalError: A payment needs a manual approval.
            MissingRequirementsError: The participant lacks data that a payment needs.
            TokenKitError: Anything else that can go wrong; see :meth:`Client.send`.

        Source: zerohash's API reference, "Generate a client access token".
        """

    def revoke_client_auth_token(
        self, *, token: ClientAuthToken | str, extra: Mapping[str, JSON] = ...
    ) -> None:
        """Revoke a client access token.

        Args:
            token: The token: a :class:`ClientAuthToken`, or the JWT's text.
            extra: Fields that zerohash added later.

        Raises:
            InvalidInputError: The token is not a JWT with a ``jti`` claim; nothing was sent.
            TokenKitError: Anything else that can go wrong; see :meth:`Client.send`.

        Source: zerohash's API reference, "Revoke a client access token".
        """

    def get_time(self, *, extra: Mapping[str, JSON] = ...) -> ServerTime:
        """Ask for zerohash's clock. No credentials are sent.

        Raises:
            TokenKitError: Something went wrong; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get time".
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

        The token lasts 1 hour, or 5 minutes with ``crypto-withdrawals``. A mint whose response
        was lost is repeated only if it cannot have opened a payment.

        Args:
            permissions: One or more SDK experiences; see :class:`Permission`. Others are sent
                unchanged.
            participant_code: The participant, 6 characters. This or ``email``.
            email: The e-mail of somebody who is not onboarded yet. This or ``participant_code``.
            phone_number: The phone number of somebody who is not onboarded yet, such as
                ``+15551234567``.
            otp_verified: The channel that was verified by OTP: ``email`` or ``sms``.
            reference_id: Your id to match later events by, at most 50 characters. It does not make
                the request idempotent.
            merchant_participant_code: The merchant, 1 to 50 characters. Default: the platform.
            withdrawal_details: For crypto withdrawals and payouts.
            deposit_details: For deposits.
            payment_details: For crypto payments.
            client_device_info: Where the SDK will run.
            custom_fees_and_spreads: For crypto trades.
            extra: Fields that zerohash added later.

        Raises:
            InvalidInputError: An argument is not valid; nothing was sent.
            BadRequestError: zerohash rejected an argument; ``errors`` tells which.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            ManualApprovalError: A payment needs a manual approval.
            MissingRequirementsError: The participant lacks data that a payment needs.
            TokenKitError: Anything else that can go wrong; see :meth:`Client.send`.

        Source: zerohash's API reference, "Generate a client access token".
        """

    async def revoke_client_auth_token(
        self, *, token: ClientAuthToken | str, extra: Mapping[str, JSON] = ...
    ) -> None:
        """Revoke a client access token.

        Args:
            token: The token: a :class:`ClientAuthToken`, or the JWT's text.
            extra: Fields that zerohash added later.

        Raises:
            InvalidInputError: The token is not a JWT with a ``jti`` claim; nothing was sent.
            TokenKitError: Anything else that can go wrong; see :meth:`Client.send`.

        Source: zerohash's API reference, "Revoke a client access token".
        """

    async def get_time(self, *, extra: Mapping[str, JSON] = ...) -> ServerTime:
        """Ask for zerohash's clock. No credentials are sent.

        Raises:
            TokenKitError: Something went wrong; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get time".
        """
