from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from core_driver import WALL

from tokenkit import strigo, zdk, zerohash
from tokenkit._model.messages import Headers, Request, Response
from tokenkit._policy.failure import read_failure
from tokenkit._redaction import Hidden
from tokenkit.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    FieldError,
    NotFoundError,
    PermissionDeniedError,
    RateLimit,
    RateLimitError,
    ServerError,
    UnprocessableError,
)
from tokenkit.strigo.profile import PROFILE as STRIGO
from tokenkit.zdk.profile import PROFILE as ZDK
from tokenkit.zerohash.profile import PROFILE as ZEROHASH

if TYPE_CHECKING:
    from tokenkit._policy.profile import Profile

APPROVALS = {
    "Manual approval required for this transaction": zerohash.ApprovalState.REQUIRED,
    "Approval pending, shopper must wait": zerohash.ApprovalState.PENDING,
    "Manual approval for this transaction was rejected": zerohash.ApprovalState.REJECTED,
    "Manual approval for this transaction has already been finalized": (
        zerohash.ApprovalState.FINALIZED
    ),
    "Something new": None,
}


def failed(
    profile: Profile, status: int, body: object, headers: dict[str, str] | None = None
) -> APIError:
    """Read a vendor's error response."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_failure(
        Response(status=status, headers=Headers(headers or {}), body=raw),
        Request(method="POST", origin=profile.base_url, route="/x?q=1", headers=Headers()),
        reader=profile.read_failure,
        request_id_header=profile.request_id_header,
        hidden=Hidden(["the-secret"]),
        retry_after=profile.retries.wait(status, Headers(headers or {}), WALL),
    )


@pytest.mark.parametrize(
    ("code", "http", "kind"),
    [
        ("canceled", 499, APIError),
        ("unknown", 500, ServerError),
        ("invalid_argument", 400, BadRequestError),
        ("deadline_exceeded", 504, ServerError),
        ("not_found", 404, NotFoundError),
        ("already_exists", 409, ConflictError),
        ("permission_denied", 403, PermissionDeniedError),
        ("unauthenticated", 401, AuthenticationError),
        ("resource_exhausted", 429, RateLimitError),
        ("failed_precondition", 400, BadRequestError),
        ("aborted", 409, ConflictError),
        ("out_of_range", 400, BadRequestError),
        ("unimplemented", 501, ServerError),
        ("internal", 500, ServerError),
        ("unavailable", 503, ServerError),
        ("data_loss", 500, ServerError),
    ],
)
def test_zdk_codes(code: str, http: int, kind: type[APIError]) -> None:
    """Each Connect code decides the class, even under another status."""
    for status in (http, 418):
        error = failed(ZDK, status, {"code": code, "message": "why", "details": []})
        assert type(error) is kind
        assert (error.status, error.code, error.message) == (status, code, "why")


@pytest.mark.parametrize(
    ("body", "code", "message", "kind"),
    [
        ({"code": "not_found", "msg": "twirp"}, "not_found", "twirp", NotFoundError),
        ({"code": 16, "message": "gateway"}, "unauthenticated", "gateway", AuthenticationError),
        ({"code": 5}, "not_found", "Bad Request", NotFoundError),
        ({"code": 99}, "99", "Bad Request", BadRequestError),
        ({"code": True}, None, "Bad Request", BadRequestError),
        ({"code": "brand_new"}, "brand_new", "Bad Request", BadRequestError),
        ({"code": ["x"], "message": {}}, None, "Bad Request", BadRequestError),
        (b"plain words", None, "plain words", BadRequestError),
        (b'"quoted"', None, "quoted", BadRequestError),
        (b"<html>Bad</html>", None, "Bad Request", BadRequestError),
        (b"", None, "Bad Request", BadRequestError),
    ],
)
def test_zdk_relatives(body: object, code: str | None, message: str, kind: type[APIError]) -> None:
    """The forms of Twirp and the gRPC gateway, plain text and an empty body are read too."""
    error = failed(ZDK, 400, body)
    assert type(error) is kind
    assert (error.code, error.message) == (code, message)


def test_strigo_validation_error() -> None:
    """Strigo's 422 has its type, its message and each field."""
    body = {
        "result": "failure",
        "error": {
            "type": "RequestValidationError",
            "message": "The request is not valid",
            "errors": [
                {
                    "location": "body",
                    "param": "email",
                    "msg": "Must be a valid email address",
                    "value": "x",
                },
                {"param": 5},
                "not an object",
            ],
        },
    }
    error = failed(STRIGO, 422, body, {"x-request-id": "r-1"})
    assert type(error) is UnprocessableError
    assert error.errors == (
        FieldError(message="Must be a valid email address", field="email", location="body"),
        FieldError(message="not valid"),
    )
    assert str(error) == (
        "HTTP 422 RequestValidationError: The request is not valid "
        "(email: Must be a valid email address; not valid; request_id=r-1)"
    )


def test_strigo_rate_limit() -> None:
    """Strigo's plain-text 429 gives the wait and the window."""
    headers = {
        "content-type": "text/html; charset=utf-8",
        "retry-after": "60",
        "x-ratelimit-limit": "60",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1714445760",
    }
    error = failed(STRIGO, 429, b"Too many requests, please try again later.", headers)
    assert type(error) is RateLimitError
    assert error.message == "Too many requests, please try again later."
    assert error.retry_after == 60.0
    assert error.rate_limit == RateLimit(
        limit=60, remaining=0, reset_at=datetime(2024, 4, 30, 2, 56, tzinfo=timezone.utc)
    )


@pytest.mark.parametrize("kind", ["ClassNotFound", "EventNotInReadyState", "Whatever"])
def test_strigo_types_are_open(kind: str) -> None:
    """Any type from Strigo is kept as the code, and the status decides the class."""
    error = failed(STRIGO, 404, {"result": "failure", "error": {"type": kind, "message": "no"}})
    assert type(error) is NotFoundError
    assert (error.code, error.message) == (kind, "no")


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [b"", {"result": "failure", "error": {}}, {"error": "no"}])
def test_strigo_credentials(status: int, body: object) -> None:
    """If credentials are refused, the error says how the pair is written."""
    assert "org_id:api_key" in str(failed(STRIGO, status, body))
    assert failed(STRIGO, 404, body).hint is None


def test_zerohash_validation_error() -> None:
    """Zerohash's 400 lists the problems, by field where the text names one."""
    entries = ["body/amount must be >= 0", "body/asset is required", "odd", "a/ b", 7]
    error = failed(ZEROHASH, 400, {"errors": entries})
    assert type(error) is BadRequestError
    assert error.message == "The request is not valid"
    assert error.errors == (
        FieldError(message="must be >= 0", field="amount", location="body"),
        FieldError(message="is required", field="asset", location="body"),
        FieldError(message="odd"),
        FieldError(message="a/ b"),
    )


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (403, PermissionDeniedError)]
)
def test_zerohash_auth_errors(status: int, kind: type[APIError]) -> None:
    """Both statuses of an auth failure are mapped, with the usual causes and the environment."""
    message = "Missing API Key"
    error = failed(ZEROHASH, status, {"error": True, "message": message})
    assert type(error) is kind
    assert error.message == message
    assert "https://api.cert.zerohash.com (us-cert)" in str(error.hint)


def test_a_key_that_may_only_read() -> None:
    """The error says that a key lacks write permission, and doesn't blame the clock."""
    message = "This api key does not have write permission to this endpoint"
    error = failed(ZEROHASH, 403, {"error": True, "message": message})
    assert str(error).endswith(
        "Hint: the key may only read: ask zerohash to give it write permission, or use another key"
    )
    assert not ZEROHASH.blames_credentials(error)


@pytest.mark.parametrize(("text", "state"), list(APPROVALS.items()))
def test_zerohash_manual_approval(text: str, state: zerohash.ApprovalState | None) -> None:
    """A 403 with a transaction is a manual approval in one of four states."""
    error = failed(ZEROHASH, 403, {"error": text, "transaction_id": "txn_1"})
    assert isinstance(error, zerohash.ManualApprovalError)
    assert isinstance(error, PermissionDeniedError)
    assert (error.state, error.transaction_id) == (state, "txn_1")
    assert str(error) == f"HTTP 403: {text} (transaction_id=txn_1)"


@pytest.mark.parametrize("transaction", [None, "", 5])
def test_zerohash_denials(transaction: object) -> None:
    """A 403 without a transaction's id is a plain refusal, and doesn't blame the credentials."""
    error = failed(ZEROHASH, 403, {"error": "Limit exceeded", "transaction_id": transaction})
    assert type(error) is PermissionDeniedError
    assert (error.message, error.hint) == ("Limit exceeded", None)


def test_zerohash_missing_requirements() -> None:
    """A 409 says what the participant lacks."""
    body = {"error": "More data needed", "missing_requirements": ["first_name", 1, "ssn"]}
    error = failed(ZEROHASH, 409, body)
    assert isinstance(error, zerohash.MissingRequirementsError)
    assert error.missing_requirements == ("first_name", "ssn")
    assert str(error) == "HTTP 409: More data needed (missing: first_name, ssn)"


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (404, "Not Found", NotFoundError),
        (409, "Conflict", ConflictError),
        (422, "Payment failed", UnprocessableError),
        (500, "Internal Server Error", ServerError),
        (503, "Service Unavailable", ServerError),
    ],
)
def test_zerohash_texts(status: int, text: str, kind: type[APIError]) -> None:
    """An error that is only a text keeps it as its message."""
    error = failed(ZEROHASH, status, {"error": text})
    assert type(error) is kind
    assert error.message == text


def test_gateway_pages() -> None:
    """The HTML of a gateway is kept as the body, but not used as the message."""
    for profile in (ZDK, STRIGO, ZEROHASH):
        error = failed(profile, 502, b"<html><h1>Bad gateway</h1></html>")
        assert type(error) is ServerError
        assert error.message == "Bad Gateway"
        assert error.body == "<html><h1>Bad gateway</h1></html>"


def test_vendors_are_reachable_by_their_short_names() -> None:
    """The vendors' modules export the requests that the errors mention."""
    names = {module.__name__.partition(".")[2] for module in (zdk, zerohash, strigo)}
    assert names == {"zdk", "zerohash", "strigo"}
