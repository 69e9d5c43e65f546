"""What all tests share, and the tests of the snippets in the README and the documentation."""

import contextlib
import gc
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from unittest import SkipTest

import pytest
from http_library import FAMILY, prefer_family
from sybil import Example, Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser


def pytest_configure() -> None:
    """Let all clients use the HTTP library that this run is for."""
    if FAMILY != "httpx":
        prefer_family()


def pytest_collection_finish() -> None:
    """Keep the tests themselves out of every later search for garbage, which many tests start."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Let the last search for what nobody closed see everything again."""
    gc.unfreeze()


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each async test on both event loops."""
    backend: str = request.param
    return backend


@pytest.fixture(scope="session")
def issuers() -> Iterator[Mapping[str, str]]:
    """Run a sandbox in another process; yield the variables that its clients read."""
    command = [sys.executable, "-m", "tokenkit", "sandbox"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(9)]
        yield dict(line.split("=", 1) for line in lines)
        process.terminate()


@pytest.fixture
def vendor_environment(issuers: Mapping[str, str]) -> Iterator[None]:
    """Point the snippets' ``from_env()`` at a sandbox."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in issuers.items():
            patch.setitem(os.environ, name, value)
        yield


def offer_conditions(namespace: dict[str, object]) -> None:
    """Let a document say for which versions of Python, and with which packages, a snippet is."""
    namespace["sys"] = sys
    namespace["has"] = has


def has(package: str) -> bool:
    """Tell whether a package is installed."""
    return importlib.util.find_spec(package) is not None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Let a snippet build on those above it, wherever these were run.

    pytest-xdist spreads a page's snippets over processes, or one of them is run alone.
    """
    if isinstance(item, SybilItem):
        run_those_above(item.example)


def run_those_above(example: Example) -> None:
    """Run what stands above a snippet and has not run in this process, the notes to skip too."""
    ran: set[int] = example.namespace.setdefault("snippets_that_ran", set())
    for one in example.document.examples():
        if one.start < example.start and one.start not in ran:
            ran.add(one.start)
            with contextlib.suppress(SkipTest):
                one.evaluate()
    ran.add(example.start)


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    setup=offer_conditions,
    patterns=["README.md", "docs/*.md"],
    fixtures=["vendor_environment"],
).pytest()
