"""An organisation's id and key, sent as one bearer token."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from .._model.frames import ForgetsArguments
from .._model.messages import Request
from .._secret import AsyncSecretSource, Secret, conceal
from ..errors import ConfigurationError
from .strategy import PerSecrets, header_secret, refuse, source_problems

__all__ = ["OrgKey"]

S = TypeVar("S", bound=AsyncSecretSource)

NAMES = ("org_id", "api_key")


class OrgKey(Generic[S], metaclass=ForgetsArguments):
    """Send ``Authorization: Bearer <org_id>:<api_key>``, the raw pair.

    Args:
        org_id: The organisation's id.
        api_key: The organisation's key. Each is a string, a ``Secret``, or a callable that
            returns one.

    Raises:
        ConfigurationError: One of them cannot be sent in a header, or the id contains a
            colon.
    """

    uses_time = False

    def __init__(self, org_id: S, api_key: S) -> None:
        self.secrets: Sequence[S | Secret] = (conceal(org_id), conceal(api_key))
        refuse(self, source_problems(dict(zip(NAMES, self.secrets, strict=True)), _checked))
        secrets = [source for source in self.secrets if isinstance(source, Secret)]
        if len(secrets) == len(NAMES):
            refuse(self, _pair_problems(*secrets))
        self._header = PerSecrets(_header)

    def headers(
        self,
        request: Request,  # noqa: ARG002 - the pair alone authenticates
        secrets: Sequence[Secret],
        now: float,  # noqa: ARG002 - the pair alone authenticates
    ) -> Mapping[str, str]:
        """Return the ``Authorization`` header."""
        return {"authorization": self._header(secrets).reveal()}


def _checked(name: str, secret: Secret) -> Secret:
    header_secret(name, secret)
    if name == "org_id" and ":" in secret.reveal():
        raise ConfigurationError("org_id contains a colon, which separates it from the api_key")
    return secret


def _pair_problems(org_id: Secret, api_key: Secret) -> Iterator[str]:
    if api_key.reveal().startswith(f"{org_id.reveal()}:"):
        yield "api_key starts with the org_id; pass the key alone"


def _header(secrets: Sequence[Secret]) -> Secret:
    org_id, api_key = (_checked(name, secret) for name, secret in zip(NAMES, secrets, strict=True))
    for problem in _pair_problems(org_id, api_key):
        raise ConfigurationError(problem)
    return Secret(f"Bearer {org_id.reveal()}:{api_key.reveal()}")
