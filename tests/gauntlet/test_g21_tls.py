"""G21: wrong host, expired, self-signed: ConnectError that says which; with the CA, success."""

from __future__ import annotations

import ssl
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
import trustme
from all_clients import HEALTH, HEALTHY, STRIGO_MINT
from network_calls import FAST_RETRIES, NO_RETRIES, each_family, each_flavour, send_strigo
from raw_server import RawServer, responding
from tls_servers import AUTHORITY, context_with, server_context, tls_server, trusting

from tokenkit import ConnectError

if TYPE_CHECKING:
    from network_calls import Family, Flavour

healthy = responding(lambda _: HEALTHY)
PAST = (datetime(2020, 1, 1, tzinfo=timezone.utc), datetime(2020, 2, 1, tzinfo=timezone.utc))


def expired_context() -> ssl.SSLContext:
    began, ended = PAST
    return context_with(AUTHORITY.issue_cert("127.0.0.1", not_before=began, not_after=ended))


def self_signed_context() -> ssl.SSLContext:
    """Show an unknown authority's self-signed certificate."""
    unknown = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with unknown.private_key_pem.tempfile() as key, unknown.cert_pem.tempfile() as certificate:
        context.load_cert_chain(certificate, key)
    return context


def strangers_context() -> ssl.SSLContext:
    """Show a certificate signed by an unknown authority."""
    return context_with(trustme.CA().issue_cert("127.0.0.1"))


REFUSED = [
    pytest.param(server_context("other.example"), "not valid for '127.0.0.1'", id="wrong-host"),
    pytest.param(expired_context(), "certificate has expired", id="expired"),
    pytest.param(self_signed_context(), "self.signed certificate", id="self-signed"),
    pytest.param(strangers_context(), "unable to get local issuer", id="unknown-authority"),
]


@each_family
@each_flavour
@pytest.mark.parametrize(("shown", "problem"), REFUSED)
def test_a_bad_certificate_is_refused(
    flavour: Flavour, family: Family, shown: ssl.SSLContext, problem: str
) -> None:
    """A ConnectError says what is wrong, and no byte of a request was sent."""
    with RawServer(healthy, tls=shown) as server:
        with pytest.raises(ConnectError, match=problem):
            send_strigo(
                flavour,
                server.url,
                STRIGO_MINT,
                ssl_context=trusting(),
                retry=NO_RETRIES,
                http_family=family,
            )
        server.wait_all_closed()
        assert (server.connections, server.requests) == (1, [])


@each_family
@each_flavour
def test_then_the_right_authority_succeeds(flavour: Flavour, family: Family) -> None:
    """Without the authority a call fails; with it calls work, over one connection."""
    with tls_server("127.0.0.1") as server:
        with pytest.raises(ConnectError, match="unable to get local issuer certificate"):
            send_strigo(flavour, server.url, HEALTH, retry=NO_RETRIES, http_family=family)
        assert server.requests == []
        send_strigo(
            flavour, server.url, HEALTH, HEALTH, ssl_context=trusting(), http_family=family
        )
        assert [request.connection for request in server.requests] == [2, 2]
        server.wait_all_closed()


@each_family
@each_flavour
def test_a_bad_certificate_is_tried_again(flavour: Flavour, family: Family) -> None:
    """Because nothing was sent, the call is repeated as often as its policy says."""
    with tls_server("other.example") as server:
        with pytest.raises(ConnectError) as caught:
            send_strigo(
                flavour,
                server.url,
                STRIGO_MINT,
                ssl_context=trusting(),
                retry=FAST_RETRIES,
                http_family=family,
            )
        assert caught.value.attempts == server.connections == 3
