# Made from the request models by `nox -s stubs`; don't edit it by hand.
"""ZDK's clients."""

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
from .chats import ChatToken, ChatTokenRequest
from .events import EventToken, EventTokenRequest
from .models import UserToken, UserTokenRequest
from .rooms import RoomToken, RoomTokenRequest

__all__ = ["AsyncZdkClient", "ZdkClient"]

class ZdkClient(Client):
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

    def __init__(
        self,
        *,
        api_key: SecretSource | None = None,
        base_host: str | None = None,
        auth: Strategy | None = None,
        **options: Unpack[ClientOptions],
    ) -> None: ...
    def create_user_token(
        self,
        *,
        id: str,
        nickname: str | None = None,
        fullname: str | None = None,
        avatar: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
        permissions: Iterable[int | str] | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> UserToken:
        """Mint a token that opens ZDK's user module in a page.

        Args:
            id: The user's id in your system; every sample sends a UUID.
            nickname: The user's nickname; may be empty.
            fullname: The user's full name; may be empty.
            avatar: The user's avatar; may be empty.
            metadata: Anything else about the user; string values are the safe choice.
            permissions: What the user may do, as numbers or names: :data:`CHAT_PERMISSION`,
                :data:`ALL_PERMISSIONS`. Default: not sent.
            extra: Fields that ZDK added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation, "About User Token".
        """

    def create_user_tokens(
        self, *, requests: Iterable[UserTokenRequest], extra: Mapping[str, JSON] = ...
    ) -> tuple[UserToken, ...]:
        """Mint many tokens with one request; they come in the order of the requests.

        Args:
            requests: One for each token.
            extra: Fields that ZDK added later, beside ``arguments``.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation, "About User Token".
        """

    def create_room_token(
        self,
        *,
        user_id: str,
        room_id: str,
        metadata: Mapping[str, JSON] | None = None,
        permissions: Iterable[int | str] | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> RoomToken:
        """Mint a token that lets a user into a room, from ZDK's room service.

        Args:
            user_id: The user's id in your system.
            room_id: The room's id.
            metadata: Anything else about the user; string values are the safe choice.
            permissions: What the user may do in the room, as names or numbers. Default: not sent.
            extra: Fields that ZDK added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its room tokens.
        """

    def create_room_tokens(
        self, *, requests: Iterable[RoomTokenRequest], extra: Mapping[str, JSON] = ...
    ) -> tuple[RoomToken, ...]:
        """Mint many room tokens with one request; they come in the order of the requests.

        Args:
            requests: One for each token.
            extra: Fields that ZDK added later, beside ``arguments``.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its room tokens; it is inferred that there are as many
        tokens as arguments, in the same order.
        """

    def create_chat_token(
        self,
        *,
        user_id: str,
        chat_id: str,
        metadata: Mapping[str, JSON] | None = None,
        permissions: Iterable[int | str] | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> ChatToken:
        """Mint a token that lets a user into a chat, from ZDK's chat service.

        Args:
            user_id: The user's id in your system.
            chat_id: The chat's id.
            metadata: Anything else about the user; string values are the safe choice.
            permissions: What the user may do in the chat, as names or numbers. Default: not sent.
            extra: Fields that ZDK added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its chat tokens.
        """

    def create_chat_tokens(
        self, *, requests: Iterable[ChatTokenRequest], extra: Mapping[str, JSON] = ...
    ) -> tuple[ChatToken, ...]:
        """Mint many chat tokens with one request; they come in the order of the requests.

        Args:
            requests: One for each token.
            extra: Fields that ZDK added later, beside ``arguments``.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its chat tokens; it is inferred that there are as many
        tokens as arguments, in the same order.
        """

    def create_event_token(
        self,
        *,
        user_id: str,
        event_id: str,
        metadata: Mapping[str, JSON] | None = None,
        permissions: Iterable[int | str] | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> EventToken:
        """Mint a token that lets a user into an event, from ZDK's event service.

        Args:
            user_id: The user's id in your system.
            event_id: The event's id.
            metadata: Anything else about the user; string values are the safe choice.
            permissions: What the user may do at the event, as names or numbers. Default: not sent.
            extra: Fields that ZDK added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its event tokens.
        """

    def create_event_tokens(
        self, *, requests: Iterable[EventTokenRequest], extra: Mapping[str, JSON] = ...
    ) -> tuple[EventToken, ...]:
        """Mint many event tokens with one request; they come in the order of the requests.

        Args:
            requests: One for each token.
            extra: Fields that ZDK added later, beside ``arguments``.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its event tokens; it is inferred that there are as many
        tokens as arguments, in the same order.
        """

class AsyncZdkClient(AsyncClient):
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

    def __init__(
        self,
        *,
        api_key: AsyncSecretSource | None = None,
        base_host: str | None = None,
        auth: AsyncStrategy | None = None,
        **options: Unpack[AsyncClientOptions],
    ) -> None: ...
    async def create_user_token(
        self,
        *,
        id: str,
        nickname: str | None = None,
        fullname: str | None = None,
        avatar: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
        permissions: Iterable[int | str] | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> UserToken:
        """Mint a token that opens ZDK's user module in a page.

        Args:
            id: The user's id in your system; every sample sends a UUID.
            nickname: The user's nickname; may be empty.
            fullname: The user's full name; may be empty.
            avatar: The user's avatar; may be empty.
            metadata: Anything else about the user; string values are the safe choice.
            permissions: What the user may do, as numbers or names: :data:`CHAT_PERMISSION`,
                :data:`ALL_PERMISSIONS`. Default: not sent.
            extra: Fields that ZDK added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation, "About User Token".
        """

    async def create_user_tokens(
        self, *, requests: Iterable[UserTokenRequest], extra: Mapping[str, JSON] = ...
    ) -> tuple[UserToken, ...]:
        """Mint many tokens with one request; they come in the order of the requests.

        Args:
            requests: One for each token.
            extra: Fields that ZDK added later, beside ``arguments``.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation, "About User Token".
        """

    async def create_room_token(
        self,
        *,
        user_id: str,
        room_id: str,
        metadata: Mapping[str, JSON] | None = None,
        permissions: Iterable[int | str] | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> RoomToken:
        """Mint a token that lets a user into a room, from ZDK's room service.

        Args:
            user_id: The user's id in your system.
            room_id: The room's id.
            metadata: Anything else about the user; string values are the safe choice.
            permissions: What the user may do in the room, as names or numbers. Default: not sent.
            extra: Fields that ZDK added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its room tokens.
        """

    async def create_room_tokens(
        self, *, requests: Iterable[RoomTokenRequest], extra: Mapping[str, JSON] = ...
    ) -> tuple[RoomToken, ...]:
        """Mint many room tokens with one request; they come in the order of the requests.

        Args:
            requests: One for each token.
            extra: Fields that ZDK added later, beside ``arguments``.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its room tokens; it is inferred that there are as many
        tokens as arguments, in the same order.
        """

    async def create_chat_token(
        self,
        *,
        user_id: str,
        chat_id: str,
        metadata: Mapping[str, JSON] | None = None,
        permissions: Iterable[int | str] | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> ChatToken:
        """Mint a token that lets a user into a chat, from ZDK's chat service.

        Args:
            user_id: The user's id in your system.
            chat_id: The chat's id.
            metadata: Anything else about the user; string values are the safe choice.
            permissions: What the user may do in the chat, as names or numbers. Default: not sent.
            extra: Fields that ZDK added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its chat tokens.
        """

    async def create_chat_tokens(
        self, *, requests: Iterable[ChatTokenRequest], extra: Mapping[str, JSON] = ...
    ) -> tuple[ChatToken, ...]:
        """Mint many chat tokens with one request; they come in the order of the requests.

        Args:
            requests: One for each token.
            extra: Fields that ZDK added later, beside ``arguments``.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its chat tokens; it is inferred that there are as many
        tokens as arguments, in the same order.
        """

    async def create_event_token(
        self,
        *,
        user_id: str,
        event_id: str,
        metadata: Mapping[str, JSON] | None = None,
        permissions: Iterable[int | str] | None = None,
        extra: Mapping[str, JSON] = ...,
    ) -> EventToken:
        """Mint a token that lets a user into an event, from ZDK's event service.

        Args:
            user_id: The user's id in your system.
            event_id: The event's id.
            metadata: Anything else about the user; string values are the safe choice.
            permissions: What the user may do at the event, as names or numbers. Default: not sent.
            extra: Fields that ZDK added later.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its event tokens.
        """

    async def create_event_tokens(
        self, *, requests: Iterable[EventTokenRequest], extra: Mapping[str, JSON] = ...
    ) -> tuple[EventToken, ...]:
        """Mint many event tokens with one request; they come in the order of the requests.

        Args:
            requests: One for each token.
            extra: Fields that ZDK added later, beside ``arguments``.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its event tokens; it is inferred that there are as many
        tokens as arguments, in the same order.
        """
