"""What the reference needs beyond autodoc: public names, and a check that it is complete."""

import builtins
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import TypeVar

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

import tokenkit

logger = logging.getLogger(__name__)

LINK = re.compile(r"(?P<start>:(class|data|meth|func):`)(?P<name>\w+)")
PATH = re.compile(r"(?<![\w.:`/])~?(?P<module>tokenkit(\.[a-z_]\w*)+)\.(?P<name>[A-Z]\w*)")
STANDARD = re.compile(r"(?<![\w.~])(collections\.abc|datetime|decimal|typing)\.\w+")
SELF = re.compile(r"~?(\w+\.)+(Any|Async)?ClientT\b")
UNSPECIFIC = re.compile(r"\(\*args, \*\*kwargs\)|\(\*values\)")
SEVERAL = re.compile(r" {4}(?P<names>[a-z_]+(, [a-z_]+)+): (?P<text>.*)")
PRIVATE_DEFAULT = re.compile(r"<function _\w+>|NOTHING")
DEFAULT = re.compile(r"<((built-in )?function|module) '?(\w+\.)*(?P<name>\w+)'?[^>]*>")
PRIVATE_TEXT = re.compile(r"\S*(tokenkit\._|(?<!\w)~)\S*")
BUILTINS = frozenset(dir(builtins))
# Packages that their pages introduce in other words than their docstrings.
INTRODUCED = frozenset(
    f"tokenkit.{name}" for name in ("bulk", "extension", "stores", "strigo", "zdk", "zerohash")
)
BEFORE_NAPOLEON, AFTER_NAPOLEON = 400, 600
# The protocols that stand for the classes of both httpx families; no name of users'.
READ_AS = {
    "tokenkit._client.options.AsyncHttpClient": "httpx.AsyncClient",
    "tokenkit._client.options.AsyncTransport": "httpx.AsyncBaseTransport",
    "tokenkit._client.options.HttpClient": "httpx.Client",
    "tokenkit._client.options.Transport": "httpx.BaseTransport",
}


def name_public_types(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Name in a docstring's links and types what a user can import."""
    del app, what, name, options
    _, vendor, *_ = (*str(getattr(obj, "__module__", "")).split("."), "")
    lines[:] = [_shortened(line) for line in public_names(lines, vendor)]


def public_names(lines: list[str], vendor: str = "") -> list[str]:
    """Return lines of a docstring with the names that a user can import in links and types.

    Args:
        lines: The lines.
        vendor: Whose name is meant where several vendors have one that is called the same.
    """
    homes = [module for module in _public_modules() if module.__name__ != "tokenkit.testing"]
    homes.sort(key=lambda module: module.__name__ != f"tokenkit.{vendor}")

    def link(found: re.Match[str]) -> str:
        home = next((home for home in homes if found["name"] in home.__all__), None)
        return found[0] if home is None else f"{found['start']}~{home.__name__}.{found['name']}"

    def path(found: re.Match[str]) -> str:
        value, name = _value(found), found["name"]
        if isinstance(value, TypeVar):
            return name
        same = (home for home in homes if getattr(home, name, None) is value)
        return f"~{next(same, import_module(found['module'])).__name__}.{name}"

    return [LINK.sub(link, PATH.sub(path, _read_as(line))) for line in lines]


def _shortened(line: str) -> str:
    """Return a line without the modules of the standard library's types."""
    return STANDARD.sub(r"~\g<0>", line) if line.startswith(":vartype") else line


def _value(found: re.Match[str]) -> object:
    """Return what a path leads to."""
    value: object = getattr(import_module(found["module"]), found["name"])
    return value


def _read_as(line: str) -> str:
    for protocol, class_name in READ_AS.items():
        line = line.replace(protocol, class_name)
    return line


def read_values(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str, returns: str
) -> tuple[str, str] | None:
    """Show defaults and types as users know them, and no constructor that users don't call."""
    del app, obj, options
    if not signature:
        return None
    if what == "class" and _is_private(signature):
        return "", ""
    signature = DEFAULT.sub(r"\g<name>", PRIVATE_DEFAULT.sub("...", signature))
    owner = name.rpartition(".")[0]
    returns = SELF.sub(f"~{owner}", returns or "")
    (signature, returns) = public_names([signature, returns])
    return signature, returns


def _is_private(signature: str) -> bool:
    """Return whether a constructor takes an object that users can't make."""
    if UNSPECIFIC.fullmatch(signature):
        return True
    for found in PATH.finditer(_read_as(signature)):
        value = _value(found)
        public = any(getattr(home, found["name"], None) is value for home in _public_modules())
        if not public and not isinstance(value, TypeVar) and not getattr(value, "_is_protocol", 0):
            return True
    return False


def keep_layout(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Keep indented blocks of modules as they are, and colons of attributes as punctuation.

    Attributes that share a line of a class's docstring get one each. Docstrings of packages that
    their pages introduce are left out.
    """
    del app, obj, options
    if what in ("class", "exception"):
        lines[:] = [single for line in lines for single in _singly(line)]
    elif what == "module" and name in INTRODUCED:
        lines.clear()
    elif what == "module":
        lines[:] = _with_literal_blocks(lines)
    elif what in ("attribute", "property"):
        # Napoleon takes what stands before a colon in the first line for a type: let it find
        # an empty comment there.
        lines[:0] = ["..", ""]


def _singly(line: str) -> Iterator[str]:
    found = SEVERAL.fullmatch(line)
    if found is None:
        yield line
        return
    for name in found["names"].split(", "):
        yield f"    {name}: {found['text']}"


def _with_literal_blocks(lines: list[str]) -> Iterator[str]:
    before = ""
    for line in lines:
        if line.startswith("    ") and not before.startswith("    "):
            yield from ("::", "")
        before = line or before
        yield line


def leave_builtins_alone(app: Sphinx, doctree: nodes.document) -> None:
    """Link no builtin: Sphinx would look for any attribute of that name, such as ``type``."""
    del app
    for reference in list(doctree.findall(addnodes.pending_xref)):
        if reference.get("refdomain") == "py" and reference["reftarget"] in BUILTINS:
            reference.replace_self(reference.children)


def leave_private_modules_out(app: Sphinx, doctree: nodes.document) -> None:
    """Show a class that users can't import by its name alone."""
    del app
    public = {module.__name__ for module in _public_modules()}
    for prefix in list(doctree.findall(addnodes.desc_addname)):
        module = prefix.astext().removesuffix(".")
        if module.startswith("tokenkit.") and module not in public:
            prefix.parent.remove(prefix)


def check_names(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Warn of a private path or a raw reference on a page, which fails a build with ``-W``."""
    del app
    for node in doctree.findall(nodes.Text):
        found = PRIVATE_TEXT.search(node) if page.startswith("reference/") else None
        if found is not None:
            logger.warning("%s shows %r", page, found[0])


def check_completeness(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of public names that the reference doesn't have, which fails a build with ``-W``."""
    del app
    domain = env.domains.python_domain
    found = {*domain.objects, *domain.modules}
    for module in _public_modules():
        for name in module.__all__:
            if not _names_of(module, name) & found:
                logger.warning("the reference lacks %s.%s", module.__name__, name)


def _public_modules() -> Iterator[ModuleType]:
    yield tokenkit
    for found in pkgutil.iter_modules(tokenkit.__path__, "tokenkit."):
        if not found.name.removeprefix("tokenkit.").startswith("_"):
            module = import_module(found.name)
            below = (getattr(module, name, None) for name in getattr(module, "__all__", ()))
            yield from (module, *(value for value in below if isinstance(value, ModuleType)))


def _names_of(module: ModuleType, name: str) -> set[str]:
    """Return the names under which the reference may have a public name's value."""
    value: object = getattr(module, name)
    own = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
    elsewhere = {
        f"{other.__name__}.{name}"
        for other in _public_modules()
        if getattr(other, name, None) is value
    }
    return {own, getattr(value, "__name__", ""), *elsewhere}


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the parts."""
    app.connect("autodoc-process-docstring", keep_layout, BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", name_public_types, AFTER_NAPOLEON)
    app.connect("autodoc-process-signature", read_values)
    app.connect("doctree-read", leave_builtins_alone)
    app.connect("doctree-read", leave_private_modules_out)
    app.connect("doctree-resolved", check_names)
    app.connect("env-check-consistency", check_completeness)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
