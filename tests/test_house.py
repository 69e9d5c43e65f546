"""Rules of the source tree that no linter checks."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from imports import MODULES, PACKAGE, nodes, source_of

SECTION = re.compile(r"Args:|Attributes:|Raises:")
ENTRY = re.compile(r"\*{0,2}\w[\w.]*(, \w[\w.]*)*: ")
# Where the design lets asynchronous code stand.
MAY_BE_ASYNC = (
    "_client/bulk_methods.py",
    "_client/client.py",
    "_client/operation.py",
    "_client/options.py",
    "_client/origins.py",
    "_client/paging.py",
    "_client/failed_call.py",
    "_client/procedure.py",
    "_client/tapped_connections.py",
    "_client/tokens.py",
    "_http/",
    "_pipeline/drivers.py",
    "_pipeline/secret_sources.py",
    "_policy/clock.py",
    "_policy/event_loop.py",
    "_reuse/asking.py",
    "_reuse/flight.py",
    "bulk/async_",
    "bulk/sender.py",
    "sandbox/",
    "stores/loops.py",
    "stores/redis.py",
    "stores/redis_clients.py",
    "stores/sqlite.py",
    "stores/threads.py",
    "testing/clock.py",
    "testing/stores.py",
)


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
    """The life of a call is written once, not once for each kind of client."""
    asynchronous = any(isinstance(node, ast.AsyncFunctionDef) for node in nodes(module))
    assert module.startswith(MAY_BE_ASYNC) or not asynchronous


@pytest.mark.parametrize("module", MODULES)
def test_nothing_prints(module: str) -> None:
    """A library doesn't write to its user's terminal."""
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
    """Each `type: ignore` has its reason on its line, and nothing is left out of coverage."""
    bare: list[str] = []
    for module in MODULES:
        for number, line in enumerate(source_of(module).splitlines(), 1):
            silenced = "# type: ignore" in line or "# noqa" in line
            explained = " - " in line or "(" in line.partition("# noqa")[2] or line.count("#") > 1
            if "pragma: no cover" in line or (silenced and not explained):
                bare.append(f"{module}:{number}")
    assert bare == []


def stray_lines(docstring: str) -> Iterator[str]:
    """Yield the lines of a docstring's lists that the reference would take for entries."""
    begin: int | None = None  # where a list's heading stands
    entries = 0
    for line in docstring.splitlines():
        indent = len(line) - len(line.lstrip())
        if SECTION.fullmatch(line.strip()):
            begin, entries = indent, 0
        elif begin is not None and line.strip():
            entries = entries or indent
            if indent <= begin:
                begin = None
            elif indent == entries and not ENTRY.match(line.strip()):
                yield line.strip()


@pytest.mark.parametrize("module", MODULES)
def test_lists_in_docstrings_are_indented(module: str) -> None:
    """Each line of a list either begins an argument, attribute or error, or is indented."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [ast.get_docstring(node) for node in nodes(module) if isinstance(node, documented)]
    assert [line for text in found if text for line in stray_lines(text)] == []


@pytest.mark.parametrize("module", MODULES)
def test_keys_of_typed_dicts_have_docstrings(module: str) -> None:
    """Editors explain each option: hovering over a keyword shows the docstring below its key."""
    for node in nodes(module):
        if isinstance(node, ast.ClassDef) and is_typed_dict(node):
            for key, below in pairwise([*node.body, None]):
                assert not isinstance(key, ast.AnnAssign) or isinstance(below, ast.Expr), node.name


def is_typed_dict(node: ast.ClassDef) -> bool:
    bases = [ast.unparse(base) for base in node.bases]
    return "TypedDict" in bases or any(keyword.arg == "total" for keyword in node.keywords)


def length(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_modules_are_short() -> None:
    """No module has more than 350 lines, and half of them have at most 130."""
    lengths = sorted(length(PACKAGE / module) for module in MODULES)
    assert lengths[-1] <= 350
    assert lengths[len(lengths) // 2] <= 130


def test_test_modules_are_short() -> None:
    """No module of the tests has more than 400 lines."""
    tests = Path(__file__).parent
    assert [path.name for path in tests.rglob("*.py") if length(path) > 400] == []


def test_credentials_stand_in_one_place() -> None:
    """Tests pass the shared credentials; as literals, only what no client accepts.

    The samples for type checkers are programs of their own.
    """
    names = {"api_key", "org_id", "private_key", "passphrase"}
    malformed = {"", "!!", "a\nb", "a:b"}
    assert [
        f"{path.name}:{node.value.lineno}"
        for path in Path(__file__).parent.rglob("*.py")
        if path.parent.name != "typing"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.keyword)
        and node.arg in names
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and node.value.value not in malformed
    ] == []
