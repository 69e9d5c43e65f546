"""The calls of the Strigo clients."""

from ..extension import operation
from .models import HealthRequest, UserTokenRequest

__all__ = ["StrigoCalls"]


class StrigoCalls:
    """The calls of :class:`StrigoClient` and :class:`AsyncStrigoClient`."""

    @operation(UserTokenRequest)
    def create_user_token(self) -> None:
        """Mint a token that identifies one learner to Strigo's browser SDK.

        A new learner is registered. A token can't be revoked; it is valid until it expires.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            UnprocessableError: Strigo refuses an argument; ``errors`` says which.
            AuthenticationError: The organisation id or the key is wrong.
            RateLimitError: Too many requests; ``retry_after`` says how long to wait.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: Strigo's API documentation, "SDK User token".
        """

    @operation(HealthRequest)
    def check_health(self) -> None:
        """Check that Strigo works and accepts the credentials.

        Raises:
            AuthenticationError: The organisation id or the key is wrong.
            TokenKitError: Any other failure; see :meth:`Client.send`.

        Source: Strigo's API documentation, "Health".
        """
