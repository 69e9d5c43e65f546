"""The directive ``options``, which lists the keys of a TypedDict, once for sync and async."""

from collections.abc import Iterator
from importlib import import_module
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import stringify_annotation
from tokenkit_reference import public_names
from typing_extensions import get_original_bases, is_typeddict

import tokenkit


def _hints(kind: type[Any]) -> dict[str, Any]:
    """Return the types of a TypedDict's keys; some are imported for type checkers only."""
    public = {name: getattr(tokenkit, name) for name in tokenkit.__all__}
    return get_type_hints(kind, localns=public)


class Options(SphinxDirective):
    """The keys of a TypedDict, as attributes that can be linked to.

    With ``:async:``, the types of the async clients' TypedDict are added where they differ; the
    keys of ``:without:``, which are listed elsewhere, are left out.
    """

    required_arguments = 1
    has_content = True
    option_spec = {  # noqa: RUF012 - docutils declares it so
        "async": directives.unchanged_required,
        "without": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Describe the class and its keys as the Python domain does."""
        name, async_name = self.arguments[0], self.options.get("async")
        types = _hints(_load(name))
        async_types = types if async_name is None else _hints(_load(async_name))
        if "without" in self.options:
            for key in _hints(_load(self.options["without"])):
                del types[key]
        docs = dict(_documented(_load(name)))
        module, _, title = name.rpartition(".")
        lines = [f".. py:class:: {title}", f"   :module: {module}", ""]
        lines += [f"   {line}" for line in self.content]
        for key, kind in types.items():
            told = docs[key]
            lines += ["", f"   .. py:attribute:: {key}", f"      :module: {module}"]
            lines += [f"      :type: {_shown(kind, told)}", ""]
            lines += [f"      {line}" for line in public_names(told.splitlines())]
            if async_types[key] != kind:
                lines += ["", f"      On async clients: {_link(_shown(async_types[key], told))}."]
        if async_name is not None:
            lines += ["", f".. py:class:: {async_name}", ""]
            lines += [f"   The same options, for async clients; see :class:`~{name}`."]
        return self.parse_text_to_nodes("\n".join(lines))


def _load(name: str) -> type[Any]:
    module, _, attribute = name.rpartition(".")
    loaded: type[Any] = getattr(import_module(module), attribute)
    return loaded


def _documented(options: type[Any]) -> Iterator[tuple[str, str]]:
    """Yield each key with its text, the bases' first: a later one replaces an earlier one."""
    for base in get_original_bases(options):
        if isinstance(base, type) and is_typeddict(base):
            yield from _documented(base)
    below = ModuleAnalyzer.for_module(options.__module__).find_attr_docs()
    for (owner, key), lines in below.items():
        if owner == options.__name__:
            yield key, "\n".join(lines)


def _shown(kind: Any, told: str) -> str:
    """Write a type; without ``None`` where that means no more than that nothing is given."""
    parts = [part for part in get_args(kind) if part is not NoneType or "None" in told]
    if get_origin(kind) in (Union, UnionType):
        kind = Union[tuple(parts)]  # noqa: UP007 - as many as there are
    (shown,) = public_names([stringify_annotation(kind, "smart", short_literals=True)])
    return shown.replace("~httpx", "httpx")


def _link(shown: str) -> str:
    return f":class:`{shown}`" if shown.startswith("~") else f"``{shown}``"


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("options", Options)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
