"""The three issuers as one ASGI application: each path belongs to one of them."""

from collections.abc import Callable, Collection
from email.utils import formatdate

import attrs
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request as HttpRequest
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .browser.modules import browser_routes
from .endpoint import Endpoint, request_line
from .exchange import Issuer
from .faults.plan import FaultPlan
from .faults.text import HEADER
from .hosts import LOOPBACK_ORIGIN, HostGuard
from .ledger import Ledger
from .log import LOG_LINE, write
from .page.page import Page
from .settings import STRIGO_BASE_PATH, Switches
from .strigo.issuer import StrigoIssuer
from .strigo.rate_limit import RateLimit as StrigoRateLimit
from .zdk.issuer import ZdkIssuer
from .zerohash.issuer import ZerohashIssuer
from .zerohash.rate_limit import RateLimit as ZerohashRateLimit
from .zerohash.state import ZerohashState

__all__ = ["create_app"]


def create_app(
    switches: Switches,
    ledger: Ledger,
    plan: FaultPlan,
    zerohash_state: ZerohashState,
    hosts: Collection[str],
) -> ASGIApp:
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
    zerohash = serve(ZerohashIssuer(ledger, switches, zerohash_limit, zerohash_state))
    # The documentation calls ZDK from browsers, which need this; the others are for backends.
    # Pages from elsewhere are not allowed.
    cors = Middleware(
        CORSMiddleware,
        allow_origin_regex=LOOPBACK_ORIGIN,
        allow_methods=["POST"],
        allow_headers=["authorization", "content-type", HEADER],
    )
    routes = [
        Route("/", Page(ledger, plan, clock).respond),
        Route("/{service}.private.v1.Service/{method}", zdk, middleware=[cors]),
        Route(STRIGO_BASE_PATH + "/{path:path}", strigo),
        browser_routes(ledger, clock),
        Route("/{path:path}", zerohash),
    ]
    return Surroundings(HostGuard(Starlette(routes=routes), hosts), clock)


@attrs.frozen
class Surroundings:
    """Add the ``Date`` header, by the sandbox's clock, and log one line per request."""

    app: ASGIApp
    clock: Callable[[], float]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self.clock(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
                # Logged before it is sent, so that a response that arrived is in the log.
                line = (
                    scope.get(LOG_LINE)
                    or f"- {request_line(HttpRequest(scope))} {message['status']}"
                )
                write(line)
            await send(message)

        await self.app(scope, receive, send_dated)
