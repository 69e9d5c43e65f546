"""Credentials that cannot work are refused by name and never quoted."""

from __future__ import annotations

import pytest
from core_driver import WALL, untyped
from credentials import ZEROHASH_PASSPHRASE, ZEROHASH_PRIVATE_KEY
from listed_problems import listed_problems

from tokenkit import ZdkClient
from tokenkit._model.messages import Headers, Request
from tokenkit._secret import Secret
from tokenkit.auth import (
    Bearer,
    HmacSigner,
    OrgKey,
    header_secret,
)
from tokenkit.errors import ConfigurationError
from tokenkit.zerohash.profile import HMAC_SCHEME

REQUEST = Request(method="POST", origin="https://h", route="/x", headers=Headers(), body=b"{}")


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("not base64!", "private_key contains whitespace"),
        ("not-base64-url_alphabet", "private_key is in URL-safe base64"),
        ("abc", "private_key is not base64"),
        ("=", "private_key is not base64"),
        (ZEROHASH_PRIVATE_KEY[:-1], "private_key is not base64"),
        (
            ZEROHASH_PRIVATE_KEY + "\n",
            "private_key begins or ends with whitespace or a line break",
        ),
        (" " + ZEROHASH_PRIVATE_KEY, "private_key begins or ends with whitespace"),
        (
            ZEROHASH_PRIVATE_KEY[:20] + "\n" + ZEROHASH_PRIVATE_KEY[20:],
            "private_key contains whitespace or a line break",
        ),
        ("", "private_key is empty"),
        (f'"{ZEROHASH_PRIVATE_KEY}"', "private_key is in quotes"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n", "private_key is a PEM file"),
        ("2mC4ZvVd4goRkuJm+rjr9byUiaUW1b6tVN4xy9QXNSé=", "private_key is not base64"),
    ],
)
def test_private_keys_are_read_strictly(key: str, problem: str) -> None:
    """A private key that isn't base64, or was read carelessly from a file, is refused."""
    with pytest.raises(ConfigurationError, match=problem) as caught:
        HmacSigner("public", key, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME)
    assert len(key) < 2 or key not in str(caught.value)
    signer = HmacSigner("public", ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME)
    with pytest.raises(ConfigurationError, match=problem):
        signer.headers(REQUEST, [Secret("public"), Secret(key), Secret(ZEROHASH_PASSPHRASE)], WALL)


@pytest.mark.parametrize(
    "bad", ["", " key", "key\r\nX-Evil: 1", "k\x00ey", "kéy", "\ud800", "k\u2028", "\t", "a b"]
)
def test_keys_must_fit_a_header(bad: str) -> None:
    """Every strategy refuses an empty key, and one with a character that headers don't allow."""
    for build in (
        lambda: Bearer(bad),
        lambda: Bearer(Secret(bad)),
        lambda: OrgKey("org", bad),
        lambda: OrgKey(bad, "key"),
        lambda: HmacSigner(bad, ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME),
    ):
        with pytest.raises(ConfigurationError) as caught:
            build()
        assert len(bad) < 4 or bad not in str(caught.value)


@pytest.mark.parametrize("bad", ["", " pass", "pass\n", "p\x00ss", "pässphrase"])
def test_passphrases_must_fit_a_header(bad: str) -> None:
    """A passphrase may contain spaces, but nothing that a header refuses."""
    HmacSigner("public", ZEROHASH_PRIVATE_KEY, "two words", scheme=HMAC_SCHEME)
    with pytest.raises(ConfigurationError, match="passphrase"):
        HmacSigner("public", ZEROHASH_PRIVATE_KEY, bad, scheme=HMAC_SCHEME)


@pytest.mark.parametrize("length", [16_384, 16_385, 100_000])
def test_secrets_that_are_too_long_are_refused(length: int) -> None:
    """A secret may have the 16,384 characters that its error names, but no more."""
    long = "A" * length
    for name, build in (
        ("Bearer: api_key", lambda: Bearer(long)),
        ("OrgKey: org_id", lambda: OrgKey(long, "key")),
        ("HmacSigner: private_key", lambda: HmacSigner("k", long, "p", scheme=HMAC_SCHEME)),
        (
            "HmacSigner: passphrase",
            lambda: HmacSigner("k", ZEROHASH_PRIVATE_KEY, long, scheme=HMAC_SCHEME),
        ),
    ):
        if length <= 16_384:
            build()
        else:
            with pytest.raises(ConfigurationError, match=f"^{name} has more than 16384 char"):
                build()


def test_org_ids_with_a_colon_are_refused() -> None:
    """A colon in the organisation's id would move the boundary to the key."""
    with pytest.raises(ConfigurationError, match="org_id contains a colon"):
        OrgKey("org:id", "key")
    with pytest.raises(ConfigurationError, match="org_id contains a colon"):
        OrgKey(lambda: "org:id", lambda: "key").headers(
            REQUEST, [Secret("org:id"), Secret("key")], WALL
        )


def test_header_secret() -> None:
    """A good secret is returned unchanged; a bad one is named, never quoted."""
    secret = Secret("sound")
    assert header_secret("password", secret) is secret
    with pytest.raises(ConfigurationError, match=r"^password contains a space$") as caught:
        header_secret("password", Secret("two words"))
    assert "two words" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("Bearer key-1", "starts with 'Bearer '; pass the key alone"),
        ("bearer:key-1", "starts with 'bearer:'; pass the key alone"),
        ("Basic a2V5", "starts with 'Basic '; pass the key alone"),
        ('"key-1"', "is in quotes, which docker --env-file keeps; remove them"),
        ("'key-1'", "is in quotes, which docker --env-file keeps; remove them"),
        ("key-1\n", "begins or ends with whitespace or a line break"),
        ("key-1\nkey-2", "contains a line break"),
        ("key\t1", "contains a control character"),
        ("k\u00e9y-1", "contains a character outside ASCII"),
        ("-----BEGIN KEY-----", "is a PEM file; pass the key that the vendor shows"),
        ("k" * 16_385, "has more than 16384 characters"),
        ("", "is empty"),
    ],
    ids=lambda value: value[:12],
)
def test_what_is_wrong_with_a_key_is_called_by_its_name(key: str, problem: str) -> None:
    """Each common mistake with a key has its own message, without the key."""
    with pytest.raises(ConfigurationError) as caught:
        Bearer(key)
    assert str(caught.value).startswith(f"Bearer: api_key {problem}")
    with pytest.raises(
        ConfigurationError, match=r"^OrgKey has 2 problems:\n- org_id .*\n- api_key "
    ):
        OrgKey(key, key)


def test_an_api_key_with_the_organisation_before_it() -> None:
    """The whole pair, pasted as the key, is refused when both are known."""
    with pytest.raises(ConfigurationError, match=r"^OrgKey: api_key starts with the org_id"):
        OrgKey("org-1", "org-1:key")
    both = [Secret("org-1"), Secret("org-1:key")]
    with pytest.raises(ConfigurationError, match="api_key starts with the org_id"):
        OrgKey("org-1", "another").headers(REQUEST, both, WALL)


def test_all_unfit_credentials_are_named_at_once() -> None:
    """A signer names each of its unusable credentials."""
    with pytest.raises(ConfigurationError) as caught:
        HmacSigner("a b", "%", untyped(b"p"), scheme=HMAC_SCHEME)
    assert [problem.split()[0] for problem in listed_problems(caught.value, "HmacSigner")] == [
        "api_key",
        "private_key",
        "passphrase",
    ]
    with pytest.raises(ConfigurationError, match="passphrase contains a line break"):
        HmacSigner("k", ZEROHASH_PRIVATE_KEY, "p\np", scheme=HMAC_SCHEME)


def test_errors_name_a_strategys_own_class() -> None:
    """A subclass is called by its name, and a client names itself and its argument instead."""

    class KeyInVault(Bearer[str]):
        pass

    with pytest.raises(ConfigurationError, match=r"^KeyInVault: api_key must be .*, not int$"):
        KeyInVault(untyped(3))
    with pytest.raises(ConfigurationError, match=r"^ZdkClient: api_key must be .*, not int$"):
        ZdkClient(api_key=untyped(3))


def test_whether_spaces_may_stand_in_a_secret_is_said_by_name() -> None:
    """The third argument is by keyword only: a bare True would be unreadable."""
    secret = Secret("two words")
    assert header_secret(name="password", secret=secret, spaces=True) is secret
    with pytest.raises(TypeError, match="positional"):
        untyped(header_secret)("password", secret, True)  # noqa: FBT003 - that is the point
