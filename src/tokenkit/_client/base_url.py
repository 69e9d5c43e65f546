"""Where a client sends its requests: base URLs, checked once."""

from collections.abc import Mapping

from .._model.base_url import BaseURL, parse_base_url
from .._model.checks import suggestion
from .._policy.profile import Profile
from ..errors import ConfigurationError

__all__ = ["choose_base_url", "safe_base_url", "service_urls"]


def safe_base_url(
    base_url: object, *, allow_insecure_http: bool, name: str = "base_url"
) -> BaseURL:
    """Check a base URL, to which credentials are sent, and split it.

    Args:
        base_url: The URL.
        allow_insecure_http: Whether plain http may leave this machine.
        name: The option that the URL comes from, for errors.

    Raises:
        ConfigurationError: It is not a plain http(s) URL, or is plain http to a host that isn't
            loopback.
    """
    base = parse_base_url(base_url, name)
    if base.is_exposed and not allow_insecure_http:
        raise ConfigurationError(
            f"{name} would send credentials to {base.host} over plain http; use https, or pass "
            "allow_insecure_http=True for a test server in your own network"
        )
    return base


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
        return safe_base_url(url, allow_insecure_http=allow_insecure_http, name=name)
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
        name: safe_base_url(
            service_url(base.origin + base.path),
            allow_insecure_http=allow_insecure_http,
            name=f"the base URL of the service {name}",
        )
        for name, service_url in profile.services.items()
    }
