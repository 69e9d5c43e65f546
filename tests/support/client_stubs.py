"""Writes the ``client.pyi`` of each vendor: its clients with whole signatures, for every editor.

Not every editor evaluates :func:`tokenkit.extension.operation`. The parameters of a method are
those of its request model, and are written by hand there only.

    nox -s stubs
"""

import ast
import inspect
import subprocess
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import tokenkit
from tokenkit.extension import JSON, JSONObject

VENDORS = ("strigo", "zdk", "zerohash")
HEADER = "# Made from the request models by `nox -s stubs`; don't edit it by hand.\n"
INDENT = "    "


class Names:
    """The names that a stub uses, and where it imports them from."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.imported: dict[str, set[str]] = {}

    def add(self, module: str, name: str) -> str:
        """Record a name; return it."""
        self.imported.setdefault(module, set()).add(name)
        return name

    def add_class(self, cls: type[Any]) -> str:
        """Record a class, in the module that this package's vendors import it from."""
        module = cls.__module__
        if module == "builtins":
            return cls.__name__
        if module.startswith(self.package):
            return self.add(module.removeprefix(self.package), cls.__name__)
        if module.startswith("tokenkit."):
            return self.add("..extension", cls.__name__)
        return self.add(module, cls.__name__)

    def annotation(self, hint: Any) -> str:
        """Write a type as source."""
        if hint in (None, type(None), Ellipsis):
            return "..." if hint is Ellipsis else "None"
        if hint in (JSON, JSONObject):
            return self.add("..extension", hint.__name__)
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return " | ".join(self.annotation(one) for one in arguments)
        if origin is typing.Literal:
            name = self.add("typing", "Literal")
            return f"{name}[{', '.join(repr(one) for one in arguments)}]"
        if origin is not None:
            listed = ", ".join(self.annotation(one) for one in arguments)
            return f"{self.add_class(origin)}[{listed}]"
        return self.add_class(hint)


def imports_of(module: types.ModuleType) -> dict[str, str]:
    """Map the names that a module imports to where it imports them from."""
    tree = ast.parse(inspect.getsource(module))
    return {
        alias.asname or alias.name: f"{'.' * node.level}{node.module or ''}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def documented(doc: str) -> list[str]:
    """Write a docstring, within a class's body and a function's."""
    lines = inspect.cleandoc(doc).splitlines()
    quoted = [f'"""{lines[0]}', *lines[1:]]
    quoted += ['"""'] if len(lines) > 1 else []
    text = quoted if len(lines) > 1 else [f'{quoted[0]}"""']
    return [f"{INDENT}{line}" if line else "" for line in text]


def operation_stub(name: str, method: Any, names: Names) -> Iterator[str]:
    """Write a method that comes from a request model."""
    signature = inspect.signature(method)
    parameters: list[str] = []
    for parameter in [*signature.parameters.values()][1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parameters:
            parameters.append("*")
        written = f"{parameter.name}: {names.annotation(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            simple = parameter.default is None or isinstance(parameter.default, (bool, int, str))
            written += f" = {parameter.default!r}" if simple else " = ..."
        parameters.append(written)
    start = "async def" if inspect.iscoroutinefunction(method) else "def"
    listed = ", ".join(["self", *parameters])
    yield f"{start} {name}({listed}) -> {names.annotation(signature.return_annotation)}:"
    yield from documented(method.__doc__ or "")


def plain_stub(
    node: ast.FunctionDef | ast.AsyncFunctionDef, home: Mapping[str, str], names: Names
) -> Iterator[str]:
    """Write a method as it is in the source, without its body."""
    for used in ast.walk(ast.Module([node.args, *([node.returns] if node.returns else [])], [])):  # type: ignore[list-item]  # walked only
        if isinstance(used, ast.Name) and used.id in home:
            names.add(home[used.id], used.id)
    doc = ast.get_docstring(node)
    node = ast.parse(ast.unparse(node)).body[0]  # type: ignore[assignment]  # the same kind
    node.body = [ast.Expr(ast.Constant(...))]
    yield from ast.unparse(node).splitlines()[:-1]
    yield from documented(doc) if doc else [f"{INDENT}..."]


def class_stub(cls: Any, source: ast.ClassDef, home: Mapping[str, str], names: Names) -> list[str]:
    """Write a client class: its constructor and what else it defines, and its calls."""
    base = "AsyncClient" if "AsyncClient" in [one.__name__ for one in cls.__mro__] else "Client"
    names.add("..extension", base)
    lines = [f"class {cls.__name__}({base}):", *documented(cls.__doc__ or "")]
    for node in source.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            stub = plain_stub(node, home, names)
            lines += ["", *(f"{INDENT}{line}" if line else "" for line in stub)]
    mixins = [one for one in cls.__mro__ if one.__module__ == f"{cls.__module__[:-7]}.calls"]
    for mixin in mixins:
        tree = ast.parse(inspect.getsource(mixin)).body[0]
        assert isinstance(tree, ast.ClassDef)
        calls_home = imports_of(sys.modules[mixin.__module__])
        for node in tree.body:
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            method = getattr(cls, node.name)
            is_operation = inspect.isfunction(method) and hasattr(method, "__signature__")
            stub = (
                operation_stub(node.name, method, names)
                if is_operation
                else plain_stub(node, calls_home, names)
            )
            lines += ["", *(f"{INDENT}{line}" if line else "" for line in stub)]
    return lines


def stub_of(vendor: str) -> str:
    """Make the text of a vendor's ``client.pyi``."""
    module = import_module(f"tokenkit.{vendor}.client")
    names = Names(f"tokenkit.{vendor}")
    home = imports_of(module)
    tree = ast.parse(inspect.getsource(module))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    body: list[str] = []
    for node in classes:
        body += ["", *class_stub(getattr(module, node.name), node, home, names)]
    exported = ", ".join(f'"{name}"' for name in sorted(module.__all__))
    imports = [
        f"from {place} import {', '.join(sorted(found))}"
        for place, found in sorted(names.imported.items())
    ]
    head = [f'"""{module.__doc__}"""', "", *imports, "", f"__all__ = [{exported}]"]
    return HEADER + "\n".join([*head, *body]) + "\n"


def formatted(text: str) -> str:
    """Sort imports and break lines as everywhere in the project."""
    ruff = [sys.executable, "-m", "ruff"]
    name = ["--stdin-filename", "src/tokenkit/client.pyi"]
    project = Path(__file__).parents[2]
    for command in (
        [*ruff, "check", "-q", "--select", "I,RUF022", "--fix", *name, "-"],
        [*ruff, "format", "-q", *name, "-"],
    ):
        made = subprocess.run(
            command, input=text, capture_output=True, text=True, check=True, cwd=project
        )
        text = made.stdout
    return text


def main() -> None:
    """Write each vendor's stub into the package."""
    package = Path(tokenkit.__file__).parent
    for vendor in VENDORS:
        (package / vendor / "client.pyi").write_text(formatted(stub_of(vendor)), "utf-8")


if __name__ == "__main__":
    main()
