"""Where a client sends its requests: base URLs, checked once."""

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import attrs

from .._model.checks import suggestion
from .._model.messages import DEFAULT_PORTS
from .._model.paths import MAX_URL, has_encoded_path
from .._policy.profile import Profile
from ..errors import ConfigurationError

__all__ = [
    "BaseURL",
    "choose_base_url",
    "is_private_name",
    "parse_base_url",
    "service_urls",
]

HIGHEST_PORT = 65_535
PORT = re.compile(r"[^/?#]*//[^/?#]*:([0-9]+)(?![^/?#])")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
# Names that never resolve on the public internet.
PRIVATE_SUFFIXES = (".internal", ".local", ".localhost", ".test")


@attrs.frozen
class BaseURL:
    """A base URL's parts.

    Attributes:
        origin: Scheme, host and port.
        path: The path before each call's path, without a slash at its end.
    """

    origin: str
    path: str


def parse_base_url(
    base_url: object, *, allow_insecure_http: bool, name: str = "base_url"
) -> BaseURL:
    """Check a base URL and split it.

    Args:
        base_url: The URL.
        allow_insecure_http: Whether plain http may leave this machine.
        name: The option that the URL comes from, for errors.

    Raises:
        ConfigurationError: It is not a plain http(s) URL, or is plain http to a host that isn't
            loopback.
    """
    if not isinstance(base_url, str):
        raise ConfigurationError(f"{name} must be a string, not {type(base_url).__name__}")
    if problem := _text_problem(base_url):
        raise ConfigurationError(f"{name} {problem}")
    parts, port = _split(base_url)
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{name} must not contain credentials; pass them to the client")
    if parts.query or parts.fragment or "?" in base_url or "#" in base_url:
        raise ConfigurationError(f"{name} must not have a query or a fragment")
    host = parts.netloc.removesuffix(f":{port}") if port is not None else parts.netloc
    if problem := _form_problem(base_url, parts.scheme, host):
        raise ConfigurationError(
            f"{name} must be like https://host or http://localhost:8000: it {problem}"
        )
    if not base_url.isprintable() or not has_encoded_path(parts.path):
        raise ConfigurationError(
            f"the path of {name} must be percent-encoded, without '.' and '..' segments"
        )
    if parts.scheme == "http" and not (allow_insecure_http or _is_loopback(parts.hostname or "")):
        raise ConfigurationError(
            f"{name} would send credentials to {host} over plain http; use https, or pass "
            "allow_insecure_http=True for a test server in your own network"
        )
    shown = "" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return BaseURL(f"{parts.scheme}://{host.lower()}{shown}", parts.path.rstrip("/"))


def _text_problem(url: str) -> str | None:
    if len(url) > MAX_URL:
        return f"must have at most {MAX_URL} characters"
    if url != url.strip():
        return "begins or ends with whitespace or a line break"
    written = PORT.match(url)
    port = None if written is None else float(written[1])
    if port == 0:
        return "has port 0, on which no server listens"
    return None if port is None or port <= HIGHEST_PORT else f"has a port above {HIGHEST_PORT}"


def _form_problem(url: str, scheme: str, host: str) -> str | None:
    """Return why a URL's scheme and host can't be used; both are empty if it can't be split."""
    if not url:
        return "is empty"
    if "://" not in url:
        return "lacks https:// before the host"
    if scheme in DEFAULT_PORTS:
        return None if HOST.fullmatch(host) else "has an invalid host" if host else "has no host"
    return "has a scheme other than https and http" if scheme else "has an invalid host or port"


def choose_base_url(
    profile: Profile,
    base_url: object,
    settings: Mapping[str, object],
    *,
    allow_insecure_http: bool,
) -> BaseURL:
    """Return the base URL that a client's options select, or the vendor's.

    Args:
        profile: The vendor.
        base_url: The option ``base_url``; ``None`` if it wasn't passed.
        settings: The values of the profile's ``base_url_settings``, ``None`` for the default.
        allow_insecure_http: Whether plain http may leave this machine.

    Raises:
        ConfigurationError: Options exclude each other or cannot be used; it names all of them.
    """
    # An unknown one is a mistake even without a value.
    known = profile.base_url_settings
    given = {
        name: value for name, value in settings.items() if value is not None or name not in known
    }
    if base_url is not None:
        given["base_url"] = base_url
    problems = [f"pass either {' or '.join(given)}, not both"] if len(given) > 1 else []
    chosen = [
        _chosen(profile, name, value, allow_insecure_http=allow_insecure_http)
        for name, value in (given or {"base_url": profile.base_url}).items()
    ]
    problems += [problem for problem in chosen if isinstance(problem, str)]
    if problems or isinstance(chosen[0], str):
        raise ConfigurationError(problems=problems)
    return chosen[0]


def _chosen(
    profile: Profile, name: str, value: object, *, allow_insecure_http: bool
) -> BaseURL | str:
    """Return the base URL that one option selects, or what is wrong with it."""
    setting = profile.base_url_settings.get(name)
    if name != "base_url" and setting is None:
        hint = suggestion(name, profile.base_url_settings) or "; add it there"
        return f"{name} is not in base_url_settings of {profile.vendor}'s profile{hint}"
    try:
        url = value if setting is None else setting.base_url(value)
        return parse_base_url(url, allow_insecure_http=allow_insecure_http, name=name)
    except ConfigurationError as error:
        return error.message


def service_urls(
    profile: Profile, base: BaseURL, *, is_callers: bool, allow_insecure_http: bool
) -> dict[str, BaseURL]:
    """Return the services' base URLs.

    Args:
        profile: The vendor.
        base: The base URL.
        is_callers: Whether the caller passed it, so that it serves them all.
        allow_insecure_http: Whether plain http may leave this machine.

    Raises:
        ConfigurationError: The profile makes a URL that cannot be used.
    """
    if is_callers:
        return dict.fromkeys(profile.services, base)
    return {
        name: parse_base_url(
            service_url(base.origin + base.path),
            allow_insecure_http=allow_insecure_http,
            name=f"the base URL of the service {name}",
        )
        for name, service_url in profile.services.items()
    }


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    return parts, port


def is_private_name(url: object) -> bool:
    """Return whether a URL's host can only be reached within a private network.

    That is a name without a dot, such as a container's, a name under a reserved suffix, or a
    private address.
    """
    host = _split(url)[0].hostname if isinstance(url, str) else None
    if not host:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(PRIVATE_SUFFIXES)
    return address.is_private and not address.is_unspecified


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
