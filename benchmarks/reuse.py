"""The cost of a reused token against other caches, and how often many callers mint."""

import tempfile
from collections.abc import Callable, Mapping

import attrs

from .machine import Machine, this_machine
from .peers import DISTRIBUTIONS
from .processes import output_of
from .stampede import redis_server, stampede

__all__ = ["GOALS", "OURS", "Reuse", "measure_reuse"]

HIT, POST = "get_token", "httpx.Client.post"
ROUND_TRIP, IN_REDIS = "one round trip of redis-py", "Redis, sealed"
FOLLOWER = "a caller that waits for a mint"
IN_SQLITE = "SQLite, unsealed"
OURS = frozenset(
    {HIT, f"{HIT}, awaited", f"{HIT}, a new equal call", f"{HIT}, 100,000 tokens", FOLLOWER}
    | {IN_REDIS, IN_SQLITE}
)
# Peers that keep one token, know no expiry, or one for all, and what is no peer at all.
NO_PEERS = ("one token", "no expiry", "one lifetime for all", "httpx", "redis-py")

GOALS: Mapping[str, tuple[str, float]] = {
    "hit": ("reuse: a hit, in microseconds", 2.0),
    "awaited": ("reuse: an awaited hit, in microseconds", 2.0),
    "hit ÷ post": ("reuse: a hit ÷ httpx.Client.post in memory", 0.01),
    "hit ÷ peer": ("reuse: a hit ÷ the fastest peer that keeps each token until it expires", 1.0),
    "many ÷ one": ("reuse: a hit with 100,000 tokens ÷ with 1", 3.0),
    "follower": ("reuse: a caller that waits for a mint, in microseconds", 40.0),
    "sqlite": ("reuse: a hit in SQLite, in microseconds", 100.0),
    "redis ÷ round trip": ("reuse: a hit in Redis ÷ one round trip of redis-py", 3.0),
    "SQLite: 8 processes, 200 page views of 50 users each": (
        "reuse: mints for 50 users, 8 processes on SQLite",
        50.0,
    ),
    "Redis: 8 processes, 200 page views of 50 users each": (
        "reuse: mints for 50 users, 8 processes on Redis",
        50.0,
    ),
    "Redis: 8 processes, 2,000 tasks of one user each": (
        "reuse: mints for one user, 8 processes, 2,000 tasks each",
        1.0,
    ),
}


@attrs.frozen
class Reuse:
    """The cost of a reused token.

    Attributes:
        machine: Where it was measured.
        costs: CPU of a hit in microseconds, by name.
        mints: The tokens minted in a stampede, by name.
    """

    machine: Machine
    costs: dict[str, float]
    mints: dict[str, int]

    @property
    def figures(self) -> dict[str, float]:
        """The figures that the goals judge, by their short names."""
        costs = self.costs
        hit = costs[HIT]
        peers = [
            cost
            for name, cost in costs.items()
            if name not in OURS and not any(word in name for word in NO_PEERS)
        ]
        figures = {
            "hit": hit,
            "awaited": costs[f"{HIT}, awaited"],
            "hit ÷ post": hit / costs[POST],
            "many ÷ one": costs[f"{HIT}, 100,000 tokens"] / hit,
            "follower": costs[FOLLOWER],
            "sqlite": costs[IN_SQLITE],
            **{name: float(count) for name, count in self.mints.items()},
        }
        if peers:
            figures["hit ÷ peer"] = hit / min(peers)
        if IN_REDIS in costs:
            figures["redis ÷ round trip"] = costs[IN_REDIS] / costs[ROUND_TRIP]
        return figures


def measure_reuse(rounds: int, say: Callable[[str], None]) -> Reuse:
    """Measure hits, and stampedes of eight processes.

    Args:
        rounds: How many; the minimum counts, because other programs can only add to it.
        say: Reports progress.
    """
    mints: dict[str, int] = {}
    with redis_server() as url, tempfile.TemporaryDirectory() as folder:
        program = "benchmarks.reuse_program"
        costs = output_of(program, str(rounds), *filter(None, [url]))
        say("reuse: hits")
        for name, store in (("SQLite", f"{folder}/tokens.db"), ("Redis", url)):
            if store is not None:
                key = f"{name}: 8 processes, 200 page views of 50 users each"
                mints[key] = stampede(store, 200, 50, "threads")
        if url is not None:
            key = "Redis: 8 processes, 2,000 tasks of one user each"
            mints[key] = stampede(url, 2000, 1, "tasks")
        say("reuse: stampedes")
    return Reuse(this_machine(["tokenkit-sdk", "httpx", "redis", *DISTRIBUTIONS]), costs, mints)
