"""Reuse for one client: the fast path to a kept token, and the start of the slow path."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import attrs

from .._model.call import Call
from .._model.json import is_mapping, type_of
from .._model.token import IssuedToken
from .._observability.logging import is_logged
from .._pipeline.effects import Ask, Steps
from .._pipeline.prepare import Plan
from .._pipeline.secret_sources import resolved
from .._policy.clock import Moment, TimeSource
from .._secret import Secret
from ..errors import (
    ConfigurationError,
    FieldError,
    InvalidInputError,
    StoreError,
    TokenKitError,
)
from .asking import StoreFailure, StoreQuestion
from .cache import TokenCache
from .commands import Invalidate
from .key import (
    EXACT,
    Reader,
    exact_values,
    identity_of,
    key_of,
    needs_probe,
    reader_of,
)
from .query import Query, ResolvedStrategy
from .run import serve
from .state import Place

__all__ = ["Reuse"]

R = TypeVar("R")


@attrs.frozen(eq=False, repr=False)
class _Caller:
    """Who asks: an identity, and how to mint under it."""

    identity: bytes
    plan: Plan


class Reuse:
    """Hands out tokens for one client and one set of its options.

    Args:
        cache: Where tokens are kept.
        plan: How the client mints.
        http_client: The caller's own HTTP client, whose default headers go out too.
        clock: The client's clock.
        lifetime: How long the vendor's tokens live, if the tokens don't say.
        tells_hits: Whether each hit is reported to a hook.
    """

    def __init__(
        self,
        *,
        cache: TokenCache,
        plan: Plan,
        http_client: object,
        clock: TimeSource,
        lifetime: timedelta | None,
        tells_hits: bool,
    ) -> None:
        self.plan = plan
        self._cache = cache
        self._table = cache.table
        self._find = cache.table.kept.get
        self._mark_as_used = cache.table.kept.move_to_end
        self._counts = cache.table.counts
        self._http_client = http_client
        self._wall, self._monotonic = clock.time, clock.monotonic
        self._lifetime = None if lifetime is None else lifetime.total_seconds()
        self._readers: dict[type[Any], Reader] = {}
        self._caller = self._constant_caller()
        self._who = b"" if self._caller is None else self._caller.identity
        known = plan.profile.tells_lifetime or lifetime is not None
        self._tells_hits = tells_hits
        self._is_quick = self._caller is not None and known and not tells_hits

    def hit(self, call: Call[Any]) -> Any:
        """Return a kept token that needs no decision; ``None`` for the slow path.

        It takes no lock and asks no store, and every function call saved here shows.
        """
        model = type(call)
        try:
            values = self._readers[model](call)
        except KeyError:
            return None
        if getattr(call, "extra", None):
            return None
        # The same as exact_values(), without the call.
        for value in values:
            if value is None:
                continue
            kind = type(value)  # pyright: ignore[reportUnknownVariableType]  # a field is Any
            if kind is str or kind in EXACT:
                continue
            if kind is not tuple or not EXACT.issuperset(map(type, value)):
                return None
        place = self._who, model, values
        kept = self._find(place)
        if (
            kept is None
            or self._wall() >= kept.quiet_until
            or self._monotonic() >= kept.quiet_until_monotonic
        ):
            return None
        try:
            self._mark_as_used(place)
        except KeyError:  # dropped by another thread a moment ago
            return None
        self._counts.hits += 1
        return kept.token

    def begin(
        self, call: Call[Any], valid_for: timedelta | None, request_id: str, method: str
    ) -> Callable[[Moment], Steps[IssuedToken]]:
        """Check a request for a token; return the steps that lead to it.

        Args:
            call: The call.
            valid_for: How long the token must still be valid.
            request_id: The id for the vendor's request-id header, if it has one.
            method: The method that was called, for errors.

        Raises:
            InvalidInputError: ``valid_for`` is invalid.
            ConfigurationError: The call's token must not be reused, or its lifetime is unknown.
        """
        where = self._check(call, method)
        seconds = _seconds(valid_for, where)
        if self._is_quick:
            self._readers[type(call)] = reader_of(type(call))
        return partial(self._named, method, partial(self._served, call, seconds, request_id))

    def _served(
        self, call: Call[Any], valid_for: float | None, request_id: str, start: Moment
    ) -> Steps[IssuedToken]:
        caller, at = yield from self._resolved(start)
        query = Query(
            call=call,
            plan=caller.plan,
            watched=self.plan.watched or is_logged(),
            tells_hits=self._tells_hits,
            request_id=request_id,
            table=self._table,
            caller=caller.identity,
            place=self._place(call, caller, at),
            valid_for=valid_for,
            lifetime=None if self.plan.profile.tells_lifetime else self._lifetime,
            until=start.monotonic + self.plan.settings.deadline,
        )
        return (yield from serve(query, at))

    def begin_invalidation(self, call: Call[Any], method: str) -> Callable[[Moment], Steps[None]]:
        """Check a call whose token is to be forgotten; return the steps that do so."""
        self._check(call, method)
        return partial(self._named, method, partial(self._invalidated, call))

    def _invalidated(self, call: Call[Any], start: Moment) -> Steps[None]:
        caller, _ = yield from self._resolved(start)
        place = self._place(call, caller, start)
        self._table.drop(place)
        store = self._table.settings.store
        if store is None:
            return
        command = Invalidate(key=key_of(call, caller.identity, start.wall))
        response = (yield Ask(StoreQuestion(store, command))).value
        # A mint that began meanwhile may have found what was still stored.
        self._table.drop(place)
        if isinstance(response, StoreFailure):
            raise StoreError(
                "The token is forgotten in this process, but not in the shared store "
                f"({response.error}); call invalidate_token() again",
                vendor=self.plan.profile.vendor_id,
                operation="invalidate_token",
            )

    def _named(self, method: str, begin: Callable[[Moment], Steps[R]], start: Moment) -> Steps[R]:
        """Name the vendor and the method in an error that a call's own code doesn't complete."""
        try:
            return (yield from begin(start))
        except TokenKitError as error:
            if error.operation is None:
                error.vendor, error.operation = self.plan.profile.vendor_id, method
            raise

    def _check(self, call: Call[Any], method: str) -> str:
        """Refuse a call whose token is never kept; return the method's name, for errors."""
        where = f"{self.plan.client}.{method}()"
        problem = self._problem(call)
        if problem is not None:
            raise ConfigurationError(where, [problem])
        return where

    def _problem(self, call: Call[Any]) -> str | None:
        name, vendor = type(call).__name__, self.plan.profile.vendor
        if not call.reusable:
            return (
                f"{name} is not reusable (its model doesn't say reusable = True); mint a new "
                "token each time"
            )
        if call.reuse_problem is not None:
            return call.reuse_problem
        if not self.plan.profile.tells_lifetime and self._lifetime is None:
            return (
                f"{vendor} doesn't say how long its tokens live, so a token could be handed out "
                "after it expired; pass token_lifetime=timedelta(...) to the client, or mint a "
                "new token each time"
            )
        return None

    def _place(self, call: Call[Any], caller: _Caller, at: Moment) -> Place:
        values = exact_values(call, reader_of(type(call)))
        if values is None:
            return type(call), key_of(call, caller.identity, at.wall)
        return caller.identity, type(call), values

    def _constant_caller(self) -> _Caller | None:
        """Return who asks, if that never changes: a secret source may return another tenant's."""
        strategy = self.plan.strategy
        secrets = [source for source in strategy.secrets if isinstance(source, Secret)]
        if len(secrets) < len(strategy.secrets) or needs_probe(strategy):
            return None
        if self._http_client is not None:
            return None
        identity = self._identity(secrets)
        return None if isinstance(identity, TokenKitError) else _Caller(identity, self.plan)

    def _resolved(self, start: Moment) -> Steps[tuple[_Caller, Moment]]:
        """Ask each source once: the mint is signed with the secrets in the key."""
        if self._caller is not None:
            return self._caller, start
        secrets, at = yield from resolved(self.plan, start)
        return self._caller_of(secrets), at

    def _caller_of(self, secrets: Sequence[Secret]) -> _Caller:
        strategy = self.plan.strategy
        identity = self._identity(secrets)
        if isinstance(identity, TokenKitError):
            raise identity
        plan = attrs.evolve(
            self.plan,
            strategy=ResolvedStrategy(strategy, secrets),
            strategy_name=type(strategy).__name__,
        )
        return _Caller(identity, plan)

    def _identity(self, secrets: Sequence[Secret]) -> bytes | ConfigurationError:
        return identity_of(self.plan, secrets, _default_headers(self._http_client))


def _default_headers(http_client: object) -> dict[str, str]:
    headers: object = getattr(http_client, "headers", None)
    if not is_mapping(headers):
        return {}
    return {f"http_client {name}": str(value) for name, value in headers.items()}


def _seconds(valid_for: object, where: str) -> float | None:
    if valid_for is None:
        return None
    if isinstance(valid_for, timedelta) and valid_for >= timedelta(0):
        return valid_for.total_seconds()
    problem = f"must be a timedelta, not {type_of(valid_for)}"
    if isinstance(valid_for, timedelta):
        problem = f"must be at least 0 seconds, not {valid_for.total_seconds():g}"
    errors = (FieldError(field="valid_for", message=problem),)
    raise InvalidInputError(where, errors)
