"""Fixtures that the tests of bulk runs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tokenkit import StrigoClient


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Return a sandbox that a module's tests share."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def own_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Return a sandbox for one test, with the environment set to it."""
    with Sandbox() as sandbox:
        for name, value in sandbox.environment.items():
            monkeypatch.setenv(name, value)
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[StrigoClient]:
    """Return a Strigo client for the sandbox."""
    with sandbox.strigo_client() as client:
        yield client


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a table of twelve learners."""
    path = tmp_path / "learners.csv"
    rows = [f"learner{number}@example.com,Learner {number},Berlin" for number in range(12)]
    path.write_text("\n".join(["E-Mail,name,city", *rows, ""]), "utf-8")
    return path
