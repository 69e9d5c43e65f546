"""Whether a host can be reached: its name, the proxy on the way, TLS, and HTTP."""

import socket
from collections.abc import Iterator
from time import monotonic
from typing import ClassVar
from urllib.parse import urlsplit

import attrs

from .._client.client import Client
from .._model.call import Call
from .._model.json import JSON
from .._model.messages import DEFAULT_PORTS, ResponseInfo
from ..errors import APIError, DecodeError, TokenKitError, UnexpectedRedirect
from .findings import Finding, Outcome
from .proxy import proxy_for

__all__ = ["check_network"]

PROXY_REFUSED, SERVER_FAILED = 407, 500


@attrs.frozen(kw_only=True)
class Probe(Call[None]):
    """A request without credentials: any response shows that the connection works."""

    method: ClassVar[str] = "GET"
    path: ClassVar[str] = "/"
    authenticated: ClassVar[bool] = False
    reads_body: ClassVar[bool] = False

    def decode(self, body: JSON, response: ResponseInfo) -> None:
        """Read nothing."""
        del body, response


def check_network(client: Client, doubtful: Outcome = Outcome.PROBLEM) -> Iterator[Finding]:
    """Check each host that a client calls, until one can't be reached.

    Args:
        client: The client.
        doubtful: The outcome for a response that may not be the vendor's: a redirect, or the
            failure of a proxy or gateway. For a page of HTML, it is always a note.
    """
    told = f"requests go to {client.base_url}"
    yield Finding(client.profile.vendor, "host", Outcome.OK, told)
    hosts: dict[str, str | None] = {client.base_url: None}
    for service, url in client.service_urls.items():
        hosts.setdefault(url, service)
    for url, name in hosts.items():
        for finding in _check_host(client, url, name, doubtful):
            yield finding
            if finding.outcome is Outcome.PROBLEM:
                return


def _check_host(
    client: Client, url: str, service: str | None, doubtful: Outcome
) -> Iterator[Finding]:
    vendor, parts = client.profile.vendor, urlsplit(url)
    proxy = proxy_for(f"{parts.scheme}://{parts.netloc}")
    shown = f"goes through the {proxy}" if proxy else "goes through no proxy"
    yield Finding(vendor, "proxy", Outcome.OK, f"{parts.netloc} {shown}")
    if proxy is None:
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        yield _check_name(vendor, parts.hostname or "", port)
    yield _check_connection(client, parts.netloc, service, doubtful)


def _check_name(vendor: str, host: str, port: int) -> Finding:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        problem = f"{host} cannot be looked up: {reason}"
        return Finding(vendor, "name", Outcome.PROBLEM, problem)
    addresses = sorted({str(address[4][0]) for address in found})
    return Finding(vendor, "name", Outcome.OK, f"{host} is {', '.join(addresses)}")


def _check_connection(
    client: Client, host: str, service: str | None, doubtful: Outcome
) -> Finding:
    # The class says which service a call is for.
    probe = Probe if service is None else type("Probe", (Probe,), {"service": service})
    before = monotonic()
    status: int | None = None
    problem: str | None = None
    outcome = Outcome.OK
    try:
        status = client.send_raw(probe()).status
    except APIError as error:
        status = error.status
        if status == PROXY_REFUSED or status >= SERVER_FAILED:
            outcome = doubtful
    except UnexpectedRedirect as error:
        status, outcome = error.status, doubtful
    except DecodeError as error:  # a page of HTML, as the vendor's host or a login page sends
        status, outcome = error.status, Outcome.NOTE
    except TokenKitError as error:
        problem = f"{host}: {type(error).__name__}: {error}"
    vendor = client.profile.vendor
    if problem is not None:
        return Finding(vendor, "connection", Outcome.PROBLEM, problem)
    taken = f"{(monotonic() - before) * 1000:.0f} ms"
    secure = "without TLS" if client.base_url.startswith("http:") else "with TLS"
    told = f"{host} responds {secure} (HTTP {status}, {taken})"
    if outcome is not Outcome.OK:
        told += f", which may not come from {vendor}: check the host, proxies and login pages"
    return Finding(vendor, "connection", outcome, told)
