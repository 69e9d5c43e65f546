"""However a call fails, the caller's hook is called once, and the error names the call."""

from __future__ import annotations

import inspect
import json
import logging
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
from all_clients import ZEROHASH
from listed_problems import listed_problems
from network_calls import each_flavour
from raw_server import RawServer, json_response, saying

from tokenkit import ConfigurationError, Hooks, PermissionDeniedError, TokenKitError, zerohash
from tokenkit.extension import CallFailed, Client
from tokenkit.zerohash import experiences

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Flavour

NOW = datetime(2026, 11, 25, tzinfo=timezone.utc)
PAYOUT = experiences.CryptoPayouts(participant_code="CUST01", reference_id="order-1")
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl"
SAME_PAGE = json_response({"message": [{"payment_id": "p"}], "total": 99})

REFUSED: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "an argument": (
        "create_client_auth_token",
        "InvalidInputError",
        lambda client: client.create_client_auth_token(permissions=["fwc"]),
    ),
    "a misspelt keyword": (
        "create_client_auth_token",
        "TypeError",
        lambda client: client.create_client_auth_token(permission=["fwc"]),
    ),
    "no call": ("send", "InvalidInputError", lambda client: client.send("x")),
    "an option's value": (
        "get_time",
        "ConfigurationError",
        lambda client: client.send(zerohash.TimeRequest(), timeout="x"),
    ),
    "an option's name": (
        "get_time",
        "TypeError",
        lambda client: client.send_raw(zerohash.TimeRequest(), time_out=1),
    ),
    "a request id": (
        "get_time",
        "InvalidInputError",
        lambda client: client.send(zerohash.TimeRequest(), request_id="a\n"),
    ),
    "a method": ("request", "InvalidInputError", lambda client: client.request("get", "/x")),
    "a lost mint": (
        "find_minted",
        "InvalidInputError",
        lambda client: client.find_minted("x", since=NOW),
    ),
    "a lost mint's keyword": (
        "find_minted",
        "TypeError",
        lambda client: client.find_minted(PAYOUT),
    ),
    "a page": (
        "iter_payments",
        "InvalidInputError",
        lambda client: client.iter_payments(size=-1),
    ),
    "a page's keyword": (
        "iter_payments",
        "TypeError",
        lambda client: client.iter_payments(sise=1),
    ),
    "no call for a token": (
        "get_token",
        "InvalidInputError",
        lambda client: client.get_token("x"),
    ),
    "a token that is not reused": (
        "get_token",
        "ConfigurationError",
        lambda client: client.get_token(PAYOUT),
    ),
    "no call to forget": (
        "invalidate_token",
        "InvalidInputError",
        lambda client: client.invalidate_token("x"),
    ),
}


def errors_of(
    client: Any, flavour: Flavour, call: Callable[[Any], Any], *, closed: bool = False
) -> Exception:
    """Make a call that fails, on an open or a closed client; return its error."""
    if isinstance(client, Client):
        with client:
            if closed:
                client.close()
            with pytest.raises(Exception) as caught:  # noqa: PT011 - the tests tell which
                _walk(call(client))
        return caught.value

    async def main() -> Exception:
        async with client:
            if closed:
                await client.aclose()
            with pytest.raises(Exception) as caught:  # noqa: PT011 - the tests tell which
                await _walk_async(call(client))
        return caught.value

    return anyio.run(main, backend=flavour)


def _walk(made: Any) -> None:
    for _ in made:
        pass


async def _walk_async(made: Any) -> None:
    if inspect.isawaitable(made):
        await made
    else:
        async for _ in made:
            pass


ON_CLOSED: list[tuple[str, Callable[[Any], Any]]] = [
    ("get_time", lambda client: client.get_time()),
    ("GET /time", lambda client: client.request("GET", "/time")),
    ("GET /a/[redacted]", lambda client: client.request("GET", f"/a/{TOKEN}?b=c")),
    ("get_token", lambda client: client.get_token(ZEROHASH.mint)),
    ("list_payments", lambda client: client.iter_payments()),
]
OF_SEVERAL_CALLS: list[tuple[str, Callable[[Any], Any]]] = [
    ("iter_payments", lambda client: client.iter_payments()),
    ("find_minted", lambda client: client.find_minted(PAYOUT, since=NOW)),
]


def check(error: Exception, told: list[CallFailed], operation: str, kind: str) -> None:
    """Check that one record describes an error, and that both name the call."""
    assert type(error).__name__ == kind
    (record,) = told
    assert (record.vendor, record.operation, record.error) == ("zerohash", operation, kind)
    assert record.call_id
    if isinstance(error, TokenKitError):
        assert (error.vendor, error.operation) == ("zerohash", operation)
        assert (record.reason, record.outcome) == (str(error), error.outcome)
    else:
        assert (record.reason, record.outcome) == ("", "not performed")


@each_flavour
@pytest.mark.parametrize("refused", REFUSED)
def test_what_cannot_be_called_is_told(flavour: Flavour, refused: str) -> None:
    """Invalid arguments are reported once, and nothing is sent."""
    operation, kind, call = REFUSED[refused]
    told: list[CallFailed] = []
    with RawServer(saying(json_response({}))) as server:
        client = ZEROHASH.open(flavour, base_url=server.url, hooks=Hooks(on_error=told.append))
        error = errors_of(client, flavour, call)
        assert server.requests == []
    check(error, told, operation, kind)
    assert (told[0].attempts, told[0].status, told[0].request_id) == (0, None, None)


@each_flavour
def test_several_problems_take_one_line_of_a_log(
    flavour: Flavour, caplog: pytest.LogCaptureFixture
) -> None:
    """The error lists one per line; records and the log join the lines."""
    told: list[CallFailed] = []
    client = ZEROHASH.open(flavour, hooks=Hooks(on_error=told.append))
    with caplog.at_level(logging.DEBUG, logger="tokenkit"):
        error = errors_of(
            client, flavour, lambda one: one.send(zerohash.TimeRequest(), timeout=0, deadline="x")
        )
    assert isinstance(error, ConfigurationError)
    assert len(listed_problems(error, f"{type(client).__name__}.send()")) == 2
    (record,) = told
    (entry,) = caplog.records
    for line in (record.reason, entry.getMessage()):
        assert "send() has 2 problems: - timeout must be" in line
        assert len(line.splitlines()) == 1


@each_flavour
@pytest.mark.parametrize(
    ("operation", "call"),
    ON_CLOSED,
)
def test_a_closed_client_is_told(
    flavour: Flavour, operation: str, call: Callable[[Any], Any]
) -> None:
    """A call on a closed client is a failed call too; its name shows no token."""
    told: list[CallFailed] = []
    client = ZEROHASH.open(flavour, hooks=Hooks(on_error=told.append))
    error = errors_of(client, flavour, call, closed=True)
    check(error, told, operation, "ClientClosedError")


@each_flavour
@pytest.mark.parametrize(
    ("operation", "call"),
    OF_SEVERAL_CALLS,
)
def test_pages_that_do_not_turn_are_told(
    flavour: Flavour, operation: str, call: Callable[[Any], Any]
) -> None:
    """A failure between a method's calls is an error of the method."""
    told: list[CallFailed] = []
    with RawServer(saying(SAME_PAGE)) as server:
        client = ZEROHASH.open(flavour, base_url=server.url, hooks=Hooks(on_error=told.append))
        error = errors_of(client, flavour, call)
    check(error, told, operation, "DecodeError")
    assert isinstance(error, TokenKitError)
    # The server closes each connection, so a page may have taken a retry.
    assert error.attempts == told[0].attempts > 1


@pytest.mark.parametrize("flavour", ["asyncio", "trio"])
@pytest.mark.parametrize(
    "refused", ["an argument", "a page", "a lost mint", "no call for a token"]
)
def test_an_async_hook_is_awaited(flavour: Flavour, refused: str) -> None:
    """Async hooks are called in the same cases."""
    operation, kind, call = REFUSED[refused]
    told: list[CallFailed] = []

    async def hear(record: CallFailed) -> None:
        await anyio.lowlevel.checkpoint()
        told.append(record)

    client = ZEROHASH.open(flavour, hooks=Hooks(on_error=hear))
    check(errors_of(client, flavour, call), told, operation, kind)


class OddClock:
    """A clock that shows the right time, until a test says otherwise."""

    def __init__(self, **returned: object) -> None:
        self._returned = returned

    def time(self) -> Any:
        return self._returned.get("time", NOW.timestamp())

    def monotonic(self) -> Any:
        return self._returned.get("monotonic", 1.0)

    def sleep(self, seconds: float) -> None:
        del seconds


class AsyncOddClock(OddClock):
    """It is the same for async clients."""

    async def sleep(self, seconds: float) -> None:  # type: ignore[override] # as AsyncClock's
        del seconds


def odd_clock(flavour: Flavour, **returned: object) -> OddClock:
    """Return a clock for a flavour's client."""
    return OddClock(**returned) if flavour == "sync" else AsyncOddClock(**returned)


@each_flavour
@pytest.mark.parametrize("method", ["time", "monotonic"])
@pytest.mark.parametrize(
    ("returned", "found"),
    [
        ("noon", "str"),
        (None, "None"),
        (NOW, "datetime"),
        (timedelta(hours=1), "timedelta"),
        (float("nan"), "a number out of range"),
        (float("inf"), "a number out of range"),
        (-1e30, "a number out of range"),
        (10**400, "a number out of range"),
        (NOW.timestamp() * 1e9, "a number out of range"),
    ],
)
def test_a_clock_that_returns_nonsense(
    flavour: Flavour, method: str, returned: object, found: str
) -> None:
    """The error names the clock and what it returned, before anything is sent."""
    told: list[CallFailed] = []
    clock = odd_clock(flavour, **{method: returned})
    client = ZEROHASH.open(flavour, clock=clock, hooks=Hooks(on_error=told.append))
    error = errors_of(client, flavour, lambda one: one.get_time())
    check(error, told, "get_time", "ConfigurationError")
    assert str(error).startswith(f"clock: {type(clock).__name__}.{method}() must return ")
    assert str(error).endswith(f", not {found}")


@each_flavour
def test_a_clock_that_raises(flavour: Flavour) -> None:
    """The clock's exception is raised unchanged, and the hook learns that the call failed."""

    def stopped() -> float:
        raise ZeroDivisionError

    clock = odd_clock(flavour)
    clock.time = stopped  # type: ignore[method-assign] # as a mock does
    told: list[CallFailed] = []
    client = ZEROHASH.open(flavour, clock=clock, hooks=Hooks(on_error=told.append))
    with pytest.raises(ZeroDivisionError) as caught:
        raise errors_of(client, flavour, lambda one: one.get_time()) from None
    assert caught.traceback[-1].name == "stopped"
    check(caught.value, told, "get_time", "ZeroDivisionError")


def test_a_clock_that_breaks_during_a_call() -> None:
    """A clock that breaks while a request is out ends the call, once."""
    readings = iter([1.0, 1.0, 1.0])

    class Breaking(OddClock):
        def monotonic(self) -> Any:
            return next(readings, None)

    told: list[CallFailed] = []
    with RawServer(saying(json_response({"epoch": 1}))) as server:
        client = ZEROHASH.open(
            "sync", base_url=server.url, clock=Breaking(), hooks=Hooks(on_error=told.append)
        )
        error = errors_of(client, "sync", lambda one: one.get_time())
    assert json.dumps(str(error)).startswith('"clock: Breaking.monotonic() must return a number')
    check(error, told, "get_time", "ConfigurationError")


class TimeLimit(Exception):  # noqa: N818 - named like those of workers
    """An exception from a signal handler."""


@pytest.mark.parametrize("struck", [TimeLimit(), ZeroDivisionError()])
def test_what_strikes_as_a_failed_call_is_told(struck: Exception) -> None:
    """A time limit gets out; a clock that breaks then doesn't hide why the call failed."""
    clock = OddClock()

    def stop(_: CallFailed) -> None:
        clock.time = stopped  # type: ignore[method-assign] # as a mock does

    def stopped() -> float:
        raise struck

    with RawServer(saying(json_response({"errors": ["no"]}, 403))) as server:
        client = ZEROHASH.open(
            "sync", base_url=server.url, clock=clock, hooks=Hooks(on_error=stop)
        )
        error = errors_of(client, "sync", lambda one: one.get_time())
    assert type(error) is (TimeLimit if error is struck else PermissionDeniedError)
    assert (error is struck) is isinstance(struck, TimeLimit)
