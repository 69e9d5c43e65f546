"""Bulk runs whose vendor is a function and whose clock is driven."""

from __future__ import annotations

import math
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import attrs

from tokenkit import Reply, strigo
from tokenkit.bulk.async_sending import AsyncSendMany
from tokenkit.bulk.options import Settings
from tokenkit.bulk.sender import AsyncSender, Sender, SyncSender
from tokenkit.bulk.sending import SendMany
from tokenkit.errors import RateLimitError
from tokenkit.extension import Headers
from tokenkit.testing import FrozenClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping

    from tokenkit import Call
    from tokenkit.bulk import Failure, Result, Success
    from tokenkit.extension import Rate
    from tokenkit.sandbox import Sandbox

T = TypeVar("T")

VENDOR = "Vendor at https://vendor.test"


def learners(count: int, begin: int = 0) -> Iterator[strigo.UserTokenRequest]:
    """Return mints for learners."""
    for number in range(begin, begin + count):
        yield strigo.UserTokenRequest(email=f"learner{number}@example.com")


def reply(value: Any, headers: Mapping[str, str] | None = None) -> Reply[Any]:
    """Return a success."""
    return Reply(
        value=value, status=200, headers=Headers(headers or {}), request_id=None, attempts=1
    )


def rate_limit_error(retry_after: float | None = None) -> RateLimitError:
    """Return a 429."""
    return RateLimitError("Too Many Requests", status=429, retry_after=retry_after)


def sender(
    send: Callable[[Call[Any]], Reply[Any]],
    clock: FrozenClock | None = None,
    *,
    name: str = VENDOR,
    identity: bytes = b"i" * 32,
    rate: Rate | None = None,
    refused_wait: float | None = None,
) -> SyncSender:
    """Return a client whose calls call a function."""

    def sending(call: Call[Any], *, may_retry: bool) -> Reply[Any]:
        del may_retry
        return send(call)

    return Sender(
        origin_of=lambda _: "https://vendor.test",
        name=name,
        send=sending,
        clock=clock or FrozenClock(),
        secrets=tuple,
        identity=lambda _: identity,
        rate=rate,
        refused_wait=refused_wait,
        blames_credentials=lambda _: False,
    )


def async_sender(
    send: Callable[[Call[Any]], Reply[Any]], clock: FrozenClock | None = None
) -> AsyncSender:
    """Return an async client whose calls call a function."""

    async def sending(call: Call[Any], *, may_retry: bool) -> Reply[Any]:
        del may_retry
        await anyio.lowlevel.checkpoint()
        return send(call)

    async def secrets() -> tuple[()]:
        return ()

    made = sender(send, clock)
    async_clock = (clock or FrozenClock()).as_async()
    return attrs.evolve(made, send=sending, secrets=secrets, clock=async_clock)  # type: ignore[arg-type, return-value] # evolve keeps the types


def run(
    calls: Iterable[Call[T]], send: Callable[[Call[Any]], Reply[Any]], **options: Any
) -> SendMany[T]:
    """Return a run; arguments that aren't options of a run are the sender's."""
    of_sender = {
        name: options.pop(name)
        for name in ("clock", "identity", "name", "rate", "refused_wait")
        if name in options
    }
    return SendMany(calls, Settings.parse(options), sender(send, **of_sender))


def async_run(
    calls: Iterable[Call[T]] | AsyncIterable[Call[T]],
    send: Callable[[Call[Any]], Reply[Any]],
    clock: FrozenClock | None = None,
    **options: Any,
) -> AsyncSendMany[T]:
    """Return an async run."""
    return AsyncSendMany(calls, Settings.parse(options), async_sender(send, clock))


def results(opened: SendMany[T]) -> list[Success[T] | Failure[T]]:
    """Return all results of a run."""
    with opened:
        return list(opened)


@attrs.define
class WindowedVendor:
    """A vendor that counts requests in windows and reports them, as Strigo does.

    Attributes:
        clock: Times the windows.
        limit: Requests in a window.
        window: Its length in seconds.
        ahead: How far the vendor's clock is ahead of the client's.
        dated: Whether responses have the vendor's time.
        rounds_up: Whether the reset is the second after the window's end, not before it.
    """

    clock: FrozenClock
    limit: int
    window: int
    ahead: float = 0.0
    dated: bool = True
    rounds_up: bool = False
    allowed: Counter[float] = attrs.field(factory=Counter[float])
    refused: Counter[float] = attrs.field(factory=Counter[float])
    opened: float = 0.0
    lock: Any = attrs.field(factory=threading.Lock)

    def send(self, call: Call[Any]) -> Reply[Any]:
        """Respond to a request."""
        with self.lock:
            now = self.clock.time() + self.ahead
            if not self.opened <= now < self.opened + self.window:
                self.opened = now
            if self.allowed[self.opened] >= self.limit:
                self.refused[self.opened] += 1
                raise rate_limit_error(self.window)
            self.allowed[self.opened] += 1
            headers = {
                "x-ratelimit-limit": str(self.limit),
                "x-ratelimit-remaining": str(self.limit - self.allowed[self.opened]),
                "x-ratelimit-reset": str(self._told()),
            }
            if self.dated:
                headers["date"] = _http_date(now)
            return reply(call, headers)

    def _told(self) -> int:
        ends = self.opened + self.window
        return math.ceil(ends) if self.rounds_up else math.floor(ends)


def _http_date(seconds: float) -> str:
    from email.utils import formatdate  # noqa: PLC0415 - only here

    return formatdate(int(seconds), usegmt=True)


async def in_async(sandbox: Sandbox, calls: Any, **options: Any) -> list[Result[strigo.UserToken]]:
    """Return the results of an async run against the sandbox."""
    async with (
        sandbox.async_strigo_client() as client,
        client.send_many(calls, **options) as results,
    ):
        return [result async for result in results]


def emails(results: list[Result[strigo.UserToken]]) -> list[str]:
    """Return whose tokens came."""
    return [result.value.email for result in results if result.ok]
