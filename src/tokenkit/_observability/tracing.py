"""OpenTelemetry spans and metrics of calls, by the semantic conventions for HTTP clients."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import attrs

from .._model.call import Call
from .._model.messages import DEFAULT_PORTS
from ..errors import ConfigurationError
from .hooks import Listener
from .metrics import Measurements, Meters, make_meters
from .records import AttemptSent, CallFailed, CallSucceeded, Record, ResponseReceived

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

__all__ = ["Trace", "trace_calls"]

Trace: TypeAlias = Callable[[Call[object], str, Listener], AbstractContextManager[Listener]]
"""Opens a span for a call below a base path, and yields the listener to use instead."""


def trace_calls(version: str) -> Trace:
    """Return the function that opens a span for each call.

    Raises:
        ConfigurationError: OpenTelemetry is not installed.
    """
    try:
        from opentelemetry import metrics, trace  # noqa: PLC0415 - installed for tracing only
    except ModuleNotFoundError:
        raise ConfigurationError(
            "tracing=True needs OpenTelemetry: install tokenkit-sdk[tracing]"
        ) from None
    tracer = trace.get_tracer("tokenkit", version)
    meters = make_meters(metrics.get_meter("tokenkit", version))
    return lambda call, base_path, listener: _span(tracer, meters, call, base_path, listener)


@contextmanager
def _span(
    tracer: "Tracer", meters: Meters, call: Call[object], base_path: str, listener: Listener
) -> Generator[Listener, None, None]:
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - installed for tracing only

    method = call.request_line[0]
    route = _route(call, base_path)
    with tracer.start_as_current_span(
        f"{method} {route}" if route else method,
        kind=SpanKind.CLIENT,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        span.set_attribute("http.request.method", method)
        if route:
            span.set_attribute("http.route", route)
        measurements = Measurements(meters, method, route)
        try:
            yield _SpanListener(span, listener, measurements)
        except BaseException as error:
            _fail(span, type(error).__name__)
            raise


def _route(call: Call[object], base_path: str) -> str | None:
    """Return the path that all calls of a model share; empty for ``request()``."""
    path = getattr(type(call), "path", None)
    return None if path is None else base_path + str(path)


@attrs.frozen(eq=False, repr=False)
class _SpanListener:
    span: "Span"
    listener: Listener
    measurements: Measurements

    def tell(self, record: Record) -> object:
        self.measurements.tell(record)
        match record:
            case AttemptSent():
                self._sent(record)
            case ResponseReceived():
                self.span.set_attribute("http.response.status_code", record.status)
                self._name_request(record.request_id)
            case CallFailed():
                self._name_request(record.request_id)
                _fail(self.span, record.error)
            case CallSucceeded():
                self._name_request(record.request_id)
            case _:
                pass
        return self.listener.tell(record)

    def _sent(self, record: AttemptSent) -> None:
        parts = urlsplit(record.url)
        self.span.set_attribute("url.full", record.url)
        self.span.set_attribute("server.address", parts.hostname or "")
        self.span.set_attribute("server.port", parts.port or DEFAULT_PORTS[parts.scheme])
        self.span.set_attribute("tokenkit.vendor", record.vendor)
        self.span.set_attribute("tokenkit.operation", record.operation)
        self._name_request(record.request_id)
        if record.attempt > 1:
            self.span.set_attribute("http.request.resend_count", record.attempt - 1)

    def _name_request(self, request_id: str | None) -> None:
        if request_id is not None:
            self.span.set_attribute("tokenkit.request_id", request_id)


def _fail(span: "Span", error_type: str) -> None:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - installed for tracing only

    span.set_attribute("error.type", error_type)
    span.set_status(StatusCode.ERROR)
