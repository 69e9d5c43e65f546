"""The stand-ins for the browser modules as they are served, and their token check."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sandbox_requests import CLIENT, strigo_post, zdk_post, zerohash_post

if TYPE_CHECKING:
    import httpx

    from tokenkit.sandbox import Sandbox
    from tokenkit.testing import FrozenClock

MINT = "/client_auth_token"
WITHDRAWAL = {"participant_code": "CUST01", "permissions": ["crypto-withdrawals"]}


def check(sandbox: Sandbox, vendor: str, token: str, **headers: str) -> httpx.Response:
    url = f"{sandbox.url}/browser/check/{vendor}"
    return CLIENT.get(url, headers={"authorization": f"Bearer {token}", **headers})


@pytest.mark.parametrize(
    ("name", "export"),
    [
        ("zdk.js", "const user ="),
        ("zerohash.js", "class ZeroHashSDK"),
        ("strigo.js", "const Strigo ="),
    ],
)
def test_modules(sandbox: Sandbox, name: str, export: str) -> None:
    """Each module is served as JavaScript and exports the vendor's object."""
    response = CLIENT.get(f"{sandbox.url}/browser/{name}")
    assert response.headers["content-type"].startswith("text/javascript")
    assert f"export {export} " in response.text
    assert 'from "./stand_in.js"' in response.text


def test_nothing_else_is_served(sandbox: Sandbox) -> None:
    """Paths below the modules' own lead to no other file."""
    for path in ("unknown.js", "..%2fbrowser.py", "../browser.py", ""):
        assert CLIENT.get(f"{sandbox.url}/browser/{path}").status_code == 404


def test_tokens_of_each_vendor(sandbox: Sandbox) -> None:
    """A token that was minted here is valid only for its vendor and its subject."""
    strigo = strigo_post(sandbox, {"email": "user1@example.com"}).json()["data"]["token"]
    zdk = zdk_post(sandbox, {"arguments": [{"id": "user-1"}]}).json()["tokens"][0]
    zerohash = zerohash_post(sandbox, MINT, WITHDRAWAL).json()["message"]["token"]
    assert check(sandbox, "strigo", strigo).json() == {
        "valid": True,
        "subject": "user1@example.com",
    }
    assert check(sandbox, "zdk", zdk).json() == {"valid": True, "subject": "user-1"}
    assert check(sandbox, "zerohash", zerohash).json() == {"valid": True, "subject": "CUST01"}
    assert check(sandbox, "zdk", strigo).json() == {"valid": False, "reason": "unknown"}


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer made-up", "Bearer \xe9"])
def test_unknown_tokens(sandbox: Sandbox, authorization: str) -> None:
    """A token that was not minted here is refused, and so is a missing one."""
    headers = {b"authorization": authorization.encode("latin-1")}
    response = CLIENT.get(f"{sandbox.url}/browser/check/zdk", headers=headers)
    assert response.json() == {"valid": False, "reason": "unknown"}


def test_revoked_token(sandbox: Sandbox) -> None:
    """A token that was revoked is refused from then on."""
    token = zerohash_post(sandbox, MINT, WITHDRAWAL).json()["message"]["token"]
    zerohash_post(sandbox, "/revoke_auth_token", {"token": token})
    assert check(sandbox, "zerohash", token).json() == {"valid": False, "reason": "revoked"}


def test_expired_token(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """A token is refused from its end on, by the sandbox's clock."""
    timestamp = str(int(clock.time()))
    minted = zerohash_post(timed_sandbox, MINT, WITHDRAWAL, timestamp=timestamp)
    token = minted.json()["message"]["token"]
    clock.advance(299)
    assert check(timed_sandbox, "zerohash", token).json()["valid"] is True
    clock.advance(1)
    assert check(timed_sandbox, "zerohash", token).json() == {"valid": False, "reason": "expired"}


def test_token_without_an_end(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """ZDK documents no lifetime, so its tokens don't expire here."""
    token = zdk_post(timed_sandbox, {"arguments": [{"id": "user-1"}]}).json()["tokens"][0]
    clock.advance(10 * 365 * 24 * 3600)
    assert check(timed_sandbox, "zdk", token).json()["valid"] is True


def test_the_token_is_never_said_again(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the response nor the log nor a cache holds the token that was checked."""
    token = zdk_post(sandbox, {"arguments": [{"id": "user-1"}]}).json()["tokens"][0]
    with caplog.at_level("INFO"):
        response = check(sandbox, "zdk", token)
    assert token not in json.dumps([response.text, dict(response.headers), caplog.text])
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:8000",
        "https://localhost",
        "http://app.localhost:3000",
        "http://127.0.0.1:5000",
        "http://[::1]:8000",
    ],
)
def test_pages_of_this_machine(sandbox: Sandbox, origin: str) -> None:
    """Pages on any loopback name may load the modules and ask about their tokens."""
    asked = {"access-control-request-method": "GET", "origin": origin}
    preflight = CLIENT.options(
        f"{sandbox.url}/browser/check/zdk",
        headers={**asked, "access-control-request-headers": "authorization"},
    )
    module = CLIENT.get(f"{sandbox.url}/browser/zdk.js", headers={"origin": origin})
    answer = check(sandbox, "zdk", "made-up", origin=origin)
    for response in (preflight, module, answer):
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == origin
        assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize(
    "origin", ["https://example.com", "http://localhost.example.com", "http://127.0.0.1.nip.io"]
)
def test_pages_of_other_sites(sandbox: Sandbox, origin: str) -> None:
    """A page from elsewhere can't use the check, even in a browser on this machine."""
    answer = check(sandbox, "zdk", "made-up", origin=origin)
    assert "access-control-allow-origin" not in answer.headers
