import copy
import pickle
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from clocks import frozen_clock
from cryptography.hazmat.primitives.asymmetric import ec
from listed_problems import listed_problems
from signed_webhooks import (
    BODY,
    LEGACY,
    NEWER,
    NOW,
    SECRET,
    TIMESTAMP,
    hmac_of,
    public_pem,
    rsa_key,
    rsa_signature,
    signed,
)

from tokenkit import ConfigurationError, Secret, TokenKitError, zerohash
from tokenkit.zerohash import (
    RepeatedWebhookError,
    WebhookProblem,
    WebhookSettingsError,
    WebhookVerificationError,
    webhooks,
)

KIND = {"x-zh-hook-payload-type": "payment_status_changed"}
UNKNOWN_KEY = """-----BEGIN PUBLIC KEY-----
MBowBwYDKgMEBQADDwAwDAIHAMPGNkJwlwIBAw==
-----END PUBLIC KEY-----"""  # of an algorithm that nobody has
HEADERS = {**KIND, "x-zh-hook-timestamp": TIMESTAMP, "x-zh-hook-signature": NEWER}


@attrs.frozen
class OddClock:
    """A clock that says something other than the time."""

    said: object

    def time(self) -> object:
        return self.said


class BrokenClock:
    """A clock that cannot tell the time."""

    def time(self) -> float:
        raise ZeroDivisionError


def verify(body: Any = BODY, headers: Any = HEADERS, **options: Any) -> webhooks.Event:
    if "public_keys" not in options:
        options.setdefault("secrets", [SECRET])
    options.setdefault("clock", frozen_clock(NOW))
    return webhooks.verify(body, headers, **options)


def test_the_vector_of_the_newer_scheme() -> None:
    """The contract's signature over body and timestamp is accepted."""
    event = verify()
    assert isinstance(event, webhooks.PaymentStatusChanged)
    assert event.type == "payment_status_changed"
    assert event.payload["status"] == "initialized"
    assert event.sent_at == datetime(2025, 6, 20, 7, 35, 5, 186000, tzinfo=timezone.utc)


def test_the_vector_of_the_legacy_scheme() -> None:
    """The contract's signature over only the body is accepted if requested."""
    event = verify(headers={**KIND, "x-zh-hook-signature-256": LEGACY}, scheme="legacy")
    assert event.payload["participant_code"] == "CUST01"
    assert event.sent_at is None


def test_the_legacy_signature_is_not_enough_unless_asked_for() -> None:
    """A legacy signature, which can be sent again forever, doesn't bypass the timestamp."""
    headers = {**KIND, "x-zh-hook-signature-256": LEGACY, "x-zh-hook-timestamp": TIMESTAMP}
    with pytest.raises(WebhookVerificationError, match="x-zh-hook-signature is missing"):
        verify(headers=headers)
    with pytest.raises(WebhookVerificationError) as caught:
        verify(headers={**headers, "x-zh-hook-signature": LEGACY})
    assert caught.value.problem is WebhookProblem.SIGNATURE


@pytest.mark.parametrize(
    "headers",
    [
        {name.upper(): value for name, value in HEADERS.items()},
        list(HEADERS.items()),
        [(name.encode(), value.encode()) for name, value in HEADERS.items()],
        {**HEADERS, "x-zh-hook-signature": NEWER.upper()},
        {**HEADERS, "x-zh-hook-signature": f" {NEWER} "},
        {**HEADERS, "host": "example.com", "x-other": "1", "X-OTHER": "2"},
    ],
    ids=["upper case", "pairs", "bytes", "upper-case hex", "whitespace", "others"],
)
def test_headers_as_frameworks_bring_them(headers: Any) -> None:
    """Names compare without case, and a mapping works as well as a list of pairs."""
    assert verify(headers=headers).type == "payment_status_changed"


@pytest.mark.parametrize("body", [bytearray(BODY), memoryview(BODY)])
def test_bodies_that_are_like_bytes(body: Any) -> None:
    """Other byte types that some servers pass are accepted."""
    assert verify(body).payload["status"] == "initialized"


def test_secrets_can_be_rotated() -> None:
    """While a secret is rotated, a signature under the old or the new one is valid."""
    for secrets in (["new", SECRET], [SECRET, "new"], (Secret(SECRET),), SECRET, Secret(SECRET)):
        assert verify(secrets=secrets).type == "payment_status_changed"
    with pytest.raises(WebhookVerificationError):
        verify(secrets=["new", "newer"])


@pytest.mark.parametrize("seconds", [-300.0, 0.0, 300.0])
def test_timestamps_within_the_tolerance(seconds: float) -> None:
    """A clock that is 5 minutes off, either way, is accepted."""
    assert verify(clock=frozen_clock(NOW + seconds)).sent_at is not None


@pytest.mark.parametrize(
    ("seconds", "words"), [(301.0, "301 seconds behind"), (-301.0, "301 seconds ahead of")]
)
def test_timestamps_beyond_the_tolerance(seconds: float, words: str) -> None:
    """A webhook that is too old, or from the future, is refused, with by how much."""
    with pytest.raises(WebhookVerificationError, match=words) as caught:
        verify(clock=frozen_clock(NOW + seconds))
    assert caught.value.problem is WebhookProblem.TIMESTAMP


def test_the_tolerance_can_be_chosen() -> None:
    """The tolerance is a number of seconds, a timedelta, or None."""
    late = frozen_clock(NOW + 3_000)
    assert verify(clock=late, tolerance=3_001).sent_at is not None
    assert verify(clock=late, tolerance=timedelta(hours=1)).sent_at is not None
    assert verify(clock=late, tolerance=None).sent_at is not None
    with pytest.raises(WebhookVerificationError, match="more than the allowed 2"):
        verify(clock=late, tolerance=timedelta(seconds=2))
    with pytest.raises(WebhookVerificationError, match="is 1 second behind"):
        verify(clock=frozen_clock(NOW + 1), tolerance=0.5)


def test_the_time_is_this_machines_by_default() -> None:
    """Without a clock, the machine's own is used for the timestamp."""
    body, headers = signed({}, timestamp=str(int(time.time() * 1000)))
    assert webhooks.verify(body, headers, secrets=SECRET).payload == {}
    with pytest.raises(WebhookVerificationError, match="timestamp"):
        webhooks.verify(BODY, HEADERS, secrets=SECRET)


def test_a_timestamp_of_another_age() -> None:
    """A signed number beyond any date is refused, even if any time is tolerated."""
    body, headers = signed({}, timestamp="9" * 16)
    with pytest.raises(WebhookVerificationError, match="out of range"):
        verify(body, headers, tolerance=None)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"x-zh-hook-signature": None}, WebhookProblem.HEADERS),
        ({"x-zh-hook-signature": ""}, WebhookProblem.HEADERS),
        ({"x-zh-hook-timestamp": None}, WebhookProblem.HEADERS),
        ({"x-zh-hook-timestamp": "soon"}, WebhookProblem.HEADERS),
        ({"x-zh-hook-timestamp": "١٧٥٠٤٠٤٩٠٥١٨٦"}, WebhookProblem.HEADERS),
        ({"x-zh-hook-payload-type": None}, WebhookProblem.HEADERS),
        ({"x-zh-hook-payload-type": "a\nb"}, WebhookProblem.HEADERS),
        ({"x-zh-hook-signature": "a" * 5000}, WebhookProblem.HEADERS),
        ({"X-ZH-Hook-Signature": NEWER}, WebhookProblem.HEADERS),
        ({"x-zh-hook-signature": 7}, WebhookProblem.HEADERS),
        ({"x-zh-hook-signature": NEWER[:-1]}, WebhookProblem.SIGNATURE),
        ({"x-zh-hook-signature": NEWER[:-2]}, WebhookProblem.SIGNATURE),
        ({"x-zh-hook-signature": "zz" * 32}, WebhookProblem.SIGNATURE),
        ({"x-zh-hook-timestamp": "1750404905187"}, WebhookProblem.SIGNATURE),
    ],
)
def test_headers_that_are_wrong(changed: dict[str, Any], problem: WebhookProblem) -> None:
    """Whatever is missing, repeated, malformed or wrong, the error says which."""
    merged = {**HEADERS, **changed}
    headers = {name: value for name, value in merged.items() if value is not None}
    with pytest.raises(WebhookVerificationError) as caught:
        verify(headers=headers)
    assert caught.value.problem is problem


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff", b"[" * 100_000, b'{"a":NaN}']
)
def test_signed_bodies_that_are_no_object(body: bytes) -> None:
    """A signed body that isn't a JSON object causes the same error."""
    body, headers = signed(body)
    with pytest.raises(WebhookVerificationError, match="not a JSON object") as caught:
        verify(body, headers)
    assert caught.value.problem is WebhookProblem.BODY


@pytest.mark.parametrize("body", ["text", None, {"payment_id": "1"}, 7])
def test_bodies_that_are_not_raw(body: Any) -> None:
    """A body that was already decoded or parsed is named as one."""
    with pytest.raises(WebhookVerificationError, match="raw bytes that were received, not"):
        verify(body)


class Raising:
    """Headers of a framework that fails."""

    def items(self) -> Any:
        raise OSError("the connection is gone")


@pytest.mark.parametrize("headers", [None, 7, [1], [("a",)], {1: "a"}, Raising(), object()])
def test_headers_that_are_none(headers: Any) -> None:
    """Anything instead of headers causes the same error."""
    with pytest.raises(WebhookVerificationError, match="headers cannot be read") as caught:
        verify(headers=headers)
    assert caught.value.problem is WebhookProblem.HEADERS


def test_rsa_signatures() -> None:
    """RSA is checked with the public key, with PSS unless requested otherwise, in both schemes."""
    old, new = rsa_key(0), rsa_key(1)
    message = BODY + TIMESTAMP.encode()
    headers = {**KIND, "x-zh-hook-timestamp": TIMESTAMP}
    pss = {**headers, "x-zh-hook-rsa-signature": rsa_signature(new, message)}
    both = [public_pem(old), public_pem(new).encode()]
    assert verify(headers=pss, public_keys=both).type == "payment_status_changed"
    assert verify(headers=pss, public_keys=public_pem(new)).type == "payment_status_changed"
    with pytest.raises(WebhookVerificationError, match="x-zh-hook-rsa-signature: not signed"):
        verify(headers=pss, public_keys=public_pem(old))
    with pytest.raises(WebhookVerificationError):
        verify(headers=pss, public_keys=both, padding="pkcs1v15")

    pkcs = {**headers, "x-zh-hook-rsa-signature": rsa_signature(new, message, "pkcs1v15")}
    assert verify(headers=pkcs, public_keys=both, padding="pkcs1v15").sent_at is not None
    legacy = {**KIND, "x-zh-hook-rsa-signature-256": rsa_signature(new, BODY)}
    assert verify(headers=legacy, public_keys=both, scheme="legacy").sent_at is None
    with pytest.raises(WebhookVerificationError):
        verify(headers={**pss, "x-zh-hook-rsa-signature": "no hex"}, public_keys=both)


def test_rsa_beside_hmac() -> None:
    """With secrets and keys, either signature is enough, and a wrong one proves nothing."""
    key = rsa_key()
    both: dict[str, Any] = {"secrets": [SECRET], "public_keys": [public_pem(key)]}
    right = rsa_signature(key, BODY + TIMESTAMP.encode())
    assert verify(**both).sent_at is not None
    assert verify(headers={**HEADERS, "x-zh-hook-rsa-signature": "00"}, **both).sent_at is not None
    false_hmac = {**HEADERS, "x-zh-hook-signature": "00", "x-zh-hook-rsa-signature": right}
    assert verify(headers=false_hmac, **both).sent_at is not None
    with pytest.raises(WebhookVerificationError, match="signature and x-zh-hook-rsa-signature"):
        verify(headers={**false_hmac, "x-zh-hook-rsa-signature": "00"}, **both)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"secrets": []}, "pass secrets"),
        ({"secrets": ""}, "empty"),
        ({"secrets": [SECRET, ""]}, "empty"),
        ({"secrets": None}, "not None"),
        ({"secrets": [b"whsec-bytes"]}, "not bytes"),
        ({"secrets": b"whsec-bytes"}, "not bytes"),
        ({"secrets": f"{SECRET}\n"}, "line break"),
        ({"secrets": "whsec-\ud800"}, "lone surrogates"),
        ({"scheme": "newest"}, "'timestamped' or 'legacy', not 'newest'"),
        ({"scheme": object()}, "'timestamped' or 'legacy', not object"),
        ({"scheme": ["legacy"]}, "'timestamped' or 'legacy'"),
        ({"padding": "oaep"}, "'pss' or 'pkcs1v15', not 'oaep'"),
        ({"padding": []}, "'pss' or 'pkcs1v15', not list"),
        ({"tolerance": 0}, "tolerance"),
        ({"tolerance": float("nan")}, "tolerance"),
        ({"tolerance": "5 minutes"}, "tolerance"),
        ({"tolerance": True}, "tolerance"),
        ({"public_keys": "-----BEGIN NOTHING-----"}, "not an RSA public key in PEM"),
        ({"public_keys": [public_pem(ec.generate_private_key(ec.SECP256R1()))]}, "not an RSA"),
        ({"public_keys": UNKNOWN_KEY}, "not an RSA"),
        ({"public_keys": "\ud800"}, "not an RSA"),
        ({"public_keys": None}, "public_keys must be strings or bytes in PEM, not None"),
        ({"public_keys": [bytearray(b"key")]}, "not bytearray"),
        ({"clock": 1750404905}, r"clock must be an object with a time\(\) method, not int"),
        (
            {"clock": OddClock("noon")},
            r"clock.time\(\) must return the seconds .*, but returned str",
        ),
        ({"clock": OddClock(None)}, "but returned None"),
        ({"clock": OddClock(float("nan"))}, "but returned a number out of range"),
        ({"clock": OddClock(-1)}, "but returned a number out of range"),
        ({"clock": OddClock(10**400)}, "but returned a number out of range"),
        ({"clock": OddClock(NOW * 1000)}, "but returned a number out of range"),
        ({"clock": BrokenClock()}, "but raised ZeroDivisionError"),
        ({"seen": []}, "seen must be a set, a Seen, or a store"),
        ({"seen": {}}, "not dict"),
    ],
)
def test_arguments_that_cannot_work(options: dict[str, Any], words: str) -> None:
    """A mistake in the settings is distinct from a bad webhook, and shows no secret."""
    with pytest.raises(WebhookSettingsError, match=words) as caught:
        verify(**options)
    assert "whsec" not in str(caught.value)
    assert caught.value.problem is WebhookProblem.SETTINGS
    assert isinstance(caught.value, WebhookVerificationError)
    assert isinstance(caught.value, ConfigurationError)


def test_all_arguments_that_cannot_work_are_named_at_once() -> None:
    """The error has a line for each, and the sender's mistakes are not looked for."""
    wrong: dict[str, Any] = {
        "secrets": [SECRET, "", 7],
        "public_keys": ["no key", 8],
        "padding": "oaep",
        "scheme": "legasy",
        "tolerance": 0,
        "clock": 5,
        "seen": [],
    }
    with pytest.raises(WebhookSettingsError) as caught:
        verify(headers={}, **wrong)
    assert listed_problems(caught.value, "verify()") == [
        "secrets contains an empty string, with which anyone can sign",
        "secrets must be strings or Secret objects, not int",
        (
            "public_keys contains something that is not an RSA public key in PEM, which begins "
            "with '-----BEGIN PUBLIC KEY-----'"
        ),
        "public_keys must be strings or bytes in PEM, not int",
        "padding must be 'pss' or 'pkcs1v15', not 'oaep'",
        "scheme must be 'timestamped' or 'legacy', not 'legasy'; did you mean 'legacy'?",
        "tolerance must be a number of seconds above 0, a timedelta, or None",
        "clock must be an object with a time() method, not int",
        ("seen must be a set, a Seen, or a store with the methods add() and discard(), not list"),
    ]


def test_rsa_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cryptography the error names the extra, and HMAC works."""
    module = "cryptography.hazmat.primitives.asymmetric.rsa"
    monkeypatch.setitem(sys.modules, module, None)
    assert verify().type == "payment_status_changed"
    with pytest.raises(ConfigurationError, match=r"tokenkit-sdk\[webhooks\]"):
        verify(public_keys=f"{public_pem(rsa_key())}\n")


def frames(error: BaseException) -> str:
    shown = ""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals["__name__"].startswith("tokenkit."):
            shown += repr(trace.tb_frame.f_locals)
        trace = trace.tb_next
    return shown


@pytest.mark.parametrize("options", [{}, {"scheme": "newest"}, {"secrets": [SECRET, b"whsec"]}])
def test_errors_show_no_secret(options: dict[str, Any]) -> None:
    """Neither an error's text nor a frame that a report may show contains a secret."""
    with pytest.raises(TokenKitError) as caught:
        verify(headers={**HEADERS, "x-zh-hook-signature": "00"}, **options)
    shown = str(caught.value) + repr(caught.value) + frames(caught.value)
    assert "whsec" not in shown
    assert hmac_of(BODY + TIMESTAMP.encode()) not in str(caught.value)


def test_errors_travel() -> None:
    """An error can be pickled and copied, and keeps what it says."""
    with pytest.raises(WebhookVerificationError) as caught:
        verify(headers={})
    for twin in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):  # noqa: S301 - ours
        assert (str(twin), twin.problem) == (str(caught.value), caught.value.problem)


def test_errors_are_tokenkits() -> None:
    """They are caught with all others, and a repeat is a failed verification."""
    assert issubclass(WebhookVerificationError, TokenKitError)
    assert issubclass(RepeatedWebhookError, WebhookVerificationError)
    assert zerohash.webhooks is webhooks
