"""httpx and httpx2: one interface, two sets of classes."""

import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import attrs

from ..errors import ConfigurationError
from .body import BodyStream

__all__ = ["Family", "family_of", "load_family"]

CORES = {"httpx": "httpcore", "httpx2": "httpcore2"}


@attrs.frozen(eq=False, repr=False)
class Family:
    """One of the two libraries.

    Attributes:
        name: Its name.
        http: Its module, typed by nobody: httpx2's classes are not httpx's.
        core: The module of the connections below it.
        body_stream: The class of request bodies that its transports accept.
        methods: The name of the method by which each of its transports sends, and the method
            itself; ``None`` where somebody had replaced it already.
    """

    name: str
    http: Any = attrs.field(repr=False)
    core: Any = attrs.field(repr=False)
    body_stream: type[BodyStream] = attrs.field(repr=False)
    methods: Mapping[type, tuple[str, object]] = attrs.field(repr=False)

    def is_untouched(self, transport: object) -> bool:
        """Tell whether nobody mocks or observes a transport.

        Who does that puts something in the place of its class's method.
        """
        kind = type(transport)
        name, method = self.methods[kind]
        return getattr(kind, name) is method


@cache
def _load(name: str) -> Family:
    http, core = import_module(name), import_module(CORES[name])
    # Transports for httpx know by this class that they may take the body as bytes.
    bases = (BodyStream, http.ByteStream)
    methods = {
        kind: (method, _as_defined(getattr(kind, method), Path(str(http.__file__)).parent))
        for kind, method in (
            (http.HTTPTransport, "handle_request"),
            (http.AsyncHTTPTransport, "handle_async_request"),
        )
    }
    return Family(name, http, core, type("BodyStream", bases, {}), methods)


def _as_defined(method: object, folder: Path) -> object:
    """Return a method that a library defines; ``None`` where another's stands in its place."""
    own = isinstance(method, FunctionType) and folder in Path(method.__code__.co_filename).parents
    return method if own else None


def load_family(name: object) -> Family:
    """Import a family.

    Raises:
        ConfigurationError: There is no such family, or it is not installed.
    """
    if name not in CORES:
        raise ConfigurationError(f"http_family must be 'httpx' or 'httpx2', not {name!r}")
    try:
        return _load(str(name))
    except ModuleNotFoundError:
        pass
    raise ConfigurationError(
        f"http_family={name!r} is not installed: python -m pip install 'tokenkit-sdk[{name}]'"
    )


def family_of(value: object, class_name: str) -> Family | None:
    """Return the family among whose classes a caller's object is; it is imported already."""
    for name in CORES:
        module: Any = sys.modules.get(name)
        if module is not None and isinstance(value, getattr(module, class_name)):
            return _load(name)
    return None
