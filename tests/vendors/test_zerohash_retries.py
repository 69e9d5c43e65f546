from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from clocks import frozen_clock
from credentials import zerohash_client
from http_library import httpx
from vendors_support import Script, jwt_of, make_response

from tokenkit import (
    APIError,
    ConnectionLostError,
    RetryPolicy,
    ServerError,
    ZeroHashClient,
    zerohash,
)

HARMLESS = [
    "onboarding",
    "update-participant",
    "participant-profile",
    "csp-active",
    "csp-recovery",
    "fiat-deposits",
    "fiat-withdrawals",
    "fiat-account-link",
    "crypto-deposits",
    "crypto-account-link",
    "crypto-buy",
    "crypto-sell",
    "fwc",
]
PAYING = ["crypto-withdrawals", "crypto-payouts", "crypto-pay", "not-yet-documented"]
MINTED = make_response(201, {"message": {"token": "t"}})
REVOKED = httpx.Response(204)


def client_of(*answers: httpx.Response, **options: Any) -> tuple[ZeroHashClient, Script]:
    script = Script(answers)
    client = zerohash_client(transport=script, clock=frozen_clock(), **options)
    return client, script


def mint(client: ZeroHashClient, permissions: Sequence[str]) -> zerohash.ClientAuthToken:
    return client.create_client_auth_token(participant_code="CUST01", permissions=permissions)


@pytest.mark.parametrize("permission", HARMLESS)
@pytest.mark.parametrize("status", [502, 503, 504])
def test_harmless_mints_are_repeated(permission: str, status: int) -> None:
    """A mint that opens no payment is retried after a response that leaves the outcome open."""
    client, script = client_of(make_response(status), MINTED)
    assert mint(client, [permission]).token == "t"
    assert len(script.requests) == 2


@pytest.mark.parametrize("permission", PAYING)
@pytest.mark.parametrize("status", [502, 503, 504])
def test_paying_mints_are_not(permission: str, status: int) -> None:
    """A mint that may have opened a payment is not, alone or with a harmless permission."""
    for permissions in ([permission], ["fwc", permission]):
        client, script = client_of(make_response(status), MINTED)
        with pytest.raises(ServerError):
            mint(client, permissions)
        assert len(script.requests) == 1


@pytest.mark.parametrize("permission", PAYING)
def test_paying_mints_on_demand(permission: str) -> None:
    """The caller may say that repeating payments is harmless."""
    client, script = client_of(make_response(502), MINTED, retry=RetryPolicy(repeat_payments=True))
    assert mint(client, [permission]).token == "t"
    assert len(script.requests) == 2


@pytest.mark.parametrize("permission", ["fwc", *PAYING])
@pytest.mark.parametrize(
    ("status", "headers", "naps"),
    [
        (429, {}, [10.0]),
        (429, {"retry-after": "3"}, [3.0]),
        (503, {"zh-allow-retry": "true"}, [0.0]),
        (503, {"zh-allow-retry": "TRUE", "retry-after": "2"}, [2.0]),
    ],
)
def test_what_was_certainly_not_carried_out(
    permission: str, status: int, headers: Mapping[str, str], naps: list[float]
) -> None:
    """A 429, and a 503 that invites a retry, are retried for every permission."""
    script = Script((make_response(status, b"", headers), MINTED))
    clock = frozen_clock()
    client = zerohash_client(transport=script, clock=clock)
    assert mint(client, [permission]).token == "t"
    assert list(clock.sleeps) == naps


def test_invitation_on_another_status() -> None:
    """The header counts only on a 503."""
    client, script = client_of(make_response(500, b"", {"zh-allow-retry": "true"}), MINTED)
    with pytest.raises(ServerError):
        mint(client, ["fwc"])
    assert len(script.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
def test_what_is_never_repeated(status: int) -> None:
    """Refusals and a 500 are final."""
    client, script = client_of(make_response(status), MINTED)
    with pytest.raises(APIError):
        mint(client, ["fwc"])
    assert len(script.requests) == 1


def test_revocations_are_repeated() -> None:
    """A token may be revoked twice."""
    client, script = client_of(make_response(504), REVOKED)
    client.revoke_client_auth_token(token=jwt_of({"jti": "1"}))
    assert len(script.requests) == 2


def test_time_is_repeated() -> None:
    """A GET is always safe to repeat."""
    client, script = client_of(make_response(502), make_response(200, {"epoch": 0}))
    assert client.get_time().time.year == 1970
    assert len(script.requests) == 2


@pytest.mark.parametrize(("permission", "sent"), [("fwc", 3), ("crypto-pay", 1)])
def test_lost_responses(permission: str, sent: int) -> None:
    """A lost response counts as one that leaves the outcome open."""
    requests: list[httpx.Request] = []

    def lose(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        raise httpx.ReadError("connection reset", request=request)

    client = zerohash_client(transport=httpx.MockTransport(lose), clock=frozen_clock())
    with pytest.raises(ConnectionLostError) as caught:
        mint(client, [permission])
    assert (len(requests), caught.value.attempts) == (sent, sent)


def test_retries_keep_the_request_id_and_are_signed_anew() -> None:
    """Each attempt has the first one's request id, and its own timestamp and signature."""
    client, script = client_of(make_response(429), MINTED)
    mint(client, ["fwc"])
    first, second = script.requests
    assert first.headers["x-request-id"] == second.headers["x-request-id"]
    assert (first.headers["x-scx-timestamp"], second.headers["x-scx-timestamp"]) == (
        "1714445704",
        "1714445714",
    )
    assert first.headers["x-scx-signed"] != second.headers["x-scx-signed"]
    assert first.content == second.content
