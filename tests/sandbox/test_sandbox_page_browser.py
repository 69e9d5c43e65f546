"""The web page in a real browser without scripts; skipped if there is no browser."""

# Selenium's own types have gaps.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from browser import chromium
from sandbox_requests import CLIENT, signature, strigo_post, zerohash_headers
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokenkit.sandbox import Sandbox

BODY = b'{"participant_code":"CUST01","permissions":["fwc"]}'
MINT = "/client_auth_token"
HOSTILE = "<img/src=x/onerror=alert(1)>@example.com"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with chromium() as driver:
        assert isinstance(driver, Chrome)
        command(driver, "Emulation.setScriptExecutionDisabled", value=True)
        yield driver


def command(browser: Chrome, name: str, **parameters: object) -> None:
    """Send the browser a command of its developer tools."""
    browser.execute_cdp_cmd(name, parameters)


def narrow(browser: Chrome, width: int) -> None:
    """Set the page's width; the height is a phone's."""
    command(
        browser,
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=800,
        deviceScaleFactor=1,
        mobile=False,
    )


def prefer(browser: Chrome, scheme: str) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    command(browser, "Emulation.setEmulatedMedia", features=[feature])


@pytest.fixture
def page(browser: Chrome, faulty: Sandbox) -> Chrome:
    """Open the page of a sandbox that has minted for a learner and refused a signature."""
    strigo_post(faulty, {"email": "a@example.com", "groups": ["beginners"]})
    strigo_post(faulty, {"email": HOSTILE})
    headers = zerohash_headers(faulty, "POST", MINT, BODY)
    respaced = headers["X-SCX-TIMESTAMP"] + "POST" + MINT + json.dumps(json.loads(BODY))
    key = faulty.environment["ZEROHASH_PRIVATE_KEY"]
    wrong = {**headers, "X-SCX-SIGNED": signature(key, respaced.encode())}
    CLIENT.post(faulty.url + MINT, content=BODY, headers=wrong)
    narrow(browser, 1200)
    prefer(browser, "light")
    browser.get(faulty.url)
    return browser


def channels(browser: Chrome, selector: str, name: str) -> list[float]:
    """Return the red, green and blue of an element's colour."""
    color: str = browser.find_element(By.CSS_SELECTOR, selector).value_of_css_property(name)
    return [float(part) for part in color[color.index("(") + 1 : -1].split(",")[:3]]


def test_what_a_person_reads(page: Chrome, faulty: Sandbox) -> None:
    """Title, tokens and refusals are there, in a layout that the page's policy allows."""
    assert page.title == "tokenkit sandbox"
    rows = [row.text for row in page.find_elements(By.CSS_SELECTOR, "#issued tbody tr")]
    token = faulty.issued[0].token
    assert f"Strigo a@example.com beginners {token[:6]}..." in " ".join(rows[1].split())
    assert token not in page.page_source
    assert "in 61 days" in rows[1]
    refusal = page.find_element(By.CSS_SELECTOR, "#refused article").text
    assert "Invalid signature" in refusal
    assert "Likely cause: the body was signed in a different form than it was sent" in refusal


def test_first_difference_is_marked(page: Chrome) -> None:
    """The two texts are side by side, and the first difference is marked in yellow."""
    expected, received = page.find_elements(By.CSS_SELECTOR, "#refused figure")
    assert expected.text.startswith("Expected to be signed")
    assert received.text.startswith("Signed instead")
    assert expected.location["y"] == received.location["y"]
    marks = page.find_elements(By.CSS_SELECTOR, "#refused mark")
    assert [mark.get_property("textContent") for mark in marks] == ['"', " "]
    red, green, blue = channels(page, "#refused mark", "background-color")
    assert min(red, green) > 180
    assert blue < 100


def test_nothing_runs(page: Chrome) -> None:
    """Markup from a request is text, and the browser has no complaints."""
    assert HOSTILE in page.find_element(By.ID, "issued").text
    assert "<img" not in page.page_source
    assert "<script" not in page.page_source
    log = page.get_log("browser")  # type: ignore[no-untyped-call]  # Selenium's gap
    # Chromium's own pages, such as the one for a new tab, may complain of something.
    assert [one for one in log if not one["message"].startswith("chrome://")] == []


def test_light_and_dark(page: Chrome) -> None:
    """The page follows the reader's colour scheme, with readable text in both."""
    for scheme, dark in (("light", False), ("dark", True)):
        prefer(page, scheme)
        back = sum(channels(page, "body", "background-color"))
        text = sum(channels(page, "body", "color"))
        assert (back < text) is dark
        assert abs(back - text) > 450


@pytest.mark.parametrize("width", [320, 500, 800, 1200])
def test_narrow_screens(page: Chrome, width: int) -> None:
    """Nothing overflows sideways, and on a phone each value has its name beside it."""
    narrow(page, width)
    root = page.find_element(By.TAG_NAME, "html")
    assert int(str(root.get_property("scrollWidth"))) <= width
    cell = page.find_element(By.CSS_SELECTOR, "#issued td")
    assert (cell.value_of_css_property("display") == "grid") is (width <= 768)


def test_reload(page: Chrome, faulty: Sandbox) -> None:
    """The link reloads the page, and visits to the page leave no trace in the ledger."""
    strigo_post(faulty, {"email": "late@example.com"})
    page.find_element(By.LINK_TEXT, "Reload").click()
    assert "late@example.com" in page.find_element(By.ID, "issued").text
    assert len(faulty.refused) == 1
