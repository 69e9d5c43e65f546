"""A look into the pools of clients, for tests of what stands below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenkit.extension import AsyncClient, Client


def pools_of(client: Client | AsyncClient) -> list[Any]:
    """Return a client's pools, of all processes or event loops."""
    connections: Any = vars(client)["_shared"].connections
    pools: Any = vars(connections)["_pools"]
    values = list(pools.values())
    return values if isinstance(pools, dict) else [one() for one in values if one() is not None]


def idle_of(client: Client | AsyncClient) -> Any:
    """Return the deque of a client's idle connections; it has one pool."""
    (pool,) = pools_of(client)
    return vars(vars(pool)["_idle"])["_connections"]
