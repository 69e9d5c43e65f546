"""zerohash's ``POST /client_auth_token``, ``POST /revoke_auth_token`` and ``GET /time``.

It also serves paths that belong to nobody, with the documented 404. That a wrong method gives
the same, and that bodies which are no JSON give a 400, is modelled.
"""

import uuid
from datetime import datetime, timezone

import attrs

from ..exchange import (
    Refusal,
    Request,
    Response,
    Vendor,
    json_object,
    refusal,
    settle,
)
from ..json_text import JSON, encode
from ..ledger import Issued, Ledger
from ..settings import Switches
from .auth import authenticate
from .body import faults, hint, permissions
from .rate_limit import RateLimit, too_many_requests
from .token import fault_of, lifetime, mint


@attrs.frozen
class ZerohashIssuer:
    """Issue and revoke client access tokens as zerohash does."""

    ledger: Ledger
    switches: Switches
    rate_limit: RateLimit
    vendor: Vendor = "zerohash"

    def respond(self, request: Request, instead: Response | None = None) -> Response:
        """Respond to any request, with its X-REQUEST-ID or a new one."""
        if not self.rate_limit.allows(request.source):
            instead = too_many_requests()
        response = instead or settle(self._route, request)
        return response.with_headers(
            {"x-request-id": request.header("x-request-id") or str(uuid.uuid4())}
        )

    def _route(self, request: Request) -> Response:
        match (request.method, request.path):
            case ("GET", "/time"):
                return self._time()
            case ("POST", "/client_auth_token"):
                return self._mint(self._body(request))
            case ("POST", "/revoke_auth_token"):
                return self._revoke(self._body(request))
            case _:
                raise refusal(404, {"error": "Not Found"}, "Not Found")

    def _time(self) -> Response:
        now = self.switches.clock()
        if self.switches.zerohash_time_shape == "epoch":
            return Response(status=200, content=encode({"epoch": int(now)}))
        moment = datetime.fromtimestamp(now, timezone.utc)
        message: JSON = {
            "epoch": int(now * 1000),
            "epoch_units": "milliseconds",
            "iso_8601": moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        }
        return Response(status=200, content=encode({"message": message}))

    def _body(self, request: Request) -> dict[str, JSON]:
        """Read an authenticated request's body; none at all stands for ``{}``, as it is signed."""
        if request.oversized:  # cut off, so its signature cannot be checked
            return json_object(request, _refuse_body)
        authenticate(request, self.switches)
        return json_object(request, _refuse_body) if request.body else {}

    def _mint(self, body: dict[str, JSON]) -> Response:
        """Mint for a well-formed participant or e-mail: the sandbox takes all for known."""
        found = faults(body)
        if found:
            raise _refuse(found, hint=hint(body))
        expires_at = int(self.switches.clock()) + lifetime(body)
        token = mint(body, expires_at)
        subject = str(body.get("participant_code") or body.get("email"))
        self.ledger.issue(
            Issued(
                vendor=self.vendor,
                token=token,
                subject=subject,
                expires_at=datetime.fromtimestamp(expires_at, timezone.utc),
                request=body,
            )
        )
        message: dict[str, JSON] = {"token": token}
        asked = set(permissions(body))
        if "fwc" in asked:
            message["deposit_intent_id"] = str(uuid.uuid4())
        if asked & {"crypto-withdrawals", "crypto-payouts"}:
            message["payment_id"] = str(uuid.uuid4())
        content = encode({"message": message})
        return Response(status=201, content=content, subject=subject, token=token)

    def _revoke(self, body: dict[str, JSON]) -> Response:
        """Revoke a token; one revoked before, expired or unknown gives 204, too (modelled)."""
        if "token" not in body:
            raise _refuse(["body/token is required"])
        token = body["token"]
        fault = fault_of(token)
        if fault or not isinstance(token, str):
            raise _refuse([f"body/token {fault}"])
        return Response(status=204, subject=self.ledger.revoke(token), token=token)


def _refuse(errors: list[str], *, hint: str = "") -> Refusal:
    return refusal(400, {"errors": errors}, "; ".join(errors), hint=hint)


def _refuse_body(_: int, text: str) -> Refusal:
    return _refuse([text])
