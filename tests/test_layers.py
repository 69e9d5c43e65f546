"""Rules for imports that import-linter can't hold: it sees no import by name or for checkers."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest
from house import floors
from imports import MODULES, folders_used, imports, nodes, outside, source_of

VENDORS = ("strigo/", "zdk/", "zerohash/")
LEVELS = {name: level for level, row in enumerate(reversed(floors())) for name in row}
# On one floor, but one may know the other.
SIDEWAYS = {("_policy", "auth"), ("_secret", "errors")}
# Imports by name: a module's own folder, the vendor that a command names, optional libraries.
BY_NAME = {
    "__init__.py",
    "_http/family.py",
    "_http/settings.py",
    "_mint/command.py",
    "_mint/tables.py",
    "bulk/redis_rate_limiter.py",
    "stores/redis.py",
    "stores/redis_clients.py",
    "testing/__init__.py",
    "zerohash/__init__.py",
}
LOADERS = {"?", "__import__", "eval", "exec", "importlib", "pkgutil", "runpy"}
ABSOLUTE = {
    ".".join(("tokenkit", *Path(one).with_suffix("").parts)).removesuffix(".__init__")
    for one in MODULES[1:]
}
PURE = ("_pipeline/prepare.py", "_pipeline/judge.py")
COMPUTES = {"attrs", "codecs", "collections", "datetime", "functools", "re", "typing"}
ASKING = {"AsyncSystemClock", "SystemClock", "event_loop", "moment_of", "monotonic_of"}
ASKS_OUTSIDE = {"input", "now", "open", "print", "today", "utcnow"}


def climbing(module: str, source: str) -> set[str]:
    """Return the folders that a module imports although they are not below its own."""
    own = module.partition("/")[0].removesuffix(".py")
    named = {"?"} if module == "_mint/command.py" else set[str]()  # a vendor
    return {
        name
        for name in folders_used(module, source) - {own, "__version__"} - named
        if (own, name) not in SIDEWAYS and LEVELS.get(name, len(LEVELS)) >= LEVELS[own]
    }


def by_name(module: str, source: str) -> set[str]:
    """Return how a module imports by name, although it need not."""
    found = {".".join(one) for one in imports(module, source)}
    means = {one for one in found if one.partition(".")[0] in LOADERS}
    harmless = {"importlib.resources.files", "importlib.util.find_spec"}
    if module in BY_NAME:
        harmless |= {one for one in means if one[0] == "?"} | {"importlib.import_module"}
    return means - harmless


def absolute(source: str) -> set[str]:
    """Return the strings that name a module of the package, for any way to import it."""
    constants = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Constant)]
    return {str(one.value) for one in constants} & ABSOLUTE


def private(module: str, source: str) -> set[str]:
    """Return the names that a vendor imports although what they come from doesn't offer them."""
    offered = {
        name: {*import_module(f"tokenkit.{name}").__all__}
        for name in ("auth", "errors", "extension")
    }
    return {
        ".".join(one)
        for one in imports(module, source)
        if one[0] == "tokenkit" and one[1:2] and one[1] in offered
        if not one[2:] or one[2] not in offered[one[1]]
    }


def impure(module: str, source: str) -> Iterator[str]:
    """Yield the names by which a module could reach more than its arguments."""
    for target in imports(module, source):
        inside, folder = target[0] == "tokenkit", target[1] if target[1:] else ""
        if inside and folder == "_observability":
            pure = target[2] == "records"
        elif inside:
            pure = folder == "_pipeline" or LEVELS.get(folder, 0) <= LEVELS["_policy"]
        else:
            pure = target[0] in COMPUTES or target[:2] == ("urllib", "parse")
        if not pure or ASKING.intersection(target):
            yield ".".join(target)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in ASKS_OUTSIDE:
                yield name


def pure_modules() -> set[str]:
    """Return the pure modules, and those that they import from their own folder."""
    found: set[str] = set()
    waiting = [*PURE]
    while waiting:
        module = waiting.pop()
        found.add(module)
        for target in imports(module):
            other = "/".join(target[1:3]) + ".py"
            if target[:2] == ("tokenkit", "_pipeline") and other not in found:
                waiting.append(other)
    return found


@pytest.mark.parametrize("module", MODULES[1:])
def test_imports_only_go_down(module: str) -> None:
    """Rule 1, for imports in functions, for type checkers and by name too."""
    assert climbing(module, source_of(module)) == set()


@pytest.mark.parametrize("module", MODULES)
def test_few_modules_import_by_name(module: str) -> None:
    """An import by a computed name could lead anywhere."""
    assert by_name(module, source_of(module)) == set()
    assert absolute(source_of(module)) == set()


@pytest.mark.parametrize("module", sorted(pure_modules()))
def test_a_request_is_made_and_an_outcome_judged_by_pure_modules(module: str) -> None:
    """They ask no clock, file, network or context: their arguments are all that counts."""
    assert [*impure(module, source_of(module))] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("_model/call.py", "if TYPE_CHECKING:\n    from .._pipeline.run import perform"),
        ("_policy/retry.py", "def f():\n    from .._observability.logging import logger"),
        ("_observability/hooks.py", "from .._policy.retry import RetryPolicy"),
        ("auth/bearer.py", "from .. import _policy"),
        ("errors.py", "from ._secret import Secret"),
        ("_http/family.py", "import_module('..zdk', __package__)"),
        ("_http/family.py", "importlib.import_module(f'..{name}', __package__)"),
        ("_http/family.py", "import_module('tokenkit.zdk')"),
        ("_reuse/run.py", "from .._http.family import Family"),
        ("zdk/calls.py", "from ..strigo import models"),
        ("sandbox/app.py", "import tokenkit.testing"),
        ("_policy/retry.py", "import tokenkit\ntokenkit.zdk.ZdkClient"),
        ("_policy/retry.py", "import tokenkit as t\nt._http.family"),
        ("_policy/retry.py", "from .. import ZdkClient"),
        ("__main__.py", "def f():\n    import tokenkit"),
        ("zdk/calls.py", "import_module('tokenkit')"),
        ("stores/redis.py", "import_module('tokenkit.' + name)"),
        ("stores/redis.py", "import_module('..' + name, __package__)"),
        ("stores/redis.py", "import_module('tokenkit.%s' % name)"),
        ("stores/redis.py", "import_module('tokenkit.{}'.format(name))"),
        ("stores/redis.py", "import_module('.zdk', 'tokenkit')"),
        ("stores/redis.py", "import_module(name='.zdk', package='tokenkit')"),
        ("testing/__init__.py", "import_module(f'..{name}', __name__)"),
    ],
)
def test_a_climbing_import_is_noticed(module: str, source: str) -> None:
    """However it is written, an import that doesn't go down breaks the rule."""
    assert climbing(module, source)


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os')",
        "import_module(name)",
        "import importlib",
        "from importlib import import_module as load",
        "from importlib.util import module_from_spec",
        "import pkgutil",
        "exec('from tokenkit import zdk')",
        "eval('tokenkit')",
    ],
)
def test_an_import_by_name_is_noticed(source: str) -> None:
    """However it is written, an import by name breaks the rule."""
    assert by_name("_pipeline/run.py", source)


@pytest.mark.parametrize("source", ["__import__('tokenkit.zdk')", "import pkgutil", "eval(name)"])
def test_a_module_that_may_import_by_name_has_one_way(source: str) -> None:
    """Where an import by name is allowed, only ``import_module()`` is: it is read above."""
    assert by_name("stores/redis.py", source)


@pytest.mark.parametrize(
    "source",
    ["sys.modules['tokenkit._http.family']", "name = 'tokenkit.zdk'\nimport_module(name)"],
)
def test_a_name_of_a_module_is_noticed(source: str) -> None:
    """A string that names a module of the package breaks the rule, whoever uses it."""
    assert absolute(source)


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import socket",
        "import urllib",
        "import urllib.request",
        "from urllib import request",
        "from .._policy.event_loop import running_loop",
        "from .._policy import event_loop",
        "from contextvars import ContextVar",
        "from .drivers import drive\nfrom .._http.family import Family",
        "from .._observability.logging import logger",
        "from .._policy.clock import SystemClock",
        "from .._client.settings import ClientSettings",
        "moment = datetime.now(timezone.utc)",
        "text = open('key').read()",
        "__import__('time')",
    ],
)
def test_an_impure_module_is_noticed(source: str) -> None:
    """A clock, a file, the network or a context breaks the rule."""
    assert [*impure("_pipeline/judge.py", source)]


def test_a_pure_module_uses_pure_modules() -> None:
    """The rule holds for what a pure module imports beside it, and not for the drivers."""
    assert {"_pipeline/request_body.py", "_pipeline/success.py"} < pure_modules()
    assert "_pipeline/drivers.py" not in pure_modules()


@pytest.mark.parametrize("module", MODULES)
def test_only_the_http_folder_knows_httpx(module: str) -> None:
    """Rule 2: only one folder speaks HTTP."""
    known = outside(module) & {"h11", "httpcore", "httpcore2", "httpx", "httpx2"}
    assert module.startswith("_http/") or not known


def codecs_in(module: str, source: str | None = None) -> set[str]:
    """Return the names by which a module imports cattrs."""
    return outside(module, source) & {"cattr", "cattrs"}


@pytest.mark.parametrize("module", MODULES)
def test_only_the_codec_knows_cattrs(module: str) -> None:
    """Rule 2: only one place turns JSON into models."""
    assert module in ("_model/codec.py", "_model/arrays.py") or not codecs_in(module)


@pytest.mark.parametrize(
    "source", ["import cattrs.gen", "import cattr", "import cattr.converters"]
)
def test_cattrs_is_noticed_by_both_its_names(source: str) -> None:
    """The library installs a second package, which gives the same converters."""
    assert codecs_in("_model/checks.py", source)


@pytest.mark.parametrize("module", [one for one in MODULES if one.startswith(VENDORS)])
def test_vendors_import_only_what_is_public(module: str) -> None:
    """Rule 1: a vendor needs no private name, so that one outside the package can do the same."""
    own = module.partition("/")[0]
    assert folders_used(module) <= {own, "auth", "errors", "extension"}
    assert private(module, source_of(module)) == set()


@pytest.mark.parametrize(
    "source",
    [
        "from ..extension import _client",
        "from ..extension import ClientBase",
        "from ..errors import _RebuildsDetails",
        "from ..auth.strategy import AsyncStrategy",
        "from .. import extension",
    ],
)
def test_a_private_name_in_a_vendor_is_noticed(source: str) -> None:
    """What the kit itself imports isn't thereby part of it."""
    assert private("zdk/calls.py", source)


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
    for node in ast.parse(source_of(module)).body:
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
