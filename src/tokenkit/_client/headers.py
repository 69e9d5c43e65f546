"""The headers that a client sends beside a call's own: its options' and its vendor's, checked."""

import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import __version__
from .._model.json import is_mapping, type_of
from .._model.messages import HEADER_NAME, Headers, header_problem, is_set_by_client
from .._policy.profile import Profile
from ..errors import ConfigurationError

__all__ = ["check_headers", "constant_headers"]

WORDS = re.compile(r"[A-Za-z]{0,12}([ _-][A-Za-z]{0,12}){0,4}")


def check_headers(profile: Profile, headers: object) -> Headers:
    """Check a caller's headers.

    Raises:
        ConfigurationError: Some cannot be sent; it names all of them, and quotes no value.
    """
    if not is_mapping(headers):
        kind = type(headers).__name__
        raise ConfigurationError(f"headers must be a mapping of names to values, not {kind}")
    _refuse(_problems("headers", profile, headers))
    return Headers({str(name): str(value) for name, value in headers.items()})


def constant_headers(profile: Profile, options: Mapping[str, Any]) -> Headers:
    """Return the headers of every request: this package's, and those of the vendor's profile.

    Args:
        profile: The vendor.
        options: The client's options. Its ``user_agent_suffix`` is added to the user agent.

    Raises:
        ConfigurationError: The suffix, or a header of the profile, cannot be sent; it names all
            that can't.
    """
    agent = f"tokenkit/{__version__} python/{platform.python_version()}"
    agent = profile.headers.get("user-agent", agent)
    problems = _problems(f"headers of {profile.vendor}'s profile", profile, profile.headers)
    suffix = options.get("user_agent_suffix")
    if suffix is not None:
        agent = f"{agent} {suffix}"
        problems += _suffix_problems(suffix, options.get("headers"))
    _refuse(problems)
    own = Headers({"accept": "application/json", "accept-encoding": "gzip"})
    return own.merged_with(profile.headers).merged_with(Headers({"user-agent": agent}))


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise ConfigurationError(problems=problems)


def _suffix_problems(suffix: object, headers: object) -> Iterator[str]:
    if problem := header_problem(suffix):
        yield f"user_agent_suffix {problem}"
    names = headers if is_mapping(headers) else ()
    if any(isinstance(name, str) and name.lower() == "user-agent" for name in names):
        yield "pass either user_agent_suffix or a User-Agent in headers, not both"


def _problems(where: str, profile: Profile, headers: Mapping[Any, object]) -> list[str]:
    found = [
        _header_problem(profile, position, name, value)
        for position, (name, value) in enumerate(headers.items(), 1)
    ]
    return [f"{where}: {problem}" for problem in found if problem is not None]


def _header_problem(profile: Profile, position: int, name: object, value: object) -> str | None:
    if not isinstance(name, str):
        return f"the name of header {position} must be a string, not {type_of(name)}"
    if not HEADER_NAME.fullmatch(name):
        # Only words are quoted: "x-key: SECRET" and a name that took the value's place come here.
        told = f"the name of header {position} is not valid"
        if WORDS.fullmatch(name):
            told = f"{name!r} is not a valid header name"
        return f"{told}; use letters, digits and hyphens"
    if name.lower() in profile.credential_headers:
        return f"{name} is set by the client's auth strategy"
    if is_set_by_client(name, profile.request_id_header):
        return f"{name} is set by the client itself"
    problem = header_problem(value)
    return None if problem is None else f"the value of {name} {problem}"
