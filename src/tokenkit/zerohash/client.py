"""zerohash's clients."""

from functools import partial

from typing_extensions import Unpack

from ..auth import AsyncStrategy, HmacSigner, Strategy
from ..errors import ConfigurationError
from ..extension import (
    AsyncClient,
    AsyncClientOptions,
    AsyncSecretSource,
    Client,
    ClientOptions,
    SecretSource,
    conceal,
    one_strategy,
)
from .calls import ZeroHashCalls
from .profile import ENVIRONMENTS, HMAC_SCHEME, PROFILE

__all__ = ["AsyncZeroHashClient", "ZeroHashClient"]


def _base_url(environment: object, *, base_url_given: bool) -> str:
    if base_url_given:
        raise ConfigurationError("environment and base_url exclude each other: pass one")
    if not isinstance(environment, str) or environment not in ENVIRONMENTS:
        known = ", ".join(repr(name) for name in ENVIRONMENTS)
        raise ConfigurationError(f"environment must be one of {known}, not {environment!r:.50}")
    return ENVIRONMENTS[environment]


class ZeroHashClient(ZeroHashCalls, Client):
    """Mint and revoke zerohash client access tokens.

    Args:
        api_key: The public key.
        private_key: The private key: the base64 text that zerohash shows.
        passphrase: The key's passphrase. Each of the three is text, a ``Secret``, or a
            callable returning one.
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
        api_key, private_key, passphrase = map(conceal, (api_key, private_key, passphrase))
        if environment is not None:
            options["base_url"] = _base_url(environment, base_url_given="base_url" in options)
        strategy = one_strategy(
            auth,
            partial(HmacSigner[SecretSource], scheme=HMAC_SCHEME),
            api_key=api_key,
            private_key=private_key,
            passphrase=passphrase,
        )
        super().__init__(auth=strategy, **options)


class AsyncZeroHashClient(ZeroHashCalls, AsyncClient):
    """Mint and revoke zerohash client access tokens, on asyncio or trio.

    Args:
        api_key: The public key.
        private_key: The private key: the base64 text that zerohash shows.
        passphrase: The key's passphrase. Each of the three is text, a ``Secret``, or a
            callable returning one, which may be async.
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
        api_key, private_key, passphrase = map(conceal, (api_key, private_key, passphrase))
        if environment is not None:
            options["base_url"] = _base_url(environment, base_url_given="base_url" in options)
        strategy = one_strategy(
            auth,
            partial(HmacSigner[AsyncSecretSource], scheme=HMAC_SCHEME),
            api_key=api_key,
            private_key=private_key,
            passphrase=passphrase,
        )
        super().__init__(auth=strategy, **options)
