"""Secrets as values that do not show themselves, and the redactor for text that might."""

import hmac
import json
import re
import string
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, NoReturn, TypeAlias, TypeVar
from urllib.parse import quote

__all__ = [
    "REDACTED",
    "AsyncSecretSource",
    "Hidden",
    "Secret",
    "SecretSource",
    "conceal",
    "redact",
    "redactor",
    "without_frames",
]

B = TypeVar("B", bound=BaseException)
S = TypeVar("S")

REDACTED = "[redacted]"

_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_QUOTED = {**_MARKUP, '"': "&quot;"}
# How template engines write text into HTML: they differ in quotes, and in what more they escape.
_HTML = [
    str.maketrans(table)
    for table in (
        _MARKUP,
        {**_QUOTED, "'": "&#x27;"},
        {**_QUOTED, "'": "&#39;"},
        {**_QUOTED, "'": "&#039;"},
        {**_QUOTED, "'": "&apos;"},
        {**_MARKUP, '"': "&#34;", "'": "&#39;"},
        {**_QUOTED, "'": "&#x27;", "=": "&#x3D;", "`": "&#x60;"},
        {**_QUOTED, "'": "&#39;", "/": "&#x2F;", "=": "&#x3D;", "`": "&#x60;"},
        *(
            {mark: form.format(ord(mark)) for mark in set(string.punctuation).difference("-_.,")}
            for form in ("&#{};", "&#x{:x};", "&#x{:X};")
        ),
    )
]
# What percent-encoders leave as it is, apart from letters, digits and "-._~".
_LEFT_IN_URLS = ("", "/", "!'()*")


class Secret:
    """A credential that never shows itself in a repr, a log, a pickle or an error.

    Args:
        value: The credential's text.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value: str = _plain_text(value)

    def reveal(self) -> str:
        """Return the credential's text."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        ours, theirs = (
            secret.reveal().encode("utf-8", "surrogatepass") for secret in (self, other)
        )
        return hmac.compare_digest(ours, theirs)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A Secret cannot be pickled. Build the client anew where it is needed, "
            "for example with its from_env()."
        )


def _plain_text(value: object) -> Any:
    """Return a text enum's value, which an f-string would name; leave what is no text."""
    return str.__str__(value) if isinstance(value, str) else value


SecretSource: TypeAlias = str | Secret | Callable[[], str | Secret]
"""A secret: its text, a :class:`Secret`, or a callable that returns one (for rotation)."""

AsyncSecretSource: TypeAlias = SecretSource | Callable[[], Awaitable[str | Secret]]
"""A :data:`SecretSource`, or an async callable that returns a secret."""


def conceal(source: S) -> S | Secret:
    """Wrap a secret given as text; leave everything else as it is."""
    return Secret(source) if isinstance(source, str) else source


def _spellings(secret: str) -> Iterable[str]:
    """Yield the ways in which a server may write a secret back."""
    escaped = json.dumps(secret)[1:-1]
    yield secret
    yield escaped
    yield escaped.replace("/", "\\/")
    for table in _HTML:
        yield secret.translate(table)
    for left in _LEFT_IN_URLS:
        encoded = quote(secret.encode("utf-8", "surrogatepass"), safe=left)
        lower = re.sub("%..", lambda code: code[0].lower(), encoded)
        for way in (encoded, lower):
            yield way
            yield way.replace("%20", "+")


class Hidden(set[str]):
    """The texts that a call must not show; not even its own repr does."""

    def __repr__(self) -> str:
        return f"Hidden({len(self)} texts)"


def redactor(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return a function that replaces every secret in a text; see :func:`redact`."""
    plain = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
    spellings: list[str] = []

    def redacted(text: str) -> str:
        if not _is_marked(text):
            return _replaced(text, plain)
        if not spellings:
            found = {way for secret in plain for way in _spellings(secret)}
            spellings.extend(sorted(found, key=len, reverse=True))
        return _replaced(text, spellings)

    return redacted


def _is_marked(text: str) -> bool:
    """Tell whether a text may hold other spellings, which take long to make: all hold a mark."""
    return "%" in text or "&" in text or "+" in text or "\\" in text


def _replaced(text: str, spellings: Iterable[str]) -> str:
    for spelling in spellings:
        text = text.replace(spelling, REDACTED)
    return text


def redact(text: str, secrets: Collection[str]) -> str:
    """Replace every secret, in each spelling a server may use, by a fixed mark."""
    if not _is_marked(text) and not any(secret and secret in text for secret in secrets):
        return text
    return redactor(secrets)(text)


def without_frames(error: B) -> B:
    """Cut the frames off an exception: their locals may hold headers and bodies."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
