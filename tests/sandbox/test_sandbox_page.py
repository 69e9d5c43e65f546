"""The web page, as it comes over HTTP; a browser looks at it in the next module."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import time
from typing import TYPE_CHECKING

import pytest
from sandbox_requests import (
    CLIENT,
    signature,
    strigo_post,
    zdk_post,
    zerohash_headers,
    zerohash_post,
)

from tokenkit.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tokenkit.testing import FrozenClock

MINT = "/client_auth_token"
BODY = b'{"participant_code":"CUST01","permissions":["fwc"]}'
SECRETS = ("ZDK_API_KEY", "ZEROHASH_PRIVATE_KEY", "ZEROHASH_PASSPHRASE", "STRIGO_API_KEY")


def source(sandbox: Sandbox) -> str:
    return CLIENT.get(sandbox.url).text


def text_of(markup: str) -> str:
    """Remove the tags, as a reader would."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def section(sandbox: Sandbox, name: str) -> str:
    found = re.search(f'<section id="{name}">(.*?)</section>', source(sandbox), re.DOTALL)
    assert found is not None
    return found[1]


def cells(sandbox: Sandbox, name: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", section(sandbox, name), re.DOTALL)[1:]
    return [[text_of(cell) for cell in re.findall(r"<td.*?</td>", row)] for row in rows]


def refuse(sandbox: Sandbox, headers: Mapping[str, str], body: bytes = BODY) -> None:
    """Cause a refused signature."""
    assert CLIENT.post(sandbox.url + MINT, content=body, headers=headers).status_code == 401


def signed_as(sandbox: Sandbox, message: str) -> dict[str, str]:
    """Return the headers of a request whose signature is over the wrong text."""
    headers = zerohash_headers(sandbox, "POST", MINT, BODY)
    text = message.replace("TIMESTAMP", headers["X-SCX-TIMESTAMP"])
    key = sandbox.environment["ZEROHASH_PRIVATE_KEY"]
    return {**headers, "X-SCX-SIGNED": signature(key, text.encode())}


def test_headers(sandbox: Sandbox) -> None:
    """The page is HTML that is never cached or framed, and in which nothing can run."""
    response = CLIENT.get(sandbox.url)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-content-type-options"] == "nosniff"
    policy = response.headers["content-security-policy"].split("; ")
    style = re.search(r"<style>(.*)</style>", response.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    assert "<script" not in response.text


def test_empty_page() -> None:
    """Before the first request, the page says that there was none, and what can be called."""
    with Sandbox() as sandbox:
        assert sandbox.url in text_of(source(sandbox))
        for name in ("issued", "refused", "faults"):
            assert "None so far." in section(sandbox, name)
        assert ["zerohash", "POST /client_auth_token"] in cells(sandbox, "calls")
        assert len(cells(sandbox, "calls")) == 12


def test_tokens_issued(clock: FrozenClock) -> None:
    """Each token is shown with the request, for whom, and when it expires, newest first."""
    with Sandbox(clock=clock.time) as sandbox:
        users = [{"id": "user-1"}, {"id": "user-2", "permissions": [100, "CHAT"]}]
        zdk_post(sandbox, {"arguments": users})
        withdrawal = {"participant_code": "CUST01", "permissions": ["crypto-withdrawals", "fwc"]}
        zerohash_post(sandbox, MINT, withdrawal, timestamp=str(int(clock.time())))
        end = int(clock.time() + 86_400 * 3) * 1000
        strigo_post(sandbox, {"email": "a@example.com", "groups": ["g"], "expiration": end})
        strigo_post(sandbox, {"email": "b@example.com", "expiration": end - 1})
        clock.advance(1)
        shown = cells(sandbox, "issued")
        tokens = [f"{record.token[:6]}..." for record in reversed(sandbox.issued)]
    at = "2024-04-30 02:55:04"
    assert shown == [
        [at, "Strigo", "b@example.com", "", tokens[0], "2024-05-03 02:55:03 in 2 days"],
        [at, "Strigo", "a@example.com", "g", tokens[1], "2024-05-03 02:55:04 in 2 days"],
        [
            *(at, "zerohash", "CUST01", "crypto-withdrawals, fwc", tokens[2]),
            "2024-04-30 03:00:04 in 4 minutes",
        ],
        [at, "ZDK", "user-2", "100, CHAT", tokens[3], "not documented"],
        [at, "ZDK", "user-1", "", tokens[4], "not documented"],
    ]


def test_tokens_that_ended(clock: FrozenClock) -> None:
    """Revoked and expired tokens are distinguished from valid ones."""
    with Sandbox(clock=clock.time) as sandbox:
        body = {"participant_code": "CUST01", "permissions": ["fwc"]}
        minted = zerohash_post(sandbox, MINT, body, timestamp=str(int(clock.time())))
        token = {"token": minted.json()["message"]["token"]}
        zerohash_post(sandbox, "/revoke_auth_token", token, timestamp=str(int(clock.time())))
        clock.advance(3661)
        shown = cells(sandbox, "issued")
        assert text_of(source(sandbox)).count("Issued 1 Revoked 1 Refused 0 Pending faults 0") == 1
    assert shown[0][-1] == "2024-04-30 03:55:04 61 seconds ago revoked"


def test_one_second(clock: FrozenClock) -> None:
    """A single second is not written as a plural."""
    with Sandbox(clock=clock.time) as sandbox:
        end = int(clock.time() + 1) * 1000
        strigo_post(sandbox, {"email": "a@example.com", "expiration": end})
        assert cells(sandbox, "issued")[0][-1].endswith("in 1 second")


def test_only_the_newest(clock: FrozenClock) -> None:
    """Of many tokens and refusals, the newest hundred are shown, and the page says so."""
    with Sandbox(clock=clock.time) as sandbox:
        for number in range(101):
            zdk_post(sandbox, {"arguments": [{"id": f"user-{number}"}]})
        for _ in range(101):
            CLIENT.get(sandbox.url + "/nowhere")
        shown = cells(sandbox, "issued")
        assert [row[2] for row in (shown[0], shown[-1])] == ["user-100", "user-1"]
        assert "The newest 100 of 101." in section(sandbox, "issued")
        assert section(sandbox, "refused").count("<article>") == 100


def test_no_secret_and_no_whole_token(faulty: Sandbox) -> None:
    """Whatever is sent, the page shows six characters of a token, and no credential."""
    environment = faulty.environment
    for secret in SECRETS:
        strigo_post(faulty, {"email": f"{environment[secret]}@example.com"})
        strigo_post(faulty, {"email": environment[secret]})
    zdk_post(faulty, {"arguments": [{"id": "user-1"}]})
    minted = zerohash_post(faulty, MINT, {"participant_code": "CUST01", "permissions": ["fwc"]})
    token = minted.json()["message"]["token"]
    body = json.dumps({"token": token}).encode()
    headers = zerohash_headers(faulty, "POST", MINT, body) | {"X-SCX-SIGNED": "bm90IGl0"}
    refuse(faulty, headers, body)
    CLIENT.get(f"{faulty.url}/{token}?x={environment['ZDK_API_KEY']}")
    page = html.unescape(source(faulty))
    assert "[secret]@example.com" in page
    assert f'"token": "{token[:6]}..."' in page
    for secret in SECRETS:
        assert environment[secret] not in page
    for record in faulty.issued:
        assert record.token[:8] not in page.replace(record.subject, "")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a&lt;b", "a&amp;lt;b"),
        ("evil\u202etxt", r"evil\u202etxt"),
        ("line\nbreak\x00", r"line\nbreak\x00"),
        ("José 漢字", "José 漢字"),
    ],
)
def test_text_from_requests(faulty: Sandbox, sent: str, shown: str) -> None:
    """Text from a request is shown as text: markup and control characters have no effect."""
    zdk_post(faulty, {"arguments": [{"id": sent}]})
    assert f"<strong>{shown}</strong>" in section(faulty, "issued")


def test_requests_refused(faulty: Sandbox) -> None:
    """Each refusal has its status, request, reason and likely cause, newest first."""
    zdk_post(faulty, {"arguments": []}, authorization="Bearer wrong")
    zerohash_post(faulty, MINT + "?q=1&lt=2", {"permission": "fwc"})
    first, second = section(faulty, "refused").split("<article>")[1:]
    assert "<code>POST /client_auth_token?q=1&amp;lt=2</code>" in first
    assert text_of(first).startswith("400 POST")
    assert "body/permissions is required" in text_of(first)
    assert "Likely cause: the field is called 'permissions'" in text_of(first)
    assert text_of(second).startswith("401 POST /user.tokens.private.v1.Service/Create ZDK 20")
    assert text_of(second).endswith("unknown API key")


def test_refusal_by_a_fault(faulty: Sandbox) -> None:
    """A refusal that a fault caused says so."""
    faulty.fail_next(status=503)
    zdk_post(faulty, {"arguments": []})
    assert "Caused by a fault: times=1; status=503" in text_of(section(faulty, "refused"))


def test_faults_to_come() -> None:
    """Queued faults and those of the run are listed with what is left of them."""
    with Sandbox(faults=[Fault(delay=0.01, share=0.5)]) as sandbox:
        sandbox.fail_next(status=503, times=3)
        zdk_post(sandbox, {"arguments": []})
        assert cells(sandbox, "faults") == [
            ["next", "times=2; status=503"],
            ["whole run", "share=0.5; delay=0.01"],
        ]


def test_skewed_clock_is_said(clock: FrozenClock) -> None:
    """A clock that is off is announced, so that the times make sense."""
    for skew, said in ((3600, "03:55:04 UTC, 3600 s ahead"), (-0.5, "02:55:03 UTC, 0.5 s behind")):
        with Sandbox(clock=clock.time, clock_skew=skew) as sandbox:
            assert said in text_of(source(sandbox))


def test_first_difference(faulty: Sandbox) -> None:
    """If the signature reveals what was signed, both texts show where they differ."""
    refuse(faulty, signed_as(faulty, "TIMESTAMPPOST" + MINT + json.dumps(json.loads(BODY))))
    shown = section(faulty, "refused")
    timestamp = faulty.refused[-1].signed_text[:10]
    start = f'<pre>{timestamp}POST/client_auth_token{{"participant_code":'
    assert start + '<mark>"</mark><span class="after">CUST01"' in shown
    assert start + '<mark> </mark><span class="after">"CUST01"' in shown
    assert "Signed instead" in shown
    assert f"The first difference is at character {len(start) - len('<pre>') + 1}." in shown


def test_text_that_ends_early(faulty: Sandbox) -> None:
    """If one text is the beginning of the other, its end is the difference."""
    refuse(faulty, signed_as(faulty, "TIMESTAMPPOST" + MINT))
    shown = section(faulty, "refused")
    assert "POST/client_auth_token<mark>{</mark>" in shown
    assert 'POST/client_auth_token<mark class="end">end of text</mark></pre>' in shown


def test_texts_that_agree(faulty: Sandbox) -> None:
    """If only the key or the form is wrong, the page says that the texts agree."""
    headers = zerohash_headers(faulty, "POST", MINT, BODY)
    refuse(faulty, {**headers, "X-SCX-SIGNED": headers["X-SCX-SIGNED"].rstrip("=")})
    shown = section(faulty, "refused")
    assert "The texts are the same" in shown
    assert shown.count("<pre>") == 2
    assert "<mark" not in shown


def test_text_that_cannot_be_told(faulty: Sandbox) -> None:
    """If nothing shows what was signed, the page says how a client can show it."""
    refuse(faulty, zerohash_headers(faulty, "POST", MINT, BODY) | {"X-SCX-SIGNED": "bm90IGl0"})
    shown = section(faulty, "refused")
    assert shown.count("<pre>") == 1
    assert "X-Sandbox-Signed-Text" in shown


@pytest.mark.parametrize(
    ("told", "received"),
    [("MQ==", "1"), ("/w==", "\\xff"), ("not base64", ""), ("é", "")],
)
def test_client_tells_what_it_signed(faulty: Sandbox, told: str, received: str) -> None:
    """A client can send the text that it signed; anything but base64 is ignored."""
    headers = zerohash_headers(faulty, "POST", MINT, BODY) | {"X-SCX-SIGNED": "bm90IGl0"}
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    raw[b"X-Sandbox-Signed-Text"] = told.encode("latin-1")
    assert CLIENT.post(faulty.url + MINT, content=BODY, headers=raw).status_code == 401
    assert faulty.refused[-1].received_text == received


def test_long_texts_are_cut(faulty: Sandbox) -> None:
    """Of long texts, the page shows what is around the first difference."""
    pad = " ".join(["lorem"] * 1000)
    body = json.dumps({"permissions": [pad, "x", pad]}).encode()
    headers = zerohash_headers(faulty, "POST", MINT, body)
    signed = f"{headers['X-SCX-TIMESTAMP']}POST{MINT}".encode() + body.replace(b'"x"', b'"y"')
    told = {"X-Sandbox-Signed-Text": base64.b64encode(signed).decode(), "X-SCX-SIGNED": "MQ=="}
    refuse(faulty, {**headers, **told}, body)
    expected, received = re.findall(r"<pre>(.*?)</pre>", section(faulty, "refused"))
    assert "<mark>x</mark>" in expected
    assert "<mark>y</mark>" in received
    for text in (expected, received):
        assert len(text_of(text)) < 1000
        assert text.startswith("…")
        assert text.endswith("…</span>")


def test_page_is_quick(faulty: Sandbox) -> None:
    """A full page with long bodies is served at once."""
    pad = "lorem " * 1_000
    body = json.dumps({"permissions": [pad]}).encode()
    for _ in range(10):
        refuse(faulty, zerohash_headers(faulty, "POST", MINT, body) | {"X-SCX-SIGNED": "x"}, body)
    begun = time.monotonic()
    assert len(source(faulty)) < 100_000
    assert time.monotonic() - begun < 5
