"""Sealing: encrypting what a store or a journal holds."""

from collections.abc import Iterator, Sequence
from typing import cast

from .._model.frames import ForgetsArguments
from .._model.json import type_of
from .._secret import Secret
from ..errors import ConfigurationError
from .commands import Sealing

__all__ = ["EncryptionKey", "FernetSealing", "NoSealing", "sealing_of"]

EncryptionKey = str | bytes | Secret
"""A Fernet key: 32 bytes in URL-safe base64, as ``Fernet.generate_key()`` makes them."""

MAKE_ONE = "make one with cryptography.fernet.Fernet.generate_key()"


class FernetSealing(metaclass=ForgetsArguments):
    """Encrypts entries with ``cryptography``'s Fernet.

    Args:
        keys: The first key encrypts, all keys decrypt. To rotate, put a new key first, and drop
            the old one once the longest-lived token has expired.

    Raises:
        ConfigurationError: There is no key, a key is not a Fernet key, or ``cryptography`` is not
            installed.
    """

    def __init__(self, keys: Sequence[EncryptionKey]) -> None:
        try:
            from cryptography.fernet import Fernet, InvalidToken, MultiFernet  # noqa: PLC0415 - an extra
        except ModuleNotFoundError:
            problem = (
                "encryption_keys needs cryptography: install tokenkit-sdk[sqlite], "
                "tokenkit-sdk[redis] or tokenkit-sdk[bulk]"
            )
            raise ConfigurationError(type(self).__name__, [problem]) from None
        problems = list(_problems(keys))
        made: list[Fernet] = []
        for number, key in enumerate(() if problems else keys, 1):
            try:
                made.append(Fernet(key.reveal() if isinstance(key, Secret) else key))
            except ValueError:  # noqa: PERF203 - each bad key is named
                problem = f"key {number} is not a Fernet key (32 bytes in URL-safe base64)"
                problems.append(f"encryption_keys: {problem}; {MAKE_ONE}")
        if problems:
            raise ConfigurationError(type(self).__name__, problems)
        self._fernet: MultiFernet = MultiFernet(made)
        self._not_ours = InvalidToken

    def seal(self, content: bytes) -> bytes:
        """Encrypt with the first key."""
        return self._fernet.encrypt(content)

    def open(self, sealed: bytes) -> bytes | None:
        """Decrypt with the key that fits; ``None`` if none does."""
        try:
            return self._fernet.decrypt(sealed)
        except self._not_ours:
            return None

    def __repr__(self) -> str:
        return "FernetSealing()"


def _problems(keys: object) -> Iterator[str]:
    if not isinstance(keys, (list, tuple)):
        found = "a single key" if isinstance(keys, (str, bytes, Secret)) else type_of(keys)
        yield f"encryption_keys must be a list of keys, not {found}"
    elif not keys:
        yield f"encryption_keys must hold at least one key; {MAKE_ONE}"
    else:
        for number, key in enumerate(cast("Sequence[object]", keys), 1):
            if not isinstance(key, (str, bytes, Secret)):
                yield f"encryption_keys: key {number} must be a string, not {type_of(key)}"


class NoSealing:
    """Stores tokens unencrypted: anyone who can read the store can use them."""

    def seal(self, content: bytes) -> bytes:
        """Return the content unchanged."""
        return content

    def open(self, sealed: bytes) -> bytes | None:
        """Return the content unchanged."""
        return sealed

    def __repr__(self) -> str:
        return "NoSealing()"


def sealing_of(
    encryption_keys: Sequence[EncryptionKey] | None, *, allow_unencrypted: bool
) -> Sealing:
    """Return the sealing for a store's arguments.

    Args:
        encryption_keys: See :class:`FernetSealing`.
        allow_unencrypted: Whether tokens may be stored unencrypted.

    Raises:
        ConfigurationError: Neither or both are given, or a key is invalid.
    """
    if encryption_keys is not None and allow_unencrypted:
        raise ConfigurationError("pass either encryption_keys or allow_unencrypted, not both")
    if encryption_keys is not None:
        return FernetSealing(encryption_keys)
    if allow_unencrypted is not True:
        raise ConfigurationError(
            f"pass encryption_keys=[...] ({MAKE_ONE}); or, if everyone who can read the store "
            "may use its tokens, allow_unencrypted=True"
        )
    return NoSealing()
