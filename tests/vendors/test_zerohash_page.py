from typing import Any

import pytest
from vendors_support import copies, jwt_of, responding, scripted_zerohash

from tokenkit import InvalidInputError, zdk, zerohash
from tokenkit.sandbox import Sandbox
from tokenkit.zerohash import AppIdentifier

PAGES = {
    "us-cert": ("https://web-sdk.cert.zerohash.com", "cert"),
    "us-production": ("https://web-sdk.zerohash.com", "prod"),
    "eu-production": ("https://web-sdk.zerohash.eu", "prod"),
}
APPS = {
    "onboarding": "ONBOARDING",
    "participant-profile": "PROFILE",
    "fwc": "FUND",
    "crypto-withdrawals": "CRYPTO_WITHDRAWALS",
    "crypto-payouts": "PAYOUTS",
    "crypto-pay": "PAY",
    "crypto-buy": "CRYPTO_BUY",
    "fiat-account-link": "FIAT_ACCOUNT_LINK",
}


def minted(*permissions: str, environment: str = "us-cert") -> zerohash.ClientAuthToken:
    jwt = jwt_of({"permissions": list(permissions)})
    client = scripted_zerohash(responding(201, {"message": {"token": jwt}}), environment)
    return client.create_client_auth_token(participant_code="CUST01", permissions=permissions)


@pytest.mark.parametrize("environment", PAGES)
def test_the_page_of_each_environment(environment: str) -> None:
    """A token knows its environment, and so the page's URL."""
    token = minted("fwc", environment=environment)
    url, env = PAGES[environment]
    assert token.environment == environment
    assert token.to_sdk_setup() == {
        "zeroHashAppsURL": url,
        "env": env,
        "appIdentifier": "FUND",
        "jwt": token.token,
    }
    assert [copied.environment for copied in copies(token)] == [environment] * 3


@pytest.mark.parametrize("permission", APPS)
def test_the_module_of_each_permission(permission: str) -> None:
    """If zerohash documents one module for a permission, that one is used."""
    assert minted(permission).to_sdk_setup()["appIdentifier"] == APPS[permission]


@pytest.mark.parametrize(
    ("permissions", "words"),
    [
        (["crypto-account-link"], "'CRYPTO_ACCOUNT_LINK', 'CRYPTO_ACCOUNT_LINK_PAYOUTS'"),
        (["crypto-sell"], r"needed: the token's permissions \(crypto-sell\) don't name"),
        (["crypto-buy", "crypto-sell"], r"such as 'CRYPTO_BUY': .* \(crypto-buy, crypto-sell\)"),
        (["one-that-came-later"], "one-that-came-later"),
        ([], "none that can be read"),
    ],
)
def test_where_the_module_is_asked_for(permissions: list[str], words: str) -> None:
    """If the permission allows several modules, the error says which."""
    token = minted(*(permissions or ["fwc"]))
    if not permissions:
        token = zerohash.ClientAuthToken(token="opaque", environment="us-cert")
    for make in (token.to_sdk_setup, token.to_webview_message):
        with pytest.raises(InvalidInputError, match=f"app is .*{words}"):
            make()
    assert token.to_sdk_setup(AppIdentifier.CRYPTO_BUY)["appIdentifier"] == "CRYPTO_BUY"
    assert type(token.to_sdk_setup(AppIdentifier.CRYPTO_BUY)["appIdentifier"]) is str
    assert f"{AppIdentifier.CRYPTO_BUY}" == "CRYPTO_BUY"
    assert token.to_sdk_setup(app="ONE_THAT_CAME_LATER")["appIdentifier"] == "ONE_THAT_CAME_LATER"


def test_where_the_url_is_asked_for() -> None:
    """The certification environment of the EU has no documented URL."""
    token = minted("fwc", environment="eu-cert")
    with pytest.raises(
        InvalidInputError,
        match="apps_url is needed: no zeroHashAppsURL is documented for eu-cert",
    ):
        token.to_sdk_setup()
    setup = token.to_sdk_setup(apps_url="https://web-sdk.cert.example.eu")
    assert (setup["zeroHashAppsURL"], setup["env"]) == ("https://web-sdk.cert.example.eu", "cert")


def test_where_the_environment_is_asked_for() -> None:
    """A token from a sandbox, or from a proxy, has no known environment."""
    with Sandbox() as sandbox, sandbox.zerohash_client() as client:
        token = client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    assert token.environment is None
    with pytest.raises(InvalidInputError, match="environment must be given: the token does not"):
        token.to_sdk_setup()
    assert token.to_sdk_setup(environment="us-production")["env"] == "prod"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"environment": "eu"}, "environment must be one of 'us-cert', .*, not 'eu'"),
        ({"environment": object()}, "environment must be one of 'us-cert', .*, not object"),
        ({"app": ""}, "app must be an AppIdentifier"),
        ({"app": 7}, "app must be an AppIdentifier"),
        ({"apps_url": "web-sdk.zerohash.com"}, "apps_url must be an https URL"),
        ({"apps_url": 7}, "apps_url must be an https URL"),
        ({"app": "", "environment": "eu"}, "app must .*; environment must "),
    ],
)
def test_arguments_that_are_refused(arguments: dict[str, Any], words: str) -> None:
    """Values that a page could not use are refused by name, all at once."""
    with pytest.raises(InvalidInputError, match=words):
        minted("fwc").to_sdk_setup(**arguments)


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "https://",
        "http://web-sdk.example",
        "https:// bad",
        "https://web-sdk.example/a b",
        "https://web-sdk.example\n",
        "https://web-sdk.example:99999",
        "https://web-sdk.example:0",
        "https://user@web-sdk.example",
    ],
)
def test_apps_urls_that_no_page_could_use(url: str) -> None:
    """The page loads the apps only over https, from a URL that a browser can read."""
    with pytest.raises(InvalidInputError, match="apps_url must be an https URL"):
        minted("fwc").to_sdk_setup(apps_url=url)
    for usable in ("https://apps.example:8443/sdk/", "https://apps.example"):
        assert minted("fwc").to_sdk_setup(apps_url=usable)["zeroHashAppsURL"] == usable


def test_in_a_webview() -> None:
    """An app posts the token and the module, and needs no environment for it."""
    token = zerohash.ClientAuthToken(token=jwt_of({"permissions": ["crypto-payouts"]}))
    assert token.to_webview_message() == {
        "type": "OPEN_MODAL",
        "payload": {"jwt": token.token, "appIdentifier": "PAYOUTS"},
    }


def test_what_zdks_page_needs() -> None:
    """ZDK's page gets the token by the name in its documentation."""
    assert zdk.UserToken(token="t-1").to_sdk_setup() == {"userToken": "t-1"}
