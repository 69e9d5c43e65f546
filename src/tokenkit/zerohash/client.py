"""zerohash's clients."""

from typing_extensions import Unpack

from ..auth import AsyncStrategy, Strategy
from ..extension import (
    AsyncClient,
    AsyncClientOptions,
    AsyncSecretSource,
    Client,
    ClientOptions,
    SecretSource,
)
from .calls import ZeroHashCalls
from .profile import PROFILE

__all__ = ["AsyncZeroHashClient", "ZeroHashClient"]


class ZeroHashClient(ZeroHashCalls, Client):
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

    profile = PROFILE

    def __init__(
        self,
        *,
        api_key: SecretSource | None = None,
        private_key: SecretSource | None = None,
        passphrase: SecretSource | None = None,
        environment: str | None = None,
        auth: Strategy | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        super().__init__(
            auth=auth,
            credentials={"api_key": api_key, "private_key": private_key, "passphrase": passphrase},
            base_url_settings={"environment": environment},
            **options,
        )


class AsyncZeroHashClient(ZeroHashCalls, AsyncClient):
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

    profile = PROFILE

    def __init__(
        self,
        *,
        api_key: AsyncSecretSource | None = None,
        private_key: AsyncSecretSource | None = None,
        passphrase: AsyncSecretSource | None = None,
        environment: str | None = None,
        auth: AsyncStrategy | None = None,
        **options: Unpack[AsyncClientOptions],
    ) -> None:
        super().__init__(
            auth=auth,
            credentials={"api_key": api_key, "private_key": private_key, "passphrase": passphrase},
            base_url_settings={"environment": environment},
            **options,
        )
