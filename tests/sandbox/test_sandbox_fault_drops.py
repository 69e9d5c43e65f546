"""Responses that come late, in part or not at all, as a socket sees them."""

from __future__ import annotations

import json
import socket
import time
from urllib.parse import urlsplit

import pytest
from sandbox_requests import ZDK_CREATE, zdk_post, zerohash_headers, zerohash_post

from tokenkit import ConnectionLostError, RequestTimeoutError, RetryPolicy
from tokenkit.sandbox import Sandbox
from tokenkit.sandbox.log import logger

USER = {"arguments": [{"id": "user-1"}]}
ONCE = RetryPolicy(max_retries=0)
QUICK = RetryPolicy(first_wait=0.001)


def connect(sandbox: Sandbox) -> socket.socket:
    address = urlsplit(sandbox.url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=30)


def request(sandbox: Sandbox, path: str = ZDK_CREATE, body: bytes = b"") -> bytes:
    """Write a request that keeps the connection."""
    body = body or json.dumps(USER).encode()
    if path == ZDK_CREATE:
        key = sandbox.environment["ZDK_API_KEY"]
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    else:
        headers = zerohash_headers(sandbox, "POST", path, body)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def read_to_end(client: socket.socket) -> bytes:
    received = b""
    while chunk := client.recv(65536):
        received += chunk
    return received


def split(answer: bytes) -> tuple[int, bytes]:
    """Return the promised length of a body, and the body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    return int(fields[b"content-length"]), body


def test_dropped_before_the_response(faulty: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """The connection is reset without a byte; the token was minted, and the log says so."""
    faulty.fail_next(drop="before")
    with connect(faulty) as client, caplog.at_level("INFO", logger=logger.name):
        client.sendall(request(faulty))
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert [record.subject for record in faulty.issued] == ["user-1"]
    said = [one.getMessage() for one in caplog.records if one.name == logger.name]
    assert "drop=before" in said[-1]


def test_dropped_instead_of_a_response(faulty: Sandbox) -> None:
    """With a status as well, a drop before the response leaves nothing minted."""
    faulty.fail_next(drop="before", status=503)
    with connect(faulty) as client:
        client.sendall(request(faulty))
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert faulty.issued == ()


def test_dropped_during_the_response(faulty: Sandbox) -> None:
    """Half of the promised body arrives, then the connection is closed."""
    faulty.fail_next(drop="during")
    with connect(faulty) as client:
        client.sendall(request(faulty))
        promised, body = split(read_to_end(client))
    assert promised == len('{"tokens":[""]}') + 372
    assert len(body) == promised // 2


def test_dropped_during_a_response_without_body(faulty: Sandbox) -> None:
    """A response without a body promises one that does not arrive in full."""
    token = zerohash_post(
        faulty, "/client_auth_token", {"participant_code": "CUST01", "permissions": ["fwc"]}
    ).json()["message"]["token"]
    faulty.fail_next(drop="during")
    with connect(faulty) as client:
        body = json.dumps({"token": token}).encode()
        client.sendall(request(faulty, "/revoke_auth_token", body))
        promised, received = split(read_to_end(client))
    assert (promised, received) == (2, b"{")
    assert faulty.issued[-1].revoked


def test_dropped_after_the_response(faulty: Sandbox) -> None:
    """The response is complete and does not announce that the connection closes after it."""
    faulty.fail_next(drop="after")
    with connect(faulty) as client:
        client.sendall(request(faulty))
        answer = read_to_end(client)
    promised, body = split(answer)
    assert len(body) == promised
    assert b"connection: close" not in answer.lower()


def test_bytes_that_are_not_http(faulty: Sandbox) -> None:
    """Another protocol's greeting comes instead of the response; the token was minted."""
    faulty.fail_next(body="not-http")
    with connect(faulty) as client:
        client.sendall(request(faulty))
        assert read_to_end(client).startswith(b"220 mail.example ")
    assert len(faulty.issued) == 1


def test_no_drop_keeps_the_connection(faulty: Sandbox) -> None:
    """Without a fault, a second request on the same connection gets its response."""
    with connect(faulty) as client:
        for _ in range(2):
            client.sendall(request(faulty))
            received = b""
            while not received.endswith(b'"]}'):
                received += client.recv(65536)


def test_client_loses_a_response(faulty: Sandbox) -> None:
    """The client reports a lost connection; if a repeat is safe, it repeats the mint."""
    with faulty.zdk_client(retry=ONCE) as client:
        for _ in range(2):
            faulty.fail_next(drop="before")
            with pytest.raises(ConnectionLostError):
                client.create_user_token(id="user-1")
    faulty.fail_next(drop="during")
    with faulty.zdk_client(retry=QUICK) as client:
        client.create_user_token(id="user-2")
    assert [record.subject for record in faulty.issued] == ["user-1", "user-1", "user-2", "user-2"]


def test_client_finds_its_connection_closed(faulty: Sandbox) -> None:
    """After a drop behind a response, the client's next call uses a new connection."""
    faulty.fail_next(drop="after")
    with faulty.zdk_client() as client:
        for _ in range(2):
            client.create_user_token(id="user-1")
    assert len(faulty.issued) == 2


def test_delay(faulty: Sandbox) -> None:
    """A response is delayed for as long as requested."""
    faulty.fail_next(delay=0.2)
    begun = time.monotonic()
    assert zdk_post(faulty, USER).status_code == 200
    assert 0.2 <= time.monotonic() - begun < 10


def test_delay_while_a_body_goes_on(faulty: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that is not read to its end does not end the wait for the response."""
    monkeypatch.setattr("tokenkit.sandbox.endpoint.DRAINED", 2 * 1024 * 1024)
    faulty.fail_next(delay=0.2)
    begun = time.monotonic()
    response = zerohash_post(faulty, "/client_auth_token", b" " * 4 * 1024 * 1024)
    assert response.status_code == 400
    assert time.monotonic() - begun >= 0.2


def test_client_does_not_wait(faulty: Sandbox) -> None:
    """When a client times out, the token is minted anyway."""
    faulty.fail_next(delay=600)
    with (
        faulty.zdk_client(retry=ONCE, timeout=1) as client,
        pytest.raises(RequestTimeoutError),
    ):
        client.create_user_token(id="user-1")
    assert [record.subject for record in faulty.issued] == ["user-1"]


def test_closes_during_a_delay(capfd: pytest.CaptureFixture[str]) -> None:
    """An unfinished delay does not keep the sandbox from closing quietly."""
    with Sandbox() as sandbox:
        sandbox.fail_next(delay=600, vendor="zdk")
        with connect(sandbox) as client:
            client.sendall(request(sandbox))
            while not sandbox.issued:
                time.sleep(0.001)
            begun = time.monotonic()
            sandbox.close()
            assert time.monotonic() - begun < 5
            assert client.recv(1) == b""
    assert capfd.readouterr().err == ""
