"""ZDK's clients."""

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
from .calls import ZdkCalls
from .profile import PROFILE

__all__ = ["AsyncZdkClient", "ZdkClient"]


class ZdkClient(ZdkCalls, Client):
    """Mint ZDK user tokens; pass ``api_key`` or ``auth``.

    Args:
        api_key: Your company's API key: a string, a ``Secret``, or a callable that returns one.
        base_host: The host; ``user.`` is put before it. Default: ``dev.zu.casa``, the only
            one that ZDK documents; production has its own.
        auth: A strategy, instead of the key.
        **options: See :class:`~tokenkit.extension.ClientOptions`. ``base_url`` is the user
            service's origin.

    Raises:
        ConfigurationError: The key or an option cannot be used.
    """

    profile = PROFILE

    def __init__(
        self,
        *,
        api_key: SecretSource | None = None,
        base_host: str | None = None,
        auth: Strategy | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        super().__init__(
            auth=auth,
            credentials={"api_key": api_key},
            base_url_settings={"base_host": base_host},
            **options,
        )


class AsyncZdkClient(ZdkCalls, AsyncClient):
    """Mint ZDK user tokens on asyncio or trio; pass ``api_key`` or ``auth``.

    Args:
        api_key: Your company's API key: a string, a ``Secret``, or a callable that returns one,
            which may be async.
        base_host: The host; ``user.`` is put before it. Default: ``dev.zu.casa``, the only
            one that ZDK documents; production has its own.
        auth: A strategy, instead of the key.
        **options: See :class:`~tokenkit.extension.AsyncClientOptions`. ``base_url`` is the
            user service's origin.

    Raises:
        ConfigurationError: The key or an option cannot be used.
    """

    profile = PROFILE

    def __init__(
        self,
        *,
        api_key: AsyncSecretSource | None = None,
        base_host: str | None = None,
        auth: AsyncStrategy | None = None,
        **options: Unpack[AsyncClientOptions],
    ) -> None:
        super().__init__(
            auth=auth,
            credentials={"api_key": api_key},
            base_url_settings={"base_host": base_host},
            **options,
        )
