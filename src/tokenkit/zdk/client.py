"""ZDK's clients."""

import re

from typing_extensions import Unpack

from ..auth import AsyncStrategy, Bearer, Strategy
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
from .calls import ZdkCalls
from .profile import PROFILE

__all__ = ["AsyncZdkClient", "ZdkClient"]

BASE_HOST = re.compile(r"(?!user\.)[A-Za-z0-9.-]{1,253}(:[0-9]+)?")


def _base_url(base_host: object, *, base_url_given: bool) -> str:
    if base_url_given:
        raise ConfigurationError("base_host and base_url exclude each other: pass one")
    if not isinstance(base_host, str) or not BASE_HOST.fullmatch(base_host):
        raise ConfigurationError(
            "base_host must be a host such as 'dev.zu.casa', without a scheme and without "
            "'user.' before it"
        )
    return f"https://user.{base_host}"


class ZdkClient(ZdkCalls, Client):
    """Mint ZDK user tokens.

    Args:
        api_key: Your company's API key: text, a ``Secret``, or a callable returning one.
        base_host: The host that ``user.`` is put before. Default: ``dev.zu.casa``, the only
            one that ZDK documents; production has one of its own.
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
        api_key = conceal(api_key)
        if base_host is not None:
            options["base_url"] = _base_url(base_host, base_url_given="base_url" in options)
        super().__init__(auth=one_strategy(auth, Bearer[SecretSource], api_key=api_key), **options)


class AsyncZdkClient(ZdkCalls, AsyncClient):
    """Mint ZDK user tokens, on asyncio or trio.

    Args:
        api_key: Your company's API key: text, a ``Secret``, or a callable returning one,
            which may be async.
        base_host: The host that ``user.`` is put before. Default: ``dev.zu.casa``, the only
            one that ZDK documents; production has one of its own.
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
        api_key = conceal(api_key)
        if base_host is not None:
            options["base_url"] = _base_url(base_host, base_url_given="base_url" in options)
        strategy = one_strategy(auth, Bearer[AsyncSecretSource], api_key=api_key)
        super().__init__(auth=strategy, **options)
