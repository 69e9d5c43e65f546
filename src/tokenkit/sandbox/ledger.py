"""The sandbox's memory: what was issued, revoked and refused. Thread-safe."""

import itertools
import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import attrs

from .bounded import Bounded
from .clock import EPOCH, utc
from .exchange import Vendor
from .json_text import JSON, parse

__all__ = ["Issued", "Ledger", "Refused"]

ISSUED_BYTES = 64 * 1024 * 1024
REFUSED_BYTES = 16 * 1024 * 1024


@attrs.frozen(kw_only=True)
class Issued:
    """One token that was issued."""

    vendor: Vendor
    token: str = attrs.field(repr=False)
    subject: str
    """The ZDK user id, the zerohash participant code or e-mail, the Strigo e-mail."""
    expires_at: datetime | None
    """When it expires, in UTC; None if the vendor documents no lifetime."""
    body: bytes = attrs.field(repr=False)
    """The body of the request for it, as received."""
    revoked: bool = False
    issued_at: datetime = EPOCH
    """When, in UTC by the sandbox's clock."""

    @property
    def request(self) -> Mapping[str, JSON]:
        """The body of the request for it, as JSON."""
        value = parse(self.body)
        return value if isinstance(value, Mapping) else {}


@attrs.frozen(kw_only=True)
class Refused:
    """One request that was refused."""

    vendor: Vendor
    method: str
    route: str
    """Path and query string as received."""
    status: int
    reason: str
    hint: str = ""
    """The likely mistake, if the sandbox recognises one."""
    signed_text: str = ""
    """The text that should have been signed, if a signature was refused."""
    received_text: str = ""
    """The text that was signed instead; empty if the sandbox cannot tell."""
    fault: str = ""
    """The fault that hit the request, if any."""
    refused_at: datetime = EPOCH
    """When, in UTC by the sandbox's clock."""


class Ledger:
    """Records what the issuers do and when, as much as fits."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._issued = Bounded[Issued](ISSUED_BYTES)
        self._refused = Bounded[Refused](REFUSED_BYTES)
        self._numbers = itertools.count()

    @property
    def issued(self) -> tuple[Issued, ...]:
        """Every token issued so far, oldest first."""
        with self._lock:
            return tuple(self._issued)

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Every request refused so far, oldest first."""
        with self._lock:
            return tuple(self._refused)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._issued.clear()
            self._refused.clear()

    def issue(self, *records: Issued) -> None:
        """Record the new tokens of one request."""
        shared = max(len(records[0].body) // len(records), 1) if records else 0
        for record in records:
            dated = attrs.evolve(record, issued_at=self._now())
            with self._lock:
                self._keep(dated, shared)

    def refuse(self, record: Refused) -> None:
        """Record a refused request."""
        dated = attrs.evolve(record, refused_at=self._now())
        texts = (record.route, record.reason, record.signed_text, record.received_text)
        with self._lock:
            self._refused.keep(str(next(self._numbers)), dated, 4 * sum(map(len, texts)))

    def find(self, vendor: str, token: str) -> Issued | None:
        """Return what is known of a vendor's token."""
        with self._lock:
            record = self._issued.get(token)
        return record if record is not None and record.vendor == vendor else None

    def revoke(self, token: str) -> str:
        """Mark a token as revoked and return its subject, empty for a token not issued here."""
        with self._lock:
            record = self._issued.get(token)
            if record is None:
                return ""
            self._keep(attrs.evolve(record, revoked=True), len(record.body))
            return record.subject

    def _keep(self, record: Issued, body: int) -> None:
        self._issued.keep(record.token, record, body + len(record.token) + len(record.subject))

    def _now(self) -> datetime:
        return utc(self._clock())
