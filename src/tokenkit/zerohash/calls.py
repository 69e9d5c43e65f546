"""What the zerohash clients can do."""

from ..extension import operation
from .models import ClientAuthTokenRequest, RevokeAuthTokenRequest, TimeRequest

__all__ = ["ZeroHashCalls"]


class ZeroHashCalls:
    """The calls of :class:`ZeroHashClient` and :class:`AsyncZeroHashClient`."""

    @operation(ClientAuthTokenRequest)
    def create_client_auth_token(self) -> None:
        """Mint a client access token for one of your end users.

        The token lasts 1 hour, or 5 minutes with ``crypto-withdrawals``. A mint whose response
        was lost is repeated only if it cannot have opened a payment.

        Raises:
            InvalidInputError: An argument is not valid; nothing was sent.
            BadRequestError: zerohash rejected an argument; ``errors`` tells which.
            AuthenticationError: A credential, the signature or the timestamp was refused.
            ManualApprovalError: A payment needs a manual approval.
            MissingRequirementsError: The participant lacks data that a payment needs.
            TokenKitError: Anything else that can go wrong; see :meth:`Client.send`.

        Source: zerohash's API reference, "Generate a client access token".
        """

    @operation(RevokeAuthTokenRequest)
    def revoke_client_auth_token(self) -> None:
        """Revoke a client access token.

        Raises:
            InvalidInputError: The token is not a JWT with a ``jti`` claim; nothing was sent.
            TokenKitError: Anything else that can go wrong; see :meth:`Client.send`.

        Source: zerohash's API reference, "Revoke a client access token".
        """

    @operation(TimeRequest)
    def get_time(self) -> None:
        """Ask for zerohash's clock. No credentials are sent.

        Raises:
            TokenKitError: Something went wrong; see :meth:`Client.send`.

        Source: zerohash's API reference, "Get time".
        """
