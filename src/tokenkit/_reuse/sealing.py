"""Sealing: encrypting what a store or a journal holds."""

from collections.abc import Sequence
from typing import cast

from .._model.frames import ForgetsArguments
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
            raise ConfigurationError(
                "encryption_keys needs cryptography: install tokenkit-sdk[sqlite], "
                "tokenkit-sdk[redis] or tokenkit-sdk[bulk]"
            ) from None
        problem = _problem(keys)
        if problem is not None:
            raise ConfigurationError(f"encryption_keys {problem}")
        made: list[Fernet] = []
        try:
            for key in keys:
                made.append(Fernet(key.reveal() if isinstance(key, Secret) else key))  # noqa: PERF401 - counted
        except ValueError:
            problem = f"key {len(made) + 1} is not a Fernet key (32 bytes in URL-safe base64)"
        if problem is not None:
            raise ConfigurationError(f"encryption_keys: {problem}; {MAKE_ONE}")
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


def _problem(keys: object) -> str | None:
    if isinstance(keys, (str, bytes, Secret)):
        return "must be a list of keys, not a single key"
    if not isinstance(keys, (list, tuple)):
        return f"must be a list of keys, not {type(keys).__name__}"
    if not keys:
        return f"must hold at least one key; {MAKE_ONE}"
    for number, key in enumerate(cast("Sequence[object]", keys), 1):
        if not isinstance(key, (str, bytes, Secret)):
            return f": key {number} must be a string, not {type(key).__name__}"
    return None


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
