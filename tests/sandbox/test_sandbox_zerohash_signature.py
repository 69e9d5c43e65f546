from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING

import pytest
from credentials import ZEROHASH_PRIVATE_KEY
from sandbox_requests import CLIENT, signature, zerohash_headers, zerohash_post

from tokenkit.sandbox import Sandbox
from tokenkit.sandbox.zerohash.signature import sign, signed_message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from tokenkit.testing import FrozenClock

MINT = "/client_auth_token"
SIGNED, TIMESTAMP = "X-SCX-SIGNED", "X-SCX-TIMESTAMP"
BODY = b'{"participant_code":"CUST01","permissions":["fwc"]}'
ORIGIN_ROUTE = "the whole URL was signed: the route starts at '/'"


@pytest.mark.parametrize(
    ("timestamp", "method", "route", "body", "expected"),
    [
        (
            "1714445421",
            "GET",
            "/accounts?account_owner=00SCXM&account_group=BBLGTW",
            "",
            "nvY/lGZoaom8x6eHeMWlzF4NnGvGA3YPtrbCmyUSplo=",
        ),
        (
            "1714445704",
            "POST",
            "/convert_withdraw/execute",
            '{"quote_id":"3fc51610-3dd9-409f-b531-38f78de8ca8a"}',
            "7SwJyWdDvInzNmzKHOC4SVpLuMrops/xG8DbucYpV50=",
        ),
        (
            "1714445704",
            "POST",
            MINT,
            '{"participant_code":"CUST01","permissions":["fwc"]}',
            "3OrQcgpWzUB+WDxlUJrXhpHRTdjuJUHg2Wirbw3QOYY=",
        ),
        ("1714445704", "POST", MINT, "", "J7im2dMzcgroQq7lFliJzA2r+ZHIHi+NGOOd0yF/YHQ="),
        (
            "1714445704",
            "POST",
            "/revoke_auth_token",
            '{"token":"a.b.c"}',
            "4Vzd30rHd7kzPuHpEzEsaxXlglQBgK55tuFUtGWpkHg=",
        ),
        (
            "1714445704",
            "POST",
            MINT,
            '{"email":"josé@example.com","permissions":["onboarding"]}',
            "iCzHHGKtFBHm1WX7w0bVB0I+vqBgM71MqRScsTWOJrU=",
        ),
    ],
)
def test_vectors(timestamp: str, method: str, route: str, body: str, expected: str) -> None:
    """The published signature and those from the documented formula are reproduced."""
    message = signed_message(timestamp, method, route.encode(), body.encode())
    assert sign(ZEROHASH_PRIVATE_KEY, message) == expected


def test_negative_vector() -> None:
    """The signature made with the undecoded key is wrong."""
    message = signed_message("1714445704", "POST", MINT.encode(), BODY)
    assert sign(ZEROHASH_PRIVATE_KEY, message) != "38QwoFirRzEddzCTTLqmU1d6QrsOl6QZqNA+4gP1MR8="


def test_right_signature_over_odd_spacing(sandbox: Sandbox) -> None:
    """The raw bytes are verified: a body with an unusual spelling passes if signed as sent."""
    odd = b' {"permissions" :["fwc"],\n"participant_code":"CUST01"} '
    assert zerohash_post(sandbox, MINT, odd).status_code == 201


def test_right_signature_over_a_query(sandbox: Sandbox) -> None:
    """The query string is part of the signed route exactly as sent, escapes included."""
    assert zerohash_post(sandbox, MINT + "?b=%7e%2F&a=+1", BODY).status_code == 201


def refuse(
    sandbox: Sandbox, body: bytes, changes: Mapping[str, str | None], *, route: str = MINT
) -> httpx.Response:
    """Send a signed request with some of its headers replaced or left out."""
    signed = {**zerohash_headers(sandbox, "POST", route, body), **changes}
    headers = {name: value for name, value in signed.items() if value is not None}
    return CLIENT.post(sandbox.url + route, content=body, headers=headers)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("X-SCX-API-KEY", None, "Missing API Key"),
        ("X-SCX-API-KEY", "another", "Unknown API key"),
        ("X-SCX-PASSPHRASE", None, "Invalid passphrase"),
        ("X-SCX-PASSPHRASE", "another", "Invalid passphrase"),
        ("X-SCX-TIMESTAMP", None, "Invalid timestamp"),
        ("X-SCX-TIMESTAMP", "1", "Timestamp out of range"),
        ("X-SCX-SIGNED", None, "Invalid signature"),
        ("X-SCX-SIGNED", "bm90IGl0", "Invalid signature"),
    ],
)
def test_refused_header(sandbox: Sandbox, name: str, value: str | None, message: str) -> None:
    """Each of the four headers is checked, and refused in the documented form."""
    response = refuse(sandbox, BODY, {name: value})
    assert response.status_code == 401
    assert response.json() == {"error": True, "message": message}


def test_status_of_refusals() -> None:
    """Bad credentials can be switched to 403, because the vendor's sources disagree."""
    with Sandbox(zerohash_auth_failure_status=403) as sandbox:
        response = refuse(sandbox, BODY, {SIGNED: "bm90IGl0"})
    assert (response.status_code, response.json()["error"]) == (403, True)


@pytest.mark.parametrize(("shift", "status"), [(60, 201), (-60, 201), (61, 401), (-61, 401)])
def test_time_window(timed_sandbox: Sandbox, clock: FrozenClock, shift: int, status: int) -> None:
    """A timestamp up to 60 seconds off passes; one further off does not."""
    timestamp = str(int(clock.time()) + shift)
    response = zerohash_post(timed_sandbox, MINT, BODY, timestamp=timestamp)
    assert response.status_code == status


@pytest.mark.parametrize(
    ("timestamp", "hint"),
    [
        ("1714445704123", "the timestamp is in milliseconds or finer: send Unix time in seconds"),
        ("1714445704.5", "the timestamp must be Unix time in whole seconds, digits only"),
        ("1714445604", "the timestamp is 100 s behind the server's clock"),
        ("1714445804", "the timestamp is 100 s ahead of the server's clock"),
    ],
)
def test_time_hints(timed_sandbox: Sandbox, timestamp: str, hint: str) -> None:
    """A refused timestamp's record says what is wrong with it."""
    zerohash_post(timed_sandbox, MINT, BODY, timestamp=timestamp)
    assert timed_sandbox.refused[-1].hint == hint


def test_missing_headers_hints(sandbox: Sandbox) -> None:
    """A missing timestamp or signature is named in the record."""
    refuse(sandbox, BODY, {TIMESTAMP: None})
    refuse(sandbox, BODY, {SIGNED: None})
    hints = [record.hint for record in sandbox.refused[-2:]]
    assert hints == ["X-SCX-TIMESTAMP is missing", "X-SCX-SIGNED is missing"]


def test_signed_text_is_recorded(sandbox: Sandbox) -> None:
    """The record of a refused signature has the text that should have been signed."""
    headers = zerohash_headers(sandbox, "POST", MINT, BODY)
    CLIENT.post(sandbox.url + MINT, content=BODY, headers={**headers, "X-SCX-SIGNED": "bm90IGl0"})
    record = sandbox.refused[-1]
    assert record.signed_text == headers["X-SCX-TIMESTAMP"] + "POST" + MINT + BODY.decode()
    assert record.hint == "no common mistake explains it: compare the private key and the text"


def digest(private_key: str, message: bytes) -> bytes:
    return hmac.new(base64.b64decode(private_key), message, hashlib.sha256).digest()


def respaced(body: bytes) -> bytes:
    return json.dumps(json.loads(body)).encode()


PLAIN: dict[str, Callable[[str, str, str, bytes], bytes]] = {
    "the body was not signed": lambda ts, _, route, __: f"{ts}POST{route}".encode(),
    "'{}' was signed although a body was sent": lambda ts, _, route, __: (
        f"{ts}POST{route}{{}}".encode()
    ),
    "the body was signed in a different form than it was sent": lambda ts, _, route, body: (
        f"{ts}POST{route}".encode() + respaced(body)
    ),
    "the query string was left out of the signed route": lambda ts, _, route, body: (
        f"{ts}POST{route.partition('?')[0]}".encode() + body
    ),
    "the route was signed with its percent escapes decoded": lambda ts, _, route, body: (
        f"{ts}POST{route.replace('%5F', '_')}".encode() + body
    ),
    ORIGIN_ROUTE: lambda ts, url, route, body: f"{ts}POST{url}{route}".encode() + body,
    "the route was signed without its leading '/'": lambda ts, _, route, body: (
        f"{ts}POST{route[1:]}".encode() + body
    ),
    "the method was signed in lower case": lambda ts, _, route, body: (
        f"{ts}post{route}".encode() + body
    ),
    "a different timestamp was signed than was sent": lambda ts, _, route, body: (
        f"{int(ts) + 1}POST{route}".encode() + body
    ),
    "the signed timestamp is in milliseconds": lambda ts, _, route, body: (
        f"{ts}789POST{route}".encode() + body
    ),
}


@pytest.mark.parametrize("mistake", PLAIN)
def test_message_hints(sandbox: Sandbox, mistake: str) -> None:
    """A signature over a common wrong message is refused, and its record names the mistake."""
    route, timestamp = "/client%5Fauth_token?x=1", str(int(time.time()))
    message = PLAIN[mistake](timestamp, sandbox.url, route, BODY)
    signed = signature(sandbox.environment["ZEROHASH_PRIVATE_KEY"], message)
    response = refuse(sandbox, BODY, {SIGNED: signed, TIMESTAMP: timestamp}, route=route)
    assert response.status_code == 401
    assert sandbox.refused[-1].hint == mistake


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "the signature lacks base64's padding": lambda made: base64.b64encode(made)[:-1],
    "the signature is in hexadecimal, not in base64": lambda made: made.hex().encode(),
    "the signature is base64 of the hexadecimal digest": lambda made: base64.b64encode(
        made.hex().encode()
    ),
}


@pytest.mark.parametrize("mistake", FORMS)
def test_form_hints(sandbox: Sandbox, mistake: str) -> None:
    """A right digest in a wrong form is refused, and its record names the form."""
    timestamp = str(int(time.time()))
    message = f"{timestamp}POST{MINT}".encode() + BODY
    signed = FORMS[mistake](digest(sandbox.environment["ZEROHASH_PRIVATE_KEY"], message)).decode()
    refuse(sandbox, BODY, {SIGNED: signed, TIMESTAMP: timestamp})
    assert sandbox.refused[-1].hint == mistake


@pytest.mark.parametrize("padded", [True, False])
def test_url_safe_hint(clock: FrozenClock, *, padded: bool) -> None:
    """A digest in base64's URL-safe alphabet is recognised where the alphabets differ."""
    with Sandbox(clock=clock.time) as sandbox:
        key = sandbox.environment["ZEROHASH_PRIVATE_KEY"]
        signed = "="
        while not {"-", "_"} & set(signed):
            clock.advance(1)
            message = f"{int(clock.time())}POST{MINT}".encode() + BODY
            signed = base64.urlsafe_b64encode(digest(key, message)).decode()
        refuse(
            sandbox,
            BODY,
            {
                SIGNED: signed if padded else signed.rstrip("="),
                TIMESTAMP: str(int(clock.time())),
            },
        )
        hint = sandbox.refused[-1].hint
    unpadded = "" if padded else ", unpadded"
    assert hint == f"the signature is in base64's URL-safe alphabet{unpadded}"


def test_undecoded_key_hint(sandbox: Sandbox) -> None:
    """Signing with the private key's base64 text, the commonest mistake, is recognised."""
    timestamp = str(int(time.time()))
    message = f"{timestamp}POST{MINT}".encode() + BODY
    text = base64.b64encode(sandbox.environment["ZEROHASH_PRIVATE_KEY"].encode()).decode()
    refuse(sandbox, BODY, {SIGNED: signature(text, message), TIMESTAMP: timestamp})
    assert sandbox.refused[-1].hint == "the private key was not base64-decoded"


def test_two_mistakes_at_once(sandbox: Sandbox) -> None:
    """An undecoded key and a missing '{}' together are both named."""
    timestamp = str(int(time.time()))
    text = base64.b64encode(sandbox.environment["ZEROHASH_PRIVATE_KEY"].encode()).decode()
    signed = signature(text, f"{timestamp}POST{MINT}".encode())
    refuse(sandbox, b"", {SIGNED: signed, TIMESTAMP: timestamp})
    assert sandbox.refused[-1].hint == (
        "the private key was not base64-decoded; "
        "'{}' is missing: a request without a body signs it in the body's place"
    )


def test_hint_for_a_body_that_is_no_json(sandbox: Sandbox) -> None:
    """A body that can't be spelt in another way still gets its signature checked."""
    assert refuse(sandbox, b"\xff", {SIGNED: "bm90IGl0"}).status_code == 401
    assert sandbox.refused[-1].signed_text.endswith("\\xff")


def test_large_body_is_judged_quickly(sandbox: Sandbox) -> None:
    """With a large body, a thousand other timestamps would take long, and are not tried."""
    route, timestamp = MINT, str(int(time.time()))
    body = b'{"pad":"' + b"x" * 64 * 1024 + b'"}'
    key = sandbox.environment["ZEROHASH_PRIVATE_KEY"]
    for text, hint in (
        (f"{timestamp}123POST{route}", "no common mistake explains it"),
        (f"{timestamp}post{route}", "the method was signed in lower case"),
    ):
        signed = signature(key, text.encode() + body)
        refuse(sandbox, body, {SIGNED: signed, TIMESTAMP: timestamp})
        assert sandbox.refused[-1].hint.startswith(hint)
