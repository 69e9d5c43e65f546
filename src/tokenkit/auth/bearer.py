"""Bearer tokens."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from .._model.frames import ForgetsArguments
from .._model.messages import Request
from .._secret import AsyncSecretSource, Secret, conceal
from .strategy import PerSecrets, header_secret, refuse, source_problems

__all__ = ["Bearer"]

S = TypeVar("S", bound=AsyncSecretSource)


class Bearer(Generic[S], metaclass=ForgetsArguments):
    """Send ``Authorization: Bearer <api_key>``.

    Args:
        api_key: The key: a string, a ``Secret``, or a callable that returns one.

    Raises:
        ConfigurationError: The key cannot be sent in a header.
    """

    uses_time = False

    def __init__(self, api_key: S) -> None:
        self.secrets: Sequence[S | Secret] = (conceal(api_key),)
        refuse(self, source_problems({"api_key": self.secrets[0]}, header_secret))
        self._header = PerSecrets(_header)

    def headers(
        self,
        request: Request,  # noqa: ARG002 - the key alone authenticates
        secrets: Sequence[Secret],
        now: float,  # noqa: ARG002 - the key alone authenticates
    ) -> Mapping[str, str]:
        """Return the ``Authorization`` header."""
        return {"authorization": self._header(secrets).reveal()}


def _header(secrets: Sequence[Secret]) -> Secret:
    key = header_secret("api_key", secrets[0])
    return Secret(f"Bearer {key.reveal()}")
