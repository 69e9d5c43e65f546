"""What all tests share, and the tests of the snippets in the README and the documentation."""

import contextlib
import gc
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from http_library import FAMILY, prefer_family
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.typing import Evaluator

# Pages whose snippets use what those above them have made.
STORIES = {"bulk.md"}


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


class BuildingOn(PythonCodeBlockParser):
    """Runs the snippets of a page that tells one story, even if they are spread over processes."""

    def __call__(self, document: Document) -> Iterator[Region]:
        """Find the snippets; each runs those above it first that have not run in this process."""
        for region in super().__call__(document):
            if Path(document.path).name in STORIES and region.evaluator is not None:
                region.evaluator = partial(after_those_above, region.evaluator)
            yield region


def after_those_above(evaluate: Evaluator, example: Example) -> str | None:
    """Run a snippet after those above it."""
    ran: set[int] = example.namespace.setdefault("snippets_that_ran", set())
    for earlier in example.document.examples():
        run = earlier.region.evaluator
        # A note about what is to be skipped is no snippet.
        is_missing = earlier.start < example.start and earlier.start not in ran
        if isinstance(run, partial) and is_missing:
            with contextlib.suppress(ModuleNotFoundError):
                run(earlier)
    ran.add(example.start)
    return evaluate(example)


pytest_collect_file = Sybil(
    parsers=[BuildingOn(), SkipParser()],
    setup=offer_conditions,
    patterns=["README.md", "docs/*.md"],
    fixtures=["vendor_environment"],
).pytest()
