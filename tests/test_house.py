"""Rules of the source tree that no linter holds."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tokenkit

PACKAGE = Path(tokenkit.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
# Where the design lets asynchronous code stand.
MAY_BE_ASYNC = {
    "_client.py",
    "_clock.py",
    "_drivers.py",
    "_http/aio.py",
    "_http/aio_lanes.py",
    "_http/aio_network.py",
    "_http/asyncio_network.py",
    "_http/body.py",
    "_http/receiver.py",
    "_operation.py",
    "_settings.py",
    "testing/clock.py",
}


def nodes(module: str) -> Iterator[ast.AST]:
    return ast.walk(ast.parse((PACKAGE / module).read_text("utf-8")))


@pytest.mark.parametrize("module", MODULES)
def test_imports_within_the_package_are_relative(module: str) -> None:
    """A copied folder works under any name."""
    absolute = [
        node
        for node in nodes(module)
        if (isinstance(node, ast.ImportFrom) and not node.level and node.module == "tokenkit")
        or (
            isinstance(node, ast.Import)
            and any(name.name.partition(".")[0] == "tokenkit" for name in node.names)
        )
    ]
    assert absolute == []


@pytest.mark.parametrize("module", MODULES)
def test_async_code_stands_in_few_places(module: str) -> None:
    """The life of a call is written once, and not once for each kind of client."""
    asynchronous = any(isinstance(node, ast.AsyncFunctionDef) for node in nodes(module))
    if module not in MAY_BE_ASYNC and not module.startswith("sandbox/"):
        assert not asynchronous


@pytest.mark.parametrize("module", MODULES)
def test_nothing_prints(module: str) -> None:
    """A library has no business on its user's terminal."""
    printing = [
        node
        for node in nodes(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert printing == []


@pytest.mark.parametrize("module", MODULES)
def test_nothing_asks_for_installed_metadata(module: str) -> None:
    """A copied folder has no installed metadata."""
    imported = {node.module for node in nodes(module) if isinstance(node, ast.ImportFrom)}
    assert "importlib.metadata" not in imported


def test_suppressions_have_reasons() -> None:
    """Each `type: ignore` tells its reason on the line, nothing is left out of coverage."""
    bare: list[str] = []
    for module in MODULES:
        for number, line in enumerate((PACKAGE / module).read_text("utf-8").splitlines(), 1):
            silenced = "# type: ignore" in line or "# noqa" in line
            explained = " - " in line or "(" in line.partition("# noqa")[2] or line.count("#") > 1
            if "pragma: no cover" in line or (silenced and not explained):
                bare.append(f"{module}:{number}")
    assert bare == []


def test_modules_are_short() -> None:
    """No module has more than 400 lines, and half of them have at most 150."""
    lengths = sorted(len((PACKAGE / module).read_text("utf-8").splitlines()) for module in MODULES)
    assert lengths[-1] <= 400
    assert lengths[len(lengths) // 2] <= 150
