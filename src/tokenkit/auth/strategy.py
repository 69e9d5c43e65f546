"""What a strategy is, and what every strategy needs."""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from .._model.messages import MAX_HEADER, Request
from .._secret import AsyncSecretSource, Secret, SecretSource
from ..errors import ConfigurationError

__all__ = ["AsyncStrategy", "Strategy", "header_secret"]

VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")


class AsyncStrategy(Protocol):
    """A strategy for async clients, whose secret sources may be async."""

    @property
    def secrets(self) -> Sequence[AsyncSecretSource]:
        """The sources of the secrets that :meth:`headers` needs, in its order."""
        ...

    @property
    def uses_time(self) -> bool:
        """Whether a wrong clock makes the vendor refuse the request."""
        ...

    def headers(
        self, request: Request, secrets: Sequence[Secret], now: float
    ) -> Mapping[str, str]:
        """Return the headers that authenticate a finished request.

        Called for each attempt anew, after everything else of the request is settled.

        Args:
            request: The method, the route and the exact bytes that go out.
            secrets: The resolved secrets, in the order of :attr:`secrets`.
            now: The time, in seconds since 1970.

        Raises:
            ConfigurationError: A secret cannot be used.
        """
        ...


class Strategy(AsyncStrategy, Protocol):
    """A strategy for sync and async clients alike."""

    @property
    def secrets(self) -> Sequence[SecretSource]:
        """The sources of the secrets that :meth:`headers` needs, in its order."""
        ...


def header_secret(name: str, secret: Secret, *, spaces: bool = False) -> Secret:
    """Check that a secret can stand in a header; return it.

    Args:
        name: What the secret is called, for the error.
        secret: The secret.
        spaces: Whether it may hold spaces between its words.

    Raises:
        ConfigurationError: It is empty or holds line breaks or other characters that no
            header takes.
    """
    problem = _problem(secret, spaces=spaces)
    if problem is not None:
        raise ConfigurationError(f"{name} {problem}")
    return secret


def _problem(secret: Secret, *, spaces: bool) -> str | None:
    value = secret.reveal()
    if not value:
        return "is empty"
    if len(value) > MAX_HEADER:
        return f"has more than {MAX_HEADER} characters"
    if value != value.strip():
        return "begins or ends with white space or a line break, as from a file; strip it"
    if VISIBLE_ASCII.fullmatch(value.replace(" ", "") if spaces else value):
        return None
    return "holds characters that a header cannot carry: only visible ASCII is accepted"
