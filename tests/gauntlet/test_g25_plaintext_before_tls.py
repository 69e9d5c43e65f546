"""G25: plaintext that arrives before TLS starts ends the connection, and is never a response."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import STRIGO_MINT, STRIGO_MINTED, TOKEN
from callers_clients import each_kind, tokens
from connect_proxy import ESTABLISHED, SOCKS_BOUND, proxy_to, socks_proxy_to, socks_url
from credentials import async_strigo_client, strigo_client
from network_calls import NO_RETRIES, each_family, each_flavour, send_strigo
from raw_server import RawServer, json_response, responding
from tls_servers import AUTHORITY, HOST, server_context, trusting

from tokenkit import ConnectError

if TYPE_CHECKING:
    from callers_clients import Kind
    from network_calls import Family, Flavour, Options
    from raw_server import Peer

FORGED = json_response({"result": "success", "data": {"token": "forged", "user_id": "u1"}})
# httpcore reads so many bytes at once; what lies beyond was once left in a buffer of ours.
READ = 65_536
PATIENCE = 20
BEHIND = {
    "one byte": b"x",
    "a line break": b"\r\n",
    "a response": FORGED,
    "a response beyond the first read": b"x" * (READ - len(ESTABLISHED)) + FORGED,
}
each_surplus = pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)


def options_for(proxy_url: str | None, family: Family) -> Options:
    options: Options = {"ssl_context": trusting(), "retry": NO_RETRIES, "http_family": family}
    if proxy_url is not None:
        options["proxy"] = proxy_url
    return options


def genuine() -> RawServer:
    return RawServer(responding(lambda _: STRIGO_MINTED), tls=server_context(HOST))


@each_family
@each_flavour
@each_surplus
@pytest.mark.parametrize("kind", ["http", "https", "socks"])
def test_bytes_behind_a_proxys_reply(
    flavour: Flavour, family: Family, behind: bytes, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes behind a proxy's response are a ConnectError; the server gets no request."""
    with genuine() as server:
        if kind == "socks":
            proxy = socks_proxy_to(server, SOCKS_BOUND + behind)
        else:
            tls = server_context("127.0.0.1") if kind == "https" else None
            proxy = proxy_to(server, tls, ESTABLISHED + behind)
        with proxy, AUTHORITY.cert_pem.tempfile() as authority:
            monkeypatch.setenv("SSL_CERT_FILE", authority)
            url = socks_url(proxy) if kind == "socks" else proxy.url
            with pytest.raises(ConnectError) as caught:
                send_strigo(flavour, f"https://{HOST}", STRIGO_MINT, **options_for(url, family))
            proxy.wait_all_closed()
        assert server.requests == []
    assert "forged" not in str(caught.value)


@each_family
@each_flavour
@each_kind
@each_surplus
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_bytes_behind_a_proxys_reply_to_a_callers_client(
    flavour: Flavour, family: Family, kind: Kind, behind: bytes, scheme: str
) -> None:
    """The tunnel is closed, the proxy is named, and the server gets no request."""
    tls = server_context("127.0.0.1") if scheme == "https" else None
    context = trusting() if scheme == "https" else None
    with genuine() as server, proxy_to(server, tls, ESTABLISHED + behind) as proxy:
        to_proxy = import_module(family).Proxy(proxy.url, ssl_context=context)
        with pytest.raises(ConnectError, match=r"^proxy 127\.0\.0\.1:") as caught:
            tokens(flavour, family, kind, f"https://{HOST}", proxy=to_proxy)
        proxy.wait_all_closed()
        assert server.requests == []
    assert caught.value.outcome == "not performed"
    assert "forged" not in str(caught.value)


@each_family
@pytest.mark.parametrize("last", ["honest", "spoilt"])
def test_each_tunnel_of_a_callers_transport_is_looked_at(family: Family, last: str) -> None:
    """It may ask two proxies at once, one of which sends more than its reply."""
    http: Any = import_module(family)
    has_asked = {"honest": threading.Event(), "spoilt": threading.Event()}
    is_refused = threading.Event()
    refusals: list[Exception] = []

    class Hedging(http.BaseTransport):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            with ThreadPoolExecutor() as pool:
                pool.submit(self.send, "spoilt", request)
                response = self.send("honest", request)
                response.read()
            return response

        def send(self, kind: str, request: Any) -> Any:
            follow = request.extensions["trace"]

            def trace(event: str, info: dict[str, Any]) -> None:
                if event == "proxy.start_tls.started":
                    has_asked[kind].set()
                    waits_for = has_asked[last] if kind == "spoilt" else is_refused
                    assert waits_for.wait(PATIENCE)
                follow(event, info)

            if kind == last:
                assert has_asked["honest" if last == "spoilt" else "spoilt"].wait(PATIENCE)
            copy = http.Request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                extensions={**request.extensions, "trace": trace},
            )
            try:
                return ways[kind].handle_request(copy)
            except http.ConnectError as error:
                refusals.append(error)
                is_refused.set()

    with (
        genuine() as server,
        proxy_to(server) as honest,
        proxy_to(server, reply=ESTABLISHED + b"x") as spoilt,
        http.HTTPTransport(verify=trusting(), proxy=honest.url) as honest_way,
        http.HTTPTransport(verify=trusting(), proxy=spoilt.url) as spoilt_way,
    ):
        ways = {"honest": honest_way, "spoilt": spoilt_way}
        client = strigo_client(f"https://{HOST}", transport=Hedging(), retry=NO_RETRIES)
        with client:
            assert client.send(STRIGO_MINT).token == TOKEN
        assert len(server.requests) == 1
    assert [str(error) for error in refusals] == ["the peer spoke before TLS"]


@each_family
@each_flavour
def test_a_server_that_speaks_before_tls(flavour: Flavour, family: Family) -> None:
    """A plaintext response instead of a handshake is a ConnectError."""

    def speak_first(peer: Peer) -> None:
        peer.send(FORGED)
        peer.wait_gone()

    with RawServer(speak_first) as server:
        url = f"https://localhost:{server.port}"
        with pytest.raises(ConnectError):
            send_strigo(flavour, url, STRIGO_MINT, **options_for(None, family))
        server.wait_all_closed()


@each_surplus
def test_bytes_behind_a_proxys_reply_on_uvloop(behind: bytes) -> None:
    """It is the same on uvloop."""
    uvloop = pytest.importorskip("uvloop")

    async def main(url: str) -> None:
        async with async_strigo_client(f"https://{HOST}", **options_for(url, "httpx")) as client:
            with pytest.raises(ConnectError):
                await client.send(STRIGO_MINT)

    with genuine() as server, proxy_to(server, reply=ESTABLISHED + behind) as proxy:
        anyio.run(main, proxy.url, backend_options={"loop_factory": uvloop.new_event_loop})
        assert server.requests == []


@each_family
@each_flavour
@pytest.mark.parametrize("credentials", ["", "user:pass-word-1@"])
def test_a_socks_proxy_that_says_no_more(
    flavour: Flavour, family: Family, credentials: str
) -> None:
    """A SOCKS proxy is used as a tunnel, kept between calls, with and without a password."""
    method = b"\x05\x02" if credentials else b"\x05\x00"
    seen: list[bytes] = []
    with genuine() as server, socks_proxy_to(server, method=method, seen=seen) as proxy:
        options = options_for(socks_url(proxy, credentials), family)
        replies = send_strigo(flavour, f"https://{HOST}", STRIGO_MINT, STRIGO_MINT, **options)
        assert proxy.connections == 1
    assert [reply.value.token for reply in replies] == [TOKEN, TOKEN]
    assert seen == ([b"\x01\x04user\x0bpass-word-1"] if credentials else [])


MALFORMED = {
    "no such method": (b"\x05\x09", SOCKS_BOUND),
    "no method": (b"\x05\xff", SOCKS_BOUND),
    "another version": (b"HT", SOCKS_BOUND),
    "a short reply": (b"\x05\x00", SOCKS_BOUND[:3]),
    "a cut address": (b"\x05\x00", SOCKS_BOUND[:7]),
    "an unknown address": (b"\x05\x00", b"\x05\x00\x00\x09" + bytes(9)),
    "a refusal": (b"\x05\x00", b"\x05\x02\x00\x01" + bytes(6)),
    "an unknown refusal": (b"\x05\x00", b"\x05\x77\x00\x01" + bytes(6)),
}


@each_flavour
@pytest.mark.parametrize(("method", "reply"), MALFORMED.values(), ids=MALFORMED)
def test_a_socks_proxy_that_breaks_its_protocol(
    flavour: Flavour, method: bytes, reply: bytes
) -> None:
    """A SOCKS proxy's malformed response, or refusal, is a ConnectError that names the proxy."""
    with genuine() as server, socks_proxy_to(server, reply, method) as proxy:
        url = socks_url(proxy)
        with pytest.raises(ConnectError, match=rf"^proxy {url}: Pro(xy|tocol)Error"):
            send_strigo(flavour, f"https://{HOST}", STRIGO_MINT, **options_for(url, "httpx"))
