"""Which fault hits which request. Thread-safe."""

import threading
from collections.abc import Iterable
from fnmatch import fnmatchcase
from math import floor

import attrs

from ...errors import ConfigurationError
from ..exchange import Request, Vendor
from .fault import Fault
from .text import HEADER, parse_header

__all__ = ["FaultPlan"]


@attrs.define
class _Armed:
    """A fault, with how many requests it has seen and may still hit."""

    fault: Fault
    left: int | None
    seen: int = 0

    def fires(self, vendor: Vendor, path: str) -> bool:
        """Count a request, and return whether the fault hits it."""
        if self.left == 0 or not _matches(self.fault, vendor, path):
            return False
        share = self.fault.share
        self.seen += 1
        # Rounded, because the product of 3 and a third must count as 1.
        hit = floor(round(self.seen * share, 9)) > floor(round((self.seen - 1) * share, 9))
        if hit and self.left is not None:
            self.left -= 1
        return hit


class FaultPlan:
    """The faults of the run, and those queued for the next requests."""

    def __init__(self, standing: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._standing = [_arm(fault) for fault in standing]
        self._queued: list[_Armed] = []

    @property
    def queued(self) -> tuple[Fault, ...]:
        """The queued faults that are not used up, oldest first, with the ``times`` left."""
        with self._lock:
            return _remaining(self._queued)

    @property
    def standing(self) -> tuple[Fault, ...]:
        """The faults of the run that are not used up, with the ``times`` left."""
        with self._lock:
            return _remaining(self._standing)

    def queue(self, fault: Fault) -> None:
        """Add a fault to the end of the queue."""
        with self._lock:
            self._queued.append(_arm(fault))

    def clear(self) -> None:
        """Forget the queued faults."""
        with self._lock:
            self._queued.clear()

    def pick(self, vendor: Vendor, request: Request) -> Fault | None:
        """Return the fault that hits a request: its header's, or a queued one, or one of the run.

        Raises:
            ConfigurationError: The header is wrong.
        """
        text = request.header(HEADER)
        if text:
            fault = parse_header(text)
            if fault.only_vendor not in {None, vendor}:
                problem = (
                    f"response {fault.response!r} belongs to {fault.only_vendor}, but the request "
                    f"is for {vendor}"
                )
                raise ConfigurationError("Fault", [problem])
            return fault
        with self._lock:
            for armed in (*self._queued, *self._standing):
                if armed.fires(vendor, request.path):
                    return armed.fault
        return None


def _arm(fault: Fault) -> _Armed:
    return _Armed(fault, fault.times)


def _matches(fault: Fault, vendor: Vendor, path: str) -> bool:
    return fault.only_vendor in {None, vendor} and fnmatchcase(path, fault.path or "*")


def _remaining(armed: Iterable[_Armed]) -> tuple[Fault, ...]:
    return tuple(attrs.evolve(each.fault, times=each.left) for each in armed if each.left != 0)
