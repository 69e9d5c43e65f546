from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest
from sandbox_requests import CLIENT, STRIGO_MINT, strigo_post, zdk_post

from tokenkit import ConfigurationError
from tokenkit.sandbox import Sandbox
from tokenkit.sandbox.bounded import Bounded
from tokenkit.sandbox.log import logger

FOREIGN = ["attacker.example", "localhost.attacker.example", "127.0.0.1.nip.io", "192.0.2.1", "["]


def status(sandbox: Sandbox, host: str, path: str = "/time") -> int:
    return CLIENT.get(sandbox.url + path, headers={"host": host}).status_code


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/", "/time", "/api/v1/health", "/browser/zdk.js"])
def test_foreign_hosts_are_refused(sandbox: Sandbox, host: str, path: str) -> None:
    """A name that someone pointed at this machine reaches neither the page nor the issuers."""
    strigo_post(sandbox, {"email": "real.person@customer.example"})
    response = CLIENT.get(sandbox.url + path, headers={"host": host})
    assert response.status_code == 421
    assert "add another with --advertise" in response.text


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "app.localhost:1", "127.0.0.1", "127.1.2.3:9", "[::1]:9"]
)
def test_loopback_names(sandbox: Sandbox, host: str) -> None:
    """Every loopback name and address is served, on any port."""
    assert status(sandbox, host) == 200


def test_no_host(sandbox: Sandbox) -> None:
    """An HTTP/1.0 request without a Host is refused."""
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as client:
        client.sendall(b"GET /time HTTP/1.0\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 421 ")


def test_advertised_name() -> None:
    """The advertised name is served, and is in the variables for it."""
    with socket.create_server(("127.0.0.1", 0)) as finder:
        port: int = finder.getsockname()[1]
    with Sandbox("0.0.0.0", port, advertise="http://sandbox:8700/") as sandbox:  # noqa: S104 - as in a container
        assert sandbox.url == "http://sandbox:8700"
        assert sandbox.environment["STRIGO_BASE_URL"] == "http://sandbox:8700/api/v1"
        assert sandbox.environment["TOKENKIT_ALLOW_INSECURE_HTTP"] == "1"
        for host, expected in {"sandbox:8700": 200, "other": 421, "127.0.0.1": 200}.items():
            asked = CLIENT.get(f"http://127.0.0.1:{port}/time", headers={"host": host})
            assert asked.status_code == expected


def test_everywhere() -> None:
    """A sandbox that listens on all addresses is reached by loopback."""
    with Sandbox("0.0.0.0") as sandbox:  # noqa: S104 - what the test is about
        assert sandbox.url.startswith("http://127.0.0.1:")
        assert "TOKENKIT_ALLOW_INSECURE_HTTP" not in sandbox.environment
        assert status(sandbox, "localhost") == 200


@pytest.mark.parametrize(
    "advertise",
    [
        "sandbox:8700",
        "http://",
        "http://a/path",
        "http://a?x",
        "http://u@a",
        "ftp://a",
        "http://[",
        "",
    ],
)
def test_wrong_advertisement(advertise: str) -> None:
    """Only an origin can be advertised."""
    with pytest.raises(ConfigurationError, match="advertise must be like"):
        Sandbox(advertise=advertise)


def test_escape_sequences_in_the_log(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """A terminal obeys nothing that a request puts into the log, in a fault or in a route."""
    address = urlsplit(sandbox.url)
    fault = (
        b"response=missing-requirements; missing_requirements=\x1b[2J\x1b[31mowned\x07\x9b32m\x85"
    )
    with caplog.at_level("INFO", logger=logger.name):
        for line in (b"GET /x HTTP/1.1", b"GET /caf\xe9\x9b HTTP/1.1"):
            with socket.create_connection((address.hostname or "", address.port or 0)) as client:
                client.sendall(line + b"\r\nhost: localhost\r\nconnection: close\r\n")
                client.sendall(b"x-sandbox-fault: " + fault + b"\r\n\r\n")
                while client.recv(65536):
                    pass
    told = "".join(record.getMessage() for record in caplog.records)
    assert r"\x1b[31mowned\x07\x9b32m" in told
    assert told.isprintable()


def test_bounded_memory() -> None:
    """The oldest go first; a value that is kept again keeps its place, and the newest stays."""
    memory = Bounded[str](limit=3000)
    for key in "abc":
        assert memory.keep(key, key, 0) == []
    assert memory.keep("a", "A", 100) == []
    assert list(memory) == ["A", "b", "c"]
    assert memory.keep("d", "d", 0) == []
    assert memory.keep("e", "e", 0) == ["a"]
    assert (memory.get("a"), memory.get("b")) == (None, "b")
    assert list(reversed(memory)) == ["e", "d", "c", "b"]
    assert memory.keep("f", "f", 1_000_000) == ["b", "c", "d", "e"]
    memory.clear()
    assert list(memory) == []


def test_the_ledger_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large requests push out the oldest records; a forgotten token is unknown."""
    monkeypatch.setattr("tokenkit.sandbox.ledger.ISSUED_BYTES", 3_000_000)
    monkeypatch.setattr("tokenkit.sandbox.ledger.REFUSED_BYTES", 3_000)
    large = "n" * 900_000
    with Sandbox() as sandbox:
        for number in range(5):
            body = {"arguments": [{"id": str(number), "nickname": large}]}
            assert zdk_post(sandbox, body).status_code == 200
            CLIENT.get(f"{sandbox.url}/nowhere/{number}")
        assert [record.subject for record in sandbox.issued] == ["2", "3", "4"]
        assert [record.route for record in sandbox.refused][-1] == "/nowhere/4"
        assert len(sandbox.refused) < 5


def test_the_request_of_a_token(sandbox: Sandbox) -> None:
    """A record has the request that asked for its token."""
    CLIENT.post(sandbox.url + STRIGO_MINT, json={})
    strigo_post(sandbox, {"email": "a@example.com", "name": "A"})
    assert sandbox.issued[-1].request == {"email": "a@example.com", "name": "A"}
