"""zerohash's lists: ``GET /payments``, ``GET /payments/{id}`` and ``GET /fund/transactions``.

Queries and bodies are documented. These are modelled: the 400 for a wrong query, that unknown
fields of a query are ignored, that a period includes both ends, and that the bounds of
``deposit_timestamp`` are in milliseconds, like the timestamps of the list.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import parse_qs

from ..clock import milliseconds, utc
from ..exchange import Request, Response, error_response
from ..json_text import JSON, encode
from .fund_sessions import FundSession
from .payments import Payment
from .token import PLATFORM_CODE

__all__ = ["get_payment", "list_payments", "list_transactions"]

T = TypeVar("T")

PAGE_SIZE = 50
LARGEST = 10**15


class Query:
    """A request's query, read field by field; collects problems."""

    def __init__(self, request: Request) -> None:
        text = request.route.partition(b"?")[2].decode("latin-1")
        self._fields = parse_qs(text, keep_blank_values=True)
        self._errors: list[str] = []

    def text(self, name: str) -> str | None:
        """Return a field; None if it was not sent."""
        return self._fields.get(name, [None])[-1]

    def whole(self, name: str, least: int = 0, most: int = LARGEST) -> int | None:
        """Return a whole number; None if it was not sent."""
        text = self.text(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) < len(str(LARGEST))):
            self._errors.append(f"query/{name} must be integer")
        elif not least <= int(text) <= most:
            bound = f">= {least}" if int(text) < least else f"<= {most}"
            self._errors.append(f"query/{name} must be {bound}")
        else:
            return int(text)
        return None

    def truth(self, name: str) -> bool | None:
        """Return a boolean; None if it was not sent."""
        text = self.text(name)
        if text not in {None, "true", "false"}:
            self._errors.append(f"query/{name} must be boolean")
        return None if text is None else text == "true"

    def check(self) -> None:
        """Refuse the request if anything was wrong.

        Raises:
            ErrorResponse: Something was wrong.
        """
        if self._errors:
            raise error_response(400, {"errors": self._errors}, "; ".join(self._errors))


def list_payments(request: Request, request_id: str, payments: Sequence[Payment]) -> Response:
    """Respond to ``GET /payments``."""
    query = Query(request)
    participant = query.text("participant_code")
    start, end = query.whole("start_date"), query.whole("end_date")
    page, size = query.whole("page", 1) or 1, query.whole("size", 1) or PAGE_SIZE
    query.check()
    found = [
        payment.fields
        for payment in reversed(payments)
        if participant in {None, payment.participant_code}
        and (start is None or payment.created_at >= utc(start))
        and (end is None or payment.created_at <= utc(end))
    ]
    body: dict[str, JSON] = {
        "message": _page(found, page, size),
        "request_id": request_id,
        "platform_code": PLATFORM_CODE,
        "total": len(found),
    }
    return Response(status=200, content=encode(body))


def get_payment(request_id: str, payment: Payment | None) -> Response:
    """Respond to ``GET /payments/{id}``."""
    if payment is None:
        raise error_response(404, {"error": "Not Found"}, "Not Found")
    body: JSON = {"message": payment.fields, "request_id": request_id}
    return Response(status=200, content=encode(body))


def list_transactions(request: Request, sessions: Sequence[FundSession]) -> Response:
    """Respond to ``GET /fund/transactions``."""
    query = Query(request)
    page, size = query.whole("page", 1) or 1, query.whole("page_size", 1, PAGE_SIZE) or PAGE_SIZE
    tests = [*_equalities(query), *_bounds(query)]
    query.check()
    found = [
        session.fields
        for session in reversed(sessions)
        if all(passes(session) for passes in tests)
    ]
    body: dict[str, JSON] = {
        "message": _page(found, page, size),
        "page": page,
        "page_size": size,
        "total_pages": -(-len(found) // size),
    }
    return Response(status=200, content=encode(body))


def _page(found: Sequence[T], page: int, size: int) -> list[T]:
    return list(found[(page - 1) * size : page * size])


def _equalities(query: Query) -> list[Callable[[FundSession], bool]]:
    names = ("participant_code", "fund_asset", "deposit_address", "fund_id", "reference_id")
    wanted: dict[str, JSON] = {name: query.text(name) for name in names}
    wanted["success"] = query.truth("success")
    wanted = {name: value for name, value in wanted.items() if value is not None}
    intent = query.text("deposit_intent_id")
    return [
        lambda session: all(session.fields[name] == value for name, value in wanted.items()),
        lambda session: intent in {None, session.deposit_intent_id},
    ]


def _bounds(query: Query) -> list[Callable[[FundSession], bool]]:
    comparisons: dict[str, Callable[[int, int], bool]] = {
        "gte": lambda at, bound: at >= bound,
        "gt": lambda at, bound: at > bound,
        "lte": lambda at, bound: at <= bound,
        "lt": lambda at, bound: at < bound,
    }

    def test(bound: int, compare: Callable[[int, int], bool]) -> Callable[[FundSession], bool]:
        return lambda session: (
            session.ended_at is not None and compare(milliseconds(session.ended_at), bound)
        )

    limits = {name: query.whole(f"deposit_timestamp_{name}") for name in comparisons}
    return [test(bound, comparisons[name]) for name, bound in limits.items() if bound is not None]
