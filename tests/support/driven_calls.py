"""Calls of every vendor and flavour, by a clock that moves only by sleeping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import anyio
import pytest
from all_clients import VENDORS
from network_calls import nothing

from tokenkit import Reply, TokenKitError
from tokenkit.extension import (
    AsyncClient,
    Call,
    CallOptions,
    Client,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Family, Flavour
    from typing_extensions import Unpack

    from tokenkit import Hooks
    from tokenkit.testing import FrozenClock

T = TypeVar("T")
E = TypeVar("E", bound=TokenKitError)

Vendor: TypeAlias = Literal["strigo", "zdk", "zerohash"]

each_vendor = pytest.mark.parametrize("vendor", list(VENDORS))


class DrivenOptions(CallOptions, total=False):
    http_family: Family
    hooks: Hooks
    correct_clock_skew: bool


def driven_client(
    flavour: Flavour,
    vendor: Vendor,
    url: str,
    time: FrozenClock,
    **options: Unpack[DrivenOptions],
) -> Client | AsyncClient:
    """Make a vendor's client that uses a driven time."""
    clock = time if flavour == "sync" else time.as_async()
    return VENDORS[vendor].open(flavour, base_url=url, clock=clock, **options)


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
    """Return the errors of calls that must all have failed with exactly this class."""
    found = [end for end in ends if isinstance(end, kind)]
    assert [type(end) for end in ends] == [kind] * len(ends), ends
    return found
