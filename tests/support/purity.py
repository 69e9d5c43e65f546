"""What a module could reach more than its arguments: a clock, a file, the network, a context."""

import ast
from collections.abc import Iterator

from imports import MODULES, Target, imports, source_of

PURE = ("_pipeline/prepare.py", "_pipeline/judge.py")
CLOCK = "_policy/clock.py"
# Of the clock, these take a time or hold one; the rest ask for it.
TIMELESS = {"ClockOffset", "Moment"}
# What only computes: whole libraries, and some names of others.
COMPUTES = {
    *("abc", "array", "attrs", "base64", "cattrs", "codecs", "collections", "datetime", "decimal"),
    *("difflib", "email.utils.parsedate_to_datetime", "enum", "functools", "hmac", "html"),
    *("http.HTTPStatus", "inspect", "ipaddress", "itertools", "json", "math", "operator"),
    *("pathlib.PurePath", "re", "sys.exc_info", "sys.stdlib_module_names"),
    *("traceback.clear_frames", "traceback.format_exception_only", "types", "typing"),
    *("typing_extensions", "urllib.parse"),
}
# Read name by name, as ``os.getpid`` is: the libraries that also reach further.
BY_ATTRIBUTE = {"os", "sys", "threading"}
ATTRIBUTES = {"now", "open", "today", "utcnow"}
BUILTINS = {"__builtins__", "__import__", "breakpoint", "eval", "exec", "input", "open", "print"}
EXCUSED = {
    # A reply that a test makes by hand was received now; judge() says when.
    "_model/call.py": {"datetime.now"},
    # The retry budget's lock, one for each process: neither prepare nor judge takes a retry.
    "_policy/retry.py": {"os.getpid", "threading.Lock"},
}


def impure(module: str, source: str) -> set[str]:
    """Return the names by which a module itself could reach more than its arguments."""
    return asked(module, source) - EXCUSED.get(module, set())


def asked(module: str, source: str) -> set[str]:
    """Return those names, excused or not."""
    found = {*_libraries(module, source), *_names(source)}
    for target in imports(module, source):
        home = _home(target)
        if target[0] == "tokenkit" and (
            home is None or (home == CLOCK and target[-1] not in TIMELESS)
        ):
            found.add(".".join(target))
    return found


def used(module: str, source: str) -> set[str]:
    """Return the modules of the package that a module uses, and what they use; but no clock."""
    found: set[str] = set()
    waiting = [(module, source)]
    while waiting:
        for target in imports(*waiting.pop()):
            home = _home(target)
            if home is not None and home != CLOCK and home not in found:
                found.add(home)
                waiting.append((home, source_of(home)))
    return found


def reached(module: str, source: str) -> set[str]:
    """Return the impure names of a module and of all that it uses."""
    names = impure(module, source)
    return names.union(*(impure(one, source_of(one)) for one in used(module, source)))


def pure_modules() -> set[str]:
    """Return the modules that must be pure, and all that they use."""
    return {*PURE}.union(*(used(one, source_of(one)) for one in PURE))


def _home(target: Target) -> str | None:
    """Return the module in which a name of the package is, or that it names."""
    if target[0] != "tokenkit":
        return None
    for parts in (target[1:], target[1:-1]):
        for one in ("/".join(parts) + ".py", "/".join((*parts, "__init__.py"))):
            if parts and one in MODULES:
                return one
    return None


def _libraries(module: str, source: str) -> Iterator[str]:
    """Yield what is used of other libraries and doesn't only compute."""
    tree = ast.parse(source)
    read = {
        one.asname or one.name: one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for one in node.names
        if one.name in BY_ATTRIBUTE
    }
    found = {".".join(one) for one in imports(module, source) if one[0] != "tokenkit"}
    found -= {*read.values()}
    owners: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in read:
                owners.add(node.value)
                found.add(f"{read[node.value.id]}.{node.attr}")
        elif isinstance(node, ast.Name) and node.id in read and node not in owners:
            found.add(read[node.id])  # itself, for example under another name
    for name in found:
        if not any(f"{name}.".startswith(f"{one}.") for one in COMPUTES):
            yield name


def _names(source: str) -> Iterator[str]:
    """Yield the names that ask, whether they are called, handed on, or written as a string."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) if name in BUILTINS:
                yield name
            case ast.Attribute(attr=name) if name in ATTRIBUTES:
                yield ast.unparse(node)
            case ast.alias(name=name) if name in ATTRIBUTES:
                yield name
            case ast.Constant(value=str(text)) if text in ATTRIBUTES | BUILTINS:
                yield text
            case _:
                pass
