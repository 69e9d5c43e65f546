"""Strigo's clients."""

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
from .calls import StrigoCalls
from .profile import PROFILE

__all__ = ["AsyncStrigoClient", "StrigoClient"]


class StrigoClient(StrigoCalls, Client):
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

    profile = PROFILE

    def __init__(
        self,
        *,
        org_id: SecretSource | None = None,
        api_key: SecretSource | None = None,
        auth: Strategy | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        super().__init__(
            auth=auth,
            credentials={"org_id": org_id, "api_key": api_key},
            **options,
        )


class AsyncStrigoClient(StrigoCalls, AsyncClient):
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

    profile = PROFILE

    def __init__(
        self,
        *,
        org_id: AsyncSecretSource | None = None,
        api_key: AsyncSecretSource | None = None,
        auth: AsyncStrategy | None = None,
        **options: Unpack[AsyncClientOptions],
    ) -> None:
        super().__init__(
            auth=auth,
            credentials={"org_id": org_id, "api_key": api_key},
            **options,
        )
