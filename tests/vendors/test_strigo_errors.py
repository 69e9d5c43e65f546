from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from clocks import frozen_clock
from credentials import STRIGO_API_KEY, STRIGO_ORG_ID, WRONG_KEY, strigo_client
from vendors_support import responding, scripted_strigo

from tokenkit import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnprocessableError,
)
from tokenkit.errors import FieldError, RateLimit
from tokenkit.sandbox import Sandbox

INVALID = {
    "result": "failure",
    "error": {
        "type": "RequestValidationError",
        "message": "The request is not valid",
        "errors": [
            {
                "location": "body",
                "param": "email",
                "msg": "Must be a valid email address",
                "value": "nobody",
            }
        ],
    },
}
HINT = "check the organisation id and the API key: Strigo takes the pair as org_id:api_key"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def failure(kind: str, message: str) -> dict[str, object]:
    return {"result": "failure", "error": {"type": kind, "message": message}}


def test_documented_validation_error() -> None:
    """The documented 422 reads as one sentence, and its parts are available as values."""
    transport = responding(422, INVALID, {"x-request-id": "req-1"})
    with pytest.raises(UnprocessableError) as caught:
        scripted_strigo(transport).create_user_token(email="nobody")
    error = caught.value
    assert str(error) == (
        "HTTP 422 RequestValidationError: The request is not valid "
        "(email: Must be a valid email address; request_id=req-1)"
    )
    assert error.errors == (
        FieldError(message="Must be a valid email address", field="email", location="body"),
    )
    assert (error.status, error.code, error.request_id) == (422, "RequestValidationError", "req-1")
    assert (error.method, error.url) == (
        "POST",
        "https://app.strigo.io/api/v1/academy/users/token",
    )
    assert (error.hint, error.retry_after, error.attempts) == (None, None, 1)


def test_validation_error_of_the_sandbox(sandbox: Sandbox) -> None:
    """A value that only Strigo can check comes back as its validation error."""
    with (
        sandbox.strigo_client() as client,
        pytest.raises(UnprocessableError, match="email: Must be a valid email address"),
    ):
        client.create_user_token(email="nobody")


def test_wrong_key(sandbox: Sandbox) -> None:
    """Bad credentials are an AuthenticationError that says how the pair is sent."""
    with (
        strigo_client(
            sandbox.environment["STRIGO_BASE_URL"],
            org_id=sandbox.environment["STRIGO_ORG_ID"],
            api_key=WRONG_KEY,
        ) as client,
        pytest.raises(AuthenticationError) as caught,
    ):
        client.check_health()
    assert str(caught.value) == (
        f"HTTP 401 Unauthorized: Unknown organization or API key. Hint: {HINT}"
    )
    assert WRONG_KEY not in caught.value.body


def test_rate_limit_of_the_sandbox() -> None:
    """The plain-text 429 gives the wait and the figures of the headers."""
    with (
        Sandbox(strigo_rate_limit=1, clock=lambda: 1_714_445_700.0) as sandbox,
        sandbox.strigo_client() as client,
    ):
        client.create_user_token(email="a@b.io")
        with pytest.raises(RateLimitError) as caught:
            client.create_user_token(email="a@b.io")
    error = caught.value
    assert str(error) == ("HTTP 429: Too many requests, please try again later. (retry_after=60)")
    assert error.rate_limit == RateLimit(
        limit=1, remaining=0, reset_at=datetime(2024, 4, 30, 2, 56, tzinfo=timezone.utc)
    )
    assert (error.retry_after, error.attempts) == (60.0, 1)
    assert error.headers["content-type"] == "text/html"


def test_rate_limit_that_the_deadline_allows_to_wait_for() -> None:
    """If Strigo's wait fits into the deadline, the call waits that long and is retried."""
    clock = frozen_clock()
    transport = responding(429, b"Too many requests", {"retry-after": "60"})
    client = strigo_client(transport=transport, clock=clock, deadline=130)
    with pytest.raises(RateLimitError) as caught:
        client.create_user_token(email="a@b.io")
    assert (list(clock.sleeps), caught.value.attempts) == ([60.0, 60.0], 3)


def test_failure_with_a_success_status() -> None:
    """``result`` counts before the status: a 200 may be a failure, even with data."""
    body = {**failure("ClassNotFound", "No such class"), "data": {"token": "half-made-token"}}
    with pytest.raises(APIError) as caught:
        scripted_strigo(responding(200, body)).create_user_token(email="a@b.io")
    assert type(caught.value) is APIError
    assert str(caught.value) == "HTTP 200 ClassNotFound: No such class"
    assert "half-made-token" not in caught.value.body


def test_failure_without_a_message() -> None:
    """A 2xx that says failure and nothing else still says so."""
    with pytest.raises(APIError) as caught:
        scripted_strigo(responding(200, {"result": "failure"})).create_user_token(email="a@b.io")
    assert str(caught.value) == "HTTP 200: The response says that the call failed"


@pytest.mark.parametrize(
    ("status", "body", "kind", "shown"),
    [
        (
            400,
            failure("EventNotInReadyState", "The event is not ready"),
            BadRequestError,
            "HTTP 400 EventNotInReadyState: The event is not ready",
        ),
        (
            404,
            failure("ClassNotFound", "No such class"),
            NotFoundError,
            "HTTP 404 ClassNotFound: No such class",
        ),
        (
            401,
            failure("Unauthorized", "No"),
            AuthenticationError,
            f"HTTP 401 Unauthorized: No. Hint: {HINT}",
        ),
        (
            403,
            failure("Denied", "No"),
            PermissionDeniedError,
            f"HTTP 403 Denied: No. Hint: {HINT}",
        ),
        (403, b"", PermissionDeniedError, f"HTTP 403: Forbidden. Hint: {HINT}"),
        (500, b"<html>oops</html>", ServerError, "HTTP 500: Internal Server Error"),
        (500, {"result": "failure", "error": "boom"}, ServerError, "HTTP 500: boom"),
        (502, b"upstream\n  is down", ServerError, "HTTP 502: upstream is down"),
        (500, [1, 2], ServerError, "HTTP 500: Internal Server Error"),
        (418, failure("Teapot", ""), APIError, "HTTP 418 Teapot: I'm a Teapot"),
        (599, b"", ServerError, "HTTP 599: The call failed"),
        (
            409,
            {"result": "failure", "error": {"type": 5, "message": None, "errors": "all"}},
            ConflictError,
            "HTTP 409: Conflict",
        ),
        (
            422,
            {"error": {"message": "Bad", "errors": [{"param": 7}, "x", {"msg": "m"}]}},
            UnprocessableError,
            "HTTP 422: Bad (not valid; m)",
        ),
    ],
)
def test_every_body(status: int, body: object, kind: type[APIError], shown: str) -> None:
    """Whatever the body is, the status decides the class and the message is what can be read."""
    with pytest.raises(APIError) as caught:
        scripted_strigo(responding(status, body)).create_user_token(email="a@b.io")
    assert (type(caught.value), str(caught.value)) == (kind, shown)


def test_echoed_key() -> None:
    """A key that the server echoes is in no part of the error."""
    message = f"Bad pair {STRIGO_ORG_ID}:{STRIGO_API_KEY}"
    transport = responding(401, failure("Unauthorized", message), {"x-echo": STRIGO_API_KEY})
    with pytest.raises(AuthenticationError) as caught:
        scripted_strigo(transport).create_user_token(email="a@b.io")
    error = caught.value
    assert error.message == "Bad pair [redacted]:[redacted]"
    assert error.headers["x-echo"] == "[redacted]"
    assert STRIGO_API_KEY not in error.body
