"""Calls that open payments: only with consent and a journal, and never twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bulk_runs import rate_limit_error, reply, results, run
from cryptography.fernet import Fernet

from tokenkit import (
    AuthenticationError,
    Call,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    DecodeError,
    InterruptedMintError,
    PermissionDeniedError,
    RetryPolicy,
    ServerError,
    UnprocessableError,
    zerohash,
)
from tokenkit.bulk import Failure
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from tokenkit import Reply


class Unknown(Call[None]):
    """A call whose model doesn't say what it opens."""

    path = "/unknown"


def payments(*permissions: str, count: int = 1) -> list[zerohash.ClientAuthTokenRequest]:
    return [
        zerohash.ClientAuthTokenRequest(
            participant_code="CUST01", permissions=permissions, reference_id=f"invoice-{number}"
        )
        for number in range(count)
    ]


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    return {"journal": tmp_path / "mint.journal", "allow_payments": True}


def told(call: Call[Any]) -> Reply[Any]:
    return reply(call)


def error_of(calls: list[Any], send: Any = told, **options: Any) -> type[Exception] | None:
    (result,) = results(run(calls, send, **options))
    return type(result.error) if isinstance(result, Failure) else None


@pytest.mark.parametrize(
    "permissions",
    [("crypto-withdrawals",), ("crypto-payouts",), ("crypto-pay",), ("fwc",), ("came-later",)],
)
def test_a_payment_without_consent_is_refused(permissions: tuple[str, ...]) -> None:
    """Payments, fund sessions and unknown permissions need consent; nothing is sent."""

    def send(call: Call[Any]) -> Reply[Any]:
        raise AssertionError(call)

    assert error_of(payments("fiat-deposits", *permissions), send) is ConfigurationError


def test_other_calls_need_no_consent() -> None:
    """A permission that opens nothing is an ordinary call; consent needs a journal."""
    assert error_of(payments("fiat-deposits", "crypto-buy")) is None
    with pytest.raises(ConfigurationError, match="allow_payments needs a journal"):
        run([], told, allow_payments=True)


def test_a_call_of_a_vendor_that_does_not_say_counts_as_a_payment() -> None:
    """Calls that may not be safe to repeat are not sent in bulk without consent."""
    (result,) = results(run([Unknown()], told))
    assert isinstance(result, Failure)
    assert str(result.error) == (
        "Unknown must not be sent twice, as its opens_payment is True; to send it in bulk, pass "
        "allow_payments=True and journal=..."
    )


def test_with_consent_and_journal_a_payment_is_sent_once(options: dict[str, Any]) -> None:
    """A payment that was delivered is skipped by the next run."""
    calls = payments("crypto-withdrawals", count=3)
    assert all(result.ok for result in results(run(calls, told, **options)))
    opened = run(calls, told, **options)
    assert results(opened) == []
    assert opened.counts.skipped == 3


@pytest.mark.parametrize(
    ("calls", "advice"),
    [
        (
            payments("crypto-withdrawals"),
            "a payment may have been opened: to find out, call find_",
        ),
        (payments("fwc"), "a fund session may have been started, which moves no money: mint "),
        ([Unknown()], "find out what it has created before you send it again"),
    ],
    ids=["payment", "session", "unknown"],
)
def test_a_call_under_way_at_a_kill_is_never_sent_again(
    options: dict[str, Any], calls: list[Call[Any]], advice: str
) -> None:
    """It comes back as interrupted, with its own vendor's advice, if there is one."""
    sent: list[Call[Any]] = []

    class Killed(BaseException):
        """Stands for the end of the process."""

    def send(call: Call[Any]) -> Reply[Any]:
        sent.append(call)
        raise Killed

    with pytest.raises(Killed), run(calls, send, **options) as opened:
        list(opened)
    interrupted = "An earlier run sent this call and was interrupted before its result was known; "
    for _ in range(2):
        (result,) = results(run(calls, told, **options))
        assert isinstance(result, Failure)
        assert isinstance(result.error, InterruptedMintError)
        assert str(result.error).startswith(interrupted + advice)
    assert len(sent) == 1


def test_a_payment_that_was_not_delivered_is_interrupted_or_kept(options: dict[str, Any]) -> None:
    """A call that was left before its result was taken is interrupted, or kept if encrypted."""
    calls = payments("crypto-withdrawals", count=2)
    with Sandbox() as sandbox, sandbox.zerohash_client() as client:
        with client.send_many(calls, **options) as opened:
            next(opened)
        with client.send_many(calls, **options) as opened:
            assert {type(result.error) for result in opened if not result.ok} == {
                InterruptedMintError
            }
        sealed: dict[str, Any] = {**options, "encryption_keys": [Fernet.generate_key()]}
        sealed["journal"] = options["journal"].with_name("sealed.journal")
        with client.send_many(calls, **sealed) as opened:
            first = next(opened)
        with client.send_many(calls, **sealed, ordered=True) as opened:
            again = list(opened)
        assert [result.ok for result in again] == [True, True]
        assert first in again
        assert len(sandbox.issued) == 4


def api_error(kind: Any, status: int) -> Exception:
    error: Exception = kind("no", status=status)
    return error


@pytest.mark.parametrize(
    "error",
    [
        ConnectError("no connection"),
        api_error(UnprocessableError, 422),
        api_error(AuthenticationError, 401),
    ],
)
def test_a_payment_that_was_certainly_not_made_is_tried_again(
    options: dict[str, Any], error: Exception
) -> None:
    """A refused request has opened nothing; the next run sends it."""

    def send(_: Call[Any]) -> Reply[Any]:
        raise error

    assert error_of(payments("crypto-pay"), send, **options) is type(error)
    assert error_of(payments("crypto-pay"), told, **options) is None


@pytest.mark.parametrize(
    "error",
    [
        ConnectionLostError("lost"),
        DecodeError("unreadable"),
        api_error(ServerError, 500),
        api_error(PermissionDeniedError, 403),
    ],
)
def test_a_payment_that_may_have_been_made_is_not_tried_again(
    options: dict[str, Any], error: Exception
) -> None:
    """A lost response, a server error or a pending approval may mean that one was opened."""

    def send(_: Call[Any]) -> Reply[Any]:
        raise error

    assert error_of(payments("crypto-pay"), send, **options) is type(error)
    assert error_of(payments("crypto-pay"), told, **options) is InterruptedMintError


def test_a_refused_payment_goes_back_into_the_line(options: dict[str, Any]) -> None:
    """A 429 has opened nothing."""
    refusals = [rate_limit_error(1.0)]

    def send(call: Call[Any]) -> Reply[Any]:
        if refusals:
            raise refusals.pop()
        return reply(call)

    assert error_of(payments("crypto-pay"), send, **options) is None


@pytest.mark.parametrize("permission", ["crypto-withdrawals", "fwc"])
def test_the_client_repeats_no_payment_within_a_call(
    options: dict[str, Any], permission: str
) -> None:
    """A lost response is not retried in bulk, whatever the client's policy is."""
    with Sandbox() as sandbox:
        policy = RetryPolicy(max_retries=3, first_wait=0.0, repeat_payments=True)
        sandbox.fail_next(vendor="zerohash", drop="before")
        with (
            sandbox.zerohash_client(retry=policy) as client,
            client.send_many(payments(permission), **options) as opened,
        ):
            (result,) = opened
        assert isinstance(result, Failure)
        assert len(sandbox.issued) <= 1
        with (
            sandbox.zerohash_client() as client,
            client.send_many(payments(permission), **options) as opened,
        ):
            (result,) = opened
        assert isinstance(result, Failure)
        assert isinstance(result.error, InterruptedMintError)


def test_a_kept_payment_that_cannot_be_read_is_not_sent_again(options: dict[str, Any]) -> None:
    """If the journal can't return the response, the payment is still made."""
    import sqlite3  # noqa: PLC0415 - only here

    options["encryption_keys"] = [Fernet.generate_key()]
    calls = payments("crypto-withdrawals")
    with Sandbox() as sandbox, sandbox.zerohash_client() as client:
        with client.send_many(calls, **options) as opened:
            assert [result.ok for result in opened] == [True]
        database = sqlite3.connect(options["journal"])
        database.execute("UPDATE entries SET sealed = x'00'")
        database.commit()
        database.close()
        with client.send_many(calls, **options) as opened:
            (result,) = opened
        assert isinstance(result, Failure)
        assert isinstance(result.error, InterruptedMintError)
        assert len(sandbox.issued) == 1


def test_payments_sent_with_other_credentials_are_not_overlooked(options: dict[str, Any]) -> None:
    """With a rotated credential the journal can't tell which payments were sent: it is refused."""

    def send(_: Call[Any]) -> Reply[Any]:
        raise ConnectionLostError("lost")

    results(run(payments("crypto-pay"), send, **options))
    with (
        pytest.raises(ConfigurationError, match="calls that were sent with other credentials"),
        run(payments("crypto-pay"), told, **options, identity=b"o" * 32),
    ):
        pass
