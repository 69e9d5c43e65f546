"""G6: each attempt of a call is signed again, with the same body and id, and is reported."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import STRIGO_MINT, STRIGO_MINTED, VENDORS, ZEROHASH_MINT, ZEROHASH_MINTED
from clocks import frozen_clock
from credentials import STRIGO_ORG_ID, ZEROHASH_PRIVATE_KEY, async_strigo_client, strigo_client
from driven_calls import driven_client, each_vendor, outcomes, replies
from network_calls import FAST_RETRIES, each_family, each_flavour
from raw_server import RawServer, http, resetting, responding, saying

from tokenkit import Hooks, RetryPolicy, zerohash

if TYPE_CHECKING:
    from driven_calls import Vendor
    from network_calls import Family, Flavour
    from raw_server import RawRequest

    from tokenkit import Call
    from tokenkit.extension import RetryPlanned

REVOCATION = zerohash.RevokeAuthTokenRequest(token="e30.eyJqdGkiOiAiMSJ9.c2ln")
REVOKED = http(204)


def signature(request: RawRequest) -> str:
    """Sign a request as zerohash's documentation says."""
    method, route, _ = request.line.split(" ")
    head = request.headers["x-scx-timestamp"] + method + route
    key = base64.b64decode(ZEROHASH_PRIVATE_KEY)
    digest = hmac.new(key, head.encode() + (request.body or b"{}"), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@each_flavour
@each_family
@pytest.mark.parametrize("call", [ZEROHASH_MINT, REVOCATION], ids=["mint", "revocation"])
def test_each_attempt_is_signed_afresh(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch, call: Call[Any]
) -> None:
    """All attempts of a call have its id and its exact bytes, and each its own signature."""
    monkeypatch.setattr(random, "random", lambda: 0.5)
    time = frozen_clock(1_800_000_000.0)
    policy = RetryPolicy(max_retries=4, first_wait=8.0)
    success = ZEROHASH_MINTED if call is ZEROHASH_MINT else REVOKED
    limited = http(429, b"", "Retry-After: 9")
    second = saying(http(502), limited, success, success)
    with RawServer(resetting(), second) as server:
        client = driven_client(
            flavour, "zerohash", server.url, time, http_family=family, retry=policy
        )
        sent = replies(outcomes(client, flavour, call, call))
        *attempts, other = server.requests
    assert [reply.attempts for reply in sent] == [4, 1]
    assert list(time.sleeps) == [4.0, 4.0, 9.0]
    stamps = [int(request.headers["x-scx-timestamp"]) - 1_800_000_000 for request in attempts]
    assert stamps == [0, 4, 8, 17]
    for request in (*attempts, other):
        assert request.headers["x-scx-signed"] == signature(request)
    assert len({request.body for request in attempts}) == 1
    (request_id,) = {request.headers["x-request-id"] for request in attempts}
    assert request_id != other.headers["x-request-id"]


@each_flavour
@each_family
def test_each_attempt_asks_for_the_secret(flavour: Flavour, family: Family) -> None:
    """A key that is rotated during an outage is used by the very next attempt."""
    keys = iter(["first-key", "second-key", "third-key"])
    script = saying(http(502), http(503), STRIGO_MINTED)
    with RawServer(script) as server:
        make = strigo_client if flavour == "sync" else async_strigo_client
        client = make(
            server.url, api_key=lambda: next(keys), http_family=family, retry=FAST_RETRIES
        )
        (reply,) = replies(outcomes(client, flavour, STRIGO_MINT))
        sent = [request.headers["authorization"] for request in server.requests]
    assert reply.attempts == 3
    assert sent == [f"Bearer {STRIGO_ORG_ID}:{key}-key" for key in ("first", "second", "third")]


@each_flavour
@each_family
@each_vendor
def test_only_zerohash_gets_a_request_id(flavour: Flavour, family: Family, vendor: Vendor) -> None:
    """The attempts of the others' calls have no X-REQUEST-ID, and the same bytes."""
    with RawServer(saying(http(503), VENDORS[vendor].minted)) as server:
        client = driven_client(flavour, vendor, server.url, frozen_clock(), http_family=family)
        replies(outcomes(client, flavour, VENDORS[vendor].mint))
        first, second = server.requests
    assert first.body == second.body
    assert ("x-request-id" in first.headers) is (vendor == "zerohash")


@each_flavour
@each_family
def test_retries_are_visible(
    flavour: Flavour,
    family: Family,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each retry is reported to on_retry and to the debug log, with its reason and its wait."""
    monkeypatch.setattr(random, "random", lambda: 0.5)
    told: list[RetryPlanned] = []
    script = saying(http(503, b"no upstream"), http(429, b"", "Retry-After: 7"), STRIGO_MINTED)
    with RawServer(script) as server, caplog.at_level("DEBUG", "tokenkit"):
        client = driven_client(
            flavour,
            "strigo",
            server.url,
            frozen_clock(),
            http_family=family,
            hooks=Hooks(on_retry=told.append),
        )
        replies(outcomes(client, flavour, STRIGO_MINT))
    assert [(record.retry, record.wait) for record in told] == [(1, 0.25), (2, 7.0)]
    assert told[0].reason == "HTTP 503: no upstream"
    assert told[1].reason.startswith("HTTP 429: Too Many Requests")
    logged = [record.getMessage() for record in caplog.records if record.name == "tokenkit"]
    assert [line for line in logged if ": retry " in line] == [
        f"strigo create_user_token: retry {record.retry} in {record.wait:.3f} s, "
        f"after {record.reason}"
        for record in told
    ]


@each_flavour
@each_family
def test_a_lost_connection_is_visible(flavour: Flavour, family: Family) -> None:
    """After a lost connection, the retry's record says which server was lost, and how."""
    told: list[RetryPlanned] = []
    with RawServer(resetting(), responding(lambda _: STRIGO_MINTED)) as server:
        client = driven_client(
            flavour,
            "strigo",
            server.url,
            frozen_clock(),
            http_family=family,
            hooks=Hooks(on_retry=told.append),
        )
        replies(outcomes(client, flavour, STRIGO_MINT))
        (record,) = told
        assert record.reason.startswith(f"{server.url}: ReadError")
