"""When to retry and how long to wait: calculation only."""

import math
import os
import re
import threading
from collections.abc import Callable, Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime

import attrs

from .._error_details import REFUSED_STATUSES
from .._model.call import Repeat
from .._model.json import type_of
from .._model.messages import Headers
from ..errors import ConfigurationError, Outcome
from .values import LARGEST, is_set, mapping_problems, number_problem, refuse, switch_problem
from .vendor_functions import returned_or_none

__all__ = [
    "RetryBudget",
    "RetryPolicy",
    "RetryRules",
    "check_budget",
    "retry_after",
    "wait_before",
]

PLAIN_SECONDS = re.compile(r"\+?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often a call is retried, and how long it waits in between.

    The wait before the n-th retry is random, from zero to ``first_wait * 2 ** (n - 1)``
    seconds, at most ``longest_wait``. If the vendor asks for a wait, that is used instead.

    Args:
        max_retries: Retries after the first attempt; 0 turns retries off.
        first_wait: The longest wait before the first retry, in seconds.
        longest_wait: The longest wait before any retry, in seconds.
        repeat_payments: Also repeat calls that may have opened a payment.

    Raises:
        ConfigurationError: A value is negative or of another type; the message names all that
            are.
    """

    max_retries: int = 2
    first_wait: float = 0.5
    longest_wait: float = 8.0
    repeat_payments: bool = False

    def __attrs_post_init__(self) -> None:
        problems = {
            "max_retries": number_problem(self.max_retries, whole=True),
            "first_wait": number_problem(self.first_wait),
            "longest_wait": number_problem(self.longest_wait),
            "repeat_payments": switch_problem(self.repeat_payments),
        }
        refuse("RetryPolicy", problems)

    def repeat_of(self, repeat: Repeat) -> Repeat:
        """Return when a call may be sent again, with ``repeat_payments`` applied."""
        if self.repeat_payments and repeat is Repeat.IF_NOT_PERFORMED:
            return Repeat.SAFE
        return repeat

    def backoff(self, retry: int, chance: float) -> float:
        """Return the wait before a retry, counted from 1, in seconds."""
        try:
            longest = min(self.longest_wait, self.first_wait * 2.0 ** (retry - 1))
        except OverflowError:
            longest = self.longest_wait
        return chance * longest


def _never(status: int, headers: Headers) -> bool:
    del status, headers
    return False


@attrs.frozen(kw_only=True)
class RetryRules:
    """Which of a vendor's responses may be retried.

    Attributes:
        not_performed: Statuses that say the request was not carried out, and may be repeated.
        perhaps_performed: Statuses after which that is unknown.
        refused: Statuses that say the request was not carried out, and would be refused again.
        invites_retry: Returns, from the status and the headers, whether the vendor says that an
            immediate retry is safe.
        waits: Seconds to wait after a status without ``Retry-After``.

    Raises:
        ConfigurationError: A field is of the wrong kind; the message names all that are.
    """

    not_performed: frozenset[int] = frozenset({429})
    perhaps_performed: frozenset[int] = frozenset({502, 503, 504})
    refused: frozenset[int] = REFUSED_STATUSES
    invites_retry: Callable[[int, Headers], bool] = _never
    waits: Mapping[int, float] = attrs.field(factory=dict[int, float])

    def __attrs_post_init__(self) -> None:
        problems = {
            name: _statuses_problem(getattr(self, name))
            for name in ("not_performed", "perhaps_performed", "refused")
        }
        if not callable(self.invites_retry):
            problems["invites_retry"] = f"must be a function, not {type_of(self.invites_retry)}"
        problems |= mapping_problems("waits", self.waits, int, number_problem)
        refuse("RetryRules", problems)

    def allow(self, status: int, headers: Headers, repeat: Repeat) -> bool:
        """Return whether a call may be sent again after a response with a status."""
        if repeat is Repeat.NEVER:
            return False
        if status in self.not_performed or self._invites_retry(status, headers):
            return True
        return status in self.perhaps_performed and repeat is Repeat.SAFE

    def outcome(self, status: int, headers: Headers) -> Outcome:
        """Return what a failing status says about the request."""
        if status in self.not_performed or status in self.refused:
            return "not performed"
        return "not performed" if self._invites_retry(status, headers) else "unknown"

    def wait(self, status: int, headers: Headers, wall: float) -> float | None:
        """Return the wait that the vendor asks for, in seconds."""
        asked = retry_after(headers, wall)
        if asked is not None:
            return asked
        if self._invites_retry(status, headers):
            return 0.0
        return self.waits.get(status)

    def _invites_retry(self, status: int, headers: Headers) -> bool:
        return bool(returned_or_none(self.invites_retry, status, headers))


def _statuses_problem(value: object) -> str | None:
    if not is_set(value):
        return f"must be a set of HTTP statuses such as {{429}}, not {type_of(value)}"
    wrong = next((status for status in value if not isinstance(status, int)), None)
    return None if wrong is None else f"must be a set of HTTP statuses; it has {type_of(wrong)}"


def retry_after(headers: Headers, wall: float) -> float | None:
    """Read ``Retry-After``, as seconds or as a date; ``None`` for anything else."""
    value = headers.get("retry-after", "").strip()
    if PLAIN_SECONDS.fullmatch(value):
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:
            date = date.replace(tzinfo=timezone.utc)
        return max(0.0, date.timestamp() - wall)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def wait_before(
    policy: RetryPolicy, retry: int, chance: float, asked: float | None, left: float
) -> float | None:
    """Return how long to wait before a retry, or ``None`` to give up.

    Args:
        policy: The call's policy.
        retry: Which retry this would be, counted from 1.
        chance: A random number from 0 to below 1.
        asked: The wait that the vendor asks for.
        left: The seconds left until the call's deadline.
    """
    if retry > policy.max_retries:
        return None
    wait = policy.backoff(retry, chance) if asked is None else asked
    return wait if wait < left and wait <= LARGEST else None


class RetryBudget:
    """A limited number of retries, so that an outage doesn't multiply the load.

    A success returns what its own retries took, plus ``refund``. Retries after a wait
    that the vendor asked for are free. One budget may serve several clients.

    Args:
        capacity: How many retries a full budget allows; infinity for no limit.
        refund: What each success adds, in retries.

    Raises:
        ConfigurationError: A value is negative or not a number.
    """

    def __init__(self, capacity: float = 90, *, refund: float = 0.1) -> None:
        problems = {
            "capacity": None if capacity == math.inf else number_problem(capacity),
            "refund": number_problem(refund),
        }
        refuse("RetryBudget", problems)
        self.capacity: float = float(capacity)
        self.refunded: float = float(refund)
        self._left = self.capacity
        # One per process: a thread of the parent may hold its own during a fork.
        self._locks: dict[int, threading.Lock] = {}

    def take(self) -> bool:
        """Take one retry from the budget; return whether there was one."""
        with self._lock():
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def refund(self, retries: int) -> None:
        """Record a success that took some retries."""
        if self._left >= self.capacity:
            return
        with self._lock():
            self._left = min(self.capacity, self._left + retries + self.refunded)

    def __repr__(self) -> str:
        return f"RetryBudget({self.capacity:g}, refund={self.refunded:g})"

    def _lock(self) -> threading.Lock:
        return self._locks.setdefault(os.getpid(), threading.Lock())


def check_budget(budget: object, policy: RetryPolicy) -> RetryBudget:
    """Check a caller's budget, or make one that lets a single call use all its retries.

    Raises:
        ConfigurationError: It is not a ``RetryBudget``.
    """
    if budget is None:
        return RetryBudget(max(90, policy.max_retries))
    if not isinstance(budget, RetryBudget):
        kind = type_of(budget)
        raise ConfigurationError(f"retry_budget must be a RetryBudget(...), not {kind}")
    return budget
