import json
import time
from collections.abc import Iterator

import pytest
from clocks import async_frozen_clock, frozen_clock
from credentials import (
    ZEROHASH_API_KEY,
    ZEROHASH_PASSPHRASE,
    ZEROHASH_PRIVATE_KEY,
    async_zerohash_client,
    zerohash_client,
)
from vendors_support import (
    Listener,
    Received,
    jwt_of,
    listening,
    responding,
    signature,
)

from tokenkit import ZeroHashClient, zerohash
from tokenkit.extension import JSON

NOW = 1_714_445_704.0


def respond(request: Received) -> tuple[int, object]:
    if request.route == "/time":
        return 200, {"epoch": 0}
    if request.route == "/revoke_auth_token":
        return 204, None
    return 201, {"message": {"token": "t"}}


@pytest.fixture(scope="module")
def zerohash_like() -> Iterator[Listener]:
    with listening(respond) as server:
        yield server


@pytest.fixture
def client(zerohash_like: Listener) -> Iterator[ZeroHashClient]:
    with zerohash_client(zerohash_like.url) as client:
        yield client


def check(request: Received) -> None:
    """Check a received request's signature by the documentation's formula."""
    timestamp = request.headers["x-scx-timestamp"]
    assert timestamp.isdecimal()
    assert abs(int(timestamp) - time.time()) < 60
    message = f"{timestamp}{request.method}{request.route}".encode() + (request.body or b"{}")
    assert request.headers["x-scx-signed"] == signature(ZEROHASH_PRIVATE_KEY, message)
    assert request.headers["x-scx-api-key"] == ZEROHASH_API_KEY
    assert request.headers["x-scx-passphrase"] == ZEROHASH_PASSPHRASE


def test_signed_mint(zerohash_like: Listener, client: ZeroHashClient) -> None:
    """A mint's signature covers the exact bytes that arrive, including non-ASCII text."""
    client.create_client_auth_token(
        participant_code="CUST01",
        email="josé@example.com",
        permissions=["fwc"],
        deposit_details=zerohash.DepositDetails(deposit_amount="10.50"),
    )
    request = zerohash_like.received[-1]
    check(request)
    assert (request.method, request.route) == ("POST", "/client_auth_token")
    assert request.headers["content-type"] == "application/json"
    assert (
        request.body
        == json.dumps(json.loads(request.body), ensure_ascii=False, separators=(",", ":")).encode()
    )
    assert "josé".encode() in request.body


def test_signed_revocation(zerohash_like: Listener, client: ZeroHashClient) -> None:
    """A revocation is signed in the same way."""
    client.revoke_client_auth_token(token=jwt_of({"jti": "1"}))
    check(zerohash_like.received[-1])
    assert zerohash_like.received[-1].route == "/revoke_auth_token"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/accounts?account_owner=00SCXM&account_group=BBLGTW", None),
        ("GET", "/accounts", None),
        ("GET", "/a%20b/c~d?x=%C3%A9&y=1,2&z", None),
        ("POST", "/convert_withdraw/execute", {"quote_id": "3fc51610"}),
        ("POST", "/bare", None),
        ("POST", "/empty", {}),
        ("POST", "/query?dry=1", [1, "é", None]),
        ("DELETE", "/accounts/1?force=true", None),
    ],
)
def test_signed_requests(
    zerohash_like: Listener, client: ZeroHashClient, method: str, path: str, body: JSON
) -> None:
    """The route is signed with its query as it arrives, and ``{}`` if there is no body."""
    client.request(method, path, json=body)
    request = zerohash_like.received[-1]
    check(request)
    assert (request.method, request.route) == (method, path)
    assert request.body == (
        b""
        if body is None
        else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    )
    assert ("content-type" in request.headers) is (body is not None)


@pytest.mark.anyio
async def test_signed_by_the_async_client(zerohash_like: Listener) -> None:
    """The async client signs what it sends, on either event loop."""
    async with async_zerohash_client(zerohash_like.url) as client:
        await client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
        check(zerohash_like.received[-1])
        await client.request("GET", "/accounts?account_owner=00SCXM")
        check(zerohash_like.received[-1])


def test_the_time_is_not_signed(zerohash_like: Listener, client: ZeroHashClient) -> None:
    """The call without authentication sends no credential over the socket."""
    client.get_time()
    request = zerohash_like.received[-1]
    assert not [name for name in request.headers if name.startswith("x-scx")]
    assert request.headers["x-request-id"]


VECTORS = [
    (
        1_714_445_421,
        "GET",
        "/accounts?account_owner=00SCXM&account_group=BBLGTW",
        None,
        "nvY/lGZoaom8x6eHeMWlzF4NnGvGA3YPtrbCmyUSplo=",
    ),
    (
        1_714_445_704,
        "POST",
        "/convert_withdraw/execute",
        {"quote_id": "3fc51610-3dd9-409f-b531-38f78de8ca8a"},
        "7SwJyWdDvInzNmzKHOC4SVpLuMrops/xG8DbucYpV50=",
    ),
    (
        1_714_445_704,
        "POST",
        "/client_auth_token",
        {"participant_code": "CUST01", "permissions": ["fwc"]},
        "3OrQcgpWzUB+WDxlUJrXhpHRTdjuJUHg2Wirbw3QOYY=",
    ),
    (
        1_714_445_704,
        "POST",
        "/client_auth_token",
        None,
        "J7im2dMzcgroQq7lFliJzA2r+ZHIHi+NGOOd0yF/YHQ=",
    ),
    (
        1_714_445_704,
        "POST",
        "/revoke_auth_token",
        {"token": "a.b.c"},
        "4Vzd30rHd7kzPuHpEzEsaxXlglQBgK55tuFUtGWpkHg=",
    ),
    (
        1_714_445_704,
        "POST",
        "/client_auth_token",
        {"email": "josé@example.com", "permissions": ["onboarding"]},
        "iCzHHGKtFBHm1WX7w0bVB0I+vqBgM71MqRScsTWOJrU=",
    ),
]


@pytest.mark.parametrize(("now", "method", "path", "body", "signed"), VECTORS)
def test_vectors(now: int, method: str, path: str, body: JSON, signed: str) -> None:
    """A client sends each of the contract's vectors at its time."""
    transport = responding(200, {})
    client = zerohash_client(transport=transport, clock=frozen_clock(now + 0.999))
    client.request(method, path, json=body)
    (request,) = transport.requests
    assert request.headers["x-scx-timestamp"] == str(now)
    assert request.headers["x-scx-signed"] == signed


@pytest.mark.anyio
async def test_a_vector_by_the_async_client() -> None:
    """The async client sends the same signature."""
    transport = responding(200, {})
    client = async_zerohash_client(transport=transport, clock=async_frozen_clock(NOW))
    await client.request("POST", "/revoke_auth_token", json={"token": "a.b.c"})
    (request,) = transport.requests
    assert request.headers["x-scx-signed"] == "4Vzd30rHd7kzPuHpEzEsaxXlglQBgK55tuFUtGWpkHg="
