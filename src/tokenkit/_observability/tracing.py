"""OpenTelemetry spans: one a call, with the stable HTTP attributes."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import attrs

from ..errors import ConfigurationError
from .hooks import Listener
from .records import (
    AttemptSent,
    CallFailed,
    Record,
    ResponseReceived,
)

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

__all__ = ["Trace", "trace_calls"]

Trace: TypeAlias = Callable[[str, Listener], AbstractContextManager[Listener]]
"""Opens a span for a call with an HTTP method; what it yields listens in the caller's place."""


def trace_calls(version: str) -> Trace:
    """Return what opens a span for each call.

    Raises:
        ConfigurationError: OpenTelemetry is not installed.
    """
    try:
        from opentelemetry import trace  # noqa: PLC0415 - only those who trace have it
    except ModuleNotFoundError:
        tracer = None
    else:
        tracer = trace.get_tracer("tokenkit", version)
    if tracer is None:
        raise ConfigurationError("tracing=True needs OpenTelemetry: install tokenkit-sdk[tracing]")
    return lambda method, listener: _span(tracer, method, listener)


@contextmanager
def _span(tracer: "Tracer", method: str, listener: Listener) -> Generator[Listener, None, None]:
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - likewise

    with tracer.start_as_current_span(
        method, kind=SpanKind.CLIENT, record_exception=False, set_status_on_exception=False
    ) as span:
        span.set_attribute("http.request.method", method)
        try:
            yield _SpanListener(span, listener)
        except BaseException as error:
            _fail(span, type(error).__name__)
            raise


@attrs.frozen(eq=False, repr=False)
class _SpanListener:
    span: "Span"
    listener: Listener

    def tell(self, record: Record) -> object:
        match record:
            case AttemptSent():
                self._sent(record)
            case ResponseReceived():
                self.span.set_attribute("http.response.status_code", record.status)
            case CallFailed():
                _fail(self.span, record.error)
            case _:
                pass
        return self.listener.tell(record)

    def _sent(self, record: AttemptSent) -> None:
        parts = urlsplit(record.url)
        self.span.set_attribute("url.full", record.url)
        self.span.set_attribute("server.address", parts.hostname or "")
        self.span.set_attribute("server.port", parts.port or {"http": 80}.get(parts.scheme, 443))
        if record.attempt > 1:
            self.span.set_attribute("http.request.resend_count", record.attempt - 1)


def _fail(span: "Span", error_type: str) -> None:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - likewise

    span.set_attribute("error.type", error_type)
    span.set_status(StatusCode.ERROR)
