"""The key of a call: what would be sent, and under whose credentials.

Two calls share a token only if their keys are equal, so everything that tells two requests apart
is in the key. It is an HMAC under a digest of the credentials: it shows no secret, and a reader of
a store can't find an e-mail by guessing.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import cache
from hashlib import sha256
from operator import attrgetter
from typing import Any, TypeAlias

import attrs

from .._model.call import Call
from .._model.messages import Headers, Request
from .._model.request import extra_of
from .._pipeline.prepare import Plan, authentication
from .._pipeline.request_body import encode_body
from .._secret import Secret
from ..auth import Bearer, HmacSigner, OrgKey
from ..auth.strategy import AsyncStrategy
from ..errors import ConfigurationError, TokenKitError

__all__ = [
    "EXACT",
    "Reader",
    "exact_values",
    "identity_of",
    "key_of",
    "needs_probe",
    "reader_of",
]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# A plausible time: a custom strategy may reject others.
PROBE_TIME = 1_800_000_000.0
HEX_DIGITS = 32
NO_HEADERS = Headers()
# Equal values of these types look the same on the wire; True and 1 do not, nor do 1.50 and 1.5.
EXACT = frozenset({str, int, timedelta, type(None)})
# What these strategies send depends only on the secrets and the request.
KNOWN_STRATEGIES = frozenset({Bearer, HmacSigner, OrgKey})


def needs_probe(strategy: AsyncStrategy) -> bool:
    """Return whether a strategy may send something that its secrets don't determine.

    The caller's own strategy may add its own tenant.
    """
    return type(strategy) not in KNOWN_STRATEGIES


def identity_of(
    plan: Plan, secrets: Sequence[Secret], defaults: Mapping[str, str] = NO_HEADERS
) -> bytes | ConfigurationError:
    """Digest the vendor, its address and everything that identifies the caller.

    Args:
        plan: The vendor, its address, the headers of every request and the strategy.
        secrets: The strategy's secrets, resolved: the very ones that would sign.
        defaults: The headers that the caller's own HTTP client adds.

    Returns:
        The digest, or the error of a strategy that failed.
    """
    strategy, headers = plan.strategy, {**defaults, **plan.settings.headers}
    added: Mapping[str, str] = {}
    if needs_probe(strategy):
        probe = Request(
            method="POST",
            origin=plan.origin,
            route=f"{plan.base_path}/",
            headers=Headers(headers),
            body=b"{}",
        )
        made = authentication(probe, plan, secrets, PROBE_TIME)
        if isinstance(made, ConfigurationError):
            return made
        added = made
    kind = f"{type(strategy).__module__}.{type(strategy).__qualname__}"
    digest = sha256(b"tokenkit reuse 1")
    for group in (
        (plan.profile.vendor, plan.origin, plan.base_path, kind),
        _flat(headers),
        _flat(added),
        [secret.reveal() for secret in secrets],
    ):
        digest.update(_framed(group))
    return digest.digest()


def _flat(headers: Mapping[str, str]) -> list[str]:
    # A token doesn't depend on the program's version, which is in the User-Agent.
    pairs = sorted((n.lower(), value) for n, value in headers.items() if n.lower() != "user-agent")
    return [text for pair in pairs for text in pair]


def _framed(texts: Iterable[str]) -> bytes:
    """Encode texts so that different texts never look the same."""
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    return b"".join(
        [
            len(parts).to_bytes(4, "big"),
            *(len(part).to_bytes(4, "big") + part for part in parts),
        ]
    )


def key_of(call: Call[Any], identity: bytes, now: float) -> str:
    """Return a call's key: 32 hex digits that reveal nothing about it.

    A time that counts from the moment of sending is in it as its length.

    Args:
        call: The call.
        identity: Who asks; see :func:`identity_of`.
        now: The time, in seconds since 1970.

    Raises:
        InvalidInputError: The call cannot be sent.
    """
    body = encode_body(call, datetime.fromtimestamp(now, timezone.utc))
    if isinstance(body, TokenKitError):
        raise body
    kind = "as it stands"
    # An error means that it contains a fixed time, too far away from 1970.
    timeless = encode_body(call, EPOCH)
    if isinstance(timeless, bytes) and timeless != body:
        body, kind = timeless, "from the moment of sending"
    method, path = call.request_line
    name = f"{type(call).__module__}.{type(call).__qualname__}"
    text = _framed((name, method, path, kind)) + body
    return hmac.digest(identity, text, "sha256").hex()[:HEX_DIGITS]


Reader: TypeAlias = Callable[[Any], tuple[Any, ...]]
"""Reads the values of a model's fields."""


@cache
def reader_of(model: type[Call[Any]]) -> Reader:
    """Return a function that reads a model's fields, except ``extra``."""
    names = [field.name for field in attrs.fields(model) if field.name != "extra"]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda call: tuple(getattr(call, name) for name in names)


def exact_values(call: Call[Any], reader: Reader) -> tuple[object, ...] | None:
    """Return a call's values if equal ones certainly look the same on the wire.

    ``None`` where they may not: in a mapping or among numbers ``True`` equals ``1``, which JSON
    tells apart.
    """
    if extra_of(call):
        return None
    values = reader(call)
    for value in values:
        kind = type(value)  # pyright: ignore[reportUnknownVariableType]  # a field is Any
        if kind not in EXACT and not (kind is tuple and EXACT.issuperset(map(type, value))):
            return None
    return values
