"""OpenTelemetry metrics of calls: how long requests take, and how many are retries."""

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs

from .._model.messages import DEFAULT_PORTS
from .records import AttemptSent, CallFailed, Record, ResponseReceived, RetryPlanned

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, Meter

__all__ = ["Measurements", "Meters", "make_meters"]


@attrs.frozen(eq=False, repr=False)
class Meters:
    """The instruments of all clients."""

    duration: "Histogram"
    retries: "Counter"


def make_meters(meter: "Meter") -> Meters:
    """Make the instruments."""
    return Meters(
        duration=meter.create_histogram(
            "http.client.request.duration", unit="s", description="Duration of HTTP requests."
        ),
        retries=meter.create_counter(
            "tokenkit.client.retries", unit="{retry}", description="Requests sent again."
        ),
    )


class Measurements:
    """Measures the requests of one call."""

    def __init__(self, meters: Meters, method: str, route: str | None) -> None:
        self._meters = meters
        self._common: dict[str, str | int] = {"http.request.method": method}
        if route is not None:
            self._common["http.route"] = route
        self._sent_at: float | None = None

    def tell(self, record: Record) -> None:
        """Receive a record."""
        match record:
            case AttemptSent():
                self._sent_at = time.monotonic()
                self._locate(record)
            case ResponseReceived():
                self._ended(record.seconds, record.status, _error_type(record.status))
            case RetryPlanned():
                self._ended(None, record.status, record.error)
                self._meters.retries.add(1, {**self._common, "error.type": record.error})
            case CallFailed():
                self._ended(None, record.status, record.error)
            case _:
                pass

    def _locate(self, record: AttemptSent) -> None:
        parts = urlsplit(record.url)
        self._common |= {
            "server.address": parts.hostname or "",
            "server.port": parts.port or DEFAULT_PORTS[parts.scheme],
            "url.scheme": parts.scheme,
            "tokenkit.vendor": record.vendor,
            "tokenkit.operation": _name(record.operation),
        }

    def _ended(self, seconds: float | None, status: int | None, error: str | None) -> None:
        """Record a request that has ended, once."""
        if self._sent_at is None:
            return
        taken = time.monotonic() - self._sent_at if seconds is None else seconds
        self._sent_at = None
        attributes = dict(self._common)
        if status is not None:
            attributes["http.response.status_code"] = status
        if error is not None:
            attributes["error.type"] = error
        self._meters.duration.record(taken, attributes)


def _error_type(status: int) -> str | None:
    return str(status) if status >= 400 else None  # noqa: PLR2004 - HTTP's own number


def _name(operation: str) -> str:
    """Return an operation without its path: a metric must not have one series per path."""
    return operation.partition(" ")[0]
