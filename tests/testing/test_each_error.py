"""How docs/testing.md says to cause each class of error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tokenkit import (
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConfigurationError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    DecodeError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    RequestTimeoutError,
    ResponseTooLarge,
    RetryPolicy,
    ServerError,
    StrigoClient,
    TokenKitError,
    UnexpectedRedirect,
    UnprocessableError,
    ZeroHashClient,
    zerohash,
)

if TYPE_CHECKING:
    from tokenkit.sandbox import Sandbox

FAULTS: list[tuple[type[TokenKitError], dict[str, Any]]] = [
    (BadRequestError, {"status": 400}),
    (AuthenticationError, {"status": 401}),
    (PermissionDeniedError, {"status": 403}),
    (NotFoundError, {"status": 404}),
    (ConflictError, {"status": 409}),
    (UnprocessableError, {"status": 422}),
    (RateLimitError, {"status": 429, "times": 9}),
    (ServerError, {"status": 500}),
    (ConnectionLostError, {"drop": "before", "times": 9}),
    (ProtocolError, {"body": "not-http", "times": 9}),
    (DecodeError, {"body": "wrong-shape"}),
    (ResponseTooLarge, {"body": "too-large"}),
    (UnexpectedRedirect, {"status": 302}),
]


@pytest.mark.parametrize(
    ("kind", "fault"), FAULTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_faults(
    strigo_client: StrigoClient,
    tokenkit_sandbox: Sandbox,
    kind: type[TokenKitError],
    fault: dict[str, Any],
) -> None:
    """One call of fail_next() causes the error of a status or a lost response."""
    tokenkit_sandbox.fail_next(**fault)
    with pytest.raises(TokenKitError) as caught:
        strigo_client.create_user_token(email="user1@example.com")
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (zerohash.ManualApprovalError, "approval-required"),
        (zerohash.MissingRequirementsError, "missing-requirements"),
    ],
)
def test_named_responses(
    zerohash_client: ZeroHashClient,
    tokenkit_sandbox: Sandbox,
    kind: type[TokenKitError],
    answer: Any,
) -> None:
    """The errors that only zerohash has come with its responses."""
    tokenkit_sandbox.fail_next(response=answer)
    with pytest.raises(TokenKitError) as caught:
        zerohash_client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (RequestTimeoutError, {"timeout": 0.1}),
        (DeadlineExceeded, {"deadline": 0.1}),
        (ConnectError, {"base_url": "http://127.0.0.1:1"}),
    ],
)
def test_options(
    tokenkit_sandbox: Sandbox, kind: type[TokenKitError], options: dict[str, Any]
) -> None:
    """A client with little time, or with a port where nothing listens, causes the others."""
    tokenkit_sandbox.fail_next(delay=5, times=9)
    client = tokenkit_sandbox.strigo_client(retry=RetryPolicy(max_retries=0), **options)
    with client, pytest.raises(TokenKitError) as caught:
        client.create_user_token(email="user1@example.com")
    assert type(caught.value) is kind


def test_errors_of_the_caller(strigo_client: StrigoClient) -> None:
    """A caller's mistake needs no fault."""
    with pytest.raises(InvalidInputError):
        strigo_client.create_user_token(email="")
    with pytest.raises(ConfigurationError):
        StrigoClient(org_id="", api_key="")
    strigo_client.close()
    with pytest.raises(ClientClosedError):
        strigo_client.create_user_token(email="user1@example.com")
