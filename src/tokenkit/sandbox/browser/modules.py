"""Stand-ins for the vendors' browser modules, and the check of a token that they call.

Of the modules that take tokens, this much is documented or observed:

- ZDK: ``user.actions.open(userToken)`` opens the user module; an invalid token fails there.
- Strigo: ``Strigo.setup({email, token: {token, expiration}, ...})``, observed in working code.
- zerohash: ``new ZeroHashSDK({zeroHashAppsURL, env, theme})``, then
  ``openModal({appIdentifier, jwt})``; which ``appIdentifier`` belongs to which permission.

Everything else is modelled: that they are ES modules below ``/browser/``, that the calls return
promises, and what they show. No vendor has ``GET /browser/check/{zdk|zerohash|strigo}``. It takes
``Authorization: Bearer <token>`` and returns ``{"valid": true, "subject": "..."}``, or
``{"valid": false, "reason": "..."}`` with the reason ``unknown``, ``revoked`` or ``expired``. No
response holds a token.

Only pages from this machine may use them, under any of its loopback names and on any port.
"""

from collections.abc import Callable, Mapping
from importlib.resources import files

import attrs
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Mount, Route

from ..clock import utc
from ..hosts import LOOPBACK_ORIGIN
from ..json_text import JSON
from ..ledger import Ledger

__all__ = ["browser_routes"]

MODULES = ("stand_in", "strigo", "zdk", "zerohash")


def browser_routes(ledger: Ledger, clock: Callable[[], float]) -> Mount:
    """Serve the modules, and a check of tokens against the ledger and the sandbox's clock."""
    cors = Middleware(
        CORSMiddleware,
        allow_origin_regex=LOOPBACK_ORIGIN,
        allow_methods=["GET"],
        allow_headers=["authorization"],
    )
    routes = [
        Route("/check/{vendor}", Check(ledger, clock).respond),
        *(Route(f"/{name}.js", Script(name).respond) for name in MODULES),
    ]
    return Mount("/browser", routes=routes, middleware=[cors])


@attrs.frozen
class Script:
    """One of the modules."""

    name: str

    async def respond(self, _: HttpRequest) -> HttpResponse:
        """Send it; a browser accepts a module only with JavaScript's media type."""
        content = files(__name__.rpartition(".")[0]).joinpath(f"{self.name}.js").read_bytes()
        return HttpResponse(content, media_type="text/javascript")


@attrs.frozen
class Check:
    """Tell a page whether a token is valid."""

    ledger: Ledger
    clock: Callable[[], float]

    async def respond(self, request: HttpRequest) -> HttpResponse:
        """Check the bearer token of a request; a missing one is unknown."""
        token = request.headers.get("authorization", "").partition(" ")[2]
        validity = self._judge(request.path_params["vendor"], token)
        return JSONResponse(validity, headers={"cache-control": "no-store"})

    def _judge(self, vendor: str, token: str) -> Mapping[str, JSON]:
        now = utc(self.clock())
        record = self.ledger.find(vendor, token)
        if record is None:
            return {"valid": False, "reason": "unknown"}
        if record.revoked:
            return {"valid": False, "reason": "revoked"}
        if record.expires_at is not None and record.expires_at <= now:
            return {"valid": False, "reason": "expired"}
        return {"valid": True, "subject": record.subject}
