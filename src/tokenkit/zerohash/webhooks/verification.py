"""Verify a webhook."""

import re
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from math import ceil

from ...extension import JSON, Secret, load_json, type_of
from ..errors import RepeatedWebhookError, WebhookProblem, WebhookVerificationError
from .arguments import (
    HMAC_HEADER,
    RSA_HEADER,
    Keys,
    Scheme,
    WallClock,
    checked_keys,
    concealed,
    in_seconds,
    now_by,
    settings_problems,
)
from .delivery import HeaderSource, HookHeaders
from .events import Event, event_of
from .seen import AnySeen, already_seen, keys_of
from .signatures import Padding, hmac_matches, rsa_matches

__all__ = ["verify"]

TOLERANCE = 300.0
DIGITS = re.compile(r"[0-9]{1,16}")


def verify(  # noqa: PLR0913 - each is a setting, passed by keyword
    body: bytes,
    headers: HeaderSource,
    *,
    secrets: str | Secret | Iterable[str | Secret] = (),
    public_keys: str | bytes | Iterable[str | bytes] = (),
    scheme: Scheme = "timestamped",
    padding: Padding = "pss",
    tolerance: float | timedelta | None = TOLERANCE,
    clock: WallClock = time,
    seen: AnySeen | None = None,
) -> Event:
    """Verify a webhook from zerohash, and return its event.

    A signature must be valid under one of the secrets or one of the public keys. Comparisons
    take constant time.

    These are *observed* in working integrations, not documented: the key, which is the secret's
    text, undecoded; the 5 minutes; and RSA's hash (SHA-256) and padding (PSS).

    Args:
        body: The raw body, exactly as received: a re-serialized body has another signature.
        headers: The request's headers: a mapping, or pairs of names and values.
        secrets: The secret that you share with zerohash, or several during a rotation.
        public_keys: zerohash's public key for webhooks in PEM, or several. Needs the extra
            ``webhooks``.
        scheme: ``timestamped`` (body and timestamp), or ``legacy`` (the body alone, which anyone
            who has seen it can send again at any time).
        padding: How RSA signatures are padded: ``pss``, or ``pkcs1v15``.
        tolerance: How many seconds the timestamp may be off, or a timedelta; ``None`` for any
            time. Default: 300.
        clock: Returns the time, for tests.
        seen: A set, a :class:`Seen` or another :class:`SeenStore`, which records each webhook to
            find repeats. If handling the event fails, pass it to :func:`forget`, because zerohash
            will send it again.

    Raises:
        WebhookVerificationError: The webhook must not be acted on; ``problem`` says what
            failed.
        RepeatedWebhookError: It is valid, but was received before.
        WebhookSettingsError: A secret, a key or another argument cannot be used.

    Source: zerohash's webhook guide, "Webhook security".
    """
    given = concealed(secrets)
    del secrets  # error reports show this frame
    others = settings_problems(padding, scheme, tolerance, clock, seen)
    keys = checked_keys(given, public_keys, padding, others)
    found = HookHeaders(headers)
    raw = _raw(body)
    timestamp = found.need("timestamp") if scheme == "timestamped" else ""
    sent_at = _checked_time(timestamp, tolerance, clock) if timestamp else None
    message = raw + timestamp.encode()
    _check_signature(found, message, keys, scheme)
    kind, payload = found.need("payload-type"), _payload(raw)
    notification_id = found.get("notification-id")
    seen_keys = keys_of(notification_id or "", message)
    if seen is not None:
        seen_keys = keys_of(found.need("notification-id"), message)
        if already_seen(seen, seen_keys):
            raise RepeatedWebhookError(
                f"Webhook: {kind!r:.100} was received before", problem=WebhookProblem.REPEATED
            )
    return event_of(
        kind, payload, notification_id=notification_id, sent_at=sent_at, seen_keys=seen_keys
    )


def _failed(problem: WebhookProblem, text: str) -> WebhookVerificationError:
    return WebhookVerificationError(f"Webhook: {text}", problem=problem)


def _raw(body: object) -> bytes:
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    if isinstance(body, memoryview):
        return body.tobytes()
    kind = type_of(body)
    raise _failed(
        WebhookProblem.BODY, f"the body must be the raw bytes that were received, not {kind}"
    )


def _checked_time(
    timestamp: str, tolerance: float | timedelta | None, clock: WallClock
) -> datetime:
    if not DIGITS.fullmatch(timestamp):
        raise _failed(
            WebhookProblem.HEADERS,
            "the header x-zh-hook-timestamp is not a number of milliseconds",
        )
    seconds = int(timestamp) / 1000
    off = seconds - now_by(clock)
    if tolerance is not None and not abs(off) <= in_seconds(tolerance):
        seconds_off, when = ceil(abs(off)), "ahead of" if off > 0 else "behind"
        unit = "second" if seconds_off == 1 else "seconds"
        raise _failed(
            WebhookProblem.TIMESTAMP,
            f"the timestamp is {seconds_off} {unit} {when} this machine's clock, more than "
            f"the allowed {in_seconds(tolerance):g}",
        )
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        pass
    raise _failed(WebhookProblem.TIMESTAMP, "the timestamp is out of range")


def _check_signature(found: HookHeaders, message: bytes, keys: Keys, scheme: Scheme) -> None:
    names: list[str] = []
    if keys.secrets:
        names.append(HMAC_HEADER[scheme])
    if keys.public_keys:
        names.append(RSA_HEADER[scheme])
    given = [(name, signature) for name in names if (signature := found.get(name)) is not None]
    if not given:
        found.need(names[0])
    matches = [
        hmac_matches(signature, message, keys.secrets)
        if name == HMAC_HEADER[scheme]
        else rsa_matches(signature, message, keys.public_keys, keys.padding)
        for name, signature in given
    ]
    if not any(matches):
        raise _failed(
            WebhookProblem.SIGNATURE,
            f"{' and '.join(f'x-zh-hook-{name}' for name, _ in given)}: not signed with any of "
            "the secrets or keys given, or the body was changed in transit, for example parsed "
            "and serialized again",
        )


def _payload(raw: bytes) -> Mapping[str, JSON]:
    try:
        payload = load_json(raw)
    except ValueError:
        payload = None
    if not isinstance(payload, Mapping):
        raise _failed(WebhookProblem.BODY, "the body is not a JSON object")
    return payload
