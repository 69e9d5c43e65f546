"""G9: 301 to 308 to another origin: UnexpectedRedirect, and not one byte for that origin."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from all_clients import HEALTH, STRIGO_MINT, ZEROHASH_MINT
from callers_clients import send_through
from credentials import STRIGO_API_KEY
from network_calls import each_family, each_flavour, send_strigo
from raw_server import RawServer, http, responding

from tokenkit import UnexpectedRedirect

if TYPE_CHECKING:
    from network_calls import Family, Flavour
    from raw_server import RawRequest

each_status = pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
stranger = responding(lambda _: http(200))


def redirecting(target: str, status: int) -> RawServer:
    answer = http(status, b"over there", f"Location: {target}/elsewhere?code=1")
    return RawServer(responding(lambda _: answer))


def check_untouched(server: RawServer) -> None:
    """Check that there was no connection: any would have been accepted before this one."""
    with socket.create_connection(("127.0.0.1", server.port)) as knock:
        knock.sendall(b"GET /knock HTTP/1.1\r\n\r\n")
        assert knock.recv(100)
    assert [request.line for request in server.requests] == ["GET /knock HTTP/1.1"]
    assert server.connections == 1


@each_family
@each_flavour
@each_status
def test_a_mint_is_not_redirected(flavour: Flavour, family: Family, status: int) -> None:
    """A redirected mint is an error that names the target, and the target gets nothing."""
    with RawServer(stranger) as other, redirecting(other.url, status) as server:
        with pytest.raises(UnexpectedRedirect) as caught:
            send_strigo(flavour, server.url, STRIGO_MINT, http_family=family)
        check_untouched(other)
        assert caught.value.status == status
        assert caught.value.location == f"{other.url}/elsewhere"
        assert len(server.requests) == 1


@each_family
@each_flavour
@each_status
def test_a_get_is_not_redirected(flavour: Flavour, family: Family, status: int) -> None:
    """A redirected GET, which every other client would follow, is not followed either."""
    with RawServer(stranger) as other, redirecting(other.url, status) as server:
        with pytest.raises(UnexpectedRedirect):
            send_strigo(flavour, server.url, HEALTH, http_family=family)
        check_untouched(other)
        assert len(server.requests) == 1


@each_family
@each_flavour
@each_status
def test_a_callers_client_follows_no_redirect(
    flavour: Flavour, family: Family, status: int
) -> None:
    """A caller's client that follows redirects does not follow ours."""
    with RawServer(stranger) as other, redirecting(other.url, status) as server:
        with pytest.raises(UnexpectedRedirect):
            send_through(flavour, family, server.url, ZEROHASH_MINT, follow_redirects=True)
        check_untouched(other)
        assert len(server.requests) == 1


@each_family
@each_flavour
@pytest.mark.parametrize("target", ["", "https://127.0.0.1:1", "//127.0.0.1:1", "\xff://["])
def test_no_target_is_good_enough(flavour: Flavour, family: Family, target: str) -> None:
    """A redirect within the origin, to another scheme or to nonsense, is refused too."""
    with redirecting(target, 307) as server:
        with pytest.raises(UnexpectedRedirect):
            send_strigo(flavour, server.url, STRIGO_MINT, http_family=family)
        assert len(server.requests) == 1


@each_family
@each_flavour
@pytest.mark.parametrize("status", [300, 304, 399])
def test_other_3xx_are_redirects_too(flavour: Flavour, family: Family, status: int) -> None:
    """A 3xx status that leads nowhere is never taken for a success."""
    with RawServer(responding(lambda _: http(status))) as server:
        with pytest.raises(UnexpectedRedirect) as caught:
            send_strigo(flavour, server.url, STRIGO_MINT, http_family=family)
        assert caught.value.status == status
        assert len(server.requests) == 1


@each_family
@each_flavour
def test_a_target_that_echoes_the_key_is_shown_without_it(
    flavour: Flavour, family: Family
) -> None:
    """If a server puts the credential into the target, it does not get into the error."""

    def echo(request: RawRequest) -> bytes:
        key = request.headers["authorization"].partition(":")[2]
        return http(302, b"", f"Location: https://other.example/{key}/x")

    with RawServer(responding(echo)) as server:
        with pytest.raises(UnexpectedRedirect) as caught:
            send_strigo(flavour, server.url, STRIGO_MINT, http_family=family)
        location = caught.value.location or ""
        assert location.startswith("https://other.example/")
        assert STRIGO_API_KEY not in f"{caught.value!r} {caught.value} {location}"
