from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from enum import Enum
from typing import Any

import attrs
import pytest
from core_driver import WALL, untyped
from credentials import (
    STRIGO,
    STRIGO_API_KEY,
    STRIGO_ORG_ID,
    ZEROHASH,
    ZEROHASH_PASSPHRASE,
    ZEROHASH_PRIVATE_KEY,
)

from tokenkit._model.messages import Headers, Request
from tokenkit._secret import Secret
from tokenkit.auth import (
    Bearer,
    HmacScheme,
    HmacSigner,
    OrgKey,
)
from tokenkit.errors import ConfigurationError
from tokenkit.zerohash.profile import HMAC_SCHEME

VECTORS = [
    (
        "1714445421GET/accounts?account_owner=00SCXM&account_group=BBLGTW{}",
        "nvY/lGZoaom8x6eHeMWlzF4NnGvGA3YPtrbCmyUSplo=",
    ),
    (
        (
            "1714445704POST/convert_withdraw/execute"
            '{"quote_id":"3fc51610-3dd9-409f-b531-38f78de8ca8a"}'
        ),
        "7SwJyWdDvInzNmzKHOC4SVpLuMrops/xG8DbucYpV50=",
    ),
    (
        '1714445704POST/client_auth_token{"participant_code":"CUST01","permissions":["fwc"]}',
        "3OrQcgpWzUB+WDxlUJrXhpHRTdjuJUHg2Wirbw3QOYY=",
    ),
    ("1714445704POST/client_auth_token{}", "J7im2dMzcgroQq7lFliJzA2r+ZHIHi+NGOOd0yF/YHQ="),
    (
        '1714445704POST/revoke_auth_token{"token":"a.b.c"}',
        "4Vzd30rHd7kzPuHpEzEsaxXlglQBgK55tuFUtGWpkHg=",
    ),
    (
        (
            '1714445704POST/client_auth_token{"email":"josé@example.com",'
            '"permissions":["onboarding"]}'
        ),
        "iCzHHGKtFBHm1WX7w0bVB0I+vqBgM71MqRScsTWOJrU=",
    ),
]
REQUEST = Request(method="POST", origin="https://h", route="/x", headers=Headers(), body=b"{}")
OTHER_KEY = b64encode(b"another key of the same vendor").decode()


class Text(str):
    """A str subclass, as some settings libraries return it."""

    __slots__ = ()


def signature(message: str) -> str:
    """Sign the request that belongs to a vector's message."""
    parts = re.fullmatch(r"(\d+)(GET|POST)([^{]*)(\{.*)", message)
    assert parts is not None
    time, method, route, body = parts.groups()
    raw = b"" if body == "{}" else body.encode()
    request = Request(method=method, origin="https://h", route=route, headers=Headers(), body=raw)
    signer = HmacSigner("public", ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME)
    secrets = [Secret("public"), Secret(ZEROHASH_PRIVATE_KEY), Secret(ZEROHASH_PASSPHRASE)]
    headers = signer.headers(request, secrets, float(time) + 0.9)
    assert headers["x-scx-timestamp"] == time
    assert headers["x-scx-api-key"] == "public"
    assert headers["x-scx-passphrase"] == "correct horse battery"
    return headers["x-scx-signed"]


@pytest.mark.parametrize(("message", "expected"), VECTORS)
def test_zerohash_vectors(message: str, expected: str) -> None:
    """The published signature and the contract's regression values are reproduced."""
    assert signature(message) == expected


def test_the_key_is_decoded_before_signing() -> None:
    """The undecoded key text, the commonest mistake, gives another signature."""
    undecoded = "38QwoFirRzEddzCTTLqmU1d6QrsOl6QZqNA+4gP1MR8="
    assert signature(VECTORS[2][0]) != undecoded


def signed_by(
    private_key: str, request: Request, passphrase: str = ZEROHASH_PASSPHRASE
) -> dict[str, str]:
    """Return the headers of a request that was signed under a key, computed here."""
    text = f"{int(WALL)}{request.method}{request.route}".encode() + request.body
    digest = hmac.digest(b64decode(private_key), text, "sha256")
    return {
        "x-scx-api-key": "public",
        "x-scx-signed": b64encode(digest).decode(),
        "x-scx-timestamp": str(int(WALL)),
        "x-scx-passphrase": passphrase,
    }


def test_one_signer_signs_many_requests() -> None:
    """A signature does not depend on what the signer signed before."""
    signer = HmacSigner("public", ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME)
    secrets = [Secret("public"), Secret(ZEROHASH_PRIVATE_KEY), Secret(ZEROHASH_PASSPHRASE)]
    for route in ("/a", "/b", "/a"):
        request = attrs.evolve(REQUEST, route=route, body=b'{"a":1}')
        assert signer.headers(request, secrets, WALL) == signed_by(ZEROHASH_PRIVATE_KEY, request)


def test_the_key_is_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the secrets stay the same, a signer prepares its key only once."""
    prepared: list[object] = []
    new: Any = hmac.new

    def watched(*args: Any, **options: Any) -> Any:
        prepared.append(None)
        return new(*args, **options)

    monkeypatch.setattr(hmac, "new", watched)
    signer = HmacSigner("public", ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME)
    for _ in range(3):
        secrets = [Secret("public"), Secret(ZEROHASH_PRIVATE_KEY), Secret(ZEROHASH_PASSPHRASE)]
        signer.headers(REQUEST, secrets, WALL)
    assert len(prepared) == 1


def test_a_signer_follows_each_rotation() -> None:
    """Whichever secret changes, even back again, the next request uses it."""
    signer = HmacSigner("public", ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME)
    request = attrs.evolve(REQUEST, body=b'{"a":1}')
    for private_key, passphrase in (
        (ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE),
        (OTHER_KEY, ZEROHASH_PASSPHRASE),
        (OTHER_KEY, "new phrase"),
        (ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE),
    ):
        secrets = [Secret("public"), Secret(private_key), Secret(passphrase)]
        headers = signer.headers(request, secrets, WALL)
        assert headers == signed_by(private_key, request, passphrase)
    renamed = [Secret("renamed"), Secret(ZEROHASH_PRIVATE_KEY), Secret(ZEROHASH_PASSPHRASE)]
    assert signer.headers(request, renamed, WALL)["x-scx-api-key"] == "renamed"


@pytest.mark.parametrize(
    "bad",
    [
        ("public\n", OTHER_KEY, ZEROHASH_PASSPHRASE),
        ("public", OTHER_KEY[:-1], ZEROHASH_PASSPHRASE),
        ("public", OTHER_KEY, "new phrase\n"),
    ],
)
def test_a_rotation_to_a_bad_secret_signs_nothing(bad: tuple[str, str, str]) -> None:
    """Unusable secrets are refused each time, until good ones come back."""
    signer = HmacSigner("public", ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME)
    request = attrs.evolve(REQUEST, body=b'{"a":1}')
    sound = [Secret("public"), Secret(ZEROHASH_PRIVATE_KEY), Secret(ZEROHASH_PASSPHRASE)]
    signer.headers(request, sound, WALL)
    for _ in range(2):
        with pytest.raises(ConfigurationError):
            signer.headers(request, [Secret(text) for text in bad], WALL)
    assert signer.headers(request, sound, WALL) == signed_by(ZEROHASH_PRIVATE_KEY, request)


def test_a_rotation_in_the_midst_of_signing_mixes_no_secrets() -> None:
    """Each request is signed under one set of secrets, whatever other threads sign meanwhile."""
    request = attrs.evolve(REQUEST, body=b'{"a":1}')
    old = [Secret("public"), Secret(ZEROHASH_PRIVATE_KEY), Secret(ZEROHASH_PASSPHRASE)]
    new = [Secret("renamed"), Secret(OTHER_KEY), Secret("new phrase")]

    def canonical_text(timestamp: str, request: Request) -> bytes:
        text = HMAC_SCHEME.canonical_text(timestamp, request)
        if timestamp == str(int(WALL)):
            signer.headers(request, new, WALL + 1)
        return text

    scheme = attrs.evolve(HMAC_SCHEME, canonical_text=canonical_text)
    signer = HmacSigner("public", ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=scheme)
    assert signer.headers(request, old, WALL) == signed_by(ZEROHASH_PRIVATE_KEY, request)


def test_a_literal_empty_object_signs_like_no_body() -> None:
    """A request with the body {} has the same signature as one without a body."""
    signer = HmacSigner("k", ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME)
    secrets = [Secret("k"), Secret(ZEROHASH_PRIVATE_KEY), Secret(ZEROHASH_PASSPHRASE)]
    bare = Request(method="POST", origin="https://h", route="/x", headers=Headers())
    assert signer.headers(REQUEST, secrets, WALL) == signer.headers(bare, secrets, WALL)


def test_text_of_another_class_is_text() -> None:
    """Secrets whose class derives from str are accepted and used as text."""
    secrets = [
        Secret(Text("public")),
        Secret(Text(ZEROHASH_PRIVATE_KEY)),
        Secret(Text(ZEROHASH_PASSPHRASE)),
    ]
    signer = HmacSigner(*secrets, scheme=HMAC_SCHEME)
    request = attrs.evolve(REQUEST, body=b'{"a":1}')
    assert signer.headers(request, secrets, WALL) == signed_by(ZEROHASH_PRIVATE_KEY, request)
    assert Bearer(Text("the-key")).secrets == (Secret("the-key"),)


def test_credentials_by_name() -> None:
    """Credentials can be passed by name; a scheme and its headers only by name."""
    signer = HmacSigner(**ZEROHASH, scheme=HMAC_SCHEME)
    assert signer.secrets == tuple(Secret(value) for value in ZEROHASH.values())
    assert OrgKey(**STRIGO).secrets == (Secret(STRIGO_ORG_ID), Secret(STRIGO_API_KEY))
    with pytest.raises(TypeError, match="positional"):
        untyped(HmacSigner)("k", ZEROHASH_PRIVATE_KEY, "p", HMAC_SCHEME)
    with pytest.raises(TypeError, match="positional"):
        untyped(HmacScheme)("key", "signed", "time", "phrase", HMAC_SCHEME.canonical_text)


def test_bearer() -> None:
    """Bearer sends the key and does not depend on the clock."""
    strategy = Bearer("the-key")
    assert strategy.uses_time is False
    assert strategy.headers(REQUEST, [Secret("the-key")], WALL) == {
        "authorization": "Bearer the-key"
    }


def test_org_key() -> None:
    """OrgKey sends the raw pair with a colon and does not depend on the clock."""
    strategy = OrgKey("org", "key:with:colons")
    assert strategy.uses_time is False
    secrets = [Secret("org"), Secret("key:with:colons")]
    assert strategy.headers(REQUEST, secrets, WALL) == {
        "authorization": "Bearer org:key:with:colons"
    }


def test_the_signer_depends_on_the_clock() -> None:
    """A signature holds the time, so a wrong clock matters."""
    assert HmacSigner("k", ZEROHASH_PRIVATE_KEY, "p", scheme=HMAC_SCHEME).uses_time is True


def test_sources_are_kept_as_given() -> None:
    """Strings are wrapped at once; a Secret and a callable stay as they are."""

    def source() -> str:
        raise AssertionError("asked before a call")

    secret = Secret("key")
    assert Bearer("key").secrets == (Secret("key"),)
    assert Bearer(secret).secrets[0] is secret
    assert Bearer(source).secrets == (source,)
    assert OrgKey(source, source).secrets == (source, source)
    signer = HmacSigner(source, source, source, scheme=HMAC_SCHEME)
    assert signer.secrets == (source, source, source)


@pytest.mark.parametrize(
    "strategy",
    [
        Bearer("hidden-key"),
        OrgKey("hidden-org", "hidden-key"),
        HmacSigner("hidden-key", ZEROHASH_PRIVATE_KEY, "hidden-phrase", scheme=HMAC_SCHEME),
    ],
)
def test_strategies_do_not_show_their_secrets(strategy: object) -> None:
    """Neither the repr nor the vars of a strategy show a secret."""
    shown = repr(strategy) + repr(vars(strategy))
    assert "hidden" not in shown
    assert ZEROHASH_PRIVATE_KEY not in shown


def test_signers_need_a_matching_number_of_secrets() -> None:
    """A signer that gets fewer secrets than it asked for does not sign at all."""
    signer = HmacSigner("k", ZEROHASH_PRIVATE_KEY, "p", scheme=HMAC_SCHEME)
    with pytest.raises(ValueError, match="shorter"):
        signer.headers(REQUEST, untyped([Secret("k")]), WALL)
    sound = [Secret("k"), Secret(ZEROHASH_PRIVATE_KEY), Secret("p")]
    signer.headers(REQUEST, sound, WALL)
    with pytest.raises(ValueError, match="longer"):
        signer.headers(REQUEST, [*sound, Secret("q")], WALL)


def test_a_member_of_a_text_enum_is_its_value() -> None:
    """Keys in an enum are sent by value, not by the members' names."""

    class Keys(str, Enum):
        MINE = "key-of-mine"

    bearer = Bearer(Keys.MINE)
    request = Request(method="GET", origin="https://a.example", route="/", headers=Headers())
    sent = bearer.headers(request, [Secret(Keys.MINE)], WALL)
    assert dict(sent) == {"authorization": "Bearer key-of-mine"}
    assert type(Secret(Keys.MINE).reveal()) is str
