"""A look into the pools of clients, for tests of what stands below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenkit.extension import AsyncClient, Client


def pools_of(client: Client | AsyncClient) -> list[Any]:
    """Return a client's pools, of all processes or event loops."""
    pools = _part(_part(client, "_shared").connections, "_pools")
    values: list[Any] = list(pools.values())
    return values if type(pools) is dict else [one() for one in values if one() is not None]


def idle_of(client: Client | AsyncClient) -> Any:
    """Return the deque of a client's idle connections; it has one pool."""
    return _part(idle_connections_of(client), "_connections")


def idle_connections_of(client: Client | AsyncClient) -> Any:
    """Return what keeps a client's idle connections; it has one pool."""
    (pool,) = pools_of(client)
    return _part(pool, "_idle")


def _part(whole: object, name: str) -> Any:
    return vars(whole)[name]
