"""What a module of the package imports, wherever and however it does."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import tokenkit

PACKAGE = Path(tokenkit.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
UNKNOWN = "?"
"""Stands for what only a running program knows."""

Target: TypeAlias = tuple[str, ...]
"""The parts of a dotted name, such as ``("tokenkit", "zdk", "models")``."""


def source_of(module: str) -> str:
    return (PACKAGE / module).read_text("utf-8")


def nodes(module: str) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(source_of(module)))


def imports(module: str, source: str | None = None) -> Iterator[Target]:
    """Yield what is imported: at once, for type checkers only, in functions, or by name."""
    for node in ast.walk(ast.parse(source_of(module) if source is None else source)):
        if isinstance(node, ast.Import):
            yield from (tuple(one.name.split(".")) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _resolved(module, "." * node.level + (node.module or ""))
            yield from ((*base, one.name) for one in node.names)
        elif isinstance(node, ast.Call) and _called(node) == "import_module":
            yield _resolved(module, _name_in(node))
        elif isinstance(node, ast.Name) and node.id == "__import__":
            yield ("__import__",)


def _resolved(module: str, name: str) -> Target:
    rest = name.lstrip(".")
    inner = tuple(rest.split(".")) if rest else ()
    level = len(name) - len(rest)
    folder = ("tokenkit", *Path(module).parts[:-1])
    return (*folder[: len(folder) - level + 1], *inner) if level else inner


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _name_in(call: ast.Call) -> str:
    """Return the name that is imported, with ``UNKNOWN`` for each part that is computed."""
    name = call.args[0] if call.args else None
    pieces = name.values if isinstance(name, ast.JoinedStr) else [name]
    texts = [piece.value if isinstance(piece, ast.Constant) else UNKNOWN for piece in pieces]
    return "".join(map(str, texts))


def outside(module: str, source: str | None = None) -> set[str]:
    """Return the first names of what is imported from outside."""
    return {target[0] for target in imports(module, source)} - {"tokenkit"}


def folders_used(module: str, source: str | None = None) -> set[str]:
    """Return the top-level names of the package that are imported."""
    return {one[1] for one in imports(module, source) if one[0] == "tokenkit" and one[1:]}
