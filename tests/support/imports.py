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
            yield _named(module, node)
        elif isinstance(node, ast.Name) and node.id in ("__import__", "eval", "exec"):
            yield (node.id,)


def _resolved(module: str, name: str, package: str | None = None) -> Target:
    rest = name.lstrip(".")
    inner = tuple(rest.split(".")) if rest else ()
    level = len(name) - len(rest)
    folder = tuple((package or _package_of(module)).split("."))
    return (*folder[: len(folder) - level + 1], *inner) if level else inner


def _package_of(module: str) -> str:
    return ".".join(("tokenkit", *Path(module).parts[:-1]))


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _named(module: str, call: ast.Call) -> Target:
    """Return what ``import_module()`` imports, with ``UNKNOWN`` for each part that is computed."""
    given = dict(zip(("name", "package"), call.args, strict=False))
    given |= {one.arg or "": one.value for one in call.keywords}
    package = _text(module, given["package"]) if "package" in given else None
    return _resolved(module, _text(module, given.get("name")), package)


def _text(module: str, node: ast.AST | None) -> str:
    """Return the text of an expression, with ``UNKNOWN`` for each part that is computed."""
    match node:
        case ast.Constant(value=value):
            text = str(value)
        case ast.JoinedStr(values=pieces):
            text = "".join(_text(module, piece) for piece in pieces)
        case ast.FormattedValue(value=inner):
            text = _text(module, inner)
        case ast.BinOp(left=left, right=right):  # "a" + b, or "a%s" % b
            text = _text(module, left) + _text(module, right)
        case ast.Call(func=ast.Attribute(value=pattern)):  # "a{}".format(b)
            text = _text(module, pattern) + UNKNOWN
        case ast.Name(id="__package__"):
            text = _package_of(module)
        case ast.Name(id="__name__"):
            inside = not module.endswith("__init__.py")
            text = _package_of(module) + (f".{Path(module).stem}" if inside else "")
        case _:
            text = UNKNOWN
    return text


def outside(module: str, source: str | None = None) -> set[str]:
    """Return the first names of what is imported from outside."""
    return {target[0] for target in imports(module, source)} - {"tokenkit"}


def folders_used(module: str, source: str | None = None) -> set[str]:
    """Return the top-level names of the package that are imported; its own for all of it."""
    return {
        one[1] if one[1:] else one[0] for one in imports(module, source) if one[0] == "tokenkit"
    }
