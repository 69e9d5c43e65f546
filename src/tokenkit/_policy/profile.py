"""A vendor as one value: its addresses, its variables, how its failures read."""

from collections.abc import Callable, Mapping

import attrs

from ..errors import APIError, AuthenticationError
from .failure import FailureReader, read_plain_failure
from .retry import RetryRules

__all__ = ["Profile", "Rate"]


@attrs.frozen(kw_only=True)
class Rate:
    """A rate limit that a vendor documents.

    Attributes:
        requests: How many requests are allowed in a span of ``per`` seconds.
        per: The span, in seconds; it may begin at any moment.
    """

    requests: int
    per: float


def is_unauthenticated(error: APIError) -> bool:
    """Tell whether an error is the one of HTTP 401."""
    return isinstance(error, AuthenticationError)


@attrs.frozen(kw_only=True)
class Profile:
    """What the clients of one vendor have in common.

    Attributes:
        vendor: The vendor's name, for messages.
        base_url: The base URL where the caller sets none.
        base_url_variable: The environment variable for another base URL; it wins over
            ``setting_variables``.
        credential_variables: The environment variable of each credential, by the name of the
            client's parameter.
        setting_variables: The environment variable of each optional setting, likewise.
        credential_headers: The headers that only a strategy may set, in lower case.
        request_id_header: The header in which the vendor takes an id for each request.
        blames_credentials: Tells whether an error means that the credentials, the signature or
            its timestamp were refused; a wrong clock may be the cause then.
        retries: Which answers may be tried again.
        rate: The documented rate limit, where no response tells it. Bulk runs keep to it.
        read_failure: Reads the vendor's error bodies.
    """

    vendor: str
    base_url: str
    base_url_variable: str
    credential_variables: Mapping[str, str]
    setting_variables: Mapping[str, str] = attrs.field(factory=dict[str, str])
    credential_headers: frozenset[str] = frozenset({"authorization"})
    request_id_header: str | None = None
    blames_credentials: Callable[[APIError], bool] = is_unauthenticated
    retries: RetryRules = attrs.field(factory=RetryRules)
    rate: Rate | None = None
    read_failure: FailureReader = read_plain_failure
