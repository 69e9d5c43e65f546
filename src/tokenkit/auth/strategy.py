"""The protocols of a strategy, and the checks that every strategy needs."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from .._model.json import type_of
from .._model.messages import Request, header_problem
from .._secret import AsyncSecretSource, Secret, SecretSource
from ..errors import ConfigurationError

__all__ = [
    "PEM",
    "AsyncStrategy",
    "PerSecrets",
    "Strategy",
    "header_secret",
    "refuse",
    "source_problems",
    "text_problem",
]

V = TypeVar("V")

SCHEME = re.compile(r"(bearer|basic|token)[ :]", re.IGNORECASE)
PEM = "-----BEGIN"


class AsyncStrategy(Protocol):
    """A strategy for async clients, whose secret sources may be async."""

    @property
    def secrets(self) -> Sequence[AsyncSecretSource]:
        """The sources of the secrets that :meth:`headers` needs, in order."""
        ...

    @property
    def uses_time(self) -> bool:
        """Whether the vendor refuses requests from a wrong clock."""
        ...

    def headers(
        self, request: Request, secrets: Sequence[Secret], now: float
    ) -> Mapping[str, str]:
        """Return the headers that authenticate a finished request.

        Called for each attempt, after the rest of the request is final.

        Args:
            request: The method, the route and the exact bytes that go out.
            secrets: The resolved secrets, in the order of :attr:`secrets`.
            now: The time, in seconds since 1970.

        Raises:
            ConfigurationError: A secret cannot be used.
        """
        ...


class Strategy(AsyncStrategy, Protocol):
    """A strategy for sync and async clients."""

    @property
    def secrets(self) -> Sequence[SecretSource]:
        """The sources of the secrets that :meth:`headers` needs, in order."""
        ...


class PerSecrets(Generic[V]):
    """Something made from a strategy's secrets, and made again only when they change.

    Checking secrets and preparing keys takes longer than the rest of a strategy's work.

    Args:
        make: Makes it; a plain text that shows a secret must be wrapped in a ``Secret``.
    """

    def __init__(self, make: Callable[[Sequence[Secret]], V]) -> None:
        self._make = make
        self._latest: tuple[Sequence[Secret], V] | None = None

    def __call__(self, secrets: Sequence[Secret]) -> V:
        """Return what the secrets make."""
        given, latest = tuple(secrets), self._latest
        if latest is None or latest[0] != given:
            latest = self._latest = (given, self._make(given))
        return latest[1]


def _any_secret(name: str, secret: Secret) -> None:
    del name, secret


def source_problems(
    sources: Mapping[str, object], check: Callable[[str, Secret], object] = _any_secret
) -> Iterator[str]:
    """Yield what is wrong with secret sources, by name; callables are asked later."""
    for name, source in sources.items():
        if isinstance(source, Secret):
            try:
                check(name, source)
            except ConfigurationError as error:
                yield error.message
        elif not callable(source):
            yield f"{name} must be a string, a Secret or a callable, not {type_of(source)}"


def refuse(strategy: object, problems: Iterable[str]) -> None:
    """Refuse the arguments of a strategy if there are problems.

    Raises:
        ConfigurationError: There are; it names the strategy's class and all of them.
    """
    found = tuple(problems)
    if found:
        raise ConfigurationError(type(strategy).__name__, found)


def header_secret(name: str, secret: Secret, *, spaces: bool = False) -> Secret:
    """Check that a secret can be sent in a header; return it.

    Args:
        name: What the secret is called, for the error.
        secret: The secret.
        spaces: Whether it is free text, which may contain spaces between its words.

    Raises:
        ConfigurationError: It is empty, or contains line breaks or other characters that a
            header cannot carry.
    """
    problem = text_problem(secret) or (None if spaces else _key_problem(secret.reveal()))
    if problem is not None:
        raise ConfigurationError(f"{name} {problem}")
    return secret


def text_problem(secret: Secret) -> str | None:
    """Return why a secret cannot be sent in a header, as a phrase, or ``None``."""
    value = secret.reveal()
    if value and value != value.strip():
        return "begins or ends with whitespace or a line break; strip it"
    return header_problem(value)


def _key_problem(value: str) -> str | None:
    scheme = SCHEME.match(value)
    if scheme is not None:
        return f"starts with {scheme[0]!r}; pass the key alone"
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return "is in quotes, which docker --env-file keeps; remove them"
    if value.startswith(PEM):
        return "is a PEM file; pass the key that the vendor shows"
    return "contains a space" if " " in value else None
