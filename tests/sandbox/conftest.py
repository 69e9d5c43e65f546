from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sandbox_requests import FakeClock

from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def timed_sandbox(clock: FakeClock) -> Iterator[Sandbox]:
    """Run a sandbox whose time `clock` sets."""
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def faulty(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Lend the shared sandbox, without what earlier tests left there."""
    sandbox.reset()
    yield sandbox
    sandbox.clear_faults()
