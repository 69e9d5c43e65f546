"""What the tests of the vendors' clients share: scripted responses, a server."""

import base64
import copy
import hashlib
import hmac
import json
import pickle
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import attrs
from all_clients import VENDORS
from credentials import strigo_client, zdk_client, zerohash_client
from http_library import httpx

from tokenkit import (
    RetryPolicy,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
)

T = TypeVar("T")

ONCE = RetryPolicy(max_retries=0)
CLIENTS: list[Any] = [
    (kind, vendor.credentials)
    for vendor in VENDORS.values()
    for kind in (vendor.client, vendor.async_client)
]

ECHO = "that of the request"
"""Stands for the request's own id in a response's headers."""


@attrs.define
class Script(httpx.MockTransport):
    """A transport that gives one response after the other, and repeats the last one."""

    responses: tuple[httpx.Response, ...]
    requests: list[httpx.Request] = attrs.field(factory=list[httpx.Request])

    def __attrs_post_init__(self) -> None:
        super().__init__(self._next)

    def _next(self, request: httpx.Request) -> httpx.Response:
        given = self.responses[min(len(self.requests), len(self.responses) - 1)]
        self.requests.append(request)
        headers = dict(given.headers)
        if headers.get("x-request-id") == ECHO:
            headers["x-request-id"] = request.headers["x-request-id"]
        # A response can be read once only.
        return httpx.Response(given.status_code, headers=headers, content=given.content)

    @property
    def bodies(self) -> list[bytes]:
        return [request.content for request in self.requests]


def responding(
    status: int, body: object = b"", headers: Mapping[str, str] | None = None
) -> Script:
    """Make a transport that always gives one response: bytes, or anything else as JSON."""
    return Script((make_response(status, body, headers),))


def make_response(
    status: int, body: object = b"", headers: Mapping[str, str] | None = None
) -> httpx.Response:
    if isinstance(body, bytes):
        return httpx.Response(status, content=body, headers=headers)
    content = json.dumps(body).encode()
    return httpx.Response(
        status, content=content, headers={"content-type": "application/json", **(headers or {})}
    )


def scripted_zdk(transport: httpx.MockTransport) -> ZdkClient:
    return zdk_client(transport=transport, retry=ONCE)


def scripted_strigo(transport: httpx.MockTransport) -> StrigoClient:
    return strigo_client(transport=transport, retry=ONCE)


def scripted_zerohash(
    transport: httpx.MockTransport, environment: str = "us-cert"
) -> ZeroHashClient:
    return zerohash_client(environment=environment, transport=transport, retry=ONCE)


def jwt_of(claims: object) -> str:
    """Make an unsigned JWT in the vendor's form."""
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    written = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join(part.rstrip("=") for part in [*written, base64.b64encode(b"sig").decode()])


def copies(value: T) -> list[T]:
    """Return a value's pickled, copied and deep-copied twins."""
    pickled: T = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes
    return [pickled, copy.copy(value), copy.deepcopy(value)]


def signature(private_key: str, message: bytes) -> str:
    """Sign as the vendor's documentation says, without the package's code."""
    digest = hmac.new(base64.b64decode(private_key), message, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@attrs.frozen(kw_only=True)
class Received:
    """A request as it came over the socket."""

    method: str
    route: str
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen
class Listener:
    """A server on its own socket that keeps what it receives."""

    url: str
    received: list[Received]


@contextmanager
def listening(respond: Callable[[Received], tuple[int, object]]) -> Generator[Listener]:
    """Serve in a thread; ``respond`` gives each response's status and JSON (``None``: no body)."""
    received: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if not self.parse_request():
                return
            size = int(self.headers.get("content-length", "0"))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(
                method=self.command, route=self.path, headers=headers, body=self.rfile.read(size)
            )
            received.append(request)
            status, value = respond(request)
            content = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Listener(f"http://127.0.0.1:{server.server_port}", received)
        finally:
            server.shutdown()
            thread.join()
