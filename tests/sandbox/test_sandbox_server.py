from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from sandbox_requests import CLIENT, zdk_post

from tokenkit import ConfigurationError
from tokenkit.sandbox import Sandbox
from tokenkit.sandbox.server import listen

if TYPE_CHECKING:
    from collections.abc import Sequence

# asyncio's debug mode warns of slow steps, which are the machine's.
IDLE_CLIENT = """
import http.client, logging
from tokenkit.sandbox import Sandbox

logging.getLogger("asyncio").setLevel(logging.ERROR)
with Sandbox() as sandbox:
    idle = http.client.HTTPConnection(sandbox.url.removeprefix("http://"))
    idle.request("GET", "/time")
    idle.getresponse().read()
idle.close()
"""


def test_environment(sandbox: Sandbox) -> None:
    """The credentials are fixed, so that they can be written down."""
    url = sandbox.url
    assert sandbox.environment == {
        "ZDK_API_KEY": "sandbox-zdk-api-key",
        "ZDK_BASE_URL": url,
        "ZEROHASH_API_KEY": "sandbox-zerohash-api-key",
        "ZEROHASH_PRIVATE_KEY": "c2FuZGJveC16ZXJvaGFzaC1wcml2YXRlLWtleS0zMmI=",
        "ZEROHASH_PASSPHRASE": "sandbox-zerohash-passphrase",
        "ZEROHASH_BASE_URL": url,
        "STRIGO_ORG_ID": "sandbox-strigo-org-id",
        "STRIGO_API_KEY": "sandbox-strigo-api-key",
        "STRIGO_BASE_URL": url + "/api/v1",
    }


def test_date_header(timed_sandbox: Sandbox) -> None:
    """The Date header follows the sandbox's own clock."""
    date = CLIENT.get(timed_sandbox.url + "/time").headers.get_list("date")
    assert date == ["Tue, 30 Apr 2024 02:55:04 GMT"]


def test_port_taken(sandbox: Sandbox) -> None:
    """A taken port is named in the error."""
    port = urlsplit(sandbox.url).port
    assert port is not None
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1 port {port}: "):
        Sandbox(port=port).start()


def test_no_delay() -> None:
    """Accepted connections send at once, instead of waiting for a delayed acknowledgement."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_chosen_port() -> None:
    """A given port is used, and is free again after closing."""
    with socket.create_server(("127.0.0.1", 0)) as finder:
        port = finder.getsockname()[1]
    for _ in range(2):
        with Sandbox(port=port) as sandbox:
            assert sandbox.url == f"http://127.0.0.1:{port}"
            assert CLIENT.get(sandbox.url).status_code == 200


@pytest.mark.parametrize("port", [-1, 65536])
def test_impossible_port(port: int) -> None:
    """An impossible port is refused before anything is started."""
    with pytest.raises(ConfigurationError, match=f"from 0 to 65535, not {port}"):
        Sandbox(port=port)


def test_ipv6() -> None:
    """An IPv6 host stands in brackets in the URL."""
    with Sandbox(host="::1") as sandbox:
        assert sandbox.url.startswith("http://[::1]:")
        assert CLIENT.get(sandbox.url).status_code == 200


def test_lifecycle() -> None:
    """A sandbox has a URL only while it runs, starts once at a time, and may be closed twice."""
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.url
    sandbox.start()
    with pytest.raises(RuntimeError, match="already running"):
        sandbox.start()
    zdk_post(sandbox, {"arguments": [{"id": "kept"}]})
    sandbox.close()
    sandbox.close()
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.url
    with sandbox:
        assert CLIENT.get(sandbox.url).status_code == 200
    assert [record.subject for record in sandbox.issued] == ["kept"]
    sandbox.reset()
    assert sandbox.issued == ()


def test_failure_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in the server's thread is raised where the sandbox was started."""

    async def fail(_: uvicorn.Server, sockets: Sequence[socket.socket] | None = None) -> None:
        raise ValueError(f"no {sockets}")

    monkeypatch.setattr(uvicorn.Server, "startup", fail)
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match="server failed") as caught:
        sandbox.start()
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize(
    "switches",
    [
        {"zerohash_auth_failure_status": 402},
        {"zerohash_time_shape": "sundial"},
        {"strigo_rate_limit": 0},
        {"strigo_success_status": 202},
    ],
)
def test_wrong_switch(switches: dict[str, object]) -> None:
    """A switch refuses values that none of the vendor's sources supports."""
    with pytest.raises(ConfigurationError, match=next(iter(switches))):
        Sandbox(**switches)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong on purpose


def test_all_wrong_options_are_named() -> None:
    """Whatever is wrong with a sandbox's options is reported at once, each by its name."""
    wrong: dict[str, Any] = {
        "port": "8700",
        "advertise": "sandbox",
        "clock": 5,
        "clock_skew": None,
        "strigo_rate_limit": True,
        "zerohash_unknown_permissions": "no",
        "zerohash_webhook_url": "https://example.com",
        "zerohash_webhook_secret": bytes,
        "zerohash_webhook_signatures": ["hmac", "md5"],
    }
    with pytest.raises(ConfigurationError, match=r"must be Fault values.*not 5"):
        Sandbox(faults=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong on purpose
    with pytest.raises(ConfigurationError) as caught:
        Sandbox(**wrong)
    assert [*caught.value.problems] == [
        "port must be from 0 to 65535, not '8700'",
        "advertise must be like http://sandbox:8700, without a user, path or query",
        "clock must be a function that returns the time, not 5",
        "clock_skew must be seconds, at most 100000000 either way, not None",
        "strigo_rate_limit must be a whole number of requests, at least 1, or None, not True",
        "zerohash_unknown_permissions must be True or False, not 'no'",
        "webhooks go to this machine only: use a URL like http://127.0.0.1:8000/webhooks",
        "zerohash_webhook_secret must be a string, not the class bytes",
        "zerohash_webhook_signatures must be any of hmac, hmac-legacy, rsa, rsa-legacy",
    ]


def test_closes_while_a_client_is_idle() -> None:
    """Closing is quick and leaves no warning, even with a kept-alive connection open."""
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", IDLE_CLIENT],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_closes_during_a_request(capfd: pytest.CaptureFixture[str]) -> None:
    """A client that never finishes its request does not keep the sandbox from closing."""
    sandbox = Sandbox().start()
    address = urlsplit(sandbox.url)
    client = http.client.HTTPConnection(address.netloc)
    client.putrequest("POST", "/client_auth_token")
    client.putheader("content-length", "100")
    client.endheaders(b"{")
    begun = time.monotonic()
    sandbox.close()
    assert time.monotonic() - begun < 5
    with contextlib.closing(client), pytest.raises(http.client.RemoteDisconnected):
        client.getresponse()
    assert capfd.readouterr().err == ""
