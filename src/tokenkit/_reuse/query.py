"""A request for a token: everything that is known before the store is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from .._model.call import Call
from .._model.messages import Request
from .._pipeline.prepare import Plan
from .._secret import AsyncSecretSource, Secret
from ..auth.strategy import AsyncStrategy
from .key import key_of
from .state import Place, TokenTable

__all__ = ["Query", "ResolvedStrategy"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Query:
    """A request for a token.

    Attributes:
        call: The call that mints it.
        plan: How to mint it.
        watched: Whether records are reported.
        tells_hits: Whether tokens from the process's memory are reported too.
        request_id: The id for the vendor's request-id header.
        table: What the process keeps.
        caller: The identity under which it is asked for.
        place: Where it is kept in the process.
        valid_for: The seconds that must be left of it; ``None`` for the usual ones.
        lifetime: The seconds that the vendor's tokens live, if the tokens don't say.
        until: When the caller's deadline passes, by the monotonic clock.
    """

    call: Call[Any]
    plan: Plan
    watched: bool
    tells_hits: bool
    request_id: str
    table: TokenTable
    caller: bytes
    place: Place
    valid_for: float | None
    lifetime: float | None
    until: float

    @property
    def vendor(self) -> str:
        """The vendor, as records and errors name it."""
        return self.plan.profile.vendor_id

    @property
    def operation(self) -> str:
        """The call's name."""
        return self.call.operation

    @property
    def revocable(self) -> bool:
        """Whether the token can be ended before its time."""
        return self.plan.profile.tokens_are_revocable

    @property
    def caller_name(self) -> str:
        """The identity, as the store sees it."""
        return self.caller.hex()[:32]

    def key(self, now: float) -> str:
        """Return the call's key; it is computed on a miss only."""
        return key_of(self.call, self.caller, now)


class ResolvedStrategy:
    """A strategy bound to the secrets in the key, so that no others sign the mint.

    Args:
        strategy: The caller's strategy.
        secrets: Its secrets, as they were resolved for the key.
    """

    def __init__(self, strategy: AsyncStrategy, secrets: Sequence[Secret]) -> None:
        self._strategy = strategy
        self.secrets: Sequence[AsyncSecretSource] = tuple(secrets)
        self.uses_time = strategy.uses_time

    def headers(
        self, request: Request, secrets: Sequence[Secret], now: float
    ) -> Mapping[str, str]:
        """Return the strategy's headers."""
        return self._strategy.headers(request, secrets, now)
