from collections.abc import Mapping

import pytest
from credentials import WRONG_KEY, async_zdk_client, zdk_client
from vendors_support import copies, responding, scripted_zdk

from tokenkit import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)

CODES: list[tuple[str, int, type[APIError]]] = [
    ("canceled", 499, APIError),
    ("unknown", 500, ServerError),
    ("invalid_argument", 400, BadRequestError),
    ("deadline_exceeded", 504, ServerError),
    ("not_found", 404, NotFoundError),
    ("already_exists", 409, ConflictError),
    ("permission_denied", 403, PermissionDeniedError),
    ("resource_exhausted", 429, RateLimitError),
    ("failed_precondition", 400, BadRequestError),
    ("aborted", 409, ConflictError),
    ("out_of_range", 400, BadRequestError),
    ("unimplemented", 501, ServerError),
    ("internal", 500, ServerError),
    ("unavailable", 503, ServerError),
    ("data_loss", 500, ServerError),
    ("unauthenticated", 401, AuthenticationError),
]


def fail(status: int, body: object, headers: Mapping[str, str] | None = None) -> APIError:
    with pytest.raises(APIError) as caught:
        scripted_zdk(responding(status, body, headers)).create_user_token(id="user-1")
    return caught.value


@pytest.mark.parametrize(("code", "status", "kind"), CODES)
def test_codes(code: str, status: int, kind: type[APIError]) -> None:
    """Each code of the Connect protocol decides the class, by name and by gRPC's number."""
    named = fail(status, {"code": code, "message": "so it is", "details": []})
    assert (type(named), named.code, named.status) == (kind, code, status)
    assert str(named) == f"HTTP {status} {code}: so it is"
    number = [name for name, _, _ in CODES].index(code) + 1
    numbered = fail(status, {"code": number, "message": "so it is"})
    assert (type(numbered), numbered.code) == (kind, code)


def test_the_code_wins_over_the_status() -> None:
    """A gateway's status does not hide what ZDK itself says."""
    error = fail(400, {"code": "unauthenticated", "message": "unknown key"})
    assert isinstance(error, AuthenticationError)
    assert str(error) == "HTTP 400 unauthenticated: unknown key"


@pytest.mark.parametrize(
    ("status", "body", "kind", "shown"),
    [
        (404, {"code": "bad_route", "msg": "no"}, NotFoundError, "HTTP 404 bad_route: no"),
        (401, {"code": "unauthenticated"}, AuthenticationError, "unauthenticated: Unauthorized"),
        (400, {"code": 99, "message": "odd"}, BadRequestError, "HTTP 400 99: odd"),
        (500, {"code": True, "message": 7}, ServerError, "HTTP 500: Internal Server Error"),
        (500, {"code": None}, ServerError, "HTTP 500: Internal Server Error"),
        (500, {"code": ["a"]}, ServerError, "HTTP 500: Internal Server Error"),
        (500, "plain JSON text", ServerError, "HTTP 500: plain JSON text"),
        (500, [1], ServerError, "HTTP 500: Internal Server Error"),
        (502, b"<!doctype html><h1>Bad</h1>", ServerError, "HTTP 502: Bad Gateway"),
        (503, b"try later", ServerError, "HTTP 503: try later"),
        (403, b"", PermissionDeniedError, "HTTP 403: Forbidden"),
        (500, b"\xff\xfe\x00", ServerError, "HTTP 500: "),
    ],
)
def test_other_bodies(status: int, body: object, kind: type[APIError], shown: str) -> None:
    """Bodies of related protocols, of gateways, and empty bodies give a typed error."""
    error = fail(status, body)
    assert type(error) is kind
    assert shown in str(error)


def test_request_id_and_wait() -> None:
    """The headers' request id and wait are in the error and its text."""
    error = fail(429, b"slow down", {"x-request-id": "req-9", "retry-after": "1.5"})
    assert isinstance(error, RateLimitError)
    assert (error.request_id, error.retry_after) == ("req-9", 1.5)
    assert str(error) == "HTTP 429: slow down (retry_after=1.5; request_id=req-9)"


def test_wrong_key_against_another_process(issuers: Mapping[str, str]) -> None:
    """A wrong key is refused by the issuer itself."""
    with (
        zdk_client(issuers["ZDK_BASE_URL"], api_key=WRONG_KEY) as client,
        pytest.raises(AuthenticationError) as caught,
    ):
        client.create_user_token(id="user-1")
    assert str(caught.value) == "HTTP 401 unauthenticated: unknown API key"


@pytest.mark.anyio
async def test_async_wrong_key_against_another_process(issuers: Mapping[str, str]) -> None:
    """The async client raises the same error, on either event loop."""
    async with async_zdk_client(issuers["ZDK_BASE_URL"], api_key=WRONG_KEY) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.create_user_token(id="user-1")
    assert str(caught.value) == "HTTP 401 unauthenticated: unknown API key"


def test_errors_are_plain_values() -> None:
    """An error pickles and copies with everything that it holds."""
    error = fail(404, {"code": "not_found", "message": "no"}, {"x-request-id": "req-1"})
    for again in copies(error):
        assert type(again) is NotFoundError
        assert (str(again), vars(again)) == (str(error), vars(error))


def test_the_content_type_does_not_matter() -> None:
    """A JSON body is read as JSON, whatever its content type."""
    body = b'{"code":"not_found","message":"no"}'
    for headers in ({}, {"content-type": "text/html"}, {"content-type": "application/json"}):
        assert str(fail(404, body, headers)) == "HTTP 404 not_found: no"
