"""Strigo's Academy API below ``/api/v1``: ``POST /academy/users/token`` and ``GET /health``.

Requests, the envelope, the 422 and the 429 are documented. The responses to bad credentials,
unknown paths and unreadable bodies are not: their statuses and error types are modelled.
"""

import hashlib
import secrets
from datetime import timedelta

import attrs

from ..clock import EPOCH
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
from ..settings import (
    CREDENTIALS,
    STRIGO_BASE_PATH,
    Switches,
    same_secret,
)
from .body import read
from .rate_limit import RateLimit

__all__ = ["StrigoIssuer"]

TOKEN_BYTES = 32  # 43 characters of base64url, without padding
USER_ID_LENGTH = 17
USER_ID_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz"
ERROR_TYPES = {
    400: "BadRequest",
    401: "Unauthorized",
    404: "NotFound",
    413: "PayloadTooLarge",
    415: "UnsupportedMediaType",
}
"""Types of the failures that the documentation does not show; modelled."""


@attrs.frozen
class StrigoIssuer:
    """Issue Academy user tokens as Strigo does."""

    ledger: Ledger
    switches: Switches
    rate_limit: RateLimit
    vendor: Vendor = "strigo"

    def respond(self, request: Request, instead: Response | None = None) -> Response:
        """Respond to any request below Strigo's base path, with the headers of the rate limit."""
        allowed, headers = self.rate_limit.count()
        if not allowed:
            instead = self.rate_limit.error_response()
        response = instead or settle(self._route, request)
        if response.status == 429:  # noqa: PLR2004 - HTTP's own number
            headers["x-ratelimit-remaining"] = "0"
        return response.with_headers(headers)

    def _route(self, request: Request) -> Response:
        call = (request.method, request.path.removeprefix(STRIGO_BASE_PATH))
        if call == ("GET", "/health"):
            _authenticate(request)
            return Response(status=200, content=encode({"status": "ok", "message": "Healthy"}))
        if call == ("POST", "/academy/users/token"):
            _authenticate(request)
            return self._mint(request)
        raise _refuse(404, f"{request.method} {request.path} does not exist")

    def _mint(self, request: Request) -> Response:
        body = json_object(request, _refuse_body)
        mint, errors = read(body, int(self.switches.clock() * 1000))
        if mint is None:
            raise _invalid(errors)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self.ledger.issue(
            Issued(
                vendor=self.vendor,
                token=token,
                subject=mint.email,
                expires_at=EPOCH + timedelta(milliseconds=mint.expiration),
                body=request.body,
            )
        )
        data: JSON = {
            "user_id": user_id(mint.email),
            "expiration": mint.expiration,
            "token": token,
        }
        return Response(
            status=self.switches.strigo_success_status,
            content=encode({"result": "success", "data": data}),
            subject=mint.email,
            token=token,
        )


def user_id(email: str) -> str:
    """Derive the learner's 17-character id; the same e-mail always gives the same id."""
    number = int.from_bytes(hashlib.sha256(email.encode()).digest(), "big")
    characters: list[str] = []
    for _ in range(USER_ID_LENGTH):
        number, index = divmod(number, len(USER_ID_ALPHABET))
        characters.append(USER_ID_ALPHABET[index])
    return "".join(characters)


def _failure(error: JSON) -> JSON:
    return {"result": "failure", "error": error}


def _refuse(status: int, message: str, *, hint: str = "") -> ErrorResponse:
    error: JSON = {"type": ERROR_TYPES[status], "message": message}
    return error_response(status, _failure(error), message, hint=hint)


def _refuse_body(status: int, message: str) -> ErrorResponse:
    hint = "the documentation's sample body is a JavaScript literal: JSON quotes its names"
    return _refuse(status, message, hint=hint if "property name" in message else "")


def _invalid(errors: list[JSON]) -> ErrorResponse:
    message = "The request is not valid"
    error: JSON = {"type": "RequestValidationError", "message": message, "errors": errors}
    return error_response(422, _failure(error), f"{message}: {encode(errors).decode()}")


def _authenticate(request: Request) -> None:
    scheme, _, pair = request.header("authorization").partition(" ")
    if scheme.lower() != "bearer":
        raise _refuse(401, "Authorization must be 'Bearer ORG_ID:API_KEY'")
    if not same_secret(pair, f"{CREDENTIALS.strigo_org_id}:{CREDENTIALS.strigo_api_key}"):
        hint = "" if ":" in pair else "the pair is sent raw, with a colon, not in base64"
        raise _refuse(401, "Unknown organization or API key", hint=hint)
