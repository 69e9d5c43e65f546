"""zerohash's tokens, its clock, and the lists of what its tokens started.

It also serves unknown paths, with the documented 404. That a wrong method gives the same, and
that a body that isn't JSON gives a 400, is modelled.
"""

import uuid

import attrs

from ..clock import iso_8601, utc
from ..exchange import (
    ErrorResponse,
    Request,
    Response,
    Vendor,
    error_response,
    json_object,
    settle,
)
from ..json_text import JSON, encode
from ..ledger import Issued, Ledger
from ..settings import Switches
from .auth import authenticate
from .body import faults, hint
from .fund_sessions import FundSession
from .lookups import get_payment, list_payments, list_transactions
from .permissions import PAYMENTS, permissions, unknown_permissions
from .rate_limit import RateLimit, too_many_requests
from .state import ZerohashState
from .token import fault_of, lifetime, mint

__all__ = ["ZerohashIssuer"]


@attrs.frozen
class ZerohashIssuer:
    """Issues and revokes client access tokens as zerohash does."""

    ledger: Ledger
    switches: Switches
    rate_limit: RateLimit
    state: ZerohashState
    vendor: Vendor = "zerohash"

    def respond(self, request: Request, instead: Response | None = None) -> Response:
        """Respond to any request, with its X-REQUEST-ID or a new one."""
        if not self.rate_limit.allows(request.source):
            instead = too_many_requests()
        request_id = request.header("x-request-id") or str(uuid.uuid4())
        response = instead or settle(lambda asked: self._route(asked, request_id), request)
        return response.with_headers({"x-request-id": request_id})

    def _route(self, request: Request, request_id: str) -> Response:
        match (request.method, request.path):
            case ("GET", path) if path == "/payments" or path.startswith("/payments/"):
                authenticate(request, self.switches)
                return self._payments(request, request_id)
            case ("GET", "/fund/transactions"):
                authenticate(request, self.switches)
                return list_transactions(request, self._listed_sessions())
            case ("GET", "/time"):
                return self._time()
            case ("POST", "/client_auth_token"):
                return self._mint(self._body(request), request.body)
            case ("POST", "/revoke_auth_token"):
                return self._revoke(self._body(request))
            case _:
                raise error_response(404, {"error": "Not Found"}, "Not Found")

    def _payments(self, request: Request, request_id: str) -> Response:
        payment_id = request.path.removeprefix("/payments").removeprefix("/")
        if payment_id:
            return get_payment(request_id, self.state.payments.find(payment_id))
        return list_payments(request, request_id, self.state.payments.all())

    def _listed_sessions(self) -> list[FundSession]:
        shown = self.switches.zerohash_lists_open_fund_sessions
        sessions = self.state.fund_sessions.all()
        return [session for session in sessions if shown or session.success is not None]

    def _time(self) -> Response:
        now = self.switches.clock()
        if self.switches.zerohash_time_shape == "epoch":
            return Response(status=200, content=encode({"epoch": int(now)}))
        message: JSON = {
            "epoch": int(now * 1000),
            "epoch_units": "milliseconds",
            "iso_8601": iso_8601(utc(now)),
        }
        return Response(status=200, content=encode({"message": message}))

    def _body(self, request: Request) -> dict[str, JSON]:
        """Read an authenticated request's body; no body means ``{}``, as in the signature."""
        if request.oversized:  # truncated, so its signature cannot be checked
            return json_object(request, _refuse_body)
        authenticate(request, self.switches)
        return json_object(request, _refuse_body) if request.body else {}

    def _mint(self, body: dict[str, JSON], raw: bytes) -> Response:
        """Mint for any well-formed participant or e-mail: the sandbox knows them all."""
        found = faults(body)
        if not found and not self.switches.zerohash_unknown_permissions:
            found = unknown_permissions(body)
        if found:
            raise _refuse(found, hint=hint(body))
        lasts = lifetime(body)
        expires_at = int(self.switches.clock()) + lasts
        token = mint(body, expires_at)
        subject = str(body.get("participant_code") or body.get("email"))
        self.ledger.issue(
            Issued(
                vendor=self.vendor,
                token=token,
                subject=subject,
                expires_at=utc(expires_at),
                body=raw,
            )
        )
        message: dict[str, JSON] = {"token": token}
        asked = set(permissions(body))
        if "fwc" in asked:
            message["deposit_intent_id"] = self.state.fund_sessions.open(body).deposit_intent_id
        if asked & PAYMENTS:
            message["payment_id"] = self.state.payments.open(body, lasts).payment_id
        content = encode({"message": message})
        return Response(status=201, content=content, subject=subject, token=token)

    def _revoke(self, body: dict[str, JSON]) -> Response:
        """Revoke a token; one that is revoked, expired or unknown also gives a 204 (modelled)."""
        if "token" not in body:
            raise _refuse(["body/token is required"])
        token = body["token"]
        fault = fault_of(token)
        if fault or not isinstance(token, str):
            raise _refuse([f"body/token {fault}"])
        return Response(status=204, subject=self.ledger.revoke(token), token=token)


def _refuse(errors: list[str], *, hint: str = "") -> ErrorResponse:
    return error_response(400, {"errors": errors}, "; ".join(errors), hint=hint)


def _refuse_body(_: int, text: str) -> ErrorResponse:
    return _refuse([text])
