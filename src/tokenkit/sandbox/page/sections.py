"""The sections of the page, newest entries first."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from ..clock import EPOCH
from ..exchange import Vendor
from ..faults.plan import FaultPlan
from ..json_text import JSON
from ..ledger import Issued, Refused
from ..log import shorten
from .difference import compare
from .markup import (
    Child,
    Markup,
    join,
    redacted,
    tag,
)
from .times import moment, span

__all__ = ["calls", "faults", "issued", "refused", "summary"]

Record = TypeVar("Record")

SHOWN = 100  # entries of each kind

VENDORS: Mapping[Vendor, str] = {"zdk": "ZDK", "zerohash": "zerohash", "strigo": "Strigo"}
CALLS: Sequence[tuple[str, str, Vendor]] = (
    ("POST", "/user.tokens.private.v1.Service/Create", "zdk"),
    ("POST", "/room.tokens.private.v1.Service/Create", "zdk"),
    ("POST", "/chat.tokens.private.v1.Service/Create", "zdk"),
    ("POST", "/event.tokens.private.v1.Service/Create", "zdk"),
    ("POST", "/client_auth_token", "zerohash"),
    ("POST", "/revoke_auth_token", "zerohash"),
    ("GET", "/payments", "zerohash"),
    ("GET", "/payments/{payment_id}", "zerohash"),
    ("GET", "/fund/transactions", "zerohash"),
    ("GET", "/time", "zerohash"),
    ("POST", "/api/v1/academy/users/token", "strigo"),
    ("GET", "/api/v1/health", "strigo"),
)


def summary(tokens: Sequence[Issued], requests: Sequence[Refused], plan: FaultPlan) -> Markup:
    """Show the counts."""
    figures = {
        "Issued": len(tokens),
        "Revoked": sum(token.revoked for token in tokens),
        "Refused": len(requests),
        "Pending faults": len(plan.queued) + len(plan.standing),
    }
    items = (
        tag("div", tag("dt", name), tag("dd", f"{figure:,}")) for name, figure in figures.items()
    )
    return tag("dl", *items, class_="summary")


def issued(tokens: Sequence[Issued], now: float) -> Markup:
    """Show what was minted, for whom, and when it expires."""
    heads = ("Issued (UTC)", "Vendor", "For whom", "Requested", "Token", "Expires (UTC)")
    rows = [
        (
            moment(token.issued_at),
            _vendor(token.vendor),
            tag("strong", redacted(token.subject)),
            redacted(_asked(token)),
            tag("code", shorten(token.token), class_="token"),
            _end(token, now),
        )
        for token in _newest(tokens)
    ]
    return _section("issued", "Tokens issued", len(tokens), _table(heads, rows))


def refused(requests: Sequence[Refused]) -> Markup:
    """Show which requests were refused and why."""
    articles = [_refused(request) for request in _newest(requests)]
    return _section("refused", "Requests refused", len(requests), join(articles))


def faults(plan: FaultPlan) -> Markup:
    """Show the pending faults."""
    rows = [
        (when, tag("code", redacted(str(fault))))
        for when, faults in (("next", plan.queued), ("whole run", plan.standing))
        for fault in faults
    ]
    return _section("faults", "Pending faults", len(rows), _table(("When", "Fault"), rows))


def calls() -> Markup:
    """Show the calls that the issuers serve."""
    rows = [(_vendor(vendor), tag("code", f"{method} {path}")) for method, path, vendor in CALLS]
    return _section("calls", "Calls", len(rows), _table(("Vendor", "Call"), rows))


def _section(name: str, title: str, count: int, content: Markup) -> Markup:
    if not count:
        content = tag("p", "None so far.", class_="note")
    elif count > SHOWN:
        note = tag("p", f"The newest {SHOWN} of {count:,}.", class_="note")
        content = join([note, content])
    return tag("section", tag("h2", title), content, id=name)


def _table(heads: Sequence[str], rows: Sequence[Sequence[Child]]) -> Markup:
    """Make a table; on a narrow screen each cell shows its heading."""
    head = tag("tr", *(tag("th", name, scope="col") for name in heads))
    body = [tag("tr", *map(_cell, heads, row)) for row in rows]
    return tag("table", tag("thead", head), tag("tbody", *body))


def _cell(head: str, content: Child) -> Markup:
    return tag("td", tag("div", content), data_head=head)


def _newest(records: Sequence[Record]) -> Sequence[Record]:
    return records[: -SHOWN - 1 : -1]


def _vendor(vendor: Vendor) -> Markup:
    return tag("span", VENDORS[vendor], class_=f"vendor {vendor}")


def _asked(token: Issued) -> str:
    """Return the permissions or groups in the request, if any."""
    listed: list[JSON] = []
    for part in _parts(token):
        named = part.get("groups" if token.vendor == "strigo" else "permissions")
        listed += named if isinstance(named, list) else []
    return ", ".join(map(str, listed))


def _parts(token: Issued) -> list[Mapping[str, JSON]]:
    """Find the parts about a token's subject: a ZDK request may be for several users."""
    if token.vendor != "zdk":
        return [token.request]
    arguments = token.request.get("arguments")
    return [
        part
        for part in (arguments if isinstance(arguments, list) else ())
        if isinstance(part, Mapping) and part.get("id") == token.subject
    ]


def _end(token: Issued, now: float) -> Markup:
    if token.expires_at is None:
        end = tag("span", "not documented", class_="note")
    else:
        left = (token.expires_at - EPOCH).total_seconds() - now
        rest = f"in {span(left)}" if left > 0 else f"{span(left)} ago"
        end = join([moment(token.expires_at), " ", tag("span", rest, class_="note")])
    return join([end, " ", tag("span", "revoked", class_="badge")]) if token.revoked else end


def _refused(request: Refused) -> Markup:
    route = tag("code", redacted(f"{request.method} {request.route}"))
    parts: list[Child] = [
        tag(
            "div",
            tag("h3", tag("span", str(request.status), class_="badge"), " ", route),
            tag("p", _vendor(request.vendor), moment(request.refused_at), class_="note"),
            class_="request",
        ),
        tag("p", redacted(request.reason), class_="reason"),
    ]
    if request.hint:
        parts.append(tag("p", tag("b", "Likely cause: "), redacted(request.hint)))
    if request.fault:
        parts.append(
            tag("p", tag("b", "Caused by a fault: "), tag("code", redacted(request.fault)))
        )
    if request.signed_text:
        parts.append(compare(request.signed_text, request.received_text))
    return tag("article", *parts)
