"""Stand-ins of the vendors' browser modules, and the check with which they ask about a token.

The vendors' documentation of tokens says this much of the modules that take them:

- ZDK: `user.actions.open(userToken)` opens the user module; an invalid token fails there.
- Strigo: `Strigo.setup({email, token: {token, expiration}, ...})`, observed in working code.
- zerohash: the token is used to initialize SDK modules. The call is not known here:
  `zerohash.initialize({token})` is modelled after that sentence.

All else is modelled: that they are ES modules below `/browser/`, that the calls return promises,
and what they show. `GET /browser/check/{zdk|zerohash|strigo}` is no vendor's at all. It takes
`Authorization: Bearer <token>` and answers `{"valid": true, "subject": "..."}`, or
`{"valid": false, "reason": "..."}` with the reason `unknown`, `revoked` or `expired`. No answer
holds a token.

Only pages from this machine may use them, by any of its loopback names and on any port.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from .json_text import JSON
    from .ledger import Ledger

MODULES = Path(__file__).with_name("browser_modules")
LOOPBACK_ORIGIN = r"https?://(([\w-]+\.)*localhost|127(\.\d+){3}|\[::1\])(:\d+)?"


def browser_routes(ledger: Ledger, clock: Callable[[], float]) -> Mount:
    """Serve the modules, and a check of tokens against the ledger by the sandbox's clock."""
    cors = Middleware(
        CORSMiddleware,
        allow_origin_regex=LOOPBACK_ORIGIN,
        allow_methods=["GET"],
        allow_headers=["authorization"],
    )
    routes = [
        Route("/check/{vendor}", Check(ledger, clock).answer),
        *(Route(f"/{path.name}", Script(path).answer) for path in MODULES.glob("*.js")),
    ]
    return Mount("/browser", routes=routes, middleware=[cors])


@attrs.frozen
class Script:
    """One of the modules."""

    path: Path

    async def answer(self, _: Request) -> Response:
        """Send it; a browser takes a module only with the media type of JavaScript."""
        return Response(self.path.read_bytes(), media_type="text/javascript")


@attrs.frozen
class Check:
    """Tell pages which tokens hold."""

    ledger: Ledger
    clock: Callable[[], float]

    async def answer(self, request: Request) -> Response:
        """Judge the bearer token of a request; none at all is an unknown one."""
        token = request.headers.get("authorization", "").partition(" ")[2]
        verdict = self._judge(request.path_params["vendor"], token)
        return JSONResponse(verdict, headers={"cache-control": "no-store"})

    def _judge(self, vendor: str, token: str) -> Mapping[str, JSON]:
        now = datetime.fromtimestamp(self.clock(), timezone.utc)
        for record in self.ledger.issued:
            if record.vendor == vendor and record.token == token:
                if record.revoked:
                    return {"valid": False, "reason": "revoked"}
                if record.expires_at is not None and record.expires_at <= now:
                    return {"valid": False, "reason": "expired"}
                return {"valid": True, "subject": record.subject}
        return {"valid": False, "reason": "unknown"}
