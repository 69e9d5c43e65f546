"""Bearer tokens."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from .._model.messages import Request
from .._secret import AsyncSecretSource, Secret, conceal
from .strategy import header_secret

__all__ = ["Bearer"]

S = TypeVar("S", bound=AsyncSecretSource)


class Bearer(Generic[S]):
    """Send ``Authorization: Bearer <api_key>``.

    Args:
        api_key: The key: text, a ``Secret``, or a callable that returns one.

    Raises:
        ConfigurationError: The key cannot stand in a header.
    """

    uses_time = False

    def __init__(self, api_key: S) -> None:
        self.secrets: Sequence[S | Secret] = (conceal(api_key),)
        del api_key
        for source in self.secrets:
            if isinstance(source, Secret):
                header_secret("api_key", source)

    def headers(
        self,
        request: Request,  # noqa: ARG002 - the key alone authenticates
        secrets: Sequence[Secret],
        now: float,  # noqa: ARG002 - likewise
    ) -> Mapping[str, str]:
        """Return the ``Authorization`` header."""
        key = header_secret("api_key", secrets[0])
        return {"authorization": f"Bearer {key.reveal()}"}
