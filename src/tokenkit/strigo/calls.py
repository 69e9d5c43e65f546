"""What the Strigo clients can do."""

from ..extension import operation
from .models import HealthRequest, UserTokenRequest

__all__ = ["StrigoCalls"]


class StrigoCalls:
    """The calls of :class:`StrigoClient` and :class:`AsyncStrigoClient`."""

    @operation(UserTokenRequest)
    def create_user_token(self) -> None:
        """Mint a token that identifies one learner to Strigo's browser SDK.

        The learner is registered if they are new. There is no revocation: a token ends at its
        expiration.

        Args:
            email: The learner's unique e-mail.
            name: The learner's name. Default: empty.
            external_user_id: The learner's id in your system. Default: empty.
            expiration: When the token ends: a datetime with a time zone, or a timedelta. At
                most 2 months ahead. Default: 2 months.
            groups: The groups of the learner. Default: none.
            extra: Fields that Strigo added later.

        Raises:
            InvalidInputError: An argument is not valid; nothing was sent.
            UnprocessableError: Strigo refuses an argument; ``errors`` tells which.
            AuthenticationError: The organisation id or the key is wrong.
            RateLimitError: Too many requests; ``retry_after`` tells how long to wait.
            TokenKitError: Everything else that can go wrong; see :meth:`Client.send`.

        Source: Strigo's API documentation, "SDK User token".
        """

    @operation(HealthRequest)
    def check_health(self) -> None:
        """Check that Strigo works and accepts the credentials.

        Raises:
            AuthenticationError: The organisation id or the key is wrong.
            TokenKitError: Everything else that can go wrong; see :meth:`Client.send`.

        Source: Strigo's API documentation, "Health".
        """
