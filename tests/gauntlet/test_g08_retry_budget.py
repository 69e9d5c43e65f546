"""G8: 1,000 failing calls on one client: fewer than 1,100 requests sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from all_clients import STRIGO_MINT, STRIGO_MINTED
from clocks import frozen_clock
from driven_calls import driven_client, errors, outcomes, replies
from network_calls import each_family, each_flavour
from raw_server import RawServer, http, responding

from tokenkit import Hooks, RetryPolicy, ServerError

if TYPE_CHECKING:
    from network_calls import Family, Flavour

    from tokenkit.extension import RetryPlanned

CALLS = 1000


@each_flavour
@each_family
def test_an_outage_is_not_multiplied(flavour: Flavour, family: Family) -> None:
    """A thousand calls into an outage send at most a tenth more requests, for all retries."""
    planned: list[RetryPlanned] = []
    with RawServer(responding(lambda _: http(503))) as server:
        client = driven_client(
            flavour,
            "strigo",
            server.url,
            frozen_clock(),
            http_family=family,
            retry=RetryPolicy(max_retries=10),
            hooks=Hooks(on_retry=planned.append),
        )
        found = errors(ServerError, outcomes(client, flavour, *[STRIGO_MINT] * CALLS))
        assert CALLS < len(server.requests) < 1100
        assert len(server.requests) == sum(error.attempts for error in found)
        assert len(planned) == len(server.requests) - CALLS
    # The first calls are tried again as they were told to be, the last ones not at all.
    assert found[0].attempts == 11
    assert found[-1].attempts == 1


@each_flavour
@each_family
def test_successes_earn_retries_again(flavour: Flavour, family: Family) -> None:
    """After an outage and a series of successes, a failing call is retried again."""
    outage, recovery = 100, 30
    served = 0

    with RawServer(responding(lambda _: STRIGO_MINTED if healthy() else http(503))) as server:

        def healthy() -> bool:
            return outage <= served < outage + recovery

        def note() -> None:
            nonlocal served
            served += 1

        client = driven_client(flavour, "strigo", server.url, frozen_clock(), http_family=family)
        calls = [STRIGO_MINT] * (outage + recovery + 10)
        ends = outcomes(client, flavour, *calls, between=note)
    before = errors(ServerError, ends[:outage])
    assert [error.attempts for error in before[-10:]] == [1] * 10
    replies(ends[outage : outage + recovery])
    after = errors(ServerError, ends[outage + recovery :])
    assert after[0].attempts == 3
    assert after[-1].attempts == 1
