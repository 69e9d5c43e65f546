from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clocks import frozen_clock

from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokenkit.testing import FrozenClock


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def clock() -> FrozenClock:
    return frozen_clock()


@pytest.fixture
def timed_sandbox(clock: FrozenClock) -> Iterator[Sandbox]:
    """Run a sandbox whose time `clock` sets."""
    with Sandbox(clock=clock.time) as running:
        yield running


@pytest.fixture
def faulty(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Lend the shared sandbox, without what earlier tests left there."""
    sandbox.reset()
    yield sandbox
    sandbox.clear_faults()
