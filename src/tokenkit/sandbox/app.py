"""The three issuers as one ASGI application: each path belongs to one of them."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

import attrs
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.routing import Route

from .browser import browser_routes
from .endpoint import Endpoint, request_line
from .fault_text import HEADER
from .log import LOG_LINE, logger
from .page import Page
from .settings import STRIGO_BASE_PATH
from .strigo import StrigoIssuer
from .strigo_rate_limit import RateLimit as StrigoRateLimit
from .zdk import ZdkIssuer
from .zerohash import ZerohashIssuer
from .zerohash_rate_limit import RateLimit as ZerohashRateLimit

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .exchange import Issuer
    from .fault_plan import FaultPlan
    from .ledger import Ledger
    from .settings import Switches


def create_app(switches: Switches, ledger: Ledger, plan: FaultPlan) -> ASGIApp:
    """Assemble the application."""
    clock = switches.clock

    def serve(issuer: Issuer) -> Endpoint:
        return Endpoint(issuer, ledger, plan, clock)

    strigo_limit = StrigoRateLimit(
        switches.strigo_rate_limit, clock.steady, switches.strigo_rate_window
    )
    zerohash_limit = ZerohashRateLimit(
        switches.zerohash_rate_limit, switches.zerohash_rate_window, clock.steady
    )
    zdk = serve(ZdkIssuer(ledger))
    strigo = serve(StrigoIssuer(ledger, switches, strigo_limit))
    zerohash = serve(ZerohashIssuer(ledger, switches, zerohash_limit))
    # The documentation calls ZDK from browsers, which need this; the others are for backends.
    cors = Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["POST"],
        allow_headers=["authorization", "content-type", HEADER],
    )
    routes = [
        Route("/", Page(ledger, plan, clock).answer),
        Route("/{service}.private.v1.Service/{method}", zdk, middleware=[cors]),
        Route(STRIGO_BASE_PATH + "/{path:path}", strigo),
        browser_routes(ledger, clock),
        Route("/{path:path}", zerohash),
    ]
    return Surroundings(Starlette(routes=routes), clock)


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
                line = (
                    scope.get(LOG_LINE) or f"- {request_line(Request(scope))} {message['status']}"
                )
                logger.info("%s", line)
            await send(message)

        await self.app(scope, receive, send_dated)
