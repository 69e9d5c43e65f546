"""G28 for a worker's time limit: an ``Exception``, which may strike at any line of a call."""

from __future__ import annotations

import gc
import signal
import threading
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import httpx
import pytest
from all_clients import ZEROHASH_MINT
from credentials import zdk_client, zerohash_client
from strikes import NthLine, Strike

from tokenkit import ConfigurationError, Hooks
from tokenkit.extension import JSON, Call, ResponseInfo, read_response, response_field

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import FrameType


class SoftTimeLimit(Exception):  # noqa: N818 - named as Celery's
    """An exception that a worker's time limit raises in a signal handler."""


@attrs.frozen(kw_only=True)
class Person:
    """An item of a list."""

    name: str


@attrs.frozen(kw_only=True)
class People:
    """A list."""

    people: list[Person]


@attrs.frozen(kw_only=True)
class ListPeople(Call[People]):
    """A call that reads a list."""

    path: ClassVar[str] = "/people"

    def encode(self, now: datetime) -> JSON:
        """Write a body."""
        return {"at": now.isoformat()}

    def decode(self, body: JSON, response: ResponseInfo) -> People:
        """Read the list."""
        del response
        return read_response(body, People)


class Sent:
    """A vendor behind a transport: its response, and the requests that it got."""

    def __init__(self, status: int, body: JSON) -> None:
        self.status = status
        self.body = body
        self.requests: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self.respond)

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Note a request; respond."""
        self.requests.append(request)
        return httpx.Response(self.status, json=self.body)


def mint(sent: Sent) -> object:
    """Mint a token of zerohash."""
    with zerohash_client(transport=sent.transport) as client:
        return client.send(ZEROHASH_MINT)


def list_people(sent: Sent) -> object:
    """List people."""
    with zdk_client(transport=sent.transport) as client:
        return client.send(ListPeople())


PEOPLE: JSON = {"people": [{"name": "a"}, {"name": "b"}]}
ODD_PEOPLE: JSON = {"people": [{"name": "a"}, {"name": 2}]}
CASES: dict[str, tuple[Callable[[Sent], object], int, JSON]] = {
    "a mint": (mint, 200, {"message": {"token": "t-1", "new": [1]}}),
    "a refusal": (mint, 400, {"errors": ["not now"], "message": "no"}),
    "a list": (list_people, 200, PEOPLE),
    "a list that can't be read": (list_people, 200, ODD_PEOPLE),
}
# What a call runs apart from its connections and hooks. Code that cattrs makes has no module.
INNER = ("tokenkit._pipeline", "tokenkit._model", "tokenkit._policy", "tokenkit._redaction")
RUN = (*INNER, "cattrs", "json.decoder", "json.encoder")


def is_run(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__", ""))
    return module.startswith(RUN) or not module


def outcome_if_struck(line: int, act: Callable[[Sent], object], sent: Sent) -> object:
    """Perform a call, raising at the n-th line; return its outcome, or ``None`` without a strike.

    Afterwards, ``sent`` has only the requests that came after the strike.
    """
    nth = NthLine(line)

    def is_place(frame: FrameType) -> bool:
        if strikes := nth(frame):
            sent.requests.clear()
        return strikes

    gc.disable()  # it would close an earlier call's generator here, and lose what strikes there
    try:
        with Strike(SoftTimeLimit, is_run, is_place):
            outcome: object = act(sent)
    except Exception as error:  # noqa: BLE001 - whatever came of it
        outcome = error
    finally:
        gc.enable()
    return outcome if nth.was_reached else None


@pytest.mark.parametrize("case", CASES)
def test_a_time_limit_at_any_line_comes_out(case: str) -> None:
    """It isn't taken for a response that can't be read, and no request follows it."""
    act, status, body = CASES[case]
    outcome_if_struck(0, act, Sent(status, body))  # loads what is loaded once
    line = 0
    while True:
        line += 1
        sent = Sent(status, body)
        outcome = outcome_if_struck(line, act, sent)
        if outcome is None:
            break
        if isinstance(outcome, ConfigurationError):  # it struck inside the strategy
            outcome = outcome.__cause__
        assert isinstance(outcome, SoftTimeLimit), (line, outcome)
        assert sent.requests == [], line
    assert line > 100


def strike(value: object) -> str:
    """Be interrupted by a signal, in the midst of a conversion."""
    signal.raise_signal(signal.SIGTERM)
    return str(value)


@attrs.frozen(kw_only=True)
class StruckPerson:
    """An item whose conversion a signal interrupts."""

    name: str = attrs.field(metadata=response_field(load=strike))


@attrs.frozen(kw_only=True)
class StruckPeople:
    """A list of them."""

    people: list[StruckPerson]


class StruckReading(ListPeople):
    """A call whose response a signal interrupts."""

    def decode(self, body: JSON, response: ResponseInfo) -> Any:
        """Read the list."""
        del response
        return read_response(body, StruckPeople)


class StruckDecoding(ListPeople):
    """The same in a call's own code."""

    def decode(self, body: JSON, response: ResponseInfo) -> Any:
        """Read nothing."""
        return strike([body, response])


class StruckEncoding(ListPeople):
    """The same for the body of the request."""

    def encode(self, now: datetime) -> JSON:
        """Write nothing."""
        return strike(now)


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals need it"
)
@pytest.mark.parametrize(
    ("call", "requests"), [(StruckReading(), 1), (StruckDecoding(), 1), (StruckEncoding(), 0)]
)
@pytest.mark.parametrize("kind", [SoftTimeLimit, TimeoutError])
def test_what_a_signal_handler_raises_in_a_model_comes_out(
    call: ListPeople, requests: int, kind: type[Exception]
) -> None:
    """A signal during a model's own conversion isn't the model's failure.

    Once the vendor has responded, the call isn't reported as not performed.
    """

    def limit(*_: object) -> None:
        raise kind

    sent, failed = Sent(200, PEOPLE), list[Any]()
    hooks = Hooks(on_error=failed.append)
    before = signal.signal(signal.SIGTERM, limit)
    try:
        with (
            zdk_client(transport=sent.transport, hooks=hooks) as client,
            pytest.raises(kind) as caught,
        ):
            client.send(call)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert caught.traceback[-1].name == "limit"
    assert len(sent.requests) == requests
    assert [record.outcome for record in failed] == ["unknown" if requests else "not performed"]
