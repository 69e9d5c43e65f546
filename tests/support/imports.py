"""What a module of the package imports, wherever and however it does."""

import ast
from collections.abc import Iterable, Iterator
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


def module_at(target: Target) -> str | None:
    """Return the module of the package that a target names."""
    inside = "/".join(target[1:])
    for one in (f"{inside}.py", f"{inside}/__init__.py"):
        if target[:1] == ("tokenkit",) and one in MODULES:
            return one
    return None


def imports(module: str, source: str | None = None) -> Iterator[Target]:
    """Yield what is imported: at once, for type checkers only, in functions, or by name."""
    for node in ast.walk(ast.parse(source_of(module) if source is None else source)):
        yield from (target for _, target in _statement(module, node))
        match node:
            case ast.Call() if _called(node) == "import_module":
                yield _named(module, node)
            case ast.Name(id=name) if name in ("__builtins__", "__import__", "eval", "exec"):
                yield (name,)
            case (
                ast.Subscript(value=table, slice=key)
                | ast.Call(func=ast.Attribute(value=table, attr="get"), args=[key, *_])
            ) if ast.unparse(table) in ("sys.modules", "modules"):
                yield _resolved(module, _text(module, key))
            case _:
                pass


def bound(module: str, source: str | None = None) -> Iterator[tuple[str, Target]]:
    """Yield each name that an import binds, with what it stands for."""
    for node in ast.walk(ast.parse(source_of(module) if source is None else source)):
        for one, target in _statement(module, node):
            whole = one.asname or isinstance(node, ast.ImportFrom)  # "import a.b" binds only a
            yield one.asname or one.name.partition(".")[0], target if whole else target[:1]


def imports_at_once(module: str, source: str | None = None) -> set[str]:
    """Return the modules of the package that are imported when this one is."""
    found: set[str | None] = set()
    for node in _at_once(ast.parse(source_of(module) if source is None else source)):
        for _, target in _statement(module, node):
            found |= {module_at(target), module_at(target[:-1])}
    return {one for one in found if one} - {module}


def _at_once(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a module is loaded: no functions, and nothing for type checkers."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        return
    yield node
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        children = node.orelse
    for child in children:
        yield from _at_once(child)


def _statement(module: str, node: ast.AST) -> Iterator[tuple[ast.alias, Target]]:
    """Yield the names in an import statement, with what they stand for."""
    if isinstance(node, ast.Import):
        yield from ((one, tuple(one.name.split("."))) for one in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _resolved(module, "." * node.level + (node.module or ""))
        yield from ((one, (*base, one.name)) for one in node.names)


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
