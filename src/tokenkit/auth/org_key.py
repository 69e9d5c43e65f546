"""An organisation's id and its key, sent as one bearer token."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from .._model.messages import Request
from .._secret import AsyncSecretSource, Secret, conceal
from ..errors import ConfigurationError
from .strategy import header_secret

__all__ = ["OrgKey"]

S = TypeVar("S", bound=AsyncSecretSource)


class OrgKey(Generic[S]):
    """Send ``Authorization: Bearer <org_id>:<api_key>``, the raw pair.

    Args:
        org_id: The organisation's id.
        api_key: The organisation's key. Either is text, a ``Secret``, or a callable that
            returns one.

    Raises:
        ConfigurationError: One of them cannot stand in a header, or the id holds a colon.
    """

    uses_time = False

    def __init__(self, org_id: S, api_key: S) -> None:
        self.secrets: Sequence[S | Secret] = (conceal(org_id), conceal(api_key))
        del org_id, api_key
        for name, source in zip(("org_id", "api_key"), self.secrets, strict=True):
            if isinstance(source, Secret):
                _checked(name, source)

    def headers(
        self,
        request: Request,  # noqa: ARG002 - the pair alone authenticates
        secrets: Sequence[Secret],
        now: float,  # noqa: ARG002 - likewise
    ) -> Mapping[str, str]:
        """Return the ``Authorization`` header."""
        org_id, api_key = _checked("org_id", secrets[0]), _checked("api_key", secrets[1])
        return {"authorization": f"Bearer {org_id.reveal()}:{api_key.reveal()}"}


def _checked(name: str, secret: Secret) -> Secret:
    header_secret(name, secret)
    if name == "org_id" and ":" in secret.reveal():
        raise ConfigurationError("org_id holds a colon, which separates it from the api_key")
    return secret
