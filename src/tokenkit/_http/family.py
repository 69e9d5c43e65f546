"""httpx and httpx2: one interface, two sets of classes, and what their logs may show."""

import logging
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from importlib import import_module
from types import FunctionType
from typing import Any

import attrs

from .._model.checks import choice_problem
from .progress import PROGRESS

__all__ = ["DEFAULT_FAMILY", "Family", "family_of", "hide_credentials", "load_family"]

CORES = {"httpx": "httpcore", "httpx2": "httpcore2"}
DEFAULT_FAMILY = "httpx"

# httpcore's classes below httpx's transports that tools may mock or observe.
SENDERS = ("ConnectionPool", "HTTPProxy", "HTTPConnection")
LOGGING_PACKAGES = (*CORES.values(), "hpack")
LOGGERS = ("connection", "http11", "http2", "proxy", "socks")
# The line that httpx logs for a caller's client ends with what the response calls its status.
LINE = "HTTP Request: "
UP_TO_REASON = re.compile(LINE + r'\S+ \S+ "[^" ]* [0-9]+ ')
# Versions of Python, and servers, name some statuses in other words.
OTHER_PHRASES = (
    *("Content Too Large", "Request Entity Too Large", "Request-URI Too Long", "URI Too Long"),
    *("Gateway Time-out", "Range Not Satisfiable", "Requested Range Not Satisfiable"),
    *("Request Time-out", "Unprocessable Content", "Unprocessable Entity"),
)
PHRASES = frozenset(
    one.lower() for one in ("", *OTHER_PHRASES, *(status.phrase for status in HTTPStatus))
)
# The starts of steps that name no header and no password.
HARMLESS = frozenset(
    f"{step}.started"
    for step in (
        *("close", "connect_tcp", "receive_response_body", "receive_response_headers"),
        *("response_closed", "send_request_body", "send_request_headers", "start_tls"),
    )
)


class _Once(AsyncIterator[bytes]):
    """Yields one value; httpx's own stream leaves an async generator behind when cancelled."""

    def __init__(self, value: bytes) -> None:
        self._values = iter((value,))

    async def __anext__(self) -> bytes:
        for value in self._values:
            return value
        raise StopAsyncIteration


class BodyStream:
    """A request's body; each family mixes in its own stream classes."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._body,))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Once(self._body)


@attrs.frozen(eq=False, repr=False)
class Family:
    """One of the two libraries.

    Attributes:
        name: Its name.
        http: Its module; untyped, as httpx2's classes are not httpx's.
        core: The module of the connections below it.
        body_stream: The class of request bodies that its transports accept.
        methods: By method name, the classes that send with it and the method as the library
            defines it; ``None`` if it was replaced when the family was loaded.
    """

    name: str
    http: Any
    core: Any
    body_stream: type[BodyStream]
    methods: Mapping[str, Sequence[tuple[type, object]]]

    def is_untouched(self, name: str) -> bool:
        """Return whether the library's sending is not mocked or observed.

        A tool that does so replaces a class's method.
        """
        for kind, method in self.methods[name]:
            current = getattr(kind, name)
            if current is not method and (method is not None or not _is_own(current, self.name)):
                return False
        return True


@cache
def _load(name: str) -> Family:
    http, core = import_module(name), import_module(CORES[name])
    methods: dict[str, Sequence[tuple[type, object]]] = {}
    for method, prefix in (("handle_request", ""), ("handle_async_request", "Async")):
        kinds = [getattr(http, f"{prefix}HTTPTransport")]
        kinds += [getattr(core, f"{prefix}{one}") for one in SENDERS]
        found = ((kind, getattr(kind, method)) for kind in kinds)
        methods[method] = [(kind, one if _is_own(one, name) else None) for kind, one in found]
    # This class tells transports for httpx that they may take the body as bytes.
    body_stream = type("BodyStream", (BodyStream, http.ByteStream), {})
    return Family(name, http, core, body_stream, methods)


def _is_own(method: object, family: str) -> bool:
    """Return whether a library itself defines a method, and no mock or tool has replaced it."""
    # A wrapper may pass for a function with isinstance().
    if type(method) is not FunctionType:
        return False
    package, _, _ = str(method.__globals__.get("__name__")).partition(".")
    return package in (family, CORES[family])


def load_family(name: object) -> Family | str:
    """Import a family, or return what is wrong."""
    if not isinstance(name, str) or name not in CORES:
        return f"http_family {choice_problem(name, CORES)}"
    try:
        return _load(name)
    except ModuleNotFoundError:
        return (
            f"http_family={name!r} is not installed; run "
            f"python -m pip install 'tokenkit-sdk[{name}]'"
        )


def family_of(value: object, class_name: str) -> Family | None:
    """Return the family that a caller's object belongs to; it is imported already."""
    for name in CORES:
        module: Any = sys.modules.get(name)
        if module is not None and isinstance(value, getattr(module, class_name)):
            return _load(name)
    return None


def is_harmless(record: logging.LogRecord) -> bool:
    """Let through other exchanges' records, and events that are known to contain no credential."""
    if PROGRESS.get(None) is None:
        return True
    if record.name in CORES:
        return _hide_reason(record)
    event, _, _ = str(record.msg).partition(" ")
    return not record.args and event in HARMLESS


def _hide_reason(record: logging.LogRecord) -> bool:
    """Leave out of httpx's line about a response a reason phrase that isn't HTTP's own.

    Returns whether the line can be shown.
    """
    text = _text_of(record)
    if text is None or LINE not in text:
        return text is not None
    found = UP_TO_REASON.match(text, text.index(LINE))
    if found is None:
        return False
    # What a caller's filter has added behind it could be the reason's too.
    reason = text[found.end() :].removesuffix('"')
    if reason.lower() not in PHRASES:
        known, _, _ = reason.partition('"')
        _replace_reason(record, text[: found.end()], known if known.lower() in PHRASES else "")
    return True


def _text_of(record: logging.LogRecord) -> str | None:
    """Return a record as it will be written; ``None`` if it can't be."""
    try:
        return str(record.getMessage())
    except Exception:  # noqa: BLE001 - a caller's own line may hold anything
        return None


def _replace_reason(record: logging.LogRecord, before: str, reason: str) -> None:
    text = f'{before}{reason}"'
    if isinstance(record.args, tuple) and record.args:
        # A caller's handler may read the arguments.
        record.args = (*record.args[:-1], reason)
    if _text_of(record) != text:
        record.msg, record.args = text, ()


def hide_credentials() -> None:
    """Keep the credentials of this package's exchanges out of the debug logs below it.

    Called before each exchange, because a library may make another logger at any time.
    """
    loggers = logging.root.manager.loggerDict
    try:
        latest = (len(loggers), next(reversed(loggers), None))
    except RuntimeError:  # another thread is adding one
        latest = None
    if latest is not None and latest == _Filtered.latest:
        return
    names = list(loggers)  # other threads may add some
    found = [name for name in names if name.split(".", 1)[0] in LOGGING_PACKAGES]
    known = [f"{core}.{module}" for core in CORES.values() for module in LOGGERS]
    for name in {*known, *found, *CORES, "hpack.hpack", "hpack.table"}:
        logging.getLogger(name).addFilter(is_harmless)
    _Filtered.latest = latest


class _Filtered:
    """The number of loggers, and the last one, when they were last looked through.

    ``None`` if that isn't known.
    """

    latest: tuple[int, str | None] | None = None
