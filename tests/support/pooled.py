"""A look into clients' pools, for tests of what is below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenkit.extension import AsyncClient, Client


def field(value: object, name: str) -> Any:
    return vars(value)[name]


def pools_of(client: Client | AsyncClient) -> list[Any]:
    """Return a client's pools, of all processes or event loops."""
    pools = field(field(client, "_shared").connections, "_pools")
    values: list[Any] = [*pools.values()]
    return values if isinstance(pools, dict) else [one() for one in values if one() is not None]


def idle_of(client: Client | AsyncClient) -> Any:
    """Return the deque of a client's idle connections; it has one pool."""
    (pool,) = pools_of(client)
    return field(field(pool, "_idle"), "_connections")
