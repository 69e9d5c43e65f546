"""NO_PROXY in the forms that people write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from network_calls import each_family

from tokenkit._http import ConnectionSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from network_calls import Family

VENDOR = "https://user.vendor.example"
FORMS = [
    ("user.vendor.example", VENDOR, True),
    ("vendor.example", VENDOR, True),
    (".vendor.example", VENDOR, True),
    ("*.vendor.example", VENDOR, True),
    ("*", VENDOR, True),
    ("*", "https://10.1.2.3", True),
    (" localhost , user.vendor.example ", VENDOR, True),
    ("user.vendor.example:443", VENDOR, True),
    ("user.vendor.example:8443", f"{VENDOR}:8443", True),
    ("user.vendor.example:8443", f"{VENDOR}:9443", False),
    ("USER.VENDOR.EXAMPLE", VENDOR, True),
    ("https://user.vendor.example", VENDOR, True),
    ("all://user.vendor.example", VENDOR, True),
    ("http://user.vendor.example", VENDOR, False),
    ("https://vendor.example", VENDOR, False),
    ("10.0.0.0/8", "https://10.1.2.3", True),
    ("10.0.0.0/8", "https://11.1.2.3", False),
    ("10.1.2.3", "https://10.1.2.3", True),
    ("::1", "https://[::1]:8443", True),
    ("[::1]", "https://[::1]:8443", True),
    ("[::1]:8443", "https://[::1]:8443", True),
    ("[::1]:9443", "https://[::1]:8443", False),
    ("user.vendor.example;localhost", VENDOR, False),
    ("evil-vendor.example", VENDOR, False),
    ("vendor.example", "https://evil-vendor.example", False),
    ("*vendor.example", VENDOR, True),
    ("*vendor.example", "https://vendor.example", True),
    ("*vendor.example", "https://evilvendor.example", False),
    ("*.vendor.example", "https://vendor.example", False),
    ("all://*vendor.example", VENDOR, True),
    ("all://*vendor.example", "https://evilvendor.example", False),
    ("https://*vendor.example", "https://vendor.example", True),
    ("https://*vendor.example", "https://evilvendor.example", False),
    ("https://*.vendor.example", VENDOR, True),
    ("https://.vendor.example", VENDOR, False),
    ("HTTPS://USER.vendor.example", VENDOR, True),
    ("vendor.example/path", VENDOR, True),
    ("https://user.vendor.example/path", VENDOR, True),
    ("me@user.vendor.example", VENDOR, True),
    ("me@vendor.example", VENDOR, False),
    ("vendor.example:", VENDOR, True),
    ("vendor.example:08443", f"{VENDOR}:8443", True),
    ("https://user.vendor.example:443", f"{VENDOR}:8443", True),
    ("https://user.vendor.example:9443", f"{VENDOR}:8443", False),
    (":8443", f"{VENDOR}:8443", True),
    (":8443", VENDOR, False),
    ("*:8443", f"{VENDOR}:8443", True),
    ("https://*:8443", f"{VENDOR}:8443", True),
    ("https://", VENDOR, True),
    ("https://*", VENDOR, False),
    ("all://", VENDOR, False),
    ("all://*", VENDOR, False),
    ("localhost", "https://localhost", True),
    ("localhost", "https://a.localhost", False),
    ("LOCALHOST", "https://localhost", True),
    ("2001:db8::/32", "https://[2001:db8::1]", True),
    ("2001:DB8:0::1", "https://[2001:db8::1]", True),
    ("https://[::1]", "https://[::1]:8443", True),
    ("https://10.0.0.0/8", "https://10.1.2.3", False),
    ("https://b\u00fccher.example", "https://xn--bcher-kva.example", True),
    ("vendor.example:port, user.vendor.example", VENDOR, True),
    ("", VENDOR, False),
    (",", VENDOR, False),
]


def settings_of(**options: object) -> ConnectionSettings:
    settings, problems = ConnectionSettings.parse(options, is_async=False)
    assert settings is not None
    assert problems == ()
    return settings


@each_family
@pytest.mark.parametrize(("no_proxy", "origin", "direct"), FORMS)
def test_no_proxy_names_hosts(
    no_proxy: str, origin: str, family: Family, *, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, domains, ports, addresses and networks in NO_PROXY are reached directly."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    proxy = settings_of(http_family=family).proxy_for(origin)
    assert (proxy is None) is direct
    assert direct or str(proxy) == "proxy http://proxy.example:3128"


@each_family
@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [("https://", True), ("https://*", True), ("all://", True), ("all://*", False)],
)
def test_no_proxy_narrows_all_proxy(
    no_proxy: str, family: Family, *, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry for every https origin counts more than ALL_PROXY, as in httpx."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (settings_of(http_family=family).proxy_for(VENDOR) is None) is direct


@pytest.mark.parametrize(
    "environment", [{"HTTPS_PROXY": "http://one.example:1"}, {"ALL_PROXY": "http://one.example:1"}]
)
def test_no_proxy_says_nothing_of_the_clients_own_proxy(
    environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that was passed to the client is used, whatever the environment says."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "*")
    given = settings_of(proxy="http://given.example:2")
    assert str(given.proxy_for(VENDOR)) == "proxy http://given.example:2"
