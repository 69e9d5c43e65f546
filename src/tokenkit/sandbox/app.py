"""The three issuers as one ASGI application: each path belongs to one of them."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

import attrs
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from .exchange import MAX_BODY, Received
from .ledger import Refused
from .log import describe, logger
from .settings import STRIGO_BASE_PATH
from .strigo import StrigoIssuer
from .strigo_rate_limit import RateLimit
from .zdk import ZdkIssuer
from .zerohash import ZerohashIssuer

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .exchange import Answer, Issuer, Vendor
    from .ledger import Ledger
    from .settings import Switches

FRONT_PAGE = """\
tokenkit sandbox: three token issuers, for tests and development.

POST /user.tokens.private.v1.Service/Create    ZDK
POST /client_auth_token                        zerohash
POST /revoke_auth_token                        zerohash
GET  /time                                     zerohash
POST /api/v1/academy/users/token               Strigo
GET  /api/v1/health                            Strigo

Its credentials are fixed and fake; its tokens open nothing.
"""

DRAINED = 64 * MAX_BODY
"""Bytes read of an oversized body, so that the client gets its answer and no broken pipe."""

LOG_LINE = "tokenkit.sandbox.line"
"""Where in the ASGI scope an endpoint leaves the request's log line."""


def create_app(switches: Switches, ledger: Ledger) -> ASGIApp:
    """Assemble the application."""
    rate_limit = RateLimit(switches.strigo_rate_limit, switches.clock)
    zdk = Endpoint(ZdkIssuer(ledger), ledger)
    strigo = Endpoint(StrigoIssuer(ledger, switches, rate_limit), ledger)
    zerohash = Endpoint(ZerohashIssuer(ledger, switches), ledger)
    # The documentation calls ZDK from browsers, which need this; the others are for backends.
    cors = Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["POST"],
        allow_headers=["authorization", "content-type"],
    )
    routes = [
        Route("/", front_page),
        Route("/{service}.private.v1.Service/{method}", zdk, middleware=[cors]),
        Route(STRIGO_BASE_PATH + "/{path:path}", strigo),
        Route("/{path:path}", zerohash),
    ]
    return Surroundings(Starlette(routes=routes), switches.clock)


async def front_page(_: Request) -> Response:
    """Say what this server is."""
    return PlainTextResponse(FRONT_PAGE)


@attrs.frozen
class Endpoint:
    """Hand each request to an issuer and send its answer."""

    issuer: Issuer
    ledger: Ledger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            received = await _receive(request)
        except ClientDisconnect:
            logger.info("%s %s client disconnected", self.issuer.vendor, _line(request))
            return
        answer = self.issuer.answer(received)
        scope[LOG_LINE] = (
            f"{self.issuer.vendor} {_line(request)} {answer.status} {describe(answer)}"
        )
        if answer.reason:
            self.ledger.refuse(_refused(self.issuer.vendor, received, answer))
        await _response(answer)(scope, receive, send)


@attrs.frozen
class Surroundings:
    """Add the `Date` header, by the sandbox's own clock, and log one line a request."""

    app: ASGIApp
    clock: Callable[[], float]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self.clock(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
                # Logged before it is sent: who has an answer finds its line in the log.
                line = scope.get(LOG_LINE) or f"- {_line(Request(scope))} {message['status']}"
                logger.info("%s", line)
            await send(message)

        await self.app(scope, receive, send_dated)


async def _receive(request: Request) -> Received:
    body = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        body += chunk[: max(0, MAX_BODY - len(body))]
        if size > DRAINED:
            break
    return Received(
        method=request.method,
        path=request.scope["path"],
        route=_route(request),
        headers=request.headers,
        body=bytes(body),
        oversized=size > MAX_BODY,
    )


def _route(request: Request) -> bytes:
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


def _line(request: Request) -> str:
    return f"{request.method} {_route(request).decode('latin-1')}"


def _refused(vendor: Vendor, received: Received, answer: Answer) -> Refused:
    return Refused(
        vendor=vendor,
        method=received.method,
        route=received.route.decode("latin-1"),
        status=answer.status,
        reason=answer.reason,
        hint=answer.hint,
        signed_text=answer.signed_text,
    )


def _response(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if answer.content:
        # Not as Starlette's media_type, which would add a charset that the vendors don't send.
        headers["content-type"] = answer.media_type
    return Response(answer.content, answer.status, headers)
