from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sandbox_requests import (
    CLIENT,
    STRIGO_MINT,
    strigo_authorization,
    strigo_post,
)

from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tokenkit.testing import FrozenClock

DAY_MS = 24 * 60 * 60 * 1000

# The vendor's sample, save for the host; its body comes on standard input.
DOCUMENTED_CURL = """
curl -sS -X POST \
    -H "Authorization: Bearer ${ORG_ID}:${API_KEY}" \
    -H "Accept: application/json" \
    -H "Content-Type: application/json" \
    "BASE_URL/academy/users/token" \
    -d @-
"""


def curl(sandbox: Sandbox, body: str) -> object:
    environment = sandbox.environment
    ran = subprocess.run(
        ["sh", "-c", DOCUMENTED_CURL.replace("BASE_URL", environment["STRIGO_BASE_URL"])],
        input=body,
        env={
            **os.environ,
            "ORG_ID": environment["STRIGO_ORG_ID"],
            "API_KEY": environment["STRIGO_API_KEY"],
        },
        capture_output=True,
        text=True,
        check=True,
    )
    answer: object = json.loads(ran.stdout)
    return answer


def test_mint(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """A mint's response has the documented envelope, and its token lasts two months by default."""
    response = strigo_post(timed_sandbox, {"email": "user1@strigo.io"})
    assert response.status_code == 200
    data = response.json()["data"]
    assert response.json() == {"result": "success", "data": data}
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", data["token"])
    assert re.fullmatch(r"[A-Za-z0-9]{17}", data["user_id"])
    assert data["expiration"] == clock.time() * 1000 + 62 * DAY_MS


def test_mint_is_recorded(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """The ledger has the token, the e-mail and the requested expiry."""
    expiration = int(clock.time() * 1000) + 30 * DAY_MS
    body = {"email": "a@example.com", "name": "A", "groups": ["g"], "expiration": expiration}
    token = strigo_post(timed_sandbox, body).json()["data"]["token"]
    (record,) = timed_sandbox.issued
    assert (record.vendor, record.token, record.subject) == ("strigo", token, "a@example.com")
    assert record.expires_at == datetime.fromtimestamp(clock.time(), timezone.utc) + timedelta(30)


def test_user_id(sandbox: Sandbox) -> None:
    """The same e-mail gives the same user id and a new token; another e-mail another id."""
    first, again, other = (
        strigo_post(sandbox, {"email": email}).json()["data"]
        for email in ("a@example.com", "a@example.com", "b@example.com")
    )
    assert first["user_id"] == again["user_id"] != other["user_id"]
    assert first["token"] != again["token"]


def test_success_status() -> None:
    """The success status can be switched to 201, because the vendor's sources vary."""
    with Sandbox(strigo_success_status=201) as sandbox:
        assert strigo_post(sandbox, {"email": "a@example.com"}).status_code == 201


def test_documented_curl(sandbox: Sandbox) -> None:
    """The vendor's curl command works with a JSON body."""
    answer = curl(sandbox, '{"email": "user1@strigo.io", "externalUserId": "external-user-id"}')
    assert isinstance(answer, dict)
    assert answer["data"]["token"] == sandbox.issued[-1].token


def test_documented_javascript_literal(sandbox: Sandbox) -> None:
    """The vendor's own sample body is not JSON: it is refused, and the log says why."""
    literal = '{\n  email: "user1@strigo.io",\n  expiration: Date.now() + 2592000000,\n}\n'
    answer = curl(sandbox, literal)
    assert isinstance(answer, dict)
    assert answer["result"] == "failure"
    assert "JavaScript literal" in sandbox.refused[-1].hint


@pytest.mark.parametrize(
    ("body", "param", "msg"),
    [
        ({}, "email", "Must be a valid email address"),
        ({"email": 7}, "email", "Must be a valid email address"),
        ({"email": "nobody"}, "email", "Must be a valid email address"),
        ({"name": None}, "name", "Must be a string"),
        ({"externalUserId": 5}, "externalUserId", "Must be a string"),
        ({"groups": "g"}, "groups", "Must be an array"),
        ({"groups": [1]}, "groups", "Must hold strings only"),
        ({"expiration": "tomorrow"}, "expiration", "Must be a number"),
        ({"expiration": True}, "expiration", "Must be a number"),
        ({"expiration": 1_714_445_704_000}, "expiration", "Must be in the future"),
        (
            {"expiration": 1_714_449_304},
            "expiration",
            "Must be in the future (it is in seconds; milliseconds are expected)",
        ),
        (
            {"expiration": 1_714_445_704_000 + 62 * DAY_MS + 1},
            "expiration",
            "Must be at most 2 months from now",
        ),
    ],
)
def test_invalid_field(
    timed_sandbox: Sandbox, body: Mapping[str, object], param: str, msg: str
) -> None:
    """A wrong field gets the documented 422, with the field, its value and what is wrong."""
    sent = {"email": "a@example.com", **body} if param != "email" else dict(body)
    response = strigo_post(timed_sandbox, sent)
    assert response.status_code == 422
    value = {"value": sent[param]} if param in sent else {}
    assert response.json() == {
        "result": "failure",
        "error": {
            "type": "RequestValidationError",
            "message": "The request is not valid",
            "errors": [{"location": "body", "param": param, "msg": msg, **value}],
        },
    }


@pytest.mark.parametrize("expiration", [1_714_445_704_001, 1_714_445_704_000 + 62 * DAY_MS])
def test_expiration_bounds(timed_sandbox: Sandbox, expiration: int) -> None:
    """A token may expire a millisecond or 62 days from now."""
    response = strigo_post(timed_sandbox, {"email": "a@example.com", "expiration": expiration})
    assert response.json()["data"]["expiration"] == expiration


@pytest.mark.parametrize(
    ("authorization", "hint"),
    [
        ("", ""),
        ("Basic b3JnOmtleQ==", ""),
        ("Bearer b3JnOmtleQ==", "the pair is sent raw, with a colon, not in base64"),
        ("Bearer org:key", ""),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/health"), ("POST", STRIGO_MINT)])
def test_bad_credentials(
    sandbox: Sandbox, method: str, path: str, authorization: str, hint: str
) -> None:
    """Both calls check the credentials and refuse with a failure envelope and 401."""
    headers = {"authorization": authorization}
    response = CLIENT.request(method, sandbox.url + path, headers=headers)
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "Unauthorized"
    assert sandbox.refused[-1].hint == hint


def test_health(sandbox: Sandbox) -> None:
    """The health check's response has no envelope."""
    response = CLIENT.get(sandbox.url + "/api/v1/health", headers=strigo_authorization(sandbox))
    assert (response.status_code, response.json()) == (200, {"status": "ok", "message": "Healthy"})


@pytest.mark.parametrize(("method", "path"), [("GET", STRIGO_MINT), ("POST", "/api/v1/nothing")])
def test_unknown_call(sandbox: Sandbox, method: str, path: str) -> None:
    """A call that does not exist is a failure with 404."""
    response = CLIENT.request(method, sandbox.url + path, headers=strigo_authorization(sandbox))
    assert response.status_code == 404
    assert response.json()["result"] == "failure"


def test_rate_limit_headers(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """Without a limit, every response, even a refusal, has a quota that is never used up."""
    answers = [CLIENT.get(timed_sandbox.url + "/api/v1/health") for _ in range(3)]
    headers = answers[-1].headers
    assert headers["x-ratelimit-limit"] == "60"
    assert headers["x-ratelimit-remaining"] == "59"
    assert headers["x-ratelimit-reset"] == str(int(clock.time()) + 60)


def test_rate_limit(clock: FrozenClock) -> None:
    """Above the limit, the response is the documented plain-text 429, until the minute is over."""
    with Sandbox(clock=clock.time, strigo_rate_limit=2) as sandbox:
        body = {"email": "a@example.com"}
        remaining = [strigo_post(sandbox, body).headers["x-ratelimit-remaining"] for _ in range(2)]
        refused = strigo_post(sandbox, body)
        clock.advance(60)
        after = strigo_post(sandbox, body)
    assert remaining == ["1", "0"]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert refused.headers["content-type"] == "text/html"
    assert refused.text == "Too many requests, please try again later."
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert after.status_code == 200
