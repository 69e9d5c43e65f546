"""A vendor's credentials: from arguments or the environment to an auth strategy."""

import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from inspect import iscoroutinefunction, signature
from itertools import chain
from typing import Any, ClassVar, Protocol

from .._error_details import listed
from .._model.base_url import is_private_name
from .._model.checks import suggestion
from .._model.json import is_mapping, quoted, type_of
from .._pipeline.secret_sources import source_name
from .._policy.profile import Profile
from .._secret import AsyncSecretMember, Secret, conceal
from ..auth.strategy import AsyncStrategy, source_problems
from ..errors import ConfigurationError

__all__ = ["make_strategy", "name_variables", "profile_of", "read_environment"]


class HasProfile(Protocol):
    """A vendor's client."""

    profile: ClassVar[Profile]


INSECURE_HTTP_VARIABLE = "TOKENKIT_ALLOW_INSECURE_HTTP"
STRATEGY_MEMBERS = ("secrets", "uses_time", "headers")


class MissingVariable(Secret):
    """Stands for a credential whose environment variable is missing, until that is reported.

    Args:
        variable: The variable.
    """

    __slots__ = ("variable",)

    def __init__(self, variable: str) -> None:
        super().__init__("")
        self.variable = variable


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
            with a credential, or is not a strategy. It names everything that is wrong.
    """
    given = {name: conceal(value) for name, value in credentials.items() if value is not None}
    strategy, problems = _vendors(profile, given) if auth is None else _callers(auth, given)
    if not is_async:
        problems += _async_problems({} if auth is not None else given, strategy)
    if strategy is None or problems:
        raise ConfigurationError(problems=problems)
    return strategy


def _callers(
    auth: AsyncStrategy, given: Mapping[str, object]
) -> tuple[AsyncStrategy | None, list[str]]:
    names = [name for name, source in given.items() if not isinstance(source, MissingVariable)]
    problems = [f"pass either auth or {' and '.join(names)}, not both"] if names else []
    if problem := _strategy_problem(auth):
        return None, [*problems, f"auth must be {problem}"]
    return auth, problems


def _strategy_problem(value: object) -> str | None:
    """Return what something must be that isn't a strategy, and what it is."""
    wanted = f"a strategy such as Bearer(...), not {type_of(value)}"
    lacking = [name for name in STRATEGY_MEMBERS if not hasattr(value, name)]
    if isinstance(value, type) or len(lacking) == len(STRATEGY_MEMBERS):
        return wanted
    return f"{wanted}, which lacks {' and '.join(lacking)}" if lacking else None


def _vendors(
    profile: Profile, given: Mapping[str, object]
) -> tuple[AsyncStrategy | None, list[str]]:
    """Return the vendor's strategy, if it could be made, and all that is wrong."""
    missing = [name for name in profile.credential_variables if name not in given]
    unset = [source.variable for source in given.values() if isinstance(source, MissingVariable)]
    problems: list[str] = []
    if missing:
        problems.append(f"pass {listed([f'{name}=...' for name in missing])} or auth=...")
        unknown = [name for name in given if name not in profile.credential_variables]
        problems += [
            f"unknown credential {quoted(name)}{suggestion(name, missing)}" for name in unknown
        ]
    if unset:
        problems.append(f"set {listed(unset)} in the environment")
    wrong = {name: [*source_problems({name: source})] for name, source in given.items()}
    problems += chain.from_iterable(wrong.values())
    unusable = {name for name, source in given.items() if isinstance(source, MissingVariable)}
    unusable |= {name for name, found in wrong.items() if found}
    # A callable, which is asked only later, stands in for them, so that the others are checked.
    checked = {**given, **dict.fromkeys((*missing, *unusable), str)}
    try:
        strategy = profile.strategy(**checked)
    except ConfigurationError as error:
        return None, [*problems, *error.problems]
    except Exception:  # a stand-in may cause any
        problems = problems or _call_problems(profile, checked)
        if not problems:
            raise
        return None, problems
    if problem := _strategy_problem(strategy):
        where = f"the strategy of {profile.vendor}'s profile"
        return None, problems or [f"{where} must return {problem}"]
    return strategy, problems


def _call_problems(profile: Profile, credentials: Mapping[str, object]) -> list[str]:
    """Return why a strategy can't be called with the credentials that its profile names."""
    try:
        signature(profile.strategy).bind(**credentials)
    except TypeError as error:
        problem = (
            f"the strategy of {profile.vendor}'s profile can't be called with "
            f"{' and '.join(credentials)}: {error}; credential_variables and credentials must "
            "have the names of its parameters"
        )
        return [problem]
    return []


def _async_problems(given: Mapping[str, object], strategy: AsyncStrategy | None) -> list[str]:
    """Return which secret sources of a sync client are async.

    Args:
        given: The credentials that a vendor's strategy is made from.
        strategy: The strategy; ``None`` if it could not be made.
    """
    own = [] if strategy is None else [*strategy.secrets]
    sources = [*given.items()]
    sources += [
        (f"auth: the secret source {source_name(source)}", source)
        for source in own
        if not any(source is one for one in given.values())
    ]
    return [
        f"{name} is async, which a sync client cannot wait for; use the async client or a "
        "plain function"
        for name, source in sources
        if _is_async(source)
    ]


def _is_async(source: object) -> bool:
    if isinstance(source, AsyncSecretMember):
        return True
    return iscoroutinefunction(source) or iscoroutinefunction(getattr(source, "__call__", None))  # noqa: B004 - it is its kind that matters


def profile_of(client: type[HasProfile]) -> Profile:
    """Return the profile that a client's class must have.

    Raises:
        ConfigurationError: It has none.
    """
    profile: object = getattr(client, "profile", None)
    if not isinstance(profile, Profile):
        problem = f"profile must be the vendor's Profile(...), not {type_of(profile)}"
        raise ConfigurationError(client.__name__, [problem])
    return profile


def read_environment(
    client: type[HasProfile], environ: Mapping[str, str] | None, options: Mapping[str, object]
) -> dict[str, Any]:
    """Add to a client's options its arguments from environment variables.

    Empty variables count as missing; a :class:`MissingVariable` then stands for the credential,
    so that the constructor reports it with what else is wrong. An option takes precedence over
    its variable.

    Raises:
        ConfigurationError: The client has no profile, or ``environ`` is not such a mapping.
    """
    profile = profile_of(client)
    source = os.environ if environ is None else environ
    problems = tuple(_environ_problems(profile, source))
    if problems:
        del environ, source, options  # error reports show this frame
        raise ConfigurationError(f"{client.__name__}.from_env()", problems)
    found: dict[str, Any] = {
        name: Secret(source[variable]) if source.get(variable) else MissingVariable(variable)
        for name, variable in profile.credential_variables.items()
    }
    given = {name: value for name, value in options.items() if value is not None}
    if "base_url" not in given:
        found |= _base_url(profile, source)
    if _allows_http(source, {**found, **given}.get("base_url")):
        found["allow_insecure_http"] = True
    return {**options, **found, **given}


def _environ_problems(profile: Profile, source: object) -> Iterator[str]:
    if not is_mapping(source):
        yield f"environ must be a mapping of names to strings, not {type_of(source)}"
        return
    for variable in (*_variables_of(profile).values(), INSECURE_HTTP_VARIABLE):
        value = source.get(variable, "")
        if not isinstance(value, str):
            yield f"environ: {variable} must be a string, not {type_of(value)}"


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
    client: type[HasProfile],
    error: BaseException,
    environ: Mapping[str, str] | None,
    options: Mapping[str, object],
) -> None:
    """Name, in a constructor's error, the variables that the arguments came from."""
    if not isinstance(error, ConfigurationError):
        return
    try:
        variables = _variables(client, environ, options)
    except ConfigurationError:  # the one that is reported: no argument came from a variable
        return
    for name, variable in variables.items():
        named = f"{name} (from {variable})"
        # "Set ... in the environment" is not about the option of that name.
        place = rf"(?<![=.])(?<!in the )\b{name}\b(?!=)"
        named_in = partial(re.compile(place).sub, named, count=1)
        error.message = "\n".join(map(named_in, error.message.split("\n")))
        error.problems = tuple(map(named_in, error.problems))
    error.args = (error.message,)


def _variables_of(profile: Profile) -> dict[str, str]:
    settings = {name: one.variable for name, one in profile.base_url_settings.items()}
    return {**profile.credential_variables, **settings, "base_url": profile.base_url_variable}


def _variables(
    client: type[HasProfile], environ: Mapping[str, str] | None, options: Mapping[str, object]
) -> dict[str, str]:
    """Return the variable of each argument that came from one."""
    source = os.environ if environ is None else environ
    read = read_environment(client, environ, options)
    return {
        name: variable
        for name, variable in _variables_of(client.profile).items()
        if name in read and options.get(name) is None and source.get(variable)
    }
