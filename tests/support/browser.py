"""A real browser for the tests of pages: headless Chromium, driven by Selenium."""

import contextlib
import shutil
import tempfile
from collections.abc import Generator

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.remote.webdriver import WebDriver

PATIENCE = 10
"""Seconds within which a page has done what a test waits for."""

ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # which Chromium refuses to root, and containers to Chromium
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def lacking() -> str:
    """Return the reason why the tests can't have a browser; empty if they can."""
    wanted = {"chromium": find_chromium(), "chromedriver": shutil.which("chromedriver")}
    missing = [name for name, path in wanted.items() if path is None]
    return f"no browser: {' and '.join(missing)} not found on PATH" if missing else ""


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("google-chrome")


@contextlib.contextmanager
def chromium() -> Generator[WebDriver]:
    """Start a browser with an empty profile, or skip the test and say why there is none.

    Elements are waited for, up to `PATIENCE` seconds. What the page logged is in
    ``browser.get_log("browser")``.
    """
    if reason := lacking():
        pytest.skip(reason)
    options = ChromeOptions()
    options.binary_location = find_chromium() or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Chromium's last processes may still write into the profile while it is removed.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        # Both paths given, so that Selenium looks for no download.
        service = ChromeService(shutil.which("chromedriver"))
        browser = Chrome(options, service)
        try:
            browser.implicitly_wait(PATIENCE)
            yield browser
        finally:
            browser.quit()


def run_script(browser: WebDriver, script: str, *arguments: object) -> object:
    """Run a script in the page, and return what it passes to its last argument, a function."""
    return browser.execute_async_script(script, *arguments)  # pyright: ignore[reportUnknownMemberType]  # Selenium's gap
