"""Processes that share a store, driven by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from all_clients import STRIGO_MINT
from memory_store import MemoryStore
from reuse_world import (
    Vendor,
    World,
    cache_with,
)

if TYPE_CHECKING:
    from tokenkit.extension import Call


class Processes:
    """Processes that share a store."""

    def __init__(
        self, call: Call[object] = STRIGO_MINT, number: int = 2, **settings: object
    ) -> None:
        self.world = World()
        self.store = MemoryStore(self.world.now)
        self.vendors = [
            Vendor(self.world, call, cache_with(self.store, **settings)) for _ in range(number)
        ]
