from collections.abc import Mapping

import pytest
from clocks import frozen_clock
from credentials import (
    ZEROHASH,
    ZEROHASH_API_KEY,
    ZEROHASH_PASSPHRASE,
    ZEROHASH_PRIVATE_KEY,
    zerohash_client,
)
from vendors_support import copies, responding, scripted_zerohash

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
    ZeroHashClient,
    zerohash,
)
from tokenkit.errors import FieldError
from tokenkit.sandbox import Sandbox

CHECKS = (
    "check that the key belongs to this environment, is approved and has this address on its "
    "allow-list, that the private key is the base64 text that zerohash shows, and that the clock "
    "is right to within 60 seconds"
)


def fail(
    status: int,
    body: object,
    headers: Mapping[str, str] | None = None,
    *,
    environment: str = "us-cert",
) -> APIError:
    client = scripted_zerohash(responding(status, body, headers), environment)
    with pytest.raises(APIError) as caught:
        client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    return caught.value


def test_bad_request() -> None:
    """The documented list of texts is taken apart if it has the documented form."""
    error = fail(
        400,
        {
            "errors": [
                "body/amount must be >= 0",
                "body/asset is required",
                "body/withdrawal_details/network is required",
                "something else entirely",
                "body/lonely",
                7,
            ]
        },
        {"x-request-id": "req-1"},
    )
    assert isinstance(error, BadRequestError)
    assert error.errors == (
        FieldError(message="must be >= 0", field="amount", location="body"),
        FieldError(message="is required", field="asset", location="body"),
        FieldError(message="is required", field="withdrawal_details/network", location="body"),
        FieldError(message="something else entirely"),
        FieldError(message="body/lonely"),
    )
    assert str(error) == (
        "HTTP 400: The request is not valid (amount: must be >= 0; asset: is required; "
        "withdrawal_details/network: is required; something else entirely; body/lonely; "
        "request_id=req-1)"
    )


@pytest.mark.parametrize(
    ("environment", "where"),
    [
        ("us-cert", "https://api.cert.zerohash.com (us-cert)"),
        ("us-production", "https://api.zerohash.com (us-production)"),
        ("eu-cert", "https://api.cert.zerohash.eu (eu-cert)"),
        ("eu-production", "https://api.zerohash.eu (eu-production)"),
    ],
)
def test_hint_names_host_and_environment(environment: str, where: str) -> None:
    """For a refused key, the error says where the request went, and the usual causes."""
    error = fail(401, {"error": True, "message": "Missing API Key"}, environment=environment)
    assert isinstance(error, AuthenticationError)
    assert str(error) == f"HTTP 401: Missing API Key. Hint: the request went to {where}: {CHECKS}"


@pytest.mark.parametrize("status", [401, 403])
def test_either_status_of_a_refused_key(status: int) -> None:
    """Sources disagree on the status, so both have the hint."""
    text = "This api key does not have write permission to this endpoint"
    error = fail(status, {"error": True, "message": text})
    assert type(error) is (AuthenticationError if status == 401 else PermissionDeniedError)
    assert error.message == text
    assert error.hint is not None


def test_wrong_passphrase_of_the_sandbox() -> None:
    """A credential that the issuer refuses gives the hint with only the host."""
    with Sandbox(zerohash_auth_failure_status=403) as sandbox:
        environ = {**sandbox.environment, "ZEROHASH_PASSPHRASE": "wr0ng"}
        with (
            ZeroHashClient.from_env(environ=environ) as client,
            pytest.raises(PermissionDeniedError) as caught,
        ):
            client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    expected = f"HTTP 403: Invalid passphrase (request_id={caught.value.request_id})"
    assert (
        str(caught.value)
        == f"{expected}. Hint: the request went to {sandbox_url(environ)}: {CHECKS}"
    )


def sandbox_url(environ: Mapping[str, str]) -> str:
    return environ["ZEROHASH_BASE_URL"]


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Manual approval required for this transaction", "REQUIRED"),
        ("Approval pending, shopper must wait", "PENDING"),
        ("Manual approval for this transaction was rejected", "REJECTED"),
        ("Manual approval for this transaction has already been finalized", "FINALIZED"),
    ],
)
def test_manual_approval(text: str, state: str) -> None:
    """For a payment that waits for approval, the error has its transaction and state."""
    error = fail(403, {"error": text, "transaction_id": "txn_1"})
    assert isinstance(error, zerohash.ManualApprovalError)
    assert isinstance(error, PermissionDeniedError)
    assert error.state is zerohash.ApprovalState[state]
    assert error.transaction_id == "txn_1"
    assert str(error) == f"HTTP 403: {text} (transaction_id=txn_1)"


def test_manual_approval_of_an_unknown_text() -> None:
    """An undocumented text leaves the state open and keeps the transaction."""
    error = fail(403, {"error": "On hold", "transaction_id": "txn_2"})
    assert isinstance(error, zerohash.ManualApprovalError)
    assert (error.state, error.transaction_id, error.message) == (None, "txn_2", "On hold")


def test_denial_without_a_transaction() -> None:
    """A spend limit is a plain PermissionDeniedError, without the hint about keys."""
    error = fail(403, {"error": "Spend limit exceeded"})
    assert type(error) is PermissionDeniedError
    assert str(error) == "HTTP 403: Spend limit exceeded"


def test_missing_requirements() -> None:
    """The participant's missing data is listed."""
    error = fail(
        409,
        {"error": "Missing data", "missing_requirements": ["first_name", "ssn", 5]},
        {"x-request-id": "req-1"},
    )
    assert isinstance(error, zerohash.MissingRequirementsError)
    assert isinstance(error, ConflictError)
    assert error.missing_requirements == ("first_name", "ssn")
    assert str(error) == ("HTTP 409: Missing data (request_id=req-1; missing: first_name, ssn)")


def test_vendor_errors_are_plain_values() -> None:
    """The vendor's own errors pickle and copy with their parts."""
    approval = fail(403, {"error": "On hold", "transaction_id": "txn_2"})
    missing = fail(409, {"error": "Missing", "missing_requirements": ["ssn"]})
    for error in (approval, missing):
        for again in copies(error):
            assert type(again) is type(error)
            assert (str(again), vars(again)) == (str(error), vars(error))


@pytest.mark.parametrize(
    ("status", "body", "kind", "shown"),
    [
        (404, {"error": "Not Found"}, NotFoundError, "HTTP 404: Not Found"),
        (409, {"error": "Conflict!"}, ConflictError, "HTTP 409: Conflict!"),
        (422, {"error": "Too little"}, UnprocessableError, "HTTP 422: Too little"),
        (500, {"error": "Internal Server Error"}, ServerError, "HTTP 500: Internal Server Error"),
        (503, {"error": "Service Unavailable"}, ServerError, "HTTP 503: Service Unavailable"),
        (502, b"<html><h1>Bad gateway</h1></html>", ServerError, "HTTP 502: Bad Gateway"),
        (504, b"upstream timed out", ServerError, "HTTP 504: upstream timed out"),
        (500, b"", ServerError, "HTTP 500: Internal Server Error"),
        (400, {"error": True}, BadRequestError, "HTTP 400: Bad Request"),
        (400, {"errors": "all"}, BadRequestError, "HTTP 400: Bad Request"),
        (400, ["a"], BadRequestError, "HTTP 400: Bad Request"),
        (400, "Nope", BadRequestError, "HTTP 400: Nope"),
        (451, {"message": "No"}, APIError, "HTTP 451: No"),
    ],
)
def test_every_other_body(status: int, body: object, kind: type[APIError], shown: str) -> None:
    """Flags, texts, lists, HTML and nothing: the status decides the class, the rest is read."""
    error = fail(status, body)
    assert (type(error), str(error)) == (kind, shown)


def test_a_gateway_that_denies() -> None:
    """A 403 in HTML, as for an address that is not allow-listed, has the hint."""
    error = fail(403, b"<html>Forbidden</html>")
    assert str(error).startswith(
        "HTTP 403: Forbidden. Hint: the request went to https://api.cert."
    )


def test_rate_limit() -> None:
    """A 429 without a header waits the documented 10 seconds, then says how often it tried."""
    clock = frozen_clock()
    client = zerohash_client(transport=responding(429, b"blocked"), clock=clock)
    with pytest.raises(RateLimitError) as caught:
        client.create_client_auth_token(participant_code="CUST01", permissions=["crypto-pay"])
    assert list(clock.sleeps) == [10.0, 10.0]
    assert (caught.value.attempts, caught.value.retry_after) == (3, 10.0)


def test_echoed_secrets() -> None:
    """No credential that the server echoes stays in the error."""
    message = f"key {ZEROHASH_API_KEY} with {ZEROHASH_PRIVATE_KEY} and '{ZEROHASH_PASSPHRASE}'"
    error = fail(401, {"error": True, "message": message}, {"x-scx-api-key": ZEROHASH_API_KEY})
    assert error.message == "key [redacted] with [redacted] and '[redacted]'"
    for secret in ZEROHASH.values():
        assert secret not in f"{error}{error.body}{error.headers}{vars(error)!r}"
