"""One issuer's place in the ASGI application: read a request, answer it, say what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from starlette.requests import ClientDisconnect, Request

from ..errors import ConfigurationError
from .delivery import deliver
from .exchange import MAX_BODY, Answer, Received
from .fault_answers import answer_for
from .fault_body import spoil
from .fault_text import HEADER
from .ledger import Refused
from .log import LOG_LINE, describe, logger

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from .clock import Clock
    from .exchange import Issuer, Vendor
    from .fault_plan import FaultPlan
    from .faults import Fault
    from .ledger import Ledger

DRAINED = 64 * MAX_BODY
"""Bytes read of an oversized body, so that the client gets its answer and no broken pipe."""


@attrs.frozen
class Endpoint:
    """Hand each request to an issuer and send its answer, with the faults that are due."""

    issuer: Issuer
    ledger: Ledger
    plan: FaultPlan
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            received = await _receive(request)
        except ClientDisconnect:
            logger.info("%s %s client disconnected", self.issuer.vendor, request_line(request))
            return
        try:
            fault = self.plan.pick(self.issuer.vendor, received)
        except ConfigurationError as error:
            await self._send(_misused_header(error), None, received, scope, receive, send)
            return
        with self.clock.ahead_by(fault.clock_skew if fault else 0.0):
            answer = self._answer(received, fault)
            await self._send(answer, fault, received, scope, receive, send)

    def _answer(self, received: Received, fault: Fault | None) -> Answer:
        if fault is None:
            return self.issuer.answer(received)
        answer = self.issuer.answer(received, answer_for(self.issuer.vendor, fault))
        return spoil(answer, fault.body) if fault.body else answer

    async def _send(
        self,
        answer: Answer,
        fault: Fault | None,
        received: Received,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        vendor = self.issuer.vendor
        line = f"{vendor} {request_line(Request(scope))} {answer.status} {describe(answer)}"
        scope[LOG_LINE] = line if fault is None else f"{line}; fault: {fault}"
        if answer.reason:
            self.ledger.refuse(_refused(vendor, received, answer, fault))
        await deliver(answer, fault, scope, receive, send)


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
        source=request.client.host if request.client else "",
    )


def _route(request: Request) -> bytes:
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


def request_line(request: Request) -> str:
    """Write method and route as they came."""
    return f"{request.method} {_route(request).decode('latin-1')}"


def _refused(vendor: Vendor, received: Received, answer: Answer, fault: Fault | None) -> Refused:
    return Refused(
        vendor=vendor,
        method=received.method,
        route=received.route.decode("latin-1"),
        status=answer.status,
        reason=answer.reason,
        hint=answer.hint,
        signed_text=answer.signed_text,
        received_text=answer.received_text,
        fault="" if fault is None else str(fault),
    )


def _misused_header(error: ConfigurationError) -> Answer:
    text = f"{HEADER}: {error}"
    return Answer(status=400, content=text.encode(), media_type="text/plain", reason=text)
