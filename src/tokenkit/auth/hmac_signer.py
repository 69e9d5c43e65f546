"""Requests signed with HMAC-SHA256."""

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Generic, Literal, TypeVar, cast

import attrs

from .._model.checks import choice_problem
from .._model.frames import ForgetsArguments
from .._model.json import is_tuple, type_of
from .._model.messages import HEADER_NAME, MAX_HEADER, Request
from .._secret import AsyncSecretSource, Secret, conceal
from ..errors import ConfigurationError
from .strategy import PEM, PerSecrets, header_secret, refuse, source_problems

__all__ = ["HmacScheme", "HmacSigner"]

S = TypeVar("S", bound=AsyncSecretSource)

FORMATS = {"key_format": ("base64", "text"), "signature_format": ("base64", "hex")}
URL_SAFE = re.compile(r"[A-Za-z0-9_-]+={0,2}")


def _plain_text(timestamp: str, request: Request) -> bytes:
    return f"{timestamp}{request.method}{request.route}".encode() + request.body


@attrs.frozen(kw_only=True)
class HmacScheme:
    """How a vendor requires requests to be signed.

    Attributes:
        api_key_header: The header for the public key.
        signature_header: The header for the signature.
        timestamp_header: The header for the time that was signed, in whole seconds.
        passphrase_header: The header for the passphrase; ``None`` for a vendor without one.
        key_format: ``base64`` for a key that is decoded first, ``text`` for one that is used
            undecoded, in UTF-8.
        signature_format: ``base64``, or ``hex`` for lower-case hexadecimal.
        canonical_text: Returns the bytes to sign, given the timestamp and the request. Default:
            the timestamp, the method, the path with its query, and the body, if there is one.
        credential_names: The vendor's names for the API key, the signing key and the
            passphrase, if there is one.

    A scheme is a profile's ``strategy``: called with credentials by the vendor's names, it returns
    their :class:`HmacSigner`.

    Raises:
        ConfigurationError: A format or a header's name is invalid, a header's name occurs twice,
            or ``credential_names`` doesn't have as many names.
    """

    api_key_header: str
    signature_header: str
    timestamp_header: str
    passphrase_header: str | None = None
    key_format: Literal["base64", "text"] = "base64"
    signature_format: Literal["base64", "hex"] = "base64"
    canonical_text: Callable[[str, Request], bytes] = _plain_text
    credential_names: tuple[str, ...] = ("api_key", "private_key", "passphrase")

    def __attrs_post_init__(self) -> None:
        refuse(self, self._problems())

    def _problems(self) -> Iterator[str]:
        for option, formats in FORMATS.items():
            if problem := choice_problem(getattr(self, option), formats):
                yield f"{option} {problem}"
        headers: dict[str, object] = {
            option: getattr(self, option)
            for option in ("api_key_header", "signature_header", "timestamp_header")
        }
        if self.passphrase_header is not None:
            headers["passphrase_header"] = self.passphrase_header
        for option, name in headers.items():
            if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
                yield f"{option} must be a header's name: letters, digits and hyphens"
        yield from _shared_headers(headers)
        if not callable(self.canonical_text):
            yield f"canonical_text must be a function, not {type_of(self.canonical_text)}"
        names = cast("object", self.credential_names)
        if not is_tuple(names) or not all(isinstance(name, str) for name in names):
            yield "credential_names must be a tuple of strings"
        elif len(self.names) != (3 if self.passphrase_header else 2):
            yield (
                "credential_names must name the API key, the signing key and, with a "
                "passphrase_header, the passphrase"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The vendor's names for its credentials."""
        return self.credential_names[: 3 if self.passphrase_header else 2]

    def __call__(self, **credentials: S) -> "HmacSigner[S]":
        """Return the signer for credentials by the vendor's names.

        Raises:
            ConfigurationError: They have other names, or can't be used: see :class:`HmacSigner`.
        """
        if credentials.keys() != set(self.names):
            wanted, given = " and ".join(self.names), " and ".join(credentials) or "nothing"
            refuse(self, [f"the scheme signs with {wanted}, not with {given}"])
        return HmacSigner(*[credentials[name] for name in self.names], scheme=self)

    def check(self, name: str, secret: Secret) -> None:
        """Check one of the credentials.

        Raises:
            ConfigurationError: It cannot be used.
        """
        position = self.names.index(name)
        if position != 1:
            header_secret(name, secret, spaces=position == 2)  # noqa: PLR2004 - the third name
            return
        problem = _key_problem(secret.reveal(), self.key_format)
        if problem is not None:
            raise ConfigurationError(f"{name} {problem}")

    def key_bytes(self, secret: Secret) -> bytes:
        """Return the signing key's bytes."""
        text = secret.reveal()
        return text.encode() if self.key_format == "text" else b64decode(text, validate=True)

    def signature(self, digest: bytes) -> str:
        """Write a signature in the vendor's format."""
        return digest.hex() if self.signature_format == "hex" else b64encode(digest).decode()


class HmacSigner(Generic[S], metaclass=ForgetsArguments):
    """Sign each request with HMAC-SHA256.

    Args:
        api_key: The public key.
        private_key: The signing key, as the vendor shows it.
        passphrase: The passphrase, if the scheme has one. Each of the three is a string, a
            ``Secret``, or a callable that returns one.
        scheme: The vendor's header names, formats, and text to sign.

    Raises:
        ConfigurationError: A credential cannot be sent in a header, the private key is not in
            the scheme's format, or the scheme and the passphrase don't match.
    """

    uses_time = True

    def __init__(
        self, api_key: S, private_key: S, passphrase: S | None = None, *, scheme: HmacScheme
    ) -> None:
        if not isinstance(scheme, HmacScheme):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller checks types
            refuse(self, [f"scheme must be an HmacScheme(...), not {type_of(scheme)}"])
        given = (
            (api_key, private_key) if passphrase is None else (api_key, private_key, passphrase)
        )
        self.secrets: Sequence[S | Secret] = tuple(conceal(source) for source in given)
        self.scheme = scheme
        self._keyed = PerSecrets(partial(_keyed, scheme))
        refuse(self, self._problems())

    def _problems(self) -> Iterator[str]:
        names = self.scheme.names
        if len(self.secrets) < len(names):
            yield f"the scheme needs a {names[2]}"
        elif len(self.secrets) > len(names):
            yield "the scheme takes no passphrase"
        yield from source_problems(dict(zip(names, self.secrets, strict=False)), self.scheme.check)

    def headers(
        self, request: Request, secrets: Sequence[Secret], now: float
    ) -> Mapping[str, str]:
        """Return the headers with the key, the signature, the timestamp and the passphrase."""
        signing = self._keyed(secrets).copy()
        scheme, timestamp = self.scheme, str(int(now))
        signing.update(scheme.canonical_text(timestamp, request))
        added = {
            scheme.api_key_header: secrets[0].reveal(),
            scheme.signature_header: scheme.signature(signing.digest()),
            scheme.timestamp_header: timestamp,
        }
        if scheme.passphrase_header is not None:
            added[scheme.passphrase_header] = secrets[2].reveal()
        return added


def _keyed(scheme: HmacScheme, secrets: Sequence[Secret]) -> hmac.HMAC:
    """Check the secrets; return an HMAC with their key."""
    for name, secret in zip(scheme.names, secrets, strict=True):
        scheme.check(name, secret)
    return hmac.new(scheme.key_bytes(secrets[1]), digestmod=hashlib.sha256)


def _shared_headers(headers: Mapping[str, object]) -> Iterator[str]:
    sharing: dict[str, list[str]] = {}
    for option, name in headers.items():
        sharing.setdefault(str(name).lower(), []).append(option)
    for options in sharing.values():
        if len(options) > 1:
            yield f"{' and '.join(options)} must be different headers"


def _key_problem(text: str, key_format: str) -> str | None:
    if not text:
        return "is empty"
    if len(text) > MAX_HEADER:
        return f"has more than {MAX_HEADER} characters"
    if text.startswith(PEM):
        return "is a PEM file; pass the key as the vendor shows it, without BEGIN and END lines"
    if text != text.strip():
        return "begins or ends with whitespace or a line break; strip it"
    return None if key_format == "text" or _is_base64(text) else _why_not_base64(text)


def _is_base64(text: str) -> bool:
    try:
        return bool(b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


def _why_not_base64(text: str) -> str:
    if text[0] in "\"'" and text[0] == text[-1]:
        return "is in quotes, which docker --env-file keeps; remove them"
    if any(mark.isspace() for mark in text):
        return "contains whitespace or a line break; remove it"
    if URL_SAFE.fullmatch(text) and ("-" in text or "_" in text):
        return "is in URL-safe base64; replace '-' by '+' and '_' by '/'"
    return (
        "is not base64: pass it as the vendor shows it (standard alphabet, padded with '='), "
        "not decoded or shortened"
    )
