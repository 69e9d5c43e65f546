"""The headers that a client sends beside a call's own: its options' and its vendor's, checked."""

import platform
from collections.abc import Iterator, Mapping
from typing import Any

from .. import __version__
from .._model.json import is_mapping, type_of
from .._model.messages import Headers, header_problem
from .._policy.headers import header_problems
from .._policy.profile import Profile
from ..errors import ConfigurationError

__all__ = ["check_headers", "constant_headers"]


def check_headers(profile: Profile, headers: object) -> Headers:
    """Check a caller's headers.

    Raises:
        ConfigurationError: Some cannot be sent; it names all of them, and quotes no value.
    """
    if not is_mapping(headers):
        kind = type_of(headers)
        raise ConfigurationError(f"headers must be a mapping of names to values, not {kind}")
    found = header_problems(headers, profile.credential_headers, profile.request_id_header)
    if problems := [f"headers: {problem}" for problem in found]:
        raise ConfigurationError(problems=problems)
    return Headers({str(name): str(value) for name, value in headers.items()})


def constant_headers(profile: Profile, options: Mapping[str, Any]) -> Headers:
    """Return the headers of every request: this package's, and those of the vendor's profile.

    Args:
        profile: The vendor.
        options: The client's options. Its ``user_agent_suffix`` is added to the user agent.

    Raises:
        ConfigurationError: The suffix cannot be sent.
    """
    agent = f"tokenkit/{__version__} python/{platform.python_version()}"
    agent = profile.headers.get("user-agent", agent)
    suffix = options.get("user_agent_suffix")
    if suffix is not None:
        agent = f"{agent} {suffix}"
        if problems := [*_suffix_problems(suffix, options.get("headers"))]:
            raise ConfigurationError(problems=problems)
    own = Headers({"accept": "application/json", "accept-encoding": "gzip"})
    return own.merged_with(profile.headers).merged_with(Headers({"user-agent": agent}))


def _suffix_problems(suffix: object, headers: object) -> Iterator[str]:
    if problem := header_problem(suffix):
        yield f"user_agent_suffix {problem}"
    names = headers if is_mapping(headers) else ()
    if any(isinstance(name, str) and name.lower() == "user-agent" for name in names):
        yield "pass either user_agent_suffix or a User-Agent in headers, not both"
