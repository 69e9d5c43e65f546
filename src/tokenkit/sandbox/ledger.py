"""The sandbox's memory: what was issued, revoked and refused. Safe to use from any thread."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import attrs

from .clock import EPOCH, utc
from .exchange import Vendor
from .json_text import JSON


@attrs.frozen(kw_only=True)
class Issued:
    """One token that was issued."""

    vendor: Vendor
    token: str = attrs.field(repr=False)
    subject: str
    """The ZDK user id, the zerohash participant code or e-mail, the Strigo e-mail."""
    expires_at: datetime | None
    """When it expires, in UTC; None where the vendor documents no lifetime."""
    request: Mapping[str, JSON] = attrs.field(hash=False)
    """The body of the request that asked for it."""
    revoked: bool = False
    issued_at: datetime = EPOCH
    """When, in UTC by the sandbox's clock."""


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
    """The likely mistake, where the sandbox recognises one."""
    signed_text: str = ""
    """The text that should have been signed, where a signature was refused."""
    received_text: str = ""
    """The text that was signed instead; empty where the sandbox cannot tell."""
    fault: str = ""
    """The fault that was asked for, where one hit the request."""
    refused_at: datetime = EPOCH
    """When, in UTC by the sandbox's clock."""


class Ledger:
    """Record what the issuers do, and when by the clock given."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._issued: list[Issued] = []
        self._refused: list[Refused] = []

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

    def issue(self, record: Issued) -> None:
        """Record a new token."""
        dated = attrs.evolve(record, issued_at=self._now())
        with self._lock:
            self._issued.append(dated)

    def refuse(self, record: Refused) -> None:
        """Record a refused request."""
        dated = attrs.evolve(record, refused_at=self._now())
        with self._lock:
            self._refused.append(dated)

    def revoke(self, token: str) -> str:
        """Mark a token as revoked and give its subject, empty for a token not issued here."""
        with self._lock:
            for index, record in enumerate(self._issued):
                if record.token == token:
                    self._issued[index] = attrs.evolve(record, revoked=True)
                    return record.subject
        return ""

    def _now(self) -> datetime:
        return utc(self._clock())
