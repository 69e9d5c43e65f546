from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from raw_server import RawRequest, RawServer, black_hole, http, responding
from sandbox_requests import zerohash_mint

from tokenkit import ConfigurationError
from tokenkit.sandbox import Sandbox
from tokenkit.sandbox.zerohash.webhook_signature import WebhookSigner

if TYPE_CHECKING:
    from tokenkit.testing import FrozenClock

START_MS = 1_714_445_704_000


ACCEPTING = responding(lambda _: http(204))


def hmac_of(sandbox: Sandbox, message: bytes) -> str:
    secret = sandbox.zerohash_webhook_secret.encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def test_the_life_of_a_payment(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """A payment's opening and end are sent, with type and id in the headers."""
    with RawServer(ACCEPTING) as receiver:
        timed_sandbox.send_webhooks_to(f"{receiver.url}/hooks?from=sandbox")
        payment_id = zerohash_mint(timed_sandbox, "crypto-payouts", reference_id="order-1")[
            "payment_id"
        ]
        timed_sandbox.wait_for_webhooks()
        clock.advance(300)
        timed_sandbox.wait_for_webhooks()
    first, last = receiver.requests
    assert first.line == "POST /hooks?from=sandbox HTTP/1.1"
    assert first.headers["x-zh-hook-payload-type"] == "payment_status_changed"
    ids = [request.headers["x-zh-hook-notification-id"] for request in receiver.requests]
    assert ids == [webhook.notification_id for webhook in timed_sandbox.webhooks]
    payload = json.loads(first.body)
    assert payload.keys() == {
        "payment_id",
        "payment_type",
        "payment_details",
        "participant_code",
        "total",
        "quantity",
        "asset",
        "status",
        "external_account_id",
        "network",
        "obo_participant",
        "created_at",
        "updated_at",
        "reference_id",
        "timestamp",
    }
    assert payload["payment_id"] == payment_id
    told = [json.loads(request.body) for request in (first, last)]
    assert [(event["status"], event["timestamp"]) for event in told] == [
        ("initialized", START_MS),
        ("abandoned", START_MS + 300_000),
    ]
    assert [webhook.state for webhook in timed_sandbox.webhooks] == ["delivered", "delivered"]


def test_the_end_of_a_fund_session(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """A session that ends is reported, in nanoseconds where the vendor's guide has them."""
    with RawServer(ACCEPTING) as receiver:
        timed_sandbox.send_webhooks_to(receiver.url)
        zerohash_mint(timed_sandbox, "fwc", reference_id="order-1")
        zerohash_mint(timed_sandbox, "fwc")
        timed_sandbox.complete_fund_session(quantity="7")
        clock.advance(1800)
        timed_sandbox.wait_for_webhooks()
    types = {request.headers["x-zh-hook-payload-type"] for request in receiver.requests}
    assert types == {"deposit_fund_complete"}
    deposited, expired = (json.loads(request.body) for request in receiver.requests)
    assert (deposited["success"], deposited["quantity"]) == (True, "7")
    assert {
        "success": False,
        "reason": "deposit session has expired.",
        "reference_id": "order-1",
        "fund_timestamp": (START_MS + 1_800_000) * 1_000_000,
        "timestamp": START_MS + 1_800_000,
    }.items() <= expired.items()


def test_hmac_of_the_vendors_sources() -> None:
    """Both HMAC signatures have the formulas' values, computed with another program."""
    signer = WebhookSigner(
        secret="whsec-test-0123456789abcdef", schemes=("hmac", "hmac-legacy"), rsa_padding="pss"
    )
    body = (
        b'{"payment_id":"0f68333e-2114-469d-b505-c850d776e061",'
        b'"participant_code":"CUST01","status":"initialized"}'
    )
    assert signer.headers(body, 1_750_404_905_186) == {
        "x-zh-hook-timestamp": "1750404905186",
        "x-zh-hook-signature": "1a2205aefd35050f4b746e0e80f57f9979de1934f642e770791832196372d29c",
        "x-zh-hook-signature-256": (
            "cad54f41382dcd0c355460446b946846ddfe49c06fe75bfb319318c207cf5e30"
        ),
    }


def test_signatures_sent(timed_sandbox: Sandbox) -> None:
    """What is sent is signed with the sandbox's secret, over the exact bytes of the body."""
    with RawServer(ACCEPTING) as receiver:
        timed_sandbox.send_webhooks_to(receiver.url)
        zerohash_mint(timed_sandbox, "crypto-payouts")
        timed_sandbox.wait_for_webhooks()
    (request,) = receiver.requests
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-zh-hook-timestamp"] == str(START_MS)
    newer = request.body + str(START_MS).encode()
    assert request.headers["x-zh-hook-signature"] == hmac_of(timed_sandbox, newer)
    assert request.headers["x-zh-hook-signature-256"] == hmac_of(timed_sandbox, request.body)
    assert not [name for name in request.headers if "rsa" in name]


@pytest.mark.parametrize("rsa_padding", ["pss", "pkcs1v15"])
def test_rsa(rsa_padding: str, clock: FrozenClock) -> None:
    """RSA signatures verify with the sandbox's key, in the requested padding."""
    with Sandbox(
        clock=clock.time,
        zerohash_webhook_signatures=["rsa", "rsa-legacy"],
        zerohash_webhook_rsa_padding=rsa_padding,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # one of the two
    ) as sandbox:
        zerohash_mint(sandbox, "crypto-payouts")
        (webhook,) = sandbox.webhooks
        headers = sandbox.webhook_headers(webhook)
        key = load_pem_public_key(sandbox.zerohash_webhook_public_key.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    assert not [name for name in headers if name.startswith("x-zh-hook-signature")]
    pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO)
    chosen = pss if rsa_padding == "pss" else padding.PKCS1v15()
    newer = webhook.body + headers["x-zh-hook-timestamp"].encode()
    for name, message in (("", newer), ("-256", webhook.body)):
        signature = bytes.fromhex(headers[f"x-zh-hook-rsa-signature{name}"])
        key.verify(signature, message, chosen, SHA256())
        with pytest.raises(InvalidSignature):
            key.verify(signature, message + b" ", chosen, SHA256())


def test_tries_and_pauses(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """Four tries 250 ms apart, three with growing pauses; then the webhook is dropped."""
    with RawServer(responding(lambda _: http(503))) as receiver:
        timed_sandbox.send_webhooks_to(receiver.url)
        zerohash_mint(timed_sandbox, "crypto-payouts")
        counts: list[int] = []
        for pause in (0, 0.25, 0.25, 0.25, 4.9, 0.1, 30, 120, 3600):
            clock.advance(pause)
            timed_sandbox.wait_for_webhooks()
            counts.append(sum("initialized" in str(one.body) for one in receiver.requests))
    assert counts == [1, 2, 3, 4, 4, 5, 6, 7, 7]
    webhook = timed_sandbox.webhooks[0]
    assert webhook.state == "dropped"
    assert {tried.status for tried in webhook.tries} == {503}
    moments = [tried.at for tried in webhook.tries]
    pauses = [(b - a).total_seconds() for a, b in itertools.pairwise(moments)]
    assert pauses == [0.25, 0.25, 0.25, 5, 30, 120]
    ids = {request.headers["x-zh-hook-notification-id"] for request in receiver.requests[:7]}
    assert ids == {webhook.notification_id}


def test_a_try_that_succeeds_is_the_last(timed_sandbox: Sandbox, clock: FrozenClock) -> None:
    """A receiver that is available again gets the webhook once."""
    statuses = iter([500, 200])
    with RawServer(responding(lambda _: http(next(statuses)))) as receiver:
        timed_sandbox.send_webhooks_to(receiver.url)
        zerohash_mint(timed_sandbox, "crypto-payouts")
        for _ in range(3):
            timed_sandbox.wait_for_webhooks()
            clock.advance(0.25)
    assert len(receiver.requests) == 2
    (webhook,) = timed_sandbox.webhooks
    assert webhook.state == "delivered"
    assert [tried.status for tried in webhook.tries] == [500, 200]


def test_nobody_listens(timed_sandbox: Sandbox) -> None:
    """A missing receiver is a failed try that says why."""
    with RawServer(ACCEPTING) as receiver:
        pass
    timed_sandbox.send_webhooks_to(receiver.url)
    zerohash_mint(timed_sandbox, "crypto-payouts")
    timed_sandbox.wait_for_webhooks()
    (tried,) = timed_sandbox.webhooks[0].tries
    assert tried.status is None
    assert "refused" in tried.error


def test_address_of_the_run(clock: FrozenClock) -> None:
    """The address can be an argument; a reset restores it, and closing stops the sending."""
    with RawServer(ACCEPTING) as receiver, RawServer(ACCEPTING) as other:
        with Sandbox(clock=clock.time, zerohash_webhook_url=receiver.url) as sandbox:
            sandbox.send_webhooks_to(other.url)
            sandbox.reset()
            zerohash_mint(sandbox, "crypto-payouts")
            sandbox.wait_for_webhooks()
            sandbox.send_webhooks_to(None)
            zerohash_mint(sandbox, "crypto-payouts")
            sandbox.wait_for_webhooks()
        assert (len(receiver.requests), len(other.requests)) == (1, 0)
        assert [webhook.state for webhook in sandbox.webhooks] == ["delivered", "kept"]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hooks",
        "http://hooks.example/",
        "http://10.0.0.1/",
        "http://127.0.0.1:port/",
        "http://localhost/\n",
        "localhost:80",
        "",
        5,
        b"http://localhost/",
    ],
)
def test_only_this_machine(timed_sandbox: Sandbox, url: Any) -> None:
    """Webhooks never leave the machine; other addresses are refused at once."""
    with pytest.raises(ConfigurationError, match="this machine only"):
        Sandbox(zerohash_webhook_url=url)
    with pytest.raises(ConfigurationError, match="this machine only"):
        timed_sandbox.send_webhooks_to(url)


def test_a_sandbox_that_is_not_running() -> None:
    """Sending needs a running sandbox."""
    with pytest.raises(RuntimeError, match="not running"):
        Sandbox().send_webhooks_to("http://localhost/")


def test_waiting_has_an_end(timed_sandbox: Sandbox) -> None:
    """Waiting for a receiver that has not responded yet ends at the timeout."""
    waited: list[str] = []

    def respond(_: RawRequest) -> bytes:
        with pytest.raises(TimeoutError) as caught:
            timed_sandbox.wait_for_webhooks(0.01)
        waited.append(str(caught.value))
        return http(200)

    with RawServer(responding(respond)) as receiver:
        timed_sandbox.send_webhooks_to(receiver.url)
        zerohash_mint(timed_sandbox, "crypto-payouts")
        timed_sandbox.wait_for_webhooks()
    assert waited == ["the webhooks were not sent within 0.01 seconds"]


def test_closing_during_a_try(timed_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that never responds does not keep the sandbox from closing."""
    monkeypatch.setattr("tokenkit.sandbox.zerohash.courier.PATIENCE", 60)
    with RawServer(black_hole) as receiver:
        timed_sandbox.send_webhooks_to(receiver.url)
        zerohash_mint(timed_sandbox, "crypto-payouts")
        receiver.wait_for(lambda: receiver.connections > 0)
        begun = time.monotonic()
        timed_sandbox.close()
        assert time.monotonic() - begun < 20


def test_forgotten_while_it_is_sent(timed_sandbox: Sandbox) -> None:
    """A reset during a try leaves nothing behind."""

    def respond(_: RawRequest) -> bytes:
        timed_sandbox._zerohash.clear()  # pyright: ignore[reportPrivateUsage]  # reset() would wait
        return http(500)

    with RawServer(responding(respond)) as receiver:
        timed_sandbox.send_webhooks_to(receiver.url)
        zerohash_mint(timed_sandbox, "crypto-payouts")
        receiver.wait_for(lambda: bool(receiver.requests))
        timed_sandbox.wait_for_webhooks()
        timed_sandbox.send_webhooks_to(None)
    assert timed_sandbox.webhooks == ()


def test_memory_is_bounded(clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the newest webhooks are remembered, and the forgotten ones are not sent."""
    monkeypatch.setattr("tokenkit.sandbox.zerohash.outbox.KEPT_BYTES", 1)
    with (
        RawServer(responding(lambda _: http(503))) as receiver,
        Sandbox(clock=clock.time, zerohash_webhook_url=receiver.url) as sandbox,
    ):
        ids = [zerohash_mint(sandbox, "crypto-payouts")["payment_id"] for _ in range(3)]
        sandbox.wait_for_webhooks()
        (webhook,) = sandbox.webhooks
        assert webhook.payload["payment_id"] == ids[-1]
        tried = len(receiver.requests)
        clock.advance(0.25)
        sandbox.wait_for_webhooks()
        assert len(receiver.requests) == tried + 1
