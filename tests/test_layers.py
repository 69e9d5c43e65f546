"""Rules for imports that import-linter can't hold: it sees no import by name or for checkers."""

import ast
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest
from by_name import absolute, by_name
from house import floors
from imports import (
    MODULES,
    folders_used,
    imports,
    imports_at_once,
    nodes,
    outside,
    source_of,
)
from purity import EXCUSED, asked, impure, pure_modules, reached

VENDORS = ("strigo/", "zdk/", "zerohash/")
LEVELS = {name: level for level, row in enumerate(reversed(floors())) for name in row}
# On one floor, but one may know the other.
SIDEWAYS = {("_policy", "auth"), ("_secret", "errors")}
HTTP_LIBRARIES = {"h11", "httpcore", "httpcore2", "httpx", "httpx2"}
LOOKS_UP = {"__import__", "find_spec", "import_module", "modules"}


def climbing(module: str, source: str) -> set[str]:
    """Return the folders that a module imports although they are not below its own."""
    own = module.partition("/")[0].removesuffix(".py")
    named = {"?"} if module == "_mint/command.py" else set[str]()  # a vendor
    return {
        name
        for name in folders_used(module, source) - {own, "__version__"} - named
        if (own, name) not in SIDEWAYS and LEVELS.get(name, len(LEVELS)) >= LEVELS[own]
    }


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


def http_libraries(module: str, source: str) -> set[str]:
    """Return the HTTP libraries that a module imports, or names where it looks modules up."""
    tree = [*ast.walk(ast.parse(source))]
    names = {one.id for one in tree if isinstance(one, ast.Name)}
    names |= {one.attr for one in tree if isinstance(one, ast.Attribute)}
    names |= {one.name for one in tree if isinstance(one, ast.alias)}
    found = outside(module, source)
    if names & LOOKS_UP:
        texts = [one.value for one in tree if isinstance(one, ast.Constant)]
        found |= {str(text).partition(".")[0] for text in texts}
    return found & HTTP_LIBRARIES


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
    assert impure(module, source_of(module)) == set()


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
        ("_pipeline/run.py", "import sys\nsys.modules['tokenkit'].ZdkClient"),
        ("_pipeline/run.py", "import sys\nsys.modules['tokenkit.' + 'zdk']"),
        ("_pipeline/run.py", "from sys import modules\nmodules.get('tokenkit.zdk')"),
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
        "import builtins\nbuiltins.__import__(name)",
        "__builtins__['__import__'](name)",
        "import sys\nsys.modules[name]",
    ],
)
def test_an_import_by_name_is_noticed(source: str) -> None:
    """However it is written, an import by name breaks the rule."""
    assert by_name("_pipeline/run.py", source)


@pytest.mark.parametrize(
    "source",
    [
        "__import__('tokenkit.zdk')",
        "import pkgutil",
        "eval(name)",
        "from importlib import import_module as load",
        "load = import_module",
        "modules = map(import_module, names)",
    ],
)
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
        "from .. import ZdkClient",
        "from .._policy import clock",
        "from .._policy.clock import *",
        "from .._policy.clock import moment_of as at",
        "import random",
        "from datetime import datetime as d\ndef f(moment=d.now): ...",
        "moments = map(datetime.now, zones)",
        "ask = datetime.utcnow",
        "ask = getattr(datetime, 'now')",
        "texts = map(open, paths)",
        "read = open",
        "from builtins import open as read",
        "from codecs import open as read",
        "import codecs\nread = codecs.open",
        "tell = print",
        "import sys\nsys.modules['time'].time()",
        "import sys as s\ns.stdin.read()",
        "import sys\nlibrary = sys",
        "from sys import stdin",
        "import os\nos.environ",
        "from pathlib import Path",
        "moment = datetime.fromtimestamp(wall)",
        "moment = datetime.fromtimestamp(wall, tz=None)",
        "moments = map(datetime.fromtimestamp, walls)",
        "moment = moment.astimezone()",
        "moment = getattr(moment, 'astimezone')()",
        "import decimal\ndecimal.getcontext().prec = 3",
        "import decimal as d\nd.setcontext(own)",
        "from decimal import localcontext",
        "import inspect\ninspect.currentframe()",
        "import urllib.parse\nurllib.request.urlopen(url)",
        "from inspect import os",
        "import json\njson.codecs.builtins",
        "from .._policy.retry import os",
        "from .._policy.retry import threading as t\nt.local()",
        "from .._policy import retry\nretry.os.environ",
    ],
)
def test_an_impure_module_is_noticed(source: str) -> None:
    """A clock, a file, the network or a context breaks the rule, however it is used."""
    assert reached("_pipeline/judge.py", source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("_policy/failure.py", "import time\ntime.time()"),
        ("_policy/failure.py", "import socket"),
        ("_policy/retry.py", "import random"),
        ("_policy/retry.py", "import os\nos.environ"),
        ("_model/codec.py", "import urllib.request"),
        ("_model/call.py", "def f(today=date.today): ..."),
        ("_redaction.py", "print('a')"),
    ],
)
def test_an_impure_module_below_is_noticed(module: str, source: str) -> None:
    """The rule holds in each folder that a pure module uses, also where a name is excused."""
    assert module in pure_modules()
    assert impure(module, source)


def test_a_pure_module_uses_pure_modules() -> None:
    """The rule holds for all that a pure module uses, in any folder, and not for the drivers."""
    below = {"_model/codec.py", "_pipeline/success.py", "_policy/failure.py", "auth/strategy.py"}
    assert below < pure_modules()
    assert "_pipeline/drivers.py" not in pure_modules()


def test_each_excuse_is_needed() -> None:
    """What a pure module may name although it asks, it does name."""
    for module, names in EXCUSED.items():
        assert names <= asked(module, source_of(module))


@pytest.mark.parametrize("module", MODULES)
def test_only_the_http_folder_knows_httpx(module: str) -> None:
    """Rule 2: only one folder speaks HTTP."""
    assert module.startswith("_http/") or not http_libraries(module, source_of(module))


@pytest.mark.parametrize(
    "source",
    [
        "import httpx",
        "from httpcore2 import ConnectionPool",
        "import_module('httpx')",
        "sys.modules.get('httpx')",
        "sys.modules['httpx']",
        "name = 'httpcore.backends'\nsys.modules[name]",
        "from sys import modules as loaded\nloaded.get('h11')",
        "from importlib import import_module as load\nload('httpx2')",
        "if find_spec('httpx'): ...",
    ],
)
def test_an_http_library_is_noticed(source: str) -> None:
    """It may be imported, or found among the modules that are loaded."""
    assert http_libraries("_client/settings.py", source)


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


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("if PYPY:\n    from .zdk import models", True),
        ("try:\n    import x\nexcept ImportError:\n    from . import zdk", True),
        ("import tokenkit.zdk.models", True),
        ("from tokenkit.zdk import models as m", True),
        ("class A:\n    from .zdk import models", True),
        ("if TYPE_CHECKING:\n    import x\nelse:\n    from .zdk import models", True),
        ("if TYPE_CHECKING:\n    from .zdk import models", False),
        ("def f():\n    from .zdk import models", False),
    ],
)
def test_what_is_imported_at_once(source: str, *, found: bool) -> None:
    """It is whatever runs when the module is loaded, in any block."""
    assert bool(imports_at_once("errors.py", source)) is found


def test_no_circle_of_imports() -> None:
    """Each module can be loaded and understood by itself."""
    graph = {one: imports_at_once(one) for one in MODULES}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", MODULES)
def test_each_module_says_what_it_offers(module: str) -> None:
    """It lists its names in ``__all__``, unless it is only a folder's docstring."""
    tree = ast.parse(source_of(module)).body
    listed = [ast.unparse(one.targets[0]) for one in tree if isinstance(one, ast.Assign)]
    assert len(tree) == 1 or listed.count("__all__") == 1


@pytest.mark.parametrize("module", [one for one in MODULES[1:] if one.startswith("_")])
def test_the_inner_folders_do_not_know_the_face(module: str) -> None:
    """The package's own face imports everything: only its version may be taken from there."""
    for node in nodes(module):
        if isinstance(node, ast.ImportFrom) and node.level == len(Path(module).parts):
            assert node.module or {one.name for one in node.names} <= {"__version__"}
