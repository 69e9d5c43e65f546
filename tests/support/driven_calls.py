"""Calls of every vendor in every flavour, by a clock that only sleeping moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import anyio
import attrs
import pytest
from network_calls import (
    API_KEY,
    HARMLESS,
    MINT,
    MINTED,
    ORG_ID,
    TOKEN,
    ZEROHASH_KEY,
    ZEROHASH_MINTED,
    ZEROHASH_PASSPHRASE,
    ZEROHASH_PRIVATE_KEY,
    nothing,
)
from raw_server import json_answer

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    AsyncZeroHashClient,
    Reply,
    StrigoClient,
    TokenKitError,
    ZdkClient,
    ZeroHashClient,
    zdk,
)
from tokenkit.extension import AsyncClient, Call, CallOptions, Client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from network_calls import Family, Flavour
    from typing_extensions import Unpack

    from tokenkit import Hooks

T = TypeVar("T")
E = TypeVar("E", bound=TokenKitError)

Vendor: TypeAlias = Literal["strigo", "zdk", "zerohash"]

each_vendor = pytest.mark.parametrize("vendor", ["strigo", "zdk", "zerohash"])

ZDK_KEY = "zdk-company-key-5e1f"
ZDK_MINT = zdk.UserTokenRequest(id="user-1")
ZDK_MINTED = json_answer({"tokens": [TOKEN]})

MINTS: Mapping[Vendor, Call[Any]] = {"strigo": MINT, "zdk": ZDK_MINT, "zerohash": HARMLESS}
ANSWERS: Mapping[Vendor, bytes] = {
    "strigo": MINTED,
    "zdk": ZDK_MINTED,
    "zerohash": ZEROHASH_MINTED,
}


@attrs.define
class DrivenTime:
    """A time that stands still but for sleep; keeps how long each sleep was."""

    now: float = 1_800_000_000.0
    naps: list[float] = attrs.field(factory=list[float])

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@attrs.frozen
class _Clock:
    driven: DrivenTime

    def time(self) -> float:
        return self.driven.time()

    def monotonic(self) -> float:
        return self.driven.monotonic()


class DrivenClock(_Clock):
    """The driven time, for sync clients."""

    def sleep(self, seconds: float) -> None:
        self.driven.nap(seconds)


class AsyncDrivenClock(_Clock):
    """The driven time, for async clients."""

    async def sleep(self, seconds: float) -> None:
        self.driven.nap(seconds)


class DrivenOptions(CallOptions, total=False):
    http_family: Family
    hooks: Hooks
    correct_clock_skew: bool


class _AllOptions(DrivenOptions, total=False):
    base_url: str


def driven_client(
    flavour: Flavour,
    vendor: Vendor,
    url: str,
    time: DrivenTime,
    **options: Unpack[DrivenOptions],
) -> Client | AsyncClient:
    """Make a client of a vendor that lives by a driven time."""
    given: _AllOptions = {"base_url": url, **options}
    if flavour == "sync":
        clock = DrivenClock(time)
        match vendor:
            case "strigo":
                return StrigoClient(org_id=ORG_ID, api_key=API_KEY, clock=clock, **given)
            case "zdk":
                return ZdkClient(api_key=ZDK_KEY, clock=clock, **given)
            case _:
                return ZeroHashClient(
                    api_key=ZEROHASH_KEY,
                    private_key=ZEROHASH_PRIVATE_KEY,
                    passphrase=ZEROHASH_PASSPHRASE,
                    clock=clock,
                    **given,
                )
    async_clock = AsyncDrivenClock(time)
    match vendor:
        case "strigo":
            return AsyncStrigoClient(org_id=ORG_ID, api_key=API_KEY, clock=async_clock, **given)
        case "zdk":
            return AsyncZdkClient(api_key=ZDK_KEY, clock=async_clock, **given)
        case _:
            return AsyncZeroHashClient(
                api_key=ZEROHASH_KEY,
                private_key=ZEROHASH_PRIVATE_KEY,
                passphrase=ZEROHASH_PASSPHRASE,
                clock=async_clock,
                **given,
            )


def outcomes(
    client: Client | AsyncClient,
    flavour: Flavour,
    *calls: Call[T],
    between: Callable[[], None] = nothing,
) -> list[Reply[T] | TokenKitError]:
    """Send calls one after the other; return each one's reply or error."""
    ends: list[Reply[T] | TokenKitError] = []
    if isinstance(client, Client):
        with client:
            for call in calls:
                try:
                    ends.append(client.send_raw(call))
                except TokenKitError as error:
                    ends.append(error)
                between()
        return ends

    async def main() -> None:
        async with client:
            for call in calls:
                try:
                    ends.append(await client.send_raw(call))
                except TokenKitError as error:
                    ends.append(error)
                between()

    anyio.run(main, backend=flavour)
    return ends


def replies(ends: list[Reply[T] | TokenKitError]) -> list[Reply[T]]:
    """Return the replies of calls that must all have succeeded."""
    found = [end for end in ends if isinstance(end, Reply)]
    assert len(found) == len(ends), ends
    return found


def errors(kind: type[E], ends: list[Reply[Any] | TokenKitError]) -> list[E]:
    """Return the errors of calls that must all have failed with just this class of error."""
    found = [end for end in ends if isinstance(end, kind)]
    assert [type(end) for end in ends] == [kind] * len(ends), ends
    return found
