"""Faults in a response's body: what the client sees, and what the issuer has done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sandbox_requests import (
    zdk_post,
    zerohash_post,
)

from tokenkit import (
    DecodeError,
)

if TYPE_CHECKING:
    from tokenkit.sandbox import FaultOptions, Sandbox

USER = {"arguments": [{"id": "user-1"}]}
PARTICIPANT = {"participant_code": "CUST01", "permissions": ["crypto-pay"]}
MINT = "/client_auth_token"


def test_response_of_another_request(faulty: Sandbox) -> None:
    """A response can carry another request's id than the one that was sent."""
    sent = {"x-request-id": "mine"}
    right = zerohash_post(faulty, MINT, PARTICIPANT, headers=sent)
    faulty.fail_next(body="foreign")
    wrong = zerohash_post(faulty, MINT, PARTICIPANT, headers=sent)
    assert right.headers["x-request-id"] == "mine"
    assert wrong.headers["x-request-id"] != "mine"
    assert len(faulty.issued) == 2


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("truncated", "application/json"),
        ("text", "text/plain"),
        ("html", "text/html"),
        ("wrong-shape", "application/json"),
    ],
)
def test_bad_body(faulty: Sandbox, body: str, content_type: str) -> None:
    """A spoilt body comes after a completed mint, and the caller gets a clear error."""
    fault: FaultOptions = {"body": body, "times": 2}  # type: ignore[typeddict-item]  # pyright: ignore[reportAssignmentType]  # a text of the table
    faulty.fail_next(**fault)
    response = zdk_post(faulty, USER)
    assert (response.status_code, response.headers["content-type"]) == (200, content_type)
    with faulty.zdk_client() as client, pytest.raises(DecodeError):
        client.create_user_token(id="user-1")
    assert len(faulty.issued) == 2


def test_empty_body(faulty: Sandbox) -> None:
    """A body can be left out."""
    faulty.fail_next(body="empty")
    response = zdk_post(faulty, USER)
    assert (response.status_code, response.content) == (200, b"")


def test_gateway_page(faulty: Sandbox) -> None:
    """HTML instead of JSON, with a status, is a gateway's page without the vendor's headers."""
    faulty.fail_next(status=503, body="html")
    response = zerohash_post(faulty, MINT, PARTICIPANT)
    assert (response.status_code, response.headers["content-type"]) == (503, "text/html")
    assert "<title>Sign in to continue</title>" in response.text
    assert not {"zh-allow-retry", "x-request-id"} & response.headers.keys()


def test_bad_body_of_a_revocation(faulty: Sandbox) -> None:
    """A response without a body gets one, so that it can be spoilt."""
    token = zerohash_post(faulty, MINT, PARTICIPANT).json()["message"]["token"]
    faulty.fail_next(body="html")
    response = zerohash_post(faulty, "/revoke_auth_token", {"token": token})
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html")
    assert faulty.issued[-1].revoked
