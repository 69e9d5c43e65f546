"""Requests signed with HMAC-SHA256."""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

import attrs

from .._model.messages import MAX_HEADER, Request
from .._secret import AsyncSecretSource, Secret, conceal
from ..errors import ConfigurationError
from .strategy import header_secret

__all__ = ["HmacScheme", "HmacSigner"]

S = TypeVar("S", bound=AsyncSecretSource)


@attrs.frozen(kw_only=True)
class HmacScheme:
    """How one vendor wants requests signed.

    Attributes:
        api_key_header: The header for the public key.
        signature_header: The header for the signature, in base64.
        timestamp_header: The header for the time that was signed, in whole seconds.
        passphrase_header: The header for the passphrase.
        canonical_text: Makes the bytes to sign, from the timestamp and the request.
    """

    api_key_header: str
    signature_header: str
    timestamp_header: str
    passphrase_header: str
    canonical_text: Callable[[str, Request], bytes]


class HmacSigner(Generic[S]):
    """Sign each request with HMAC-SHA256 under a key given in base64.

    Args:
        api_key: The public key.
        private_key: The signing key in base64, as the vendor shows it; it is decoded first.
        passphrase: The passphrase that was chosen for the key. Each of the three is text, a
            ``Secret``, or a callable that returns one.
        scheme: The vendor's header names and the text to sign.

    Raises:
        ConfigurationError: A credential cannot stand in a header, or the private key is not
            base64.
    """

    uses_time = True

    def __init__(self, api_key: S, private_key: S, passphrase: S, *, scheme: HmacScheme) -> None:
        self.secrets: Sequence[S | Secret] = (
            conceal(api_key),
            conceal(private_key),
            conceal(passphrase),
        )
        self.scheme = scheme
        del api_key, private_key, passphrase
        self._keyed: _Keyed | None = None
        for check, source in zip(CHECKS, self.secrets, strict=True):
            if isinstance(source, Secret):
                check(source)

    def headers(
        self, request: Request, secrets: Sequence[Secret], now: float
    ) -> Mapping[str, str]:
        """Return the key, the signature, the timestamp and the passphrase."""
        keyed = self._keyed
        # To check the secrets and prepare the key takes 2.5 times as long as to sign.
        if keyed is None or keyed.secrets != tuple(secrets):
            keyed = self._keyed = _keyed(secrets)
        api_key, _, passphrase = keyed.secrets
        timestamp = str(int(now))
        return {
            self.scheme.api_key_header: api_key.reveal(),
            self.scheme.signature_header: keyed.sign(
                self.scheme.canonical_text(timestamp, request)
            ),
            self.scheme.timestamp_header: timestamp,
            self.scheme.passphrase_header: passphrase.reveal(),
        }


@attrs.frozen(eq=False, repr=False)
class _Keyed:
    """Checked secrets, and the state of HMAC under their key."""

    secrets: tuple[Secret, ...]
    start: hmac.HMAC = attrs.field(repr=False)

    def sign(self, text: bytes) -> str:
        state = self.start.copy()
        state.update(text)
        return b64encode(state.digest()).decode("ascii")


def _keyed(secrets: Sequence[Secret]) -> _Keyed:
    for check, secret in zip(CHECKS, secrets, strict=True):
        check(secret)
    key = b64decode(secrets[1].reveal(), validate=True)
    start = hmac.new(key, digestmod=hashlib.sha256)
    del key
    return _Keyed(tuple(secrets), start)


def _check_api_key(api_key: Secret) -> None:
    header_secret("api_key", api_key)


def _check_private_key(private_key: Secret) -> None:
    problem = _private_key_problem(private_key)
    if problem is not None:
        raise ConfigurationError(f"private_key {problem}")


def _private_key_problem(private_key: Secret) -> str | None:
    text = private_key.reveal()
    if not text:
        return "is empty"
    if len(text) > MAX_HEADER:
        return f"has more than {MAX_HEADER} characters"
    if text != "".join(text.split()):
        return "holds white space or a line break, as from a file; strip it"
    if _is_base64(text):
        return None
    return (
        "is not base64: pass it as the vendor shows it (standard alphabet, padded with '='), "
        "neither decoded nor cut"
    )


def _is_base64(text: str) -> bool:
    try:
        return bool(b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


def _check_passphrase(passphrase: Secret) -> None:
    header_secret("passphrase", passphrase, spaces=True)


CHECKS = (_check_api_key, _check_private_key, _check_passphrase)
