import socket
from typing import Any

import pytest
from checked import findings, responses, told
from credentials import ENVIRONMENT, zdk_client
from http_library import httpx
from vendors_support import listening

from tokenkit._check import network
from tokenkit._check.command import ONCE


def test_a_name_that_does_not_exist() -> None:
    """Without an address, nothing else is tried."""
    found = findings("zdk", {**ENVIRONMENT, "ZDK_API_HOST": "zdk.invalid"})
    assert found["host"]["message"] == "requests go to https://user.zdk.invalid"
    assert found["name"]["message"].startswith("user.zdk.invalid cannot be looked up: ")
    assert set(found) == {"variables", "host", "proxy", "name"}


def test_a_host_that_does_not_listen() -> None:
    """Without a connection, the credentials are not sent."""
    with listening(responses()) as server:
        pass
    found = findings("zdk", {**ENVIRONMENT, "ZDK_BASE_URL": server.url})
    assert "ConnectError" in found["connection"]["message"]
    assert "credentials" not in found


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (httpx.Response(302, headers={"location": "http://login.example/"}), "problem"),
        (httpx.Response(200, html="<html>Log in</html>"), "note"),
        (httpx.Response(502), "problem"),
        (httpx.Response(511), "problem"),
        (httpx.Response(404), "ok"),
        (httpx.Response(200), "ok"),
    ],
)
def test_a_response_that_may_be_somebody_elses(response: httpx.Response, outcome: str) -> None:
    """A login page, a proxy or a dead gateway doesn't prove that the vendor was reached."""
    transport = httpx.MockTransport(lambda _: response)
    client = zdk_client("http://127.0.0.1:9", transport=transport, retry=ONCE)
    *_, last = network.check_network(client)
    assert (last.check, last.outcome) == ("connection", outcome)
    assert ("may not come from ZDK" in last.message) is (outcome != "ok")


def test_a_proxy_that_responds_in_the_vendors_place() -> None:
    """A request for the proxy's own password doesn't come from the vendor."""
    with listening(lambda _: (407, {})) as server:
        zdk = findings("zdk", {**ENVIRONMENT, "ZDK_BASE_URL": server.url})
    assert zdk["connection"]["outcome"] == "problem"
    assert "may not come from ZDK" in zdk["connection"]["message"]


def test_a_gateway_that_fails_for_every_vendor() -> None:
    """Behind a dead gateway ZDK has a problem, and so have vendors whose read-only call fails."""
    with listening(lambda _: (502, {})) as server:
        zdk = findings("zdk", {**ENVIRONMENT, "ZDK_BASE_URL": server.url})
        strigo = findings("strigo", {**ENVIRONMENT, "STRIGO_BASE_URL": server.url})
    assert zdk["connection"]["outcome"] == "problem"
    assert "credentials" not in zdk
    assert strigo["connection"]["outcome"] == "note"
    assert strigo["credentials"]["outcome"] == "problem"


def test_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy is named without its password, and looks names up itself."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hidden@127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    found = findings("zdk", {**ENVIRONMENT, "ZDK_API_HOST": "zdk.invalid"})
    assert found["proxy"]["message"] == (
        "user.zdk.invalid goes through the proxy http://127.0.0.1:9"
    )
    assert "name" not in found
    assert found["connection"]["outcome"] == "problem"
    assert "hidden" not in str(found)


def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong setting in the environment is reported, and nothing is called."""
    monkeypatch.setenv("HTTPS_PROXY", "gopher://127.0.0.1:9")
    found = findings("zdk", {**ENVIRONMENT, "ZDK_API_HOST": "zdk.invalid"})
    assert list(found) == ["variables", "settings"]
    assert "HTTPS_PROXY" in found["settings"]["message"]


def test_each_setting_that_cannot_be_used_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several wrong settings are reported one by one, each on its line."""
    monkeypatch.setenv("HTTPS_PROXY", "gopher://127.0.0.1:9")
    code, text = told("zdk", {**ENVIRONMENT, "ZDK_API_HOST": "a/b"})
    *_, host, proxy = text.splitlines()
    assert code == 1
    assert host.split()[:3] == ["problem", "settings", "base_host"]
    assert proxy.split()[:3] == ["problem", "settings", "HTTPS_PROXY"]


def test_every_host_of_a_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of ZDK's services is checked, without a credential."""
    asked: list[tuple[str, object]] = []

    def lookup(host: str, port: int, **_: object) -> list[Any]:
        asked.append((host, port))
        return [(0, 0, 0, "", ("192.0.2.1", port))]

    def respond(request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        return httpx.Response(404)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    client = zdk_client(transport=httpx.MockTransport(respond))
    found = list(network.check_network(client))
    hosts = [f"{name}.dev.zu.casa" for name in ("user", "room", "chat", "event")]
    assert asked == [(host, 443) for host in hosts]
    connected = [one.message for one in found if one.check == "connection"]
    assert [message.split()[0] for message in connected] == hosts
    assert all("with TLS (HTTP 404" in message for message in connected)
