"""Find what a mint with a lost response started."""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from ..errors import FieldError, InvalidInputError
from ..extension import Call, HasItems, PagedCall, PageWalk, type_of
from .errors import InconclusiveLookupError
from .fund_lookups import FundTransaction, FundTransactionsRequest
from .models import OPENS_NO_PAYMENT, ClientAuthTokenCall, Permission, quoted, unlisted_in
from .payment_lookups import Payment, PaymentsRequest
from .query import EPOCH, instant_since_1970

__all__ = ["find_minted", "new_reference_id"]

Item = TypeVar("Item", Payment, FundTransaction)
Page = TypeVar("Page", bound=HasItems[object])

# The mint may have been signed with a corrected clock; corrections are at most a day.
CLOCK_MARGIN = timedelta(days=1)
MOST_NAMED = 10
STARTS_SESSION = frozenset({Permission.FWC.value, Permission.CRYPTO_PAY.value})
STARTS_NO_SESSION = frozenset(permission.value for permission in Permission) - STARTS_SESSION


def new_reference_id() -> str:
    """Return a new ``reference_id`` for one mint: a UUID, 36 of the 50 characters allowed.

    :meth:`ZeroHashClient.find_minted` finds what a mint started only if no other mint has its
    ``reference_id``. Store it before you mint.
    """
    return str(uuid4())


def find_minted(
    request: ClientAuthTokenCall, *, since: datetime
) -> Generator[Call[Any], Any, Payment | FundTransaction | None]:
    """Ask for the payments, then for the fund transactions, with a mint's ``reference_id``.

    What an unknown permission starts, and where ``crypto-pay`` appears, is not documented: such
    mints are looked for in both lists, and finding nothing there proves nothing.
    """
    _check(request, since)
    code, reference_id = _field(request, "participant_code"), _field(request, "reference_id")
    found: Payment | FundTransaction | None = None
    candidates: list[Payment] = []
    if _opens_payment(request):
        start = max(since, EPOCH + CLOCK_MARGIN) - CLOCK_MARGIN
        payments = PaymentsRequest(participant_code=code, start_date=start)
        found, candidates = yield from _search(payments, reference_id)
    if found is None and _starts_session(request):
        sessions = FundTransactionsRequest(participant_code=code, reference_id=reference_id)
        found, _ = yield from _search(sessions, reference_id)
    if found is None and candidates:
        raise InconclusiveLookupError(
            f"nothing with the reference_id {reference_id!a:.60} is listed, but zerohash lists "
            f"{len(candidates)} of the participant's payments without a reference_id, and each "
            f"may be this mint's: {_ids(candidates)}; look at them before you mint again"
        )
    unlisted = unlisted_in(request.asked_permissions())
    if found is None and unlisted:
        raise InconclusiveLookupError(
            f"nothing with the reference_id {reference_id!a:.60} is listed, but zerohash does not "
            f"say where a mint with {quoted(unlisted)} is listed: it may still "
            "have opened a payment, so ask zerohash before you mint again"
        )
    return found


def _field(request: ClientAuthTokenCall, name: str) -> str | None:
    """Return a field that not every experience has."""
    value: str | None = getattr(request, name, None)
    return value


def _opens_payment(request: ClientAuthTokenCall) -> bool:
    return not OPENS_NO_PAYMENT.issuperset(request.asked_permissions())


def _starts_session(request: ClientAuthTokenCall) -> bool:
    return not STARTS_NO_SESSION.issuperset(request.asked_permissions())


def _check(request: object, since: object) -> None:
    problems = (("request", _request_problem(request)), ("since", instant_since_1970(since)))
    errors = tuple(
        FieldError(field=field, message=message) for field, message in problems if message
    )
    if errors:
        raise InvalidInputError("find_minted()", errors)


def _request_problem(request: object) -> str | None:
    if not isinstance(request, ClientAuthTokenCall):
        kind = type_of(request)
        return f"must be the ClientAuthTokenRequest(...) or experience that was sent, not {kind}"
    if _field(request, "reference_id") is None:
        return "has no reference_id to look for: give each mint one from new_reference_id()"
    if not (_opens_payment(request) or _starts_session(request)):
        return (
            "has nothing to look for: it opens no payment and starts no fund session, so send it "
            "again"
        )
    return None


def _search(
    call: PagedCall[Page, Item], reference_id: str | None
) -> Generator[Call[Page], Page, tuple[Item | None, list[Item]]]:
    """Return the item with a ``reference_id``, and those before it that have no readable one."""
    walk = PageWalk(call)
    candidates: list[Item] = []
    while walk.call is not None:
        for item in walk.take((yield walk.call)):
            if item.reference_id == reference_id:
                return item, candidates
            if not item.reference_id:
                candidates.append(item)
    return None, candidates


def _ids(payments: list[Payment]) -> str:
    ids = [f"payment_id {one.payment_id!a:.60}" for one in payments[:MOST_NAMED]]
    left = len(payments) - len(ids)
    return ", ".join([*ids, f"and {left} more"] if left else ids)
