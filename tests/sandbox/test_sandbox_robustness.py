from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_requests import (
    CLIENT,
    STRIGO_MINT,
    ZDK_CREATE,
    strigo_authorization,
    zerohash_headers,
    zerohash_post,
)

from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

FIELDS = [
    *("arguments", "id", "nickname", "fullname", "avatar", "metadata", "permissions"),
    *("email", "name", "externalUserId", "expiration", "groups", "token"),
    *("participant_code", "phone_number", "otp_verified", "reference_id"),
    *("merchant_participant_code", "withdrawal_details", "deposit_details", "payment_details"),
    *("client_device_info", "custom_fees_and_spreads", "crypto_buy", "crypto_sell"),
    *("spread_bps", "fees", "type", "amount", "underlying_asset", "network", "deposit_amount"),
    *("withdrawal_request_amount", "ip_address", "location", "purchase_amount"),
]
TEXTS = st.sampled_from(["CUST01", "a@b.cc", "fwc", "onboarding", "bps", "1.5", "-1", "US-IL"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=4)
    ),
    max_leaves=15,
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8)

PATHS = [ZDK_CREATE, STRIGO_MINT, "/client_auth_token", "/revoke_auth_token"]


def authenticated(sandbox: Sandbox, path: str, body: bytes) -> dict[str, str]:
    if path == ZDK_CREATE:
        return {"authorization": f"Bearer {sandbox.environment['ZDK_API_KEY']}"}
    if path == STRIGO_MINT:
        return strigo_authorization(sandbox)
    return zerohash_headers(sandbox, "POST", path, body)


def post(sandbox: Sandbox, path: str, body: bytes, **headers: str) -> httpx.Response:
    known = {"content-type": "application/json", **authenticated(sandbox, path, body)}
    merged = {name.lower(): value for name, value in known.items()} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return CLIENT.post(sandbox.url + path, content=body, headers=merged)


@given(body=BODIES, path=st.sampled_from(PATHS))
@settings(deadline=None)
def test_no_object_breaks_an_issuer(
    sandbox: Sandbox, body: Mapping[str, object], path: str
) -> None:
    """Whatever the documented fields contain, the response is a success or a refusal."""
    content = json.dumps(body).encode()
    assert post(sandbox, path, content).status_code in {200, 201, 400, 422}


@given(content=st.binary() | VALUES.map(lambda value: json.dumps(value).encode()))
@settings(deadline=None)
@pytest.mark.parametrize("path", PATHS)
def test_no_body_breaks_an_issuer(sandbox: Sandbox, path: str, content: bytes) -> None:
    """Bytes that aren't JSON, and JSON that isn't an object, are refused in the vendor's form."""
    assert post(sandbox, path, content).status_code in {200, 201, 400, 422}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b'{"x": NaN}',
        b'{"x": 1e999}',
        b'{"x": "\\ud800"}',
        b'{"x": ' + b"9" * 5000 + b"}",
        b'{"x": ' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"x": ' * 100_000,
        b"[]",
        b'"text"',
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_unreadable_body(sandbox: Sandbox, path: str, content: bytes) -> None:
    """Hostile or broken JSON is refused with 400, before the vendor looks at its fields."""
    response = post(sandbox, path, content)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("path", "status"), list(zip(PATHS, [400, 415, 400, 400], strict=True)))
@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_content_type(sandbox: Sandbox, path: str, status: int, content_type: str) -> None:
    """Any content type but JSON is refused, and the response says so."""
    response = post(sandbox, path, b'{"x":1}', content_type=content_type)
    assert response.status_code == status
    assert "content-type must be application/json" in response.text


def test_content_type_with_charset(sandbox: Sandbox) -> None:
    """A charset beside the content type does no harm."""
    body = b'{"arguments":[]}'
    response = post(sandbox, ZDK_CREATE, body, content_type="Application/JSON; charset=utf-8")
    assert response.status_code == 200


@pytest.mark.parametrize(("path", "status"), list(zip(PATHS, [400, 413, 400, 400], strict=True)))
@pytest.mark.parametrize("size", [1024 * 1024 + 1, 3 * 1024 * 1024])
def test_large_body(sandbox: Sandbox, path: str, status: int, size: int) -> None:
    """A body above 1 MiB is refused, and the client can read why."""
    response = post(sandbox, path, b'"' + b"x" * (size - 2) + b'"')
    assert response.status_code == status
    assert "must not be larger than 1048576 bytes" in response.text


def test_largest_body(sandbox: Sandbox) -> None:
    """A body of exactly 1 MiB is read."""
    frame = b'{"participant_code":"CUST01","permissions":["fwc"],"pad":""}'
    body = frame[:-2] + b"x" * (1024 * 1024 - len(frame)) + frame[-2:]
    assert zerohash_post(sandbox, "/client_auth_token", body).status_code == 201


def test_endless_body(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that never ends is cut off and refused."""
    monkeypatch.setattr("tokenkit.sandbox.endpoint.DRAINED", 2 * 1024 * 1024)
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as client:
        head = f"POST {STRIGO_MINT} HTTP/1.1\r\nHost: localhost\r\ncontent-length: 9999999\r\n\r\n"
        client.sendall(head.encode() + b"x" * (2 * 1024 * 1024 + 1))
        answer = client.recv(100)
    assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("path", PATHS)
def test_client_gives_up(path: str) -> None:
    """A client that hangs up in the middle of a request leaves no record and no error."""
    with Sandbox() as sandbox:
        address = urlsplit(sandbox.url)
        with socket.create_connection((address.hostname or "", address.port or 0)) as client:
            client.sendall(
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\ncontent-length: 9\r\n\r\n".encode()
            )
        assert CLIENT.get(sandbox.url).status_code == 200
    assert (sandbox.issued, sandbox.refused) == ((), ())


@given(target=st.text(st.characters(min_codepoint=33, max_codepoint=126)))
@settings(deadline=None)
def test_any_path(sandbox: Sandbox, target: str) -> None:
    """No path or query breaks the server."""
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as client:
        request = f"GET /{target} HTTP/1.1\r\nHost: localhost\r\nconnection: close\r\n\r\n"
        client.sendall(request.encode())
        status = int(client.recv(100).split()[1])
    assert status in {200, 400, 401, 404, 501}
