"""The pages of the examples in a real browser, with the sandbox's stand-ins for the modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser import PATIENCE, chromium, run_script
from example_backends import ALL, FLASK, Backend, Example, running, sandbox_environment
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tokenkit import StrigoClient, ZeroHashClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from selenium.webdriver.remote.webdriver import WebDriver

SETUP = "{zeroHashAppsURL: 'https://web-sdk.cert.zerohash.com', env: 'cert', theme: 'light'}"
CALL = """
    const [url, expression, token, done] = arguments;
    import(url)
        .then((module) => new Function("module", "token", `return ${expression}`)(module, token))
        .then(() => done("opened"), (error) => done(error.message));
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    with chromium() as started:
        yield started


def open_as_user(browser: WebDriver, backend: Backend, example: Example) -> None:
    """Log in with the page's form, and press its button if it does not open by itself."""
    browser.get(backend.url)
    browser.delete_all_cookies()  # of the test before: cookies don't tell ports apart
    browser.refresh()
    browser.find_element(By.NAME, example.user_field).send_keys(example.users[0])
    browser.find_element(By.TAG_NAME, "button").click()
    if example is not FLASK:
        browser.find_element(By.ID, "open").click()


@pytest.mark.parametrize("example", ALL, ids=str)
def test_page(browser: WebDriver, example: Example, issuers: Mapping[str, str]) -> None:
    """A user logs in, and the vendor's module checks the token and opens for this user."""
    with running(example, sandbox_environment(issuers)) as backend:
        open_as_user(browser, backend, example)
        module = browser.find_element(By.CSS_SELECTOR, f"[data-sandbox={example.vendor}]")
        assert f"open for {example.users[0]} " in module.text
        assert browser.find_element(By.ID, "problem").text == ""


def test_page_when_the_vendor_fails(browser: WebDriver, issuers: Mapping[str, str]) -> None:
    """The page explains the failure in its own words, and opens nothing."""
    environment = {**sandbox_environment(issuers), "STRIGO_API_KEY": "wrong"}
    with running(FLASK, environment) as backend:
        open_as_user(browser, backend, FLASK)
        problem = browser.find_element(By.ID, "problem")
        WebDriverWait(browser, PATIENCE).until(lambda _: problem.text)
        assert problem.text == "The academy is not available (HTTP 502)."
        assert "data-sandbox" not in browser.page_source


@pytest.mark.parametrize(
    ("module", "expression", "outcome"),
    [
        ("zdk", "module.user.actions.open('x')", "the sandbox refuses the token: unknown"),
        ("zdk", "module.user.actions.open('')", "the token must be a text, not empty"),
        ("zdk", "module.user.actions.open({token})", "the token must be a text, not object"),
        ("zdk", "module.user.actions.open(token)", "the sandbox refuses the token: unknown"),
        (
            "zerohash",
            f"new module.ZeroHashSDK({SETUP}).openModal({{appIdentifier: 'FUND', jwt: token}})",
            "the sandbox refuses the token: unknown",
        ),
        (
            "zerohash",
            f"new module.ZeroHashSDK({SETUP}).openModal({{appIdentifier: 'FUND', token}})",
            "openModal takes {appIdentifier, jwt}, not token",
        ),
        (
            "zerohash",
            f"new module.ZeroHashSDK({SETUP}).openModal({{jwt: token}})",
            "appIdentifier must be a text",
        ),
        (
            "zerohash",
            f"new module.ZeroHashSDK({SETUP}).openModal()",
            "openModal takes {appIdentifier, jwt}, not undefined",
        ),
        (
            "zerohash",
            "new module.ZeroHashSDK({jwt: token})",
            "ZeroHashSDK takes {zeroHashAppsURL, env, theme}, not jwt",
        ),
        (
            "zerohash",
            "new module.ZeroHashSDK({env: 'cert'})",
            "zeroHashAppsURL must be an https URL",
        ),
        (
            "zerohash",
            "new module.ZeroHashSDK({zeroHashAppsURL: 'https://a.example', env: 'test'})",
            "env must be 'cert' or 'prod'",
        ),
        (
            "strigo",
            "module.Strigo.setup({email: 'user1@example.com', token: {token}})",
            "token.expiration must be a number, in milliseconds",
        ),
        (
            "strigo",
            "module.Strigo.setup({email: 'x@example.com', token: {token, expiration: 1}})",
            "the token was minted for another e-mail",
        ),
        (
            "strigo",
            "module.Strigo.setup({email: 'user1@example.com', token: {token, expiration: 1}})",
            "opened",
        ),
    ],
)
def test_module_judges(
    browser: WebDriver, issuers: Mapping[str, str], module: str, expression: str, outcome: str
) -> None:
    """A module tells a page what is wrong with the token; this one is Strigo's."""
    with StrigoClient.from_env(environ=issuers) as strigo:
        token = strigo.create_user_token(email="user1@example.com").token
    sandbox = issuers["ZDK_BASE_URL"]
    browser.get(sandbox.replace("127.0.0.1", "localhost") + "/browser/zdk.js")  # another origin
    url = f"{sandbox}/browser/{module}.js"
    assert run_script(browser, CALL, url, expression, token) == outcome


@pytest.mark.parametrize(
    ("permissions", "identifier", "outcome"),
    [
        (["fwc"], "FUND", "opened"),
        (["fwc", "crypto-buy"], "CRYPTO_BUY", "opened"),
        (["fiat-deposits"], "WHATEVER", "opened"),
        (["fwc"], "PAY", "PAY needs another permission than fwc"),
    ],
)
def test_zerohash_modal(
    browser: WebDriver,
    issuers: Mapping[str, str],
    permissions: list[str],
    identifier: str,
    outcome: str,
) -> None:
    """The modal opens for an identifier that belongs to the token's permission."""
    with ZeroHashClient.from_env(environ=issuers) as zerohash:
        token = zerohash.create_client_auth_token(
            participant_code="CUST01", permissions=permissions
        ).token
    sandbox = issuers["ZDK_BASE_URL"]
    browser.get(sandbox.replace("127.0.0.1", "localhost") + "/browser/zdk.js")
    modal = f"{{appIdentifier: '{identifier}', jwt: token}}"
    expression = f"new module.ZeroHashSDK({SETUP}).openModal({modal})"
    assert (
        run_script(browser, CALL, f"{sandbox}/browser/zerohash.js", expression, token) == outcome
    )
