"""The ``client.pyi`` of each vendor, from which editors and type checkers take its signatures."""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import client_stubs
import pytest

import tokenkit

EACH_VENDOR = pytest.mark.parametrize("vendor", client_stubs.VENDORS)


def meaning(stub: str) -> tuple[set[str], list[str]]:
    """Return a stub's imported names and its other parts, without their layout."""
    tree = ast.parse(stub)
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    names = {f"{one.module}.{alias.name}" for one in imports for alias in one.names}
    return names, [ast.unparse(node) for node in tree.body if node not in imports]


@EACH_VENDOR
def test_a_stub_is_what_the_models_say(vendor: str) -> None:
    """A change of a model, a call or a client is also in the checked-in stub."""
    stub = Path(tokenkit.__file__).parent / vendor / "client.pyi"
    assert meaning(stub.read_text("utf-8")) == meaning(client_stubs.stub_of(vendor)), (
        f"{vendor}/client.pyi is out of date: run `nox -s stubs`"
    )


@EACH_VENDOR
def test_a_stub_has_every_public_method(vendor: str) -> None:
    """An editor finds what a client has at run time in the stub or in the class it names."""
    module = import_module(f"tokenkit.{vendor}.client")
    stub = Path(module.__file__ or "").with_suffix(".pyi").read_text("utf-8")
    classes = {node.name: node for node in ast.parse(stub).body if isinstance(node, ast.ClassDef)}
    for name in module.__all__:
        client: Any = getattr(module, name)
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        written = {one.name for one in classes[name].body if isinstance(one, functions)}
        inherited = {
            "profile",
            *dir(tokenkit.extension.Client),
            *dir(tokenkit.extension.AsyncClient),
        }
        public = {one for one in dir(client) if not one.startswith("_")}
        assert public - inherited == written - {"__init__"}


PLAIN = """
async def find(self, number: int=1, *, by: Finder) -> Found | None:
    'Find it.'
    return await self.send(number, by)
"""


def test_a_plain_method_is_copied() -> None:
    """A method without a model keeps its signature and docstring, and its names are imported."""
    (node,) = ast.parse(PLAIN).body
    assert isinstance(node, ast.AsyncFunctionDef)
    names = client_stubs.Names("tokenkit.acme")
    stub = client_stubs.plain_stub(node, {"Finder": ".finders", "Found": ".found"}, names)
    assert [*stub] == [
        "async def find(self, number: int=1, *, by: Finder) -> Found | None:",
        '    """Find it."""',
    ]
    assert names.imported == {".finders": {"Finder"}, ".found": {"Found"}}
