"""The values that a page passes to zerohash's browser SDK, and the message for a WebView."""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from urllib.parse import urlsplit

import attrs
from typing_extensions import TypedDict

from ..errors import FieldError, InvalidInputError
from ..extension import choice_problem

__all__ = [
    "AppIdentifier",
    "SdkSetup",
    "WebViewMessage",
    "WebViewPayload",
    "app_for",
    "asking",
    "page_for",
]


class AppIdentifier(str, Enum):
    """The modules of zerohash's browser SDK that its documentation names."""

    ONBOARDING = "ONBOARDING"
    PROFILE = "PROFILE"
    FUND = "FUND"
    CRYPTO_ACCOUNT_LINK = "CRYPTO_ACCOUNT_LINK"
    CRYPTO_ACCOUNT_LINK_PAYOUTS = "CRYPTO_ACCOUNT_LINK_PAYOUTS"
    CRYPTO_WITHDRAWALS = "CRYPTO_WITHDRAWALS"
    PAYOUTS = "PAYOUTS"
    PAY = "PAY"
    CRYPTO_BUY = "CRYPTO_BUY"
    FIAT_ACCOUNT_LINK = "FIAT_ACCOUNT_LINK"
    FIAT_ACCOUNT_UPDATE = "FIAT_ACCOUNT_UPDATE"

    def __str__(self) -> str:
        return self.value


class SdkSetup(TypedDict):
    """The values that a page needs: two for ``new ZeroHashSDK``, two for ``openModal``."""

    zeroHashAppsURL: str
    """The URL of the SDK's apps."""

    env: str
    """``cert`` or ``prod``."""

    appIdentifier: str
    """The module to open."""

    jwt: str
    """The token."""


class WebViewPayload(TypedDict):
    """The ``payload`` of :class:`WebViewMessage`."""

    jwt: str
    """The token."""

    appIdentifier: str
    """The module to open."""


class WebViewMessage(TypedDict):
    """The message to post to the SDK in a WebView, after it has sent ``SDK_MOBILE_READY``."""

    type: str
    """Always ``OPEN_MODAL``."""

    payload: WebViewPayload
    """The token and the module."""


APPS: Mapping[str, tuple[AppIdentifier, ...]] = {
    "onboarding": (AppIdentifier.ONBOARDING,),
    "participant-profile": (AppIdentifier.PROFILE,),
    "fwc": (AppIdentifier.FUND,),
    "crypto-account-link": (
        AppIdentifier.CRYPTO_ACCOUNT_LINK,
        AppIdentifier.CRYPTO_ACCOUNT_LINK_PAYOUTS,
    ),
    "crypto-withdrawals": (AppIdentifier.CRYPTO_WITHDRAWALS,),
    "crypto-payouts": (AppIdentifier.PAYOUTS,),
    "crypto-pay": (AppIdentifier.PAY,),
    "crypto-buy": (AppIdentifier.CRYPTO_BUY,),
    "fiat-account-link": (AppIdentifier.FIAT_ACCOUNT_LINK,),  # to link again: FIAT_ACCOUNT_UPDATE
}


HTTPS = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]+)?([/?#][!-~]*)?")


@attrs.frozen
class Page:
    """The values for ``new ZeroHashSDK`` in one environment."""

    env: str
    apps_url: str | None


PAGES: Mapping[str, Page] = {
    "us-cert": Page("cert", "https://web-sdk.cert.zerohash.com"),
    "us-production": Page("prod", "https://web-sdk.zerohash.com"),
    "eu-cert": Page("cert", None),  # not documented
    "eu-production": Page("prod", "https://web-sdk.zerohash.eu"),
}


def app_for(permissions: Iterable[str], app: object) -> str | FieldError:
    """Return the module that a token opens."""
    if app is not None:
        if isinstance(app, str) and app:
            return str(app.value if isinstance(app, Enum) else app)
        problem = "must be an AppIdentifier or another string"
        return FieldError(field="app", message=problem)
    held = tuple(permissions)
    found = APPS.get(held[0], ()) if len(held) == 1 else ()
    if len(found) == 1:
        return found[0].value
    several = found or tuple(known for one in held for known in APPS.get(one, ()))
    known = ", ".join(repr(one.value) for one in several)
    opens = ", ".join(held) or "none that can be read"
    needed = f"is needed, such as {known}" if known else "is needed"
    problem = f"{needed}: the token's permissions ({opens}) don't name a single module"
    return FieldError(field="app", message=problem)


def page_for(
    environment: str | None, given: str | None, apps_url: object
) -> tuple[str, str] | FieldError:
    """Return the URL of the apps, and the SDK's ``env``."""
    name = environment if given is None else given
    page = PAGES.get(name) if isinstance(name, str) else None
    if page is None:
        problem = f"{choice_problem(given, PAGES)}"
        if given is None:
            problem = "must be given: the token does not come from one of zerohash's own hosts"
        return FieldError(field="environment", message=problem)
    url = page.apps_url if apps_url is None else apps_url
    if url is None:
        problem = f"is needed: no zeroHashAppsURL is documented for {name}; pass apps_url=..."
        return FieldError(field="apps_url", message=problem)
    if not isinstance(url, str) or not _is_https(url):
        return FieldError(field="apps_url", message="must be an https URL such as 'https://host'")
    return url, page.env


def _is_https(url: str) -> bool:
    try:
        return HTTPS.fullmatch(url) is not None and urlsplit(url).port != 0
    except ValueError:  # a port that is too large
        return False


def asking(method: str, *found: object) -> InvalidInputError:
    """Return the error about the arguments that are missing or wrong."""
    problems = tuple(one for one in found if isinstance(one, FieldError))
    return InvalidInputError(method, problems)
