"""A vendor as one value: its addresses, its variables, how its failures read."""

from collections.abc import Mapping

import attrs

from ._failure import FailureReader, read_plain_failure
from ._retry import RetryRules

__all__ = ["Profile"]


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
        retries: Which answers may be tried again.
        read_failure: Reads the vendor's error bodies.
    """

    vendor: str
    base_url: str
    base_url_variable: str
    credential_variables: Mapping[str, str]
    setting_variables: Mapping[str, str] = attrs.field(factory=dict[str, str])
    credential_headers: frozenset[str] = frozenset({"authorization"})
    request_id_header: str | None = None
    retries: RetryRules = attrs.field(factory=RetryRules)
    read_failure: FailureReader = read_plain_failure
