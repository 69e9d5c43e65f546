"""Which modules import by name, and how."""

import ast
from collections.abc import Iterator
from pathlib import Path

from imports import MODULES, imports

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
# Modules that were loaded before, by a computed name: HTTP libraries, and a model's own.
LOADED_BY_NAME = {
    "_client/signatures.py",
    "_http/errors.py",
    "_http/family.py",
    "_http/progress.py",
}
LOADERS = {
    *("?", "__builtins__", "__import__", "builtins", "eval", "exec", "importlib", "pkgutil"),
    "runpy",
}
ABSOLUTE = {
    ".".join(("tokenkit", *Path(one).with_suffix("").parts)).removesuffix(".__init__")
    for one in MODULES[1:]
}


def by_name(module: str, source: str) -> set[str]:
    """Return how a module imports by name, although it need not."""
    found = {".".join(one) for one in imports(module, source)}
    means = {one for one in found if one.partition(".")[0] in LOADERS}
    harmless = {"importlib.resources.files", "importlib.util.find_spec"}
    if module in BY_NAME:
        harmless |= {one for one in means if one[0] == "?"} | {"importlib.import_module"}
    if module in LOADED_BY_NAME:
        harmless.add("?")
    return {*(means - harmless), *_hidden(source)}


def _hidden(source: str) -> Iterator[str]:
    """Yield where ``import_module()`` is renamed or handed on, and could import anything."""
    tree = [*ast.walk(ast.parse(source))]
    called = {one.func for one in tree if isinstance(one, ast.Call)}
    for node in tree:
        match node:
            case ast.alias(name="import_module", asname=str()):
                yield ast.unparse(node)
            case ast.Name(id="import_module") | ast.Attribute(attr="import_module"):
                if node not in called:
                    yield ast.unparse(node)
            case _:
                pass


def absolute(source: str) -> set[str]:
    """Return the strings that name a module of the package, for any way to import it."""
    constants = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Constant)]
    return {str(one.value) for one in constants} & ABSOLUTE
