"""The web page at ``GET /``: what was minted, what was refused and why."""

import base64
import hashlib
from importlib.resources import files

import attrs
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse

from ..clock import Clock
from ..faults.plan import FaultPlan
from ..ledger import Ledger
from .markup import Markup, join, tag
from .sections import (
    calls,
    faults,
    issued,
    refused,
    summary,
)
from .times import moment

__all__ = ["Page"]

STYLE = files(__name__.rpartition(".")[0]).joinpath("page.css").read_text("utf-8")
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%230f766e'/%3E"
    "%3Cpath d='M4 5h8M8 5v7' stroke='white' stroke-width='2'/%3E%3C/svg%3E"
)

_style_hash = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_style_hash}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@attrs.frozen
class Page:
    """Serves the page, rendered for each request."""

    ledger: Ledger
    plan: FaultPlan
    clock: Clock

    async def respond(self, request: HttpRequest) -> HTMLResponse:
        """Send the page."""
        return HTMLResponse(self.render(str(request.base_url).rstrip("/")), headers=HEADERS)

    def render(self, url: str) -> str:
        """Render the page of a sandbox at ``url``."""
        tokens, requests, now = self.ledger.issued, self.ledger.refused, self.clock()
        body = [
            _header(url, now, self.clock.ahead),
            tag(
                "main",
                summary(tokens, requests, self.plan),
                issued(tokens, now),
                refused(requests),
                faults(self.plan),
                calls(),
            ),
        ]
        return (
            "<!doctype html>\n"
            f'<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark">'
            f'<title>tokenkit sandbox</title><link rel="icon" href="{ICON}">'
            f"<style>{STYLE}</style></head><body>{join(body)}</body></html>\n"
        )


def _header(url: str, now: float, ahead: float) -> Markup:
    skew = f", {abs(ahead):g} s {'ahead' if ahead > 0 else 'behind'}" if ahead else ""
    return tag(
        "header",
        tag("h1", "tokenkit sandbox"),
        tag("a", "Reload", href="/", class_="reload"),
        tag(
            "p",
            "Three token issuers at ",
            tag("code", url),
            ". Its credentials are fixed and fake; its tokens open nothing.",
        ),
        tag("p", "Its clock: ", moment(now), f" UTC{skew}", class_="clock"),
    )
