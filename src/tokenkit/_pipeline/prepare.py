"""Write a call as a request, and sign the request."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from itertools import chain
from traceback import format_exception_only
from typing import cast

import attrs

from .._model.call import Call
from .._model.messages import HEADER_NAME, Request, fits_header, is_set_by_client
from .._model.paths import route_problem
from .._policy.clock import ClockOffset
from .._policy.profile import Profile
from .._policy.retry import RetryBudget
from .._policy.settings import CallSettings
from .._redaction import Hidden
from .._secret import Secret, with_members, without_frames
from ..auth.strategy import AsyncStrategy
from ..errors import ConfigurationError, TokenKitError
from .request_body import encode_body, invalid

__all__ = ["Plan", "authentication", "sign", "unsigned_request"]

METHODS_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})
# A shorter header value, such as a timestamp, is not a secret and occurs elsewhere too.
SHORTEST_SIGNATURE = 16

# Few clients send to many paths.
_path_problem = lru_cache(maxsize=256)(route_problem)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Plan:
    """Everything that is settled before a call starts.

    Attributes:
        profile: The vendor.
        client: The name of the client's class, for errors.
        credentials: The options from which the client has its strategy, for errors.
        origin: Scheme, host and port.
        base_path: The path before each call's path.
        settings: The timeouts, the deadline, when to retry, and the headers.
        strategy: Authenticates the request.
        strategy_name: The class of the strategy that ``strategy`` stands in for, for errors; empty
            if it is the client's own.
        budget: The client's retry budget.
        offset: How far the vendor's clock is ahead; ``None`` not to correct ours.
        watched: Whether there is a hook, a log or a trace to report to.
    """

    profile: Profile
    origin: str
    base_path: str
    settings: CallSettings
    strategy: AsyncStrategy
    budget: RetryBudget
    offset: ClockOffset | None = None
    watched: bool = True
    client: str = "Client"
    strategy_name: str = ""
    credentials: Mapping[str, object] = attrs.field(factory=dict[str, object])


def unsigned_request(
    call: Call[object], plan: Plan, request_id: str, wall: float
) -> Request | TokenKitError:
    """Write a call as a request, once for all attempts, or return the error.

    Args:
        call: The call.
        plan: Where it goes, and with which headers.
        request_id: The id for the vendor's request-id header, if it has one.
        wall: The time of day that relative times in the body count from.
    """
    body = encode_body(call, datetime.fromtimestamp(wall, timezone.utc), plan.client)
    if isinstance(body, TokenKitError):
        return body
    method, path = call.request_line
    if problem := _path_problem(path):
        return invalid(call, problem, "path", plan.client)
    added: dict[str, str] = {}
    if body or method in METHODS_WITH_BODY:
        added["content-length"] = str(len(body))
    if body:
        added["content-type"] = "application/json"
    if plan.profile.request_id_header is not None:
        added[plan.profile.request_id_header.lower()] = request_id
    return Request(
        method=method,
        origin=plan.origin,
        route=plan.base_path + path,
        headers=plan.settings.headers.merged_with(added),
        body=body,
    )


def sign(
    unsigned: Request,
    plan: Plan,
    secrets: Sequence[Secret],
    now: float,
    hidden: Hidden,
) -> Request | ConfigurationError:
    """Authenticate a request, or return the error.

    Args:
        unsigned: The request.
        plan: Has the strategy, and the vendor.
        secrets: The strategy's secrets, resolved.
        now: The time by the vendor's clock, in seconds since 1970.
        hidden: Gets the secrets, and the headers made from them, to hide them.
    """
    added = authentication(unsigned, plan, secrets, now)
    if isinstance(added, TokenKitError):
        return added
    made = [value for value in added.values() if len(value) >= SHORTEST_SIGNATURE]
    hidden.add([*[secret.reveal() for secret in secrets], *made])
    return Request(
        method=unsigned.method,
        origin=unsigned.origin,
        route=unsigned.route,
        headers=unsigned.headers.merged_with(added),
        body=unsigned.body,
    )


def authentication(
    unsigned: Request, plan: Plan, secrets: Sequence[Secret], now: float
) -> dict[str, str] | ConfigurationError:
    """Return the headers that authenticate a request, checked, or the error.

    The arguments are those of :func:`sign`.
    """
    try:
        made = dict(plan.strategy.headers(unsigned, secrets, now))
        problem = _problem(made, plan.profile.request_id_header)
    except Exception as error:  # noqa: BLE001 - a caller's strategy may raise anything
        return _strategy_error(plan, error, _hiding(secrets))
    if problem is not None:
        return _error(plan, [_about_headers(plan, problem)], _hiding(secrets))
    return {name.lower(): value for name, value in made.items()}


def _hiding(secrets: Sequence[Secret]) -> Hidden:
    return Hidden(secret.reveal() for secret in secrets)


def _strategy_error(plan: Plan, raised: Exception, hidden: Hidden) -> ConfigurationError:
    """Return the error that says what a client's strategy raised."""
    unknown = _about_headers(plan, f"raised {type(raised).__name__}")
    if not isinstance(raised, ConfigurationError):
        error = _error(plan, [unknown], hidden)
        error.__cause__ = without_frames(raised)  # a strategy's own frames hold its secrets
        return error
    # Only the frames go: a strategy may raise the same object again, for another client too.
    raised.__traceback__ = None
    error = _error(plan, _problems_of(raised) or [unknown], hidden)
    error.__cause__ = _cause_of(raised, hidden)
    return error


def _error(plan: Plan, problems: Sequence[str], hidden: Hidden) -> ConfigurationError:
    return ConfigurationError(plan.client, [*map(hidden.redact, problems)])


def _problems_of(error: ConfigurationError) -> list[str]:
    """Return an error's problems, as far as they are strings: its class may be the caller's."""
    problems: object = getattr(error, "problems", ())
    if not isinstance(problems, (list, tuple)):
        return []
    return [one for one in cast("Sequence[object]", problems) if isinstance(one, str)]


def _cause_of(error: ConfigurationError, hidden: Hidden) -> BaseException | None:
    """Return an error's own cause without its frames; nothing if a traceback shows a secret."""
    if error.__cause__ is None:
        return None
    cause = without_frames(error.__cause__)
    shown = "".join(chain.from_iterable(map(format_exception_only, with_members(cause))))
    return cause if hidden.redact(shown) == shown else None


def _about_headers(plan: Plan, problem: str) -> str:
    return f"{plan.strategy_name or type(plan.strategy).__name__}.headers() {problem}"


def _problem(made: Mapping[str, str], request_id_header: str | None) -> str | None:
    """Return what is wrong with the headers of a strategy; values are never quoted."""
    if problem := _names_problem(tuple(made), request_id_header):
        return problem
    for name, value in made.items():
        if not fits_header(value):
            return f"returned a value for {name!r} that isn't valid in a header"
    return None


@lru_cache(maxsize=64)
def _names_problem(names: Sequence[object], request_id_header: str | None) -> str | None:
    known: set[str] = set()
    for name in names:
        if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
            # Not quoted: it may be a value that took the name's place.
            return "returned a header whose name isn't valid; use letters, digits and hyphens"
        if is_set_by_client(name, request_id_header):
            return f"returned {name}, which is set by the client itself"
        if name.lower() in known:
            return "returned a header twice; names compare without case"
        known.add(name.lower())
    return None
