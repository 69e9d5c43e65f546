"""A client's options for reusing tokens, checked."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import attrs

from .._model.json import type_of
from .._policy.profile import Profile

if TYPE_CHECKING:
    from .._reuse.cache import TokenCache

__all__ = ["ReuseSettings"]

SHORTEST_LIFETIME = timedelta(seconds=1)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ReuseSettings:
    """How a client reuses tokens.

    Attributes:
        token_cache: The caller's cache; ``None`` for the client's own.
        token_lifetime: How long the vendor's tokens live, if they don't say.
        http_client: The caller's HTTP client, whose default headers go out too.
    """

    token_cache: "TokenCache | None"
    token_lifetime: timedelta | None
    http_client: object

    @classmethod
    def parse(
        cls, profile: Profile, options: Mapping[str, Any]
    ) -> "ReuseSettings | tuple[str, ...]":
        """Check the options; return the settings, or every problem with its option's name."""
        cache, lifetime = options.get("token_cache"), options.get("token_lifetime")
        problems: list[str] = []
        if cache is not None and not _is_cache(cache):
            kind = type_of(cache)
            problems.append(f"token_cache must be a TokenCache(...), not {kind}")
        if lifetime is not None:
            problems += _lifetime_problems(profile, lifetime)
        if problems:
            return tuple(problems)
        return cls(
            token_cache=cache, token_lifetime=lifetime, http_client=options.get("http_client")
        )


def _is_cache(value: object) -> bool:
    from .._reuse.cache import TokenCache  # noqa: PLC0415 - most clients need no cache to start

    return isinstance(value, TokenCache)


def _lifetime_problems(profile: Profile, lifetime: object) -> list[str]:
    if not isinstance(lifetime, timedelta):
        return [f"token_lifetime must be a timedelta, not {type_of(lifetime)}"]
    if profile.tells_lifetime:
        return [f"token_lifetime can't be set: {profile.vendor}'s tokens say how long they live"]
    if lifetime < SHORTEST_LIFETIME:
        return [f"token_lifetime must be at least one second, not {lifetime}"]
    return []
