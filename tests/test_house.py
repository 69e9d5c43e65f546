"""Rules of the source tree that no linter checks."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

import tokenkit

PACKAGE = Path(tokenkit.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
SECTION = re.compile(r"Args:|Attributes:|Raises:")
ENTRY = re.compile(r"\*{0,2}\w[\w.]*(, \w[\w.]*)*: ")
VENDORS = ("strigo/", "zdk/", "zerohash/")
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
    """The life of a call is written once, not once for each kind of client."""
    asynchronous = any(isinstance(node, ast.AsyncFunctionDef) for node in nodes(module))
    assert module.startswith(MAY_BE_ASYNC) or not asynchronous


def imported(module: str) -> set[str]:
    """Return the first names of what a module imports from outside, wherever it does."""
    names: set[str] = set()
    for node in nodes(module):
        if isinstance(node, ast.Import):
            names.update(name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("module", MODULES)
def test_only_the_http_folder_knows_httpx(module: str) -> None:
    """Rule 2: only one folder speaks HTTP."""
    known = imported(module) & {"h11", "httpcore", "httpcore2", "httpx", "httpx2"}
    assert module.startswith("_http/") or not known


@pytest.mark.parametrize("module", MODULES)
def test_only_the_codec_knows_cattrs(module: str) -> None:
    """Rule 2: only one place turns JSON into models."""
    codec = ("_model/codec.py", "_model/arrays.py")
    assert module in codec or "cattrs" not in imported(module)


def folders_used(module: str) -> set[str]:
    """Return the top-level names of the package that a module imports, wherever it does."""
    here = ["tokenkit", *Path(module).parts[:-1]]
    names: set[str] = set()
    for node in nodes(module):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        target = [*here[: len(here) - node.level + 1], *(node.module or "").split(".")]
        target = [part for part in target if part]
        names.update([target[1]] if target[1:] else [one.name for one in node.names])
    return names


@pytest.mark.parametrize("module", [one for one in MODULES if one.startswith(VENDORS)])
def test_vendors_import_only_what_is_public(module: str) -> None:
    """Rule 1: a vendor needs no private name, so that one outside the package can do the same."""
    own = module.partition("/")[0]
    assert folders_used(module) <= {own, "auth", "errors", "extension"}


@pytest.mark.parametrize("module", [one for one in MODULES if one.startswith("sandbox/")])
def test_the_sandbox_knows_nothing_of_the_clients(module: str) -> None:
    """Rule 5: what checks the clients' requests shares no code with them."""
    makes_clients = module == "sandbox/clients.py"
    clients = ("extension", "strigo", "zdk", "zerohash") if makes_clients else ()
    assert folders_used(module) <= {"sandbox", "errors", *clients}


def imports_at_once(module: str) -> set[str]:
    """Return the modules of the package that are imported when this one is."""
    here = Path("tokenkit", module).parts[:-1]
    found: set[str] = set()
    for node in ast.parse((PACKAGE / module).read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = Path(*here[: len(here) - node.level + 1], *(node.module or "").split("."))
            for target in (base, *(base / one.name for one in node.names)):
                inside = target.relative_to("tokenkit").as_posix()
                names = (f"{inside}.py", f"{inside}/__init__.py")
                found.update(name for name in names if name in MODULES)
    return found - {module}


def test_no_circle_of_imports() -> None:
    """Each module can be loaded and understood by itself."""
    graph = {one: imports_at_once(one) for one in MODULES}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", [one for one in MODULES[1:] if one.startswith("_")])
def test_the_inner_folders_do_not_know_the_face(module: str) -> None:
    """The package's own face imports everything: only its version may be taken from there."""
    for node in nodes(module):
        if isinstance(node, ast.ImportFrom) and node.level == len(Path(module).parts):
            assert node.module or {one.name for one in node.names} <= {"__version__"}


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
        for number, line in enumerate((PACKAGE / module).read_text("utf-8").splitlines(), 1):
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
