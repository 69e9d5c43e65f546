"""A vendor's credentials: from arguments or the environment to an auth strategy."""

import os
import re
from collections.abc import Mapping
from inspect import iscoroutinefunction
from typing import Any, ClassVar, Protocol

from .._policy.profile import Profile
from .._secret import Secret, conceal
from ..auth.strategy import AsyncStrategy, check_sources
from ..errors import ConfigurationError
from .base_url import is_private_name

__all__ = ["make_strategy", "name_variables", "read_environment"]


class HasProfile(Protocol):
    """A vendor's client."""

    profile: ClassVar[Profile]


INSECURE_HTTP_VARIABLE = "TOKENKIT_ALLOW_INSECURE_HTTP"


def make_strategy(
    profile: Profile,
    auth: AsyncStrategy | None,
    credentials: Mapping[str, object],
    *,
    is_async: bool,
) -> AsyncStrategy:
    """Return the caller's strategy, or the vendor's for the credentials.

    Args:
        profile: The vendor.
        auth: The caller's strategy.
        credentials: The credentials by name; ``None`` for one that is not given.
        is_async: Whether the client can wait for an async secret source.

    Raises:
        ConfigurationError: A credential is missing or cannot be used, or ``auth`` was given
            with a credential, or is not a strategy.
    """
    strategy = _strategy(profile, auth, credentials)
    if not is_async and any(_is_async(source) for source in strategy.secrets):
        raise ConfigurationError(
            "a sync client cannot wait for an async secret source; use the async client or a "
            "plain function"
        )
    return strategy


def _strategy(
    profile: Profile, auth: AsyncStrategy | None, credentials: Mapping[str, object]
) -> AsyncStrategy:
    given = {name: conceal(value) for name, value in credentials.items() if value is not None}
    if auth is not None:
        return _checked(auth, given)
    missing = [name for name in profile.credential_variables if name not in given]
    if missing:
        raise ConfigurationError(f"pass {_listed(missing)} or auth=...")
    check_sources(given)
    return profile.strategy(**given)


def _checked(auth: AsyncStrategy, given: Mapping[str, object]) -> AsyncStrategy:
    if given:
        raise ConfigurationError(f"pass either auth or {' and '.join(given)}, not both")
    if isinstance(auth, type) or not hasattr(auth, "secrets"):
        kind = auth.__name__ if isinstance(auth, type) else type(auth).__name__
        raise ConfigurationError(f"auth must be a strategy such as Bearer(...), not {kind}")
    return auth


def _is_async(source: object) -> bool:
    return iscoroutinefunction(source) or iscoroutinefunction(getattr(source, "__call__", None))  # noqa: B004 - it is its kind that matters


def _listed(names: list[str]) -> str:
    *most, last = (f"{name}=..." for name in names)
    return f"{', '.join(most)} and {last}" if most else last


def read_environment(
    profile: Profile, environ: Mapping[str, str] | None, options: Mapping[str, object]
) -> dict[str, Any]:
    """Add to a client's options its arguments from environment variables.

    Empty variables count as missing. An option takes precedence over its variable.

    Raises:
        ConfigurationError: The variable of a credential is missing; it names all that are.
    """
    source = os.environ if environ is None else environ
    variables = profile.credential_variables
    found: dict[str, Any] = {
        name: Secret(source[variable])
        for name, variable in variables.items()
        if source.get(variable)
    }
    missing = [variable for name, variable in variables.items() if name not in found]
    if missing:
        names = ", ".join(missing)
        raise ConfigurationError(f"{profile.vendor}: set {names} in the environment")
    given = {name: value for name, value in options.items() if value is not None}
    if "base_url" not in given:
        found |= _base_url(profile, source)
    if _allows_http(source, {**found, **given}.get("base_url")):
        found["allow_insecure_http"] = True
    return {**options, **found, **given}


def _base_url(profile: Profile, source: Mapping[str, str]) -> dict[str, str]:
    if source.get(profile.base_url_variable):
        return {"base_url": source[profile.base_url_variable]}
    return {
        name: source[setting.variable]
        for name, setting in profile.base_url_settings.items()
        if source.get(setting.variable)
    }


def _allows_http(source: Mapping[str, str], base_url: object) -> bool:
    wanted = source.get(INSECURE_HTTP_VARIABLE, "").lower() in ("1", "true", "yes")
    return wanted and is_private_name(base_url)


def name_variables(
    client: type[HasProfile], error: BaseException, options: Mapping[str, object]
) -> None:
    """Name, in a constructor's error, the variables that the arguments came from."""
    if not isinstance(error, ConfigurationError):
        return
    if not error.message.startswith(f"{client.__name__}: "):
        return
    profile = client.profile
    settings = {name: one.variable for name, one in profile.base_url_settings.items()}
    variables = {**profile.credential_variables, **settings, "base_url": profile.base_url_variable}
    for name, variable in variables.items():
        if options.get(name) is None:
            named = f"{name} (from {variable})"
            error.message = re.sub(rf"(?<![=.])\b{name}\b(?!=)", named, error.message, count=1)
    error.args = (error.message,)
