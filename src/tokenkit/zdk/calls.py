"""What the ZDK clients can do."""

from ..extension import operation
from .models import UserTokenRequest, UserTokensRequest

__all__ = ["ZdkCalls"]


class ZdkCalls:
    """The calls of :class:`ZdkClient` and :class:`AsyncZdkClient`."""

    @operation(UserTokenRequest)
    def create_user_token(self) -> None:
        """Mint a token with which a page opens ZDK's user module.

        Raises:
            InvalidInputError: An argument is not valid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response has no token.
            TokenKitError: Anything else that can go wrong; see :meth:`Client.send`.

        Source: ZDK's documentation, "About User Token".
        """

    @operation(UserTokensRequest)
    def create_user_tokens(self) -> None:
        """Mint many tokens with one request; they come in the order of the requests.

        Raises:
            InvalidInputError: An argument is not valid; nothing was sent.
            AuthenticationError: The key is wrong.
            DecodeError: The response doesn't have one token for each request.
            TokenKitError: Anything else that can go wrong; see :meth:`Client.send`.

        Source: ZDK's documentation, "About User Token".
        """
