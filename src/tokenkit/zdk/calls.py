"""The calls of the ZDK clients."""

from ..extension import operation
from .chats import ChatTokenRequest, ChatTokensRequest
from .events import EventTokenRequest, EventTokensRequest
from .models import UserTokenRequest, UserTokensRequest
from .rooms import RoomTokenRequest, RoomTokensRequest

__all__ = ["ZdkCalls"]


class ZdkCalls:
    """The calls of :class:`ZdkClient` and :class:`AsyncZdkClient`."""

    @operation(UserTokenRequest)
    def create_user_token(self) -> None:
        """Mint a token that opens ZDK's user module in a page.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation, "About User Token".
        """

    @operation(UserTokensRequest)
    def create_user_tokens(self) -> None:
        """Mint many tokens with one request; they come in the order of the requests.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation, "About User Token".
        """

    @operation(RoomTokenRequest)
    def create_room_token(self) -> None:
        """Mint a token that lets a user into a room, from ZDK's room service.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its room tokens.
        """

    @operation(RoomTokensRequest)
    def create_room_tokens(self) -> None:
        """Mint many room tokens with one request; they come in the order of the requests.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its room tokens; it is inferred that there are as many
        tokens as arguments, in the same order.
        """

    @operation(ChatTokenRequest)
    def create_chat_token(self) -> None:
        """Mint a token that lets a user into a chat, from ZDK's chat service.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its chat tokens.
        """

    @operation(ChatTokensRequest)
    def create_chat_tokens(self) -> None:
        """Mint many chat tokens with one request; they come in the order of the requests.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its chat tokens; it is inferred that there are as many
        tokens as arguments, in the same order.
        """

    @operation(EventTokenRequest)
    def create_event_token(self) -> None:
        """Mint a token that lets a user into an event, from ZDK's event service.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its event tokens.
        """

    @operation(EventTokensRequest)
    def create_event_tokens(self) -> None:
        """Mint many event tokens with one request; they come in the order of the requests.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response does not have one token for each request.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: ZDK's documentation of its event tokens; it is inferred that there are as many
        tokens as arguments, in the same order.
        """
