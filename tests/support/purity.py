"""What a module could reach more than its arguments: a clock, a file, the network, a context."""

import ast
from collections.abc import Iterator
from functools import cache
from inspect import ismodule
from pkgutil import resolve_name

from imports import Target, bound, imports, module_at, source_of

PURE = ("_pipeline/prepare.py", "_pipeline/judge.py")
CLOCK = "_policy/clock.py"
# Of the clock, these take a time or hold one; the rest ask for it.
TIMELESS = {"ClockOffset", "Moment"}
# What only computes: whole libraries, and some names of others.
COMPUTES = {
    *("abc", "array", "attrs", "base64", "cattrs", "codecs", "collections", "datetime"),
    *(
        "decimal.Decimal",
        "difflib",
        "email.utils.parsedate_to_datetime",
        "enum",
        "functools",
        "hmac",
        "html",
    ),
    *("http.HTTPStatus", "inspect.Parameter", "inspect.Signature", "inspect.ismemberdescriptor"),
    *("inspect.signature", "ipaddress", "itertools", "json", "math", "operator"),
    *("pathlib.PurePath", "re", "sys.exc_info", "sys.stdlib_module_names"),
    *("traceback.clear_frames", "traceback.format_exception_only", "types", "typing"),
    *("typing_extensions", "urllib.parse"),
}
# Libraries that reach further too: what is named of them counts, and not their import.
BY_ATTRIBUTE = {"decimal", "inspect", "os", "sys", "threading"}
ATTRIBUTES = {"now", "open", "today", "utcnow"}
# These ask for the computer's time zone, unless one comes behind so many other arguments.
LOCAL = {"astimezone": 0, "fromtimestamp": 1}
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
    return module_at(target) or module_at(target[:-1])


def _libraries(module: str, source: str) -> Iterator[str]:
    """Yield what is used of other libraries and doesn't only compute."""
    for target in map(_origin, _named(module, source)):
        name = ".".join(target)
        if target[0] != "tokenkit" and not _computes(name):
            yield name


def _named(module: str, source: str) -> Iterator[Target]:
    """Yield what a module imports, and what it names of that."""
    yield from (one for one in imports(module, source) if ".".join(one) not in BY_ATTRIBUTE)
    tree = [*ast.walk(ast.parse(source))]
    owners = {one.value for one in tree if isinstance(one, ast.Attribute)}
    names = [
        ast.unparse(one).split(".")
        for one in tree
        if isinstance(one, ast.Attribute) or (isinstance(one, ast.Name) and one not in owners)
    ]
    for name, target in bound(module, source):
        yield from ((*target, *rest) for first, *rest in names if first == name)


@cache
def _bound(module: str) -> dict[str, Target]:
    return dict(bound(module))


def _origin(target: Target) -> Target:
    """Return what a module of the package only hands on, by its own name."""
    for end in range(len(target) - 1, 1, -1):
        home = module_at(target[:end])
        if home is not None and target[end] in _bound(home):
            return _origin((*_bound(home)[target[end]], *target[end + 1 :]))
    return target


def _computes(name: str) -> bool:
    return any(f"{name}.".startswith(f"{one}.") for one in COMPUTES) and not _is_foreign(name)


@cache
def _is_foreign(name: str) -> bool:
    """Return whether a name is another library that this one has imported."""
    try:
        found: object = resolve_name(name)
    except (AttributeError, ImportError, ValueError):  # not a name of the library
        return False
    return ismodule(found) and found.__name__ != name


def _names(source: str) -> Iterator[str]:
    """Yield the names that ask, whether they are called, handed on, or written as a string."""
    tree = [*ast.walk(ast.parse(source))]
    zoned = {one.func for one in tree if isinstance(one, ast.Call) and _has_zone(one)}
    for node in tree:
        match node:
            case ast.Name(id=name) if name in BUILTINS:
                yield name
            case ast.Attribute(attr=name) if name in ATTRIBUTES:
                yield ast.unparse(node)
            case ast.Attribute(attr=name) if name in LOCAL and node not in zoned:
                yield ast.unparse(node)
            case ast.alias(name=name) if name in ATTRIBUTES:
                yield name
            case ast.Constant(value=str(text)) if text in ATTRIBUTES | BUILTINS | LOCAL.keys():
                yield text
            case _:
                pass


def _has_zone(call: ast.Call) -> bool:
    others = LOCAL.get(call.func.attr, 0) if isinstance(call.func, ast.Attribute) else 0
    zones = [*call.args[others:], *(one.value for one in call.keywords if one.arg == "tz")]
    return bool(zones) and not any(isinstance(one, ast.Constant) for one in zones)  # None
