"""The responses that faults ask for, each in its vendor's form.

These are documented: zerohash's 404, 500 and 503, the texts of its approvals, the shapes of its
other payins errors and its missing write permission; Strigo's 422, its 429 and its envelope, and
that a failure may come with a 2xx or beside ``data``. Everything else is modelled: ZDK's errors on
the Connect protocol, and zerohash's texts for a spend limit, missing requirements, a conflict of
KYC data and an unknown participant.
"""

import secrets
from collections.abc import Callable, Mapping
from http import HTTPStatus

from ..exchange import Response, Vendor
from ..json_text import JSON, encode
from ..strigo.rate_limit import too_many_requests
from .bodies import WITHOUT_BODY
from .fault import Fault
from .names import NamedResponse

__all__ = ["response_for"]

ELSEWHERE = "https://elsewhere.invalid/"

CONNECT_CODES = {
    400: "invalid_argument",
    401: "unauthenticated",
    403: "permission_denied",
    404: "not_found",
    409: "already_exists",
    429: "resource_exhausted",
    499: "canceled",
    500: "internal",
    501: "unimplemented",
    503: "unavailable",
    504: "deadline_exceeded",
}
APPROVALS: Mapping[str, str] = {
    "approval-required": "Manual approval required for this transaction",
    "approval-pending": "Approval pending, shopper must wait",
    "approval-rejected": "Manual approval for this transaction was rejected",
    "approval-finalized": "Manual approval for this transaction has already been finalized",
}
NO_WRITE_PERMISSION = "This api key does not have write permission to this endpoint"


def _failure(kind: str, message: str, **more: JSON) -> dict[str, JSON]:
    return {"result": "failure", "error": {"type": kind, "message": message, **more}}


INVALID = _failure(
    "RequestValidationError",
    "The request is not valid",
    errors=[{"location": "body", "param": "email", "msg": "Refused on purpose"}],
)


def response_for(vendor: Vendor, fault: Fault) -> Response | None:
    """Return the response that a fault sends instead of the vendor's, or None."""
    if fault.response is not None:
        return _named(fault.response, fault)
    if fault.status is None:
        return None
    response = _BY_STATUS[vendor](fault.status)
    if fault.status in range(300, 400):
        response = response.with_headers({"location": ELSEWHERE})
    if fault.retry_after is not None:
        response = response.with_headers({"retry-after": str(fault.retry_after)})
    return response


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def _response(status: int, body: JSON, reason: str = "") -> Response:
    """Make a response, without a body if the status never has one."""
    content = b"" if status in WITHOUT_BODY else encode(body)
    return Response(status=status, content=content, reason=reason or _phrase(status))


def _failed(status: int) -> bool:
    return status >= 400  # noqa: PLR2004 - HTTP's own number


def _zdk(status: int) -> Response:
    code, message = CONNECT_CODES.get(status, "unknown"), _phrase(status)
    return _response(status, {"code": code, "message": message} if _failed(status) else {})


def _zerohash(status: int) -> Response:
    phrase = _phrase(status)
    match status:
        case 400:
            return _response(status, {"errors": [phrase]})
        case 401:
            return _response(status, {"error": True, "message": phrase})
        case 403:
            return _response(status, {"error": True, "message": NO_WRITE_PERMISSION})
        case 503:
            response = _response(status, {"error": phrase})
            return response.with_headers({"zh-allow-retry": "true"})
        case _:
            return _response(status, {"error": phrase} if _failed(status) else {})


def _strigo(status: int) -> Response:
    phrase = _phrase(status)
    match status:
        case 422:
            return _response(status, INVALID)
        case 429:
            return too_many_requests()
        case _ if _failed(status):
            return _response(status, _failure(phrase.replace(" ", ""), phrase))
        case _:
            return _response(status, {"result": "success", "data": {}})


_BY_STATUS: Mapping[Vendor, Callable[[int], Response]] = {
    "zdk": _zdk,
    "zerohash": _zerohash,
    "strigo": _strigo,
}


def _named(name: NamedResponse, fault: Fault) -> Response:
    if name in APPROVALS:
        transaction = f"txn_{secrets.token_hex(8)}"
        return _response(403, {"error": APPROVALS[name], "transaction_id": transaction}, name)
    if name == "missing-requirements":
        missing = list(fault.missing_requirements) or ["first_name"]
        text = "Participant is missing requirements"
        return _response(409, {"error": text, "missing_requirements": missing}, name)
    status, body = _FIXED[name]
    return _response(status, body, name)


_FIXED: Mapping[NamedResponse, tuple[int, JSON]] = {
    "spend-limit": (403, {"error": "Spend limit exceeded"}),
    "kyc-conflict": (409, {"error": "Data conflicts with those of another participant"}),
    "unknown-participant": (404, {"error": "Participant not found"}),
    "no-write-permission": (403, {"error": True, "message": NO_WRITE_PERMISSION}),
    "failure-with-200": (
        200,
        _failure("EventNotInReadyState", "The event is not in ready state"),
    ),
    "failure-with-data": (422, {**INVALID, "data": {}}),
    "too-few-tokens": (200, {"tokens": []}),
}
"""The status and body of the responses that are always the same."""
