from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from vendors_support import ECHO, ONCE, Script, make_response, responding, scripted_zerohash

from tokenkit import ConnectionLostError, DecodeError, InvalidInputError, zerohash
from tokenkit.sandbox import Sandbox
from tokenkit.sandbox.faults.names import BadBody
from tokenkit.zerohash import PaymentStatus, experiences

WITHDRAWAL = {"withdrawal_details": zerohash.WithdrawalDetails(withdrawal_request_amount="5")}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


def now() -> datetime:
    return datetime.now(timezone.utc)


def mint_of(*permissions: str, **fields: Any) -> zerohash.ClientAuthTokenRequest:
    fields.setdefault("reference_id", zerohash.new_reference_id())
    return zerohash.ClientAuthTokenRequest(
        permissions=permissions, participant_code="CUST01", **fields
    )


def test_reference_ids_are_unique_and_fit() -> None:
    """Each one is different, and zerohash accepts them."""
    made = {zerohash.new_reference_id() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(0 < len(one) <= 50 for one in made)


@pytest.mark.parametrize("permission", ["crypto-withdrawals", "crypto-payouts"])
def test_a_lost_payment_is_found_and_not_opened_twice(sandbox: Sandbox, permission: str) -> None:
    """After a lost response, the payment is found by its id; there is one, and there stays one."""
    request, since = mint_of(permission), now()
    with sandbox.zerohash_client() as client:
        client.send(mint_of(permission))
        sandbox.fail_next(drop="before", vendor="zerohash")
        with pytest.raises(ConnectionLostError, match=r"call find_minted\(request") as caught:
            client.send(request)
        assert caught.value.outcome == "unknown"
        found = client.find_minted(request, since=since)
        assert isinstance(found, zerohash.Payment)
        assert found.reference_id == request.reference_id
        assert found.status is PaymentStatus.INITIALIZED
        assert found == client.get_payment(payment_id=found.payment_id or "")
        assert len(sandbox.payments) == 2


@pytest.mark.anyio
async def test_a_lost_payment_is_found_async(sandbox: Sandbox) -> None:
    """The async client finds it too."""
    request, since = mint_of("crypto-payouts"), now()
    async with sandbox.async_zerohash_client() as client:
        sandbox.fail_next(drop="before", vendor="zerohash")
        with pytest.raises(ConnectionLostError):
            await client.send(request)
        found = await client.find_minted(request, since=since)
        assert isinstance(found, zerohash.Payment)
        assert [one.payment_id async for one in client.iter_payments()] == [found.payment_id]
    assert len(sandbox.payments) == 1


def test_a_lost_mint_without_a_reference_id(sandbox: Sandbox) -> None:
    """If there is nothing to look for, the error says how to look, and what to do next time."""
    with sandbox.zerohash_client() as client:
        sandbox.fail_next(drop="before", vendor="zerohash")
        with pytest.raises(ConnectionLostError, match=r"iter_payments\(\) .*new_reference_id\(\)"):
            client.send(mint_of("crypto-payouts", reference_id=None))


def test_a_lost_fund_session(sandbox: Sandbox) -> None:
    """The error of a lost mint with fwc says how to look for the session, if it can be found."""
    for reference_id, pointed in (("order-1", True), (None, False)):
        with sandbox.zerohash_client() as client:
            sandbox.fail_next(drop="before", vendor="zerohash")
            with pytest.raises(ConnectionLostError) as caught:
                client.send(mint_of("fwc", reference_id=reference_id), retry=ONCE)
        assert caught.value.outcome == "unknown"
        assert ("look for it with find_minted(request, since=...)" in str(caught.value)) is pointed


def test_only_what_may_open_a_payment_comes_with_advice() -> None:
    """A mint that is safe to repeat needs no advice on how to find out what became of it."""
    assert mint_of("crypto-buy").advice_if_unknown is None
    assert mint_of("crypto-withdrawals", **WITHDRAWAL).advice_if_unknown is not None


def test_a_request_that_never_arrived(sandbox: Sandbox) -> None:
    """If nothing was opened, nothing is found."""
    with sandbox.zerohash_client() as client:
        client.send(mint_of("crypto-payouts"))
        assert client.find_minted(mint_of("crypto-payouts"), since=now()) is None


def test_among_many_payments(sandbox: Sandbox) -> None:
    """The payment is found on any page."""
    request, since = mint_of("crypto-payouts"), now()
    with sandbox.zerohash_client() as client:
        client.send(request)
        for _ in range(60):
            client.send(mint_of("crypto-payouts"))
        found = client.find_minted(request, since=since)
        assert found is not None
        assert found.reference_id == request.reference_id
        assert len(list(client.iter_payments())) == 61


def test_a_fund_session_is_found() -> None:
    """A mint with fwc is found among the fund transactions, by its reference_id."""
    request = experiences.AccountFundingDeposits(
        participant_code="CUST01", reference_id=zerohash.new_reference_id()
    )
    with Sandbox() as sandbox, sandbox.zerohash_client() as client:
        client.send(request)
        sandbox.complete_fund_session(quantity="12.50")
        found = client.find_minted(request, since=now())
    assert isinstance(found, zerohash.FundTransaction)
    assert (found.reference_id, found.success) == (request.reference_id, True)
    assert str(found.quantity) == "12.50"


@pytest.mark.parametrize(
    ("permissions", "paths"),
    [
        (["crypto-withdrawals"], ["/payments"]),
        (["fwc"], ["/fund/transactions"]),
        (["fwc", "crypto-payouts"], ["/payments", "/fund/transactions"]),
    ],
)
def test_where_a_mint_is_looked_for(permissions: list[str], paths: list[str]) -> None:
    """A mint that starts one known thing is looked for there, any other in both places."""
    script = responding(200, {"message": []})
    assert scripted_zerohash(script).find_minted(mint_of(*permissions), since=now()) is None
    assert [request.url.path for request in script.requests] == paths


@pytest.mark.parametrize("permissions", [["crypto-pay"], ["one-that-came-later"], ["fwc", "new"]])
def test_nothing_listed_may_prove_nothing(permissions: list[str]) -> None:
    """If it is unknown which list a mint is in, an empty list proves nothing."""
    script = responding(200, {"message": []})
    request = mint_of(*permissions)
    with pytest.raises(zerohash.InconclusiveLookupError, match="ask zerohash") as caught:
        scripted_zerohash(script).find_minted(request, since=now())
    assert [request.url.path for request in script.requests] == ["/payments", "/fund/transactions"]
    assert (caught.value.operation, caught.value.outcome) == ("find_minted", "unknown")
    assert repr(permissions[-1]) in str(caught.value)
    assert request.reference_id is not None
    assert request.reference_id in str(caught.value)


@pytest.mark.parametrize(
    "reference", [{}, {"reference_id": None}, {"reference_id": ""}, {"reference_id": 7}]
)
@pytest.mark.parametrize("permissions", [["crypto-payouts"], ["crypto-payouts", "fwc"]])
def test_a_payment_without_a_reference_id_may_be_the_mints(
    permissions: list[str], reference: dict[str, object]
) -> None:
    """A payment that might be the mint's leaves the lookup inconclusive, and is named."""
    listed = [{"payment_id": "p-1", **reference}, {"payment_id": "p-2", "reference_id": "other"}]
    empty = make_response(200, {"message": []})
    script = Script((make_response(200, {"message": listed}), empty))
    with pytest.raises(zerohash.InconclusiveLookupError, match="before you mint again") as caught:
        scripted_zerohash(script).find_minted(mint_of(*permissions), since=now())
    assert "'p-1'" in str(caught.value)
    assert "p-2" not in str(caught.value)
    assert caught.value.outcome == "unknown"


def test_the_lookup_that_proves_nothing_names_its_request() -> None:
    """The error has the latest request's id, by which zerohash can find it, and the attempts."""
    script = responding(200, {"message": []}, {"x-request-id": ECHO})
    with pytest.raises(zerohash.InconclusiveLookupError) as caught:
        scripted_zerohash(script).find_minted(mint_of("crypto-pay"), since=now())
    request_id = script.requests[-1].headers["x-request-id"]
    assert (caught.value.attempts, caught.value.request_id) == (2, request_id)
    assert str(caught.value).endswith(f"(request_id={request_id})")


def test_many_payments_without_a_reference_id() -> None:
    """The error names the first of them and counts the others."""
    listed = [{"payment_id": f"p-{number}"} for number in range(12)]
    script = Script((make_response(200, {"message": listed}), make_response(200, {"message": []})))
    with pytest.raises(zerohash.InconclusiveLookupError, match=r"lists 12 .*'p-9', and 2 more"):
        scripted_zerohash(script).find_minted(mint_of("crypto-payouts"), since=now())


def test_a_match_beside_payments_without_a_reference_id() -> None:
    """The mint's own payment is found whatever is listed before it."""
    request = mint_of("crypto-payouts")
    mine = {"payment_id": "p-2", "reference_id": request.reference_id}
    script = responding(200, {"message": [{"payment_id": "p-1"}, mine]})
    found = scripted_zerohash(script).find_minted(request, since=now())
    assert isinstance(found, zerohash.Payment)
    assert found.payment_id == "p-2"


def test_a_payin_that_is_listed_is_found() -> None:
    """If a payin is in the list, it is found there."""
    request = mint_of("crypto-pay")
    script = responding(200, {"message": [{"reference_id": request.reference_id}]})
    found = scripted_zerohash(script).find_minted(request, since=now())
    assert isinstance(found, zerohash.Payment)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("permission", "reference_id", "words"),
    [
        ("crypto-payouts", "order-1", r"call find_minted\(request, since=\.\.\.\), or wait.*_id$"),
        ("crypto-payouts", None, r"call iter_payments\(\) for .* find_minted\(\) finds it$"),
        (
            "crypto-pay",
            "order-1",
            r"call find_minted\(.*; if it is not listed, ask zerohash",
        ),
        (
            "crypto-pay",
            None,
            r"call iter_payments\(.*; if it is not listed, ask zero",
        ),
    ],
)
@pytest.mark.parametrize("body", ["truncated", "html", "wrong-shape"])
async def test_a_payment_whose_response_cannot_be_read(
    sandbox: Sandbox, permission: str, reference_id: str | None, words: str, body: BadBody
) -> None:
    """The vendor has carried out the mint: the error says so, and how to find the payment."""
    sandbox.fail_next(body=body, vendor="zerohash")
    async with sandbox.async_zerohash_client() as client:
        with pytest.raises(DecodeError, match=words) as caught:
            await client.send(mint_of(permission, reference_id=reference_id))
    assert caught.value.outcome == "performed"
    assert "A payment may have been opened" in str(caught.value)


def test_a_mint_that_opens_nothing_comes_without_that_advice(sandbox: Sandbox) -> None:
    """An unreadable response needs no advice either if a repeat is harmless."""
    sandbox.fail_next(body="truncated", vendor="zerohash")
    with sandbox.zerohash_client() as client, pytest.raises(DecodeError) as caught:
        client.send(mint_of("fwc"))
    assert "payment" not in str(caught.value)


def test_from_when_on_payments_are_listed() -> None:
    """The list begins a day early, because the clock of the mint may have been wrong."""
    script = responding(200, {"message": []})
    client, request = scripted_zerohash(script), mint_of("crypto-payouts")
    since = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    client.find_minted(request, since=since)
    client.find_minted(request, since=datetime(1970, 1, 1, tzinfo=timezone.utc))
    queries = [request.url.query.decode() for request in script.requests]
    assert queries == [
        "participant_code=CUST01&start_date=1772359200",
        "participant_code=CUST01&start_date=0",
    ]


@pytest.mark.parametrize(
    ("request_", "since", "words"),
    [
        (mint_of("crypto-payouts", reference_id=None), None, "request has no reference_id"),
        (mint_of("onboarding"), None, "request has nothing to look for: it opens no"),
        (
            "order-7",
            None,
            r"must be the ClientAuthTokenRequest\(...\) or experience that",
        ),
        (mint_of("fwc"), datetime(2026, 1, 1), "since must be a datetime with"),  # noqa: DTZ001 - naive on purpose
        (None, 1_772_359_200, "request must .*; since must be a datetime"),
    ],
)
def test_what_cannot_be_looked_for(request_: Any, since: Any, words: str) -> None:
    """A request without an id, or that starts nothing, is refused, and nothing is sent."""
    script = responding(200, {"message": []})
    with pytest.raises(InvalidInputError, match=words):
        scripted_zerohash(script).find_minted(request_, since=since or now())
    assert script.requests == []


def test_a_list_that_cannot_be_searched_to_its_end() -> None:
    """An untrustworthy response is an error, and doesn't mean that nothing was opened."""
    page = make_response(200, {"message": [{"payment_id": "p", "reference_id": "another"}]})
    with pytest.raises(DecodeError, match="a page came twice"):
        scripted_zerohash(Script((page,))).find_minted(mint_of("crypto-payouts"), since=now())


def test_the_whole_story(sandbox: Sandbox) -> None:
    """A lost mint: the payment is found, ends with its token, and then a second mint is safe."""
    request, since = mint_of("crypto-withdrawals", **WITHDRAWAL), now()
    with sandbox.zerohash_client() as client:
        sandbox.fail_next(drop="before", vendor="zerohash")
        with pytest.raises(ConnectionLostError):
            client.send(request)
        lost = client.find_minted(request, since=since)
        assert isinstance(lost, zerohash.Payment)
        sandbox.advance(timedelta(minutes=5).total_seconds())
        ended = client.get_payment(payment_id=lost.payment_id or "")
        assert (ended.status, ended.is_final) == (PaymentStatus.ABANDONED, True)
        again = attrs.evolve(request, reference_id=zerohash.new_reference_id())
        token = client.send(again)
        assert client.get_payment(payment_id=token.payment_id or "").status == "initialized"
