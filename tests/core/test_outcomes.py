"""What a call's error says about the call as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from all_clients import WITHDRAWAL, ZDK_MINT, ZEROHASH_MINT
from core_driver import (
    REQUEST_ID,
    Driver,
    json_response,
    make_response,
    minted,
    no_response,
    zdk_plan,
    zerohash_plan,
)
from credentials import ZDK_API_KEY

from tokenkit import RetryBudget, RetryPolicy
from tokenkit._model.call import RawCall
from tokenkit._observability.records import CallFailed
from tokenkit.auth import Bearer
from tokenkit.errors import (
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    DecodeError,
    MismatchedResponse,
    ResponseTooLarge,
    ServerError,
    TokenKitError,
    UnexpectedRedirect,
)
from tokenkit.extension import RetryRules

if TYPE_CHECKING:
    from tokenkit._pipeline.effects import AttemptOutcome

REFUSED = no_response(ConnectError, sent=False, message="nobody listens")
LOST = no_response(ConnectionLostError, sent=True)


@pytest.mark.parametrize(
    ("script", "outcome"),
    [([make_response(status)], "not performed") for status in (400, 401, 403, 404, 409, 422)]
    + [
        ([REFUSED] * 3, "not performed"),
        ([make_response(429)] * 3, "not performed"),
        ([make_response(503, zh_allow_retry="true")] * 3, "not performed"),
        ([make_response(500)], "unknown"),
        ([make_response(418)], "unknown"),
        ([make_response(302)], "unknown"),
        ([make_response(502)] * 3, "unknown"),
        ([make_response(503)] * 3, "unknown"),
        ([LOST] * 3, "unknown"),
        ([LOST, make_response(400)], "unknown"),
        ([make_response(502), REFUSED, REFUSED], "unknown"),
        ([LOST, make_response(429), make_response(422)], "unknown"),
        ([make_response(429), REFUSED, make_response(422)], "not performed"),
        ([make_response(200, "{")], "performed"),
        ([make_response(502), make_response(201, "{}")], "performed"),
    ],
)
def test_the_outcome_is_the_calls(script: list[AttemptOutcome], outcome: str) -> None:
    """One attempt that may have been carried out makes the call's outcome unknown."""
    driver = Driver(*script)
    error = driver.error(ZEROHASH_MINT, zerohash_plan())
    assert (error.outcome, error.attempts) == (outcome, len(script))
    assert (error.vendor, error.operation) == ("zerohash", "create_client_auth_token")
    assert error.request_id == REQUEST_ID
    record = driver.records[-1]
    assert isinstance(record, CallFailed)
    assert (record.outcome, record.attempts) == (outcome, len(script))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ConfigurationError("x"), "not performed"),
        (ConnectError("x"), "not performed"),
        (DeadlineExceeded("x"), "unknown"),
        (ServerError("x"), "unknown"),
        (DecodeError("x"), "performed"),
        (MismatchedResponse("x"), "unknown"),
        (ResponseTooLarge("x"), "unknown"),
        (UnexpectedRedirect("x"), "unknown"),
        (ServerError("x", outcome="performed"), "performed"),
    ],
)
def test_errors_made_by_hand_have_an_outcome(error: TokenKitError, outcome: str) -> None:
    """An error made from a message has its class's usual outcome, or the one given."""
    assert error.outcome == outcome
    assert (error.vendor, error.operation, error.request_id) == (None, None, None)
    assert error.attempts == 0


def test_a_response_that_is_too_large() -> None:
    """A success that was too large was carried out."""
    for status, outcome in ((200, "performed"), (None, "unknown")):
        partial = None if status is None else make_response(status)
        driver = Driver(
            attrs.evolve(no_response(sent=True, response=partial), error=ResponseTooLarge)
        )
        assert driver.error(ZDK_MINT, zdk_plan()).outcome == outcome


def test_an_exception_from_outside_leaves_the_outcome_open() -> None:
    """A secret source fails before anything is sent, or after a lost attempt."""

    def broken() -> str:
        raise ConfigurationError(f"no key but {ZDK_API_KEY}")

    keys = iter([ZDK_API_KEY])
    source = lambda: next(keys, None) or broken()  # noqa: E731 - a source that ends
    error = Driver(LOST).error(ZDK_MINT, zdk_plan(strategy=Bearer(source)))
    assert (error.outcome, error.attempts) == ("unknown", 1)
    assert ZDK_API_KEY not in f"{error}{vars(error)}"
    error = Driver().error(ZDK_MINT, zdk_plan(strategy=Bearer(broken)))
    assert (error.outcome, error.attempts, error.request_id) == ("not performed", 0, None)


def test_an_exception_while_a_request_is_out() -> None:
    """If sending a request ends in an exception, its outcome is unknown."""
    driver = Driver(ConfigurationError("the proxy is wrong"))
    error = driver.error(ZDK_MINT, zdk_plan())
    assert (error.outcome, error.attempts) == ("unknown", 1)
    with pytest.raises(ZeroDivisionError):
        Driver(ZeroDivisionError()).run(ZDK_MINT, zdk_plan())


def test_every_failure_is_told_once() -> None:
    """An exception that isn't tokenkit's is reported by class; its text may say anything."""
    driver = Driver(ZeroDivisionError(ZDK_API_KEY))
    with pytest.raises(ZeroDivisionError):
        driver.run(ZEROHASH_MINT, zerohash_plan())
    (record,) = [one for one in driver.records if isinstance(one, CallFailed)]
    assert (record.error, record.reason, record.request_id) == (
        "ZeroDivisionError",
        "",
        REQUEST_ID,
    )


def test_a_payment_is_withheld_on_purpose() -> None:
    """The error of a mint that may have opened a payment says why it was not repeated."""
    error = Driver(LOST).error(WITHDRAWAL, zerohash_plan())
    assert "It was deliberately not sent again. A payment may have been opened: to" in str(error)
    assert f"(request_id={REQUEST_ID})" in str(error)
    for script, call in (([LOST] * 3, ZEROHASH_MINT), ([make_response(400)], WITHDRAWAL)):
        assert "payment" not in str(Driver(*script).error(call, zerohash_plan()))


@pytest.mark.parametrize("script", [[LOST] * 3, [LOST, make_response(400)]])
def test_a_payment_that_was_sent_again(script: list[AttemptOutcome]) -> None:
    """Even with repeat_payments, the error says that a payment may have been opened."""
    repeated = zerohash_plan(policy=RetryPolicy(repeat_payments=True))
    error = Driver(*script).error(WITHDRAWAL, repeated)
    assert (error.outcome, error.attempts) == ("unknown", len(script))
    assert "A payment may have been opened: to find out, call" in str(error)
    assert "deliberately" not in str(error)


def test_the_error_says_when_the_budget_ended_the_call() -> None:
    """A call that was not repeated because the budget was used up says so; others do not."""
    error = Driver(make_response(503)).error(ZDK_MINT, zdk_plan(budget=RetryBudget(0)))
    assert str(error) == (
        "HTTP 503: Service Unavailable. It was not retried: the client's retry budget is used "
        "up (see RetryBudget)"
    )
    error = Driver(*[make_response(503)] * 3).error(ZDK_MINT, zdk_plan())
    assert "budget" not in str(error)


def test_waits_that_a_vendor_asks_for_are_free() -> None:
    """A 429 with a wait is repeated whatever the budget has; a wait of zero is charged."""
    plan = zdk_plan(budget=RetryBudget(0))
    reply = Driver(make_response(429, retry_after="1"), minted()).run(ZDK_MINT, plan)
    assert reply.attempts == 2
    assert Driver(make_response(429, retry_after="0")).error(ZDK_MINT, plan).attempts == 1


def test_all_retries_up_to_the_deadline() -> None:
    """A call may use all the retries of its policy, if the budget has them."""
    plan = zdk_plan(
        policy=RetryPolicy(max_retries=150), budget=RetryBudget(150), deadline=100_000.0
    )
    assert Driver(*[make_response(503)] * 150, minted()).run(ZDK_MINT, plan).attempts == 151


@pytest.mark.parametrize("target", ["/tokens/tOkEn0123456789abcdef0123?x=1", "/things/5"])
def test_calls_without_a_model_are_named_by_their_path(target: str) -> None:
    """The name of such a call is its method and path, without anything like a token."""
    error = Driver(make_response(404)).error(RawCall(verb="GET", target=target), zdk_plan())
    named = "GET /tokens/[redacted]" if "tokens" in target else "GET /things/5"
    assert error.operation == named


def test_rules_of_a_vendors_own() -> None:
    """Each vendor decides which statuses mean a refusal."""
    rules = RetryRules(refused=frozenset({418}))
    headers = make_response(418).headers
    assert rules.outcome(418, headers) == "not performed"
    assert rules.outcome(400, headers) == "unknown"


def test_a_failure_names_its_own_request() -> None:
    """The vendor's id takes precedence over the one that was sent."""
    driver = Driver(json_response(400, {"errors": ["no"]}, x_request_id="theirs"))
    assert driver.error(ZEROHASH_MINT, zerohash_plan()).request_id == "theirs"
