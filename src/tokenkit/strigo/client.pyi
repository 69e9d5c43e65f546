# Made from the request models by `nox -s stubs`; don't edit it by hand.
"""Strigo's clients."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

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
from .models import Health, UserToken

__all__ = ["AsyncStrigoClient", "StrigoClient"]

class StrigoClient(Client):
    """Mint Strigo user tokens; pass ``org_id`` and ``api_key``, or ``auth``.

    Args:
        org_id: The organisation's id.
        api_key: The organisation's API key. Each is a string, a ``Secret``, or a callable that
            returns one.
        auth: A strategy, instead of the two.
        **options: See :class:`~tokenkit.extension.ClientOptions`. ``base_url`` defaults to
            ``https://app.strigo.io/api/v1``.

    Raises:
        ConfigurationError: The credentials or an option cannot be used.
    """

    def __init__(
        self,
        *,
        org_id: SecretSource | None = None,
        api_key: SecretSource | None = None,
        auth: Strategy | None = None,
        **options: Unpack[ClientOptions],
    ) -> None: ...
    def create_user_token(
        self,
        *,
        email: str,
        name: str | None = None,
        external_user_id: str | None = None,
        expiration: datetime | timedelta | None = None,
        groups: Iterable[str] | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> UserToken:
        """Mint a token that identifies one learner to Strigo's browser SDK.

        A new learner is registered. A token can't be revoked; it is valid until it expires.

        Args:
            email: The learner's unique e-mail.
            name: The learner's name. Default: empty.
            external_user_id: The learner's id in your system. Default: empty.
            expiration: When the token expires: a datetime with a time zone, or how long it lasts
                from the first attempt on. At most 2 months ahead (up to 62 days are allowed;
                Strigo checks the rest). Default: 2 months.
            groups: The groups of the learner. Default: none.
            extra: Fields that Strigo added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            UnprocessableError: Strigo refuses an argument; ``errors`` says which.
            AuthenticationError: The organisation id or the key is wrong.
            RateLimitError: Too many requests; ``retry_after`` says how long to wait.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: Strigo's API documentation, "SDK User token".
        """

    def check_health(self) -> Health:
        """Check that Strigo works and accepts the credentials.

        Raises:
            AuthenticationError: The organisation id or the key is wrong.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: Strigo's API documentation, "Health".
        """

class AsyncStrigoClient(AsyncClient):
    """Mint Strigo user tokens on asyncio or trio; pass ``org_id`` and ``api_key``, or ``auth``.

    Args:
        org_id: The organisation's id.
        api_key: The organisation's API key. Each is a string, a ``Secret``, or a callable that
            returns one, which may be async.
        auth: A strategy, instead of the two.
        **options: See :class:`~tokenkit.extension.AsyncClientOptions`. ``base_url`` defaults
            to ``https://app.strigo.io/api/v1``.

    Raises:
        ConfigurationError: The credentials or an option cannot be used.
    """

    def __init__(
        self,
        *,
        org_id: AsyncSecretSource | None = None,
        api_key: AsyncSecretSource | None = None,
        auth: AsyncStrategy | None = None,
        **options: Unpack[AsyncClientOptions],
    ) -> None: ...
    async def create_user_token(
        self,
        *,
        email: str,
        name: str | None = None,
        external_user_id: str | None = None,
        expiration: datetime | timedelta | None = None,
        groups: Iterable[str] | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> UserToken:
        """Mint a token that identifies one learner to Strigo's browser SDK.

        A new learner is registered. A token can't be revoked; it is valid until it expires.

        Args:
            email: The learner's unique e-mail.
            name: The learner's name. Default: empty.
            external_user_id: The learner's id in your system. Default: empty.
            expiration: When the token expires: a datetime with a time zone, or how long it lasts
                from the first attempt on. At most 2 months ahead (up to 62 days are allowed;
                Strigo checks the rest). Default: 2 months.
            groups: The groups of the learner. Default: none.
            extra: Fields that Strigo added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            UnprocessableError: Strigo refuses an argument; ``errors`` says which.
            AuthenticationError: The organisation id or the key is wrong.
            RateLimitError: Too many requests; ``retry_after`` says how long to wait.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: Strigo's API documentation, "SDK User token".
        """

    async def check_health(self) -> Health:
        """Check that Strigo works and accepts the credentials.

        Raises:
            AuthenticationError: The organisation id or the key is wrong.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: Strigo's API documentation, "Health".
        """
