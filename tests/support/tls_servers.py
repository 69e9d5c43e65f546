"""What the tests of TLS and of proxies share: authorities, and servers that they certify."""

from __future__ import annotations

import ssl

import trustme
from all_clients import HEALTHY
from raw_server import RawServer, responding

AUTHORITY = trustme.CA()
HOST = "vendor.example"


def context_with(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Make the TLS context of a server that shows a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with certificate.private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    return context


def server_context(*names: str) -> ssl.SSLContext:
    """Make the TLS context of a server with a certificate for some names."""
    return context_with(AUTHORITY.issue_cert(*names))


def trusting(authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    """Make a client's TLS context that trusts one authority."""
    return ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())


def tls_server(*names: str) -> RawServer:
    """Make a healthy server behind TLS."""
    return RawServer(responding(lambda _: HEALTHY), tls=server_context(*names))
