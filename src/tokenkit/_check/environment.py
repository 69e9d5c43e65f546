"""Which environment variables are set, and the client built from them."""

from collections.abc import Mapping

from .._policy.profile import Profile
from .findings import Finding, Outcome

__all__ = ["check_variables", "is_configured", "needed_variables", "without_values"]


def _variables(profile: Profile) -> tuple[str, ...]:
    settings = (setting.variable for setting in profile.base_url_settings.values())
    return (*profile.credential_variables.values(), profile.base_url_variable, *settings)


def is_configured(profile: Profile, environ: Mapping[str, str]) -> bool:
    """Return whether any of a vendor's variables is set."""
    return any(environ.get(variable) for variable in _variables(profile))


def needed_variables(profile: Profile) -> str:
    """Return the variables without which a vendor can't be called, as a phrase."""
    return f"{profile.vendor} needs {', '.join(profile.credential_variables.values())}"


def check_variables(profile: Profile, environ: Mapping[str, str]) -> Finding:
    """Report which of a vendor's variables are set, empty or missing; never a value."""
    needed = set(profile.credential_variables.values())
    told: list[str] = []
    is_missing = False
    for variable in _variables(profile):
        if environ.get(variable):
            told.append(f"{variable} is set")
        elif variable in needed:
            is_missing = True
            told.append(f"{variable} is {'empty' if variable in environ else 'missing'}")
        elif variable in environ:
            told.append(f"{variable} is empty, which counts as not set")
    outcome = Outcome.PROBLEM if is_missing else Outcome.OK
    return Finding(profile.vendor, "variables", outcome, "; ".join(told))


def without_values(message: str, profile: Profile, environ: Mapping[str, str]) -> str:
    """Remove quoted values of variables from an error's message: one may be a misplaced key."""
    for variable in _variables(profile):
        if value := environ.get(variable):
            message = message.replace(f"{value!a:.50}", f"what {variable} holds")
    return message
