"""Strategies keep what they made from their secrets; each request gets its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest
from core_driver import WALL
from credentials import ZEROHASH_PASSPHRASE, ZEROHASH_PRIVATE_KEY
from listed_problems import listed_problems

from tokenkit._model.messages import Headers, Request
from tokenkit._secret import Secret
from tokenkit.auth import Bearer, HmacScheme, HmacSigner, OrgKey
from tokenkit.errors import ConfigurationError
from tokenkit.zerohash.profile import HMAC_SCHEME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REQUEST = Request(
    method="POST", origin="https://h", route="/x", headers=Headers(), body=b'{"a":"b"}'
)


def key_number(number: int) -> str:
    return base64.b64encode(hashlib.sha256(b"%d" % number).digest()).decode()


def secrets_of(number: int) -> list[Secret]:
    return [Secret(f"key-{number}"), Secret(key_number(number)), Secret(f"phrase {number}")]


def expected(number: int, now: float = WALL) -> dict[str, str]:
    """Sign as the contract says, without the signer."""
    text = f"{int(now)}POST/x".encode() + REQUEST.body
    digest = hmac.new(base64.b64decode(key_number(number)), text, hashlib.sha256).digest()
    return {
        "x-scx-api-key": f"key-{number}",
        "x-scx-signed": base64.b64encode(digest).decode(),
        "x-scx-timestamp": str(int(now)),
        "x-scx-passphrase": f"phrase {number}",
    }


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def signer() -> HmacSigner[str]:
    return HmacSigner("public", ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME)


def test_each_key_of_a_rotation_signs_its_own_requests() -> None:
    """Old and new keys in any order, and the same one again, give the signature of that key."""
    one = signer()
    for number in (1, 1, 2, 1, 3, 3, 2, 1):
        assert lowered(one.headers(REQUEST, secrets_of(number), WALL)) == expected(number)


def test_each_time_signs_its_own_request() -> None:
    """The prepared key is not changed by what is signed under it."""
    one = signer()
    for now in (WALL, WALL + 1, WALL, WALL + 59.9):
        assert lowered(one.headers(REQUEST, secrets_of(1), now)) == expected(1, now)


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_a_change_of_one_secret_is_noticed(changed: int) -> None:
    """This also holds if only the public key, the private key or the passphrase was rotated."""
    one = signer()
    one.headers(REQUEST, secrets_of(1), WALL)
    mixed = secrets_of(1)
    mixed[changed] = secrets_of(2)[changed]
    fresh = signer().headers(REQUEST, mixed, WALL)
    assert one.headers(REQUEST, mixed, WALL) == fresh
    assert fresh != one.headers(REQUEST, secrets_of(1), WALL)


def test_a_bad_key_in_a_rotation_does_not_stay() -> None:
    """A refused secret signs nothing; the keys before and after it still work."""
    one = signer()
    one.headers(REQUEST, secrets_of(1), WALL)
    for bad in ("not base64!", "", key_number(2) + "\n"):
        with pytest.raises(ConfigurationError, match="private_key"):
            one.headers(REQUEST, [Secret("key-1"), Secret(bad), Secret("phrase 1")], WALL)
        assert lowered(one.headers(REQUEST, secrets_of(1), WALL)) == expected(1)
    assert lowered(one.headers(REQUEST, secrets_of(2), WALL)) == expected(2)


@pytest.fixture
def _threads_change_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_threads_change_often")
def test_many_threads_rotate_at_once() -> None:
    """Threads that sign with different keys at the same time each get their own signature."""
    one = signer()

    def sign_often(first: int) -> list[int]:
        numbers = [(first + step) % 5 for step in range(300)]
        return [
            number
            for number in numbers
            if lowered(one.headers(REQUEST, secrets_of(number), WALL)) != expected(number)
        ]

    with ThreadPoolExecutor(8) as threads:
        wrong = itertools.chain.from_iterable(threads.map(sign_often, range(8)))
        assert [*wrong] == []


def everything_in(value: object) -> Iterator[object]:
    """Yield a value and what it keeps, except the value inside a Secret."""
    yield value
    kept: list[Any] = []
    if isinstance(value, (tuple, list)):
        kept = [*cast("list[Any]", value)]
    elif not isinstance(value, type):
        kept = [*getattr(value, "__dict__", {}).values()]
    for one in kept:
        yield from everything_in(one)


@pytest.mark.parametrize(
    "strategy",
    [signer(), OrgKey("org-of-ours", "key-of-ours"), Bearer("key-of-ours")],
    ids=lambda one: type(one).__name__,
)
def test_a_strategy_that_was_used_shows_no_secret(
    strategy: HmacSigner[str] | OrgKey[str] | Bearer[str],
) -> None:
    """Neither the repr nor the vars of a strategy, and of what it keeps, show a secret."""
    strategy.headers(REQUEST, secrets_of(1)[: len(strategy.secrets)], WALL)
    shown = [repr(one) for one in everything_in(strategy)]
    secret_texts = [
        "key-1",
        key_number(1),
        "phrase 1",
        ZEROHASH_PRIVATE_KEY,
        ZEROHASH_PASSPHRASE,
        "of-ours",
    ]
    secret_texts.append(repr(base64.b64decode(key_number(1)))[2:-1])
    assert [text for text in secret_texts for one_shown in shown if text in one_shown] == []
    assert any("Secret(" in one for one in shown)


def test_a_strategy_follows_its_secrets() -> None:
    """New secrets give new headers at once, and the former ones give theirs again."""
    pair, bearer = OrgKey("org-of-ours", "key-of-ours"), Bearer("key-of-ours")
    for number in (1, 2, 2, 1):
        key, other = secrets_of(number)[:2]
        sent = pair.headers(REQUEST, [key, other], WALL)["authorization"]
        assert sent == f"Bearer {key.reveal()}:{other.reveal()}"
        sent = bearer.headers(REQUEST, [key], WALL)["authorization"]
        assert sent == f"Bearer {key.reveal()}"
    for strategy, bad in ((pair, [Secret("a:b"), Secret("c")]), (bearer, [Secret("")])):
        with pytest.raises(ConfigurationError):
            strategy.headers(REQUEST, bad, WALL)


def test_a_signer_is_not_pickled() -> None:
    """A signer that could be pickled would take its key along."""
    one = signer()
    one.headers(REQUEST, secrets_of(1), WALL)
    with pytest.raises(TypeError):
        pickle.dumps(one)


@pytest.mark.parametrize("length", [16_384, 16_388])
def test_the_longest_private_key(length: int) -> None:
    """A private key may be as long as a header's value, and no longer."""
    key = "A" * length
    if length > 16_384:
        with pytest.raises(ConfigurationError, match="private_key has more than 16384 characters"):
            HmacSigner("public", key, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME)
    else:
        HmacSigner("public", key, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME)


PLAIN = HmacScheme(
    api_key_header="x-app-token",
    signature_header="x-app-access-sig",
    timestamp_header="x-app-access-ts",
    key_format="text",
    signature_format="hex",
    credential_names=("app_token", "secret_key", "passphrase"),
)


@pytest.mark.parametrize("body", [b"", b'{"a":"b"}'])
def test_a_key_as_text_and_a_signature_in_hex(body: bytes) -> None:
    """A scheme without base64 and passphrase signs time, method, route and body, if any."""
    request = Request(
        method="GET", origin="https://h", route="/x?y=1", headers=Headers(), body=body
    )
    headers = HmacSigner("token-1", "s3cr\u20act key", scheme=PLAIN).headers(
        request, [Secret("token-1"), Secret("s3cr\u20act key")], WALL + 0.9
    )
    text = f"{int(WALL)}GET/x?y=1".encode() + body
    assert headers == {
        "x-app-token": "token-1",
        "x-app-access-ts": str(int(WALL)),
        "x-app-access-sig": hmac.new("s3cr\u20act key".encode(), text, hashlib.sha256).hexdigest(),
    }


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"key_format": "raw"}, "key_format must be 'base64' or 'text', not 'raw'"),
        ({"signature_format": "HEX"}, "signature_format must be 'base64' or 'hex', not 'HEX'"),
        ({"signature_format": None}, "signature_format must be 'base64' or 'hex', not None"),
        ({"api_key_header": "a b"}, "api_key_header must be a header's name"),
        ({"timestamp_header": 3}, "timestamp_header must be a header's name"),
        (
            {"signature_header": "X-App-Token"},
            ": api_key_header and signature_header must be different headers$",
        ),
        ({"key_format": "x" * 99}, "'base64' or 'text', not 'x{49}$"),
        ({"canonical_text": "text"}, "canonical_text must be a function, not str"),
        ({"credential_names": 3}, "credential_names must be a tuple of strings"),
        ({"credential_names": ("app_token", None)}, "credential_names must be a tuple of strings"),
    ],
)
def test_a_scheme_that_no_vendor_can_have(wrong: Any, problem: str) -> None:
    """A misspelt format would be taken for another, and every request be refused."""
    with pytest.raises(ConfigurationError, match=f"HmacScheme.*{problem}"):
        attrs.evolve(PLAIN, **wrong)


def test_a_scheme_has_its_own_names_for_credentials() -> None:
    """Errors name credentials as the vendor does."""
    for key, problem in (
        ("", "is empty"),
        ("k\n", "begins or ends with"),
        ("-----BEGIN", "is a PEM"),
    ):
        with pytest.raises(
            ConfigurationError, match=f"app_token {problem}.*\n- secret_key {problem}"
        ):
            HmacSigner(key, key, scheme=PLAIN)


def test_a_passphrase_goes_with_its_scheme() -> None:
    """A passphrase that the scheme has no header for is refused, and so is a missing one."""
    with pytest.raises(ConfigurationError, match=r"^HmacSigner: the scheme takes no passphrase$"):
        HmacSigner("k", "s", "p", scheme=PLAIN)
    with pytest.raises(ConfigurationError, match=r"^HmacSigner: the scheme needs a passphrase$"):
        HmacSigner("k", ZEROHASH_PRIVATE_KEY, scheme=HMAC_SCHEME)
    with pytest.raises(ConfigurationError) as caught:
        HmacSigner("", ZEROHASH_PRIVATE_KEY, scheme=HMAC_SCHEME)
    assert listed_problems(caught.value, "HmacSigner") == [
        "the scheme needs a passphrase",
        "api_key is empty",
    ]


def test_a_signer_needs_a_scheme() -> None:
    """Whatever else is passed for it is refused by name."""
    scheme: Any = "x-api-key"
    problem = r"^HmacSigner: scheme must be an HmacScheme\(\.\.\.\), not str$"
    with pytest.raises(ConfigurationError, match=problem):
        HmacSigner("k", "s", scheme=scheme)


def test_a_scheme_makes_its_signer() -> None:
    """Credentials go by the vendor's names; a scheme must have a name for each of its own."""
    own = attrs.evolve(PLAIN, credential_names=("app_token", "secret_key"))
    by_name = own(secret_key="s", app_token="token-1")
    by_position = HmacSigner("token-1", "s", scheme=own)
    assert [secret.reveal() for secret in by_name.secrets if isinstance(secret, Secret)] == [
        secret.reveal() for secret in by_position.secrets if isinstance(secret, Secret)
    ]
    wanted = "^HmacScheme: the scheme signs with app_token and secret_key, not with"
    with pytest.raises(ConfigurationError, match=f"{wanted} token and secret_key$"):
        own(token="k", secret_key="s")
    with pytest.raises(ConfigurationError, match=f"{wanted} nothing$"):
        own()
    with pytest.raises(ConfigurationError, match="credential_names must name the API key"):
        attrs.evolve(own, passphrase_header="x-pass")
    with pytest.raises(ConfigurationError, match="credential_names must name the API key"):
        attrs.evolve(own, credential_names=("app_token",))
