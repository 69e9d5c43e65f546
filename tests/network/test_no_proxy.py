"""NO_PROXY in the forms that people write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tokenkit._http import ConnectionSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    ("", VENDOR, False),
    (",", VENDOR, False),
]


def settings_of(**options: object) -> ConnectionSettings:
    settings, problems = ConnectionSettings.parse(options, is_async=False)
    assert settings is not None
    assert problems == ()
    return settings


@pytest.mark.parametrize(("no_proxy", "origin", "direct"), FORMS)
def test_no_proxy_names_hosts(
    no_proxy: str, origin: str, *, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, domains, ports, addresses and networks in NO_PROXY are reached directly."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    proxy = settings_of().proxy_for(origin)
    assert (proxy is None) is direct
    assert direct or str(proxy) == "proxy http://proxy.example:3128"


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
