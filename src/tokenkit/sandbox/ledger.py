"""The sandbox's memory: what was issued, revoked and refused. Safe to use from any thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

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


class Ledger:
    """Record what the issuers do."""

    def __init__(self) -> None:
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

    def issue(self, record: Issued) -> None:
        """Record a new token."""
        with self._lock:
            self._issued.append(record)

    def refuse(self, record: Refused) -> None:
        """Record a refused request."""
        with self._lock:
            self._refused.append(record)

    def revoke(self, token: str) -> str:
        """Mark a token as revoked and give its subject, empty for a token not issued here."""
        with self._lock:
            for index, record in enumerate(self._issued):
                if record.token == token:
                    self._issued[index] = attrs.evolve(record, revoked=True)
                    return record.subject
        return ""
