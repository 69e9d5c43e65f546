"""The vendor's responses, encrypted, for a journal that keeps tokens."""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, Protocol

import attrs

from .._model.json import JSON, dump_json, load_json
from .._model.messages import Headers, ResponseInfo
from .._secret import Secret
from ..errors import ConfigurationError

__all__ = ["Kept", "Sealer", "open_sealer"]


@attrs.frozen
class Kept:
    """A response's body with its circumstances, from which a call reads its value again."""

    body: JSON = attrs.field(repr=False)
    response: ResponseInfo


class Sealer(Protocol):
    """Encrypts responses, each for the entry of one call."""

    def seal(self, key: bytes, kept: Kept) -> bytes:
        """Encrypt."""
        ...

    def unseal(self, key: bytes, sealed: bytes) -> Kept | None:
        """Decrypt; ``None`` for what was not encrypted for this entry with one of the keys."""
        ...

    def check(self) -> bytes:
        """Return something by which the keys are known again."""
        ...

    def made(self, check: bytes) -> bool:
        """Tell whether one of the keys made a :meth:`check`."""
        ...


def open_sealer(keys: Sequence[Secret]) -> Sealer:
    """Return what encrypts with the first of some Fernet keys and decrypts with all.

    Raises:
        ConfigurationError: A key is none, or cryptography is not installed.
    """
    try:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise ConfigurationError(
            "encryption_keys need cryptography: python -m pip install 'tokenkit-sdk[bulk]'"
        ) from None
    try:
        return _FernetSealer(MultiFernet([Fernet(key.reveal()) for key in keys]))
    except ValueError:
        pass
    raise ConfigurationError("encryption_keys: each must be made by Fernet.generate_key()")


class _FernetSealer:
    def __init__(self, fernet: Any) -> None:
        self._fernet = fernet

    def seal(self, key: bytes, kept: Kept) -> bytes:
        """Encrypt; the entry's key is inside, so that no entry opens in another's place."""
        response = kept.response
        circumstances: list[JSON] = [
            response.status,
            dict(response.headers),
            response.received_at.timestamp(),
            response.origin,
        ]
        sealed: bytes = self._fernet.encrypt(key + dump_json([kept.body, *circumstances]))
        return sealed

    def unseal(self, key: bytes, sealed: bytes) -> Kept | None:
        """Decrypt."""
        plain = self._decrypted(sealed)
        if plain is None or not plain.startswith(key):
            return None
        try:
            return _read(plain[len(key) :])
        except ValueError:  # of another shape: written by another version
            return None

    def check(self) -> bytes:
        """Encrypt nothing."""
        sealed: bytes = self._fernet.encrypt(b"")
        return sealed

    def made(self, check: bytes) -> bool:
        """Tell whether nothing comes out."""
        return self._decrypted(check) == b""

    def _decrypted(self, sealed: bytes) -> bytes | None:
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - an extra

        try:
            plain: bytes = self._fernet.decrypt(sealed)
        except InvalidToken:
            return None
        return plain


def _read(plain: bytes) -> Kept:
    content: Any = load_json(plain)
    body, status, headers, received_at, origin = content
    received = datetime.fromtimestamp(received_at, timezone.utc)
    response = ResponseInfo(
        status=status, headers=Headers(headers), received_at=received, origin=origin
    )
    return Kept(body, response)
