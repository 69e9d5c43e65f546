"""Asking the sources of secrets for what they hold now."""

from collections.abc import Sequence
from typing import Any

from .._policy.clock import Moment
from .._secret import AsyncSecretMember, AsyncSecretSource, Secret, SecretMember
from .effects import Resolve, ResolveGroup, Result, Steps

__all__ = ["resolved"]


def resolved(
    sources: Sequence[AsyncSecretSource], at: Moment
) -> Steps[tuple[list[Secret], Moment]]:
    """Ask all sources; a group is asked once, whichever of it is used.

    Args:
        sources: The sources.
        at: The moment of the start.

    Returns:
        The secrets in the order of their sources, and the moment when they were there.
    """
    members = [one for one in sources if isinstance(one, (SecretMember, AsyncSecretMember))]
    read: dict[Any, Any] = {}
    for group in dict.fromkeys(member.group for member in members):
        result: Result[Any] = yield ResolveGroup(group)
        read[group], at = result.value, result.at
    secrets: list[Secret] = []
    for source in sources:
        if isinstance(source, Secret):
            secrets.append(source)
        elif isinstance(source, (SecretMember, AsyncSecretMember)):
            secrets.append(source.of(read[source.group]))
        else:
            result = yield Resolve(source)
            secrets.append(result.value)
            at = result.at
    return secrets, at
