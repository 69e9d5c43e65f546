"""ZDK's profile."""

import re

import attrs

from ..auth import Bearer
from ..errors import ConfigurationError
from ..extension import BaseURLSetting, Profile, type_of
from .errors import read_failure

__all__ = ["PROFILE"]

DEFAULT_BASE_HOST = "dev.zu.casa"
SERVICE = re.compile(r"(user|room|chat|event)\.", re.IGNORECASE)
MAX_HOST = 253
WRONG_CHARACTER = re.compile(r"[^A-Za-z0-9.-]")
PORT = re.compile(r"[0-9]+")
BASE_HOST = re.compile(
    rf"(?!(?i:{SERVICE.pattern}))[A-Za-z0-9]([A-Za-z0-9.-]{{0,251}}[A-Za-z0-9])?(:[0-9]+)?"
)


def _base_url(base_host: object) -> str:
    if isinstance(base_host, str) and BASE_HOST.fullmatch(base_host):
        return f"https://user.{base_host}"
    raise ConfigurationError(
        f"base_host must be a host such as 'dev.zu.casa'{_host_problem(base_host)}"
    )


def _host_problem(base_host: object) -> str:
    if not isinstance(base_host, str):
        return f", not {type_of(base_host)}"
    if not base_host:
        return ": it is empty"
    if "://" in base_host:
        return ": it has a scheme; leave it out"
    if service := SERVICE.match(base_host):
        return f": it begins with {service[0]!r}, which the client adds; leave it out"
    return f": {_syntax_problem(base_host)}"


def _syntax_problem(base_host: str) -> str:
    host, colon, port = base_host.partition(":")
    if wrong := WRONG_CHARACTER.search(host):
        return f"it contains {wrong[0]!a}, which a host can't"
    if len(host) > MAX_HOST:
        return f"it has {len(host)} characters, more than {MAX_HOST}"
    if colon and not PORT.fullmatch(port):
        return "its port must be a number"
    return "it must begin and end with a letter or a digit"


@attrs.frozen
class _ServiceURL:
    """Turns the user service's base URL into another service's; comparable, as a profile is."""

    name: str

    def __call__(self, base_url: str) -> str:
        return base_url.replace("https://user.", f"https://{self.name}.", 1)


PROFILE = Profile(
    vendor="ZDK",
    base_url=f"https://user.{DEFAULT_BASE_HOST}",
    base_url_variable="ZDK_BASE_URL",
    base_url_settings={"base_host": BaseURLSetting(variable="ZDK_API_HOST", base_url=_base_url)},
    services={name: _ServiceURL(name) for name in ("room", "chat", "event")},
    credential_variables={"api_key": "ZDK_API_KEY"},
    strategy=Bearer,
    read_failure=read_failure,
    tells_lifetime=False,
)
