"""The permissions of zerohash's tokens, and what a mint with them starts."""

from collections.abc import Mapping
from difflib import get_close_matches

from ..json_text import JSON

__all__ = ["PAYMENTS", "misspelt", "permissions", "unknown_permissions"]

KNOWN = (
    "onboarding",
    "update-participant",
    "participant-profile",
    "csp-active",
    "csp-recovery",
    "fiat-deposits",
    "fiat-withdrawals",
    "fiat-account-link",
    "crypto-deposits",
    "crypto-withdrawals",
    "crypto-account-link",
    "crypto-payouts",
    "crypto-pay",
    "crypto-buy",
    "crypto-sell",
    "fwc",
)
"""The documented ones. The list has grown between revisions of the documentation."""

PAYMENTS = frozenset({"crypto-withdrawals", "crypto-payouts"})
"""Those that open a payment and limit the token to five minutes; documented."""


def permissions(body: Mapping[str, JSON]) -> list[str]:
    """Return the permissions of a checked body."""
    listed = body.get("permissions")
    return [str(item) for item in listed] if isinstance(listed, list) else []


def unknown_permissions(body: Mapping[str, JSON]) -> list[str]:
    """Return an error for each permission of a checked body that is not documented; modelled."""
    return [
        f"body/permissions/{index} must be equal to one of the allowed values: {', '.join(KNOWN)}"
        for index, name in enumerate(permissions(body))
        if name not in KNOWN
    ]


def misspelt(body: Mapping[str, JSON]) -> str:
    """Return a hint for the first undocumented permission; empty if there is none."""
    for name in permissions(body):
        if name not in KNOWN:
            near = get_close_matches(name, KNOWN, n=1)
            meant = f"; {near[0]!r} is near" if near else ""
            return (
                f"the permission {name!r} is not documented{meant}. That it is refused is "
                "modelled: zerohash_unknown_permissions=True lets it pass"
            )
    return ""
