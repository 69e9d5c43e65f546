"""One issuer in the ASGI application: read a request, respond, log it."""

import attrs
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.types import Receive, Scope, Send

from ..errors import ConfigurationError
from .clock import Clock
from .exchange import MAX_REQUEST_BODY, Issuer, Request, Response, Vendor
from .faults.bodies import spoil
from .faults.delivery import deliver
from .faults.fault import Fault
from .faults.plan import FaultPlan
from .faults.responses import response_for
from .faults.text import HEADER
from .ledger import Ledger, Refused
from .log import LOG_LINE, describe, write

__all__ = ["Endpoint", "request_line"]

DRAINED = 64 * MAX_REQUEST_BODY
"""Bytes read of an oversized body, so that the client gets a response, not a broken pipe."""


@attrs.frozen
class Endpoint:
    """Pass each request to an issuer and send its response, with the faults that are due."""

    issuer: Issuer
    ledger: Ledger
    plan: FaultPlan
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        request = HttpRequest(scope, receive)
        try:
            received = await _receive(request)
        except ClientDisconnect:
            write(f"{self.issuer.vendor} {request_line(request)} client disconnected")
            return
        try:
            fault = self.plan.pick(self.issuer.vendor, received)
        except ConfigurationError as error:
            await self._send(_misused_header(error), None, received, scope, receive, send)
            return
        with self.clock.ahead_by(fault.clock_skew if fault else 0.0):
            response = self._response(received, fault)
            await self._send(response, fault, received, scope, receive, send)

    def _response(self, received: Request, fault: Fault | None) -> Response:
        if fault is None:
            return self.issuer.respond(received)
        response = self.issuer.respond(received, response_for(self.issuer.vendor, fault))
        return spoil(response, fault.body) if fault.body else response

    async def _send(
        self,
        response: Response,
        fault: Fault | None,
        received: Request,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        vendor = self.issuer.vendor
        line = (
            f"{vendor} {request_line(HttpRequest(scope))} {response.status} {describe(response)}"
        )
        scope[LOG_LINE] = line if fault is None else f"{line}; fault: {fault}"
        if response.reason:
            self.ledger.refuse(_refused(vendor, received, response, fault))
        await deliver(response, fault, scope, receive, send)


async def _receive(request: HttpRequest) -> Request:
    body = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        body += chunk[: max(0, MAX_REQUEST_BODY - len(body))]
        if size > DRAINED:
            break
    return Request(
        method=request.method,
        path=request.scope["path"],
        route=_route(request),
        headers=request.headers,
        body=bytes(body),
        oversized=size > MAX_REQUEST_BODY,
        source=request.client.host if request.client else "",
    )


def _route(request: HttpRequest) -> bytes:
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


def request_line(request: HttpRequest) -> str:
    """Write the method and the route as received."""
    return f"{request.method} {_route(request).decode('latin-1')}"


def _refused(
    vendor: Vendor, received: Request, response: Response, fault: Fault | None
) -> Refused:
    return Refused(
        vendor=vendor,
        method=received.method,
        route=received.route.decode("latin-1"),
        status=response.status,
        reason=response.reason,
        hint=response.hint,
        signed_text=response.signed_text,
        received_text=response.received_text,
        fault="" if fault is None else str(fault),
    )


def _misused_header(error: ConfigurationError) -> Response:
    text = f"{HEADER}: {error}"
    return Response(status=400, content=text.encode(), media_type="text/plain", reason=text)
