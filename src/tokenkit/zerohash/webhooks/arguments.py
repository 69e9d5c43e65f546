"""The arguments of ``verify()``: secrets, keys and settings, checked."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, get_args

import attrs

from ...extension import Secret, choice_problem, type_of
from ..errors import WebhookSettingsError
from .signatures import Padding, load_public_key, unusable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = [
    "HMAC_HEADER",
    "RSA_HEADER",
    "Keys",
    "Scheme",
    "WallClock",
    "checked_keys",
    "concealed",
    "in_seconds",
    "now_by",
    "settings_problems",
]

Scheme: TypeAlias = Literal["timestamped", "legacy"]
"""What is signed: the body with a timestamp or, in the legacy scheme, the body alone."""

PADDINGS = get_args(Padding)
LATEST = 253_402_300_800  # when the year 9999 ends
SURROGATE = re.compile(r"[\ud800-\udfff]")
HMAC_HEADER: Mapping[Scheme, str] = {"timestamped": "signature", "legacy": "signature-256"}
RSA_HEADER: Mapping[Scheme, str] = {
    "timestamped": "rsa-signature",
    "legacy": "rsa-signature-256",
}


class WallClock(Protocol):
    """Returns the time, such as the module :mod:`time` or a client's ``clock``."""

    def time(self) -> float:
        """Return the seconds since 1970."""
        ...


@attrs.frozen(repr=False, eq=False)
class Keys:
    """The secrets and keys that signatures are checked with."""

    secrets: tuple[Secret, ...]
    public_keys: tuple["RSAPublicKey", ...]
    padding: Padding


def concealed(secrets: str | Secret | Iterable[str | Secret]) -> tuple[Secret | str, ...]:
    """Wrap the secrets; of anything else only the type is named, for the check to refuse."""
    if isinstance(secrets, (str, bytes)) or not isinstance(secrets, Iterable):
        return (_concealed(secrets),)
    return tuple(_concealed(secret) for secret in secrets)


def _concealed(secret: object) -> Secret | str:
    if isinstance(secret, Secret):
        return secret
    return Secret(secret) if isinstance(secret, str) else type_of(secret)


def checked_keys(
    secrets: Sequence[Secret | str],
    public_keys: str | bytes | Iterable[str | bytes] | None,
    padding: Padding,
    others: Iterable[str],
) -> Keys:
    """Check the secrets and the public keys.

    Args:
        secrets: The secrets, concealed.
        public_keys: The public keys as they were passed.
        padding: How RSA signatures are padded.
        others: What is wrong with the other arguments.

    Raises:
        WebhookSettingsError: Nothing is given, a secret or a key is invalid, or another argument
            is; it names all of them.
    """
    keys, problems = _loaded(public_keys)
    problems = [*filter(None, map(_secret_problem, secrets)), *problems]
    if not (secrets or keys or problems):
        problems.append("pass secrets=... or public_keys=...")
    problems += others
    if problems:
        raise unusable(*dict.fromkeys(problems))
    usable = tuple(secret for secret in secrets if isinstance(secret, Secret))
    return Keys(usable, keys, padding)


def _loaded(
    keys: str | bytes | Iterable[str | bytes] | None,
) -> tuple[tuple["RSAPublicKey", ...], list[str]]:
    """Read the public keys; return those that can be read, and what is wrong with the others."""
    given: Iterable[object] = keys if isinstance(keys, Iterable) else (keys,)
    if isinstance(keys, (str, bytes)):
        given = (keys,)
    loaded: list[RSAPublicKey] = []
    problems: list[str] = []
    for key in given:
        # UTF-8 can't encode a lone surrogate, and a key has none.
        pem = key.encode("utf-8", "replace") if isinstance(key, str) else key
        if not isinstance(pem, bytes):
            problems.append(f"public_keys must be strings or bytes in PEM, not {type_of(pem)}")
            continue
        try:
            loaded.append(load_public_key(pem))
        except WebhookSettingsError as error:
            problems += error.problems
    return tuple(loaded), problems


def settings_problems(
    padding: object, scheme: object, tolerance: object, clock: object, seen: object
) -> Iterator[str]:
    """Yield what is wrong with the other settings."""
    if problem := choice_problem(padding, PADDINGS):
        yield f"padding {problem}"
    if problem := choice_problem(scheme, HMAC_HEADER):
        yield f"scheme {problem}"
    if tolerance is not None and not in_seconds(tolerance) > 0:
        yield "tolerance must be a number of seconds above 0, a timedelta, or None"
    if not callable(getattr(clock, "time", None)):
        yield f"clock must be an object with a time() method, not {type_of(clock)}"
    if seen is not None and not _can_keep(seen):
        yield (
            "seen must be a set, a Seen, or a store with the methods add() and discard(), "
            f"not {type_of(seen)}"
        )


def _can_keep(seen: object) -> bool:
    return all(callable(getattr(seen, name, None)) for name in ("add", "discard"))


def _secret_problem(secret: Secret | str) -> str | None:
    if isinstance(secret, str):
        return f"secrets must be strings or Secret objects, not {secret}"
    text = secret.reveal()
    if not text:
        return "secrets contains an empty string, with which anyone can sign"
    if text != text.strip("\r\n"):
        return "secrets contains one that begins or ends with a line break; strip it"
    if SURROGATE.search(text):
        return "secrets contains one with lone surrogates, which UTF-8 cannot encode"
    return None


def in_seconds(tolerance: object) -> float:
    """Return a tolerance in seconds; 0 for an invalid one."""
    if isinstance(tolerance, timedelta):
        return tolerance.total_seconds()
    if isinstance(tolerance, (int, float)) and not isinstance(tolerance, bool):
        return tolerance
    return 0.0


def now_by(clock: WallClock) -> float:
    """Return a caller's clock's time, in seconds since 1970.

    Raises:
        WebhookSettingsError: It doesn't tell the time.
    """
    cause: Exception | None = None
    try:
        now: object = clock.time()
    except Exception as error:  # noqa: BLE001 - the caller's clock may raise anything
        now, cause = None, error
    # A NaN is in no range.
    if isinstance(now, (int, float)) and 0 <= now < LATEST:
        return now
    found = f"raised {type(cause).__name__}" if cause else f"returned {type_of(now)}"
    problem = "returned a number out of range" if isinstance(now, (int, float)) else found
    raise unusable(f"clock.time() must return the seconds since 1970, but {problem}") from cause
