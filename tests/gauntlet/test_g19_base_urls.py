"""G19: base URLs with credentials, of another scheme, or of plain http to elsewhere.

A ConfigurationError says what is wrong before anything is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from all_clients import TOKEN, ZDK, ZEROHASH, each_vendor, perform
from leaks import traces
from network_calls import each_family, each_flavour
from raw_server import RawServer, responding

from tokenkit import ConfigurationError

if TYPE_CHECKING:
    from all_clients import Vendor
    from network_calls import Family, Flavour

REFUSED: list[tuple[Any, str]] = [
    (5, "must be a string, not int"),
    (b"https://h", "must be a string, not bytes"),
    ("", "http://localhost:8000: it is empty"),
    ("h", "http://localhost:8000: it lacks https://"),
    ("//h", "http://localhost:8000: it lacks https://"),
    ("ftp://h", "http://localhost:8000: it has a scheme other"),
    ("file:///etc/passwd", "http://localhost:8000: it has a scheme other"),
    ("https://", "http://localhost:8000: it has no host"),
    ("https://h:port", "http://localhost:8000: it has an invalid host or port"),
    ("https://h:99999", "has a port above 65535"),
    ("https://h:0", "has port 0"),
    ("https://h:", "http://localhost:8000: it has an invalid host"),
    ("https://[::1", "http://localhost:8000: it has an invalid host or port"),
    ("https://-h", "http://localhost:8000: it has an invalid host"),
    ("https://a..b", "http://localhost:8000: it has an invalid host"),
    (f"https://h/{'a' * 20_000}", "must have at most 16384 characters"),
    ("https://höst", "http://localhost:8000: it has an invalid host"),
    ("https://a b", "http://localhost:8000: it has an invalid host"),
    ("https://user:hidden@h", "must not contain credentials"),
    ("https://hidden@h", "must not contain credentials"),
    ("https://:hidden@h", "must not contain credentials"),
    ("https://h?key=hidden", "must not have a query"),
    ("https://h#hidden", "must not have a query or a fragment"),
    ("https://h?", "must not have a query"),
    ("https://h/#", "must not have a query"),
    ("https://h/a b", "path of base_url must be"),
    ("https://h/ä", "path of base_url must be"),
    ("https://h/a\nb", "path of base_url must be"),
    ("https://h\t/", "path of base_url must be"),
    ("https://h/%zz", "path of base_url must be"),
    ("https://h/../x", "path of base_url must be"),
    ("https://h/./x", "path of base_url must be"),
    ("http://api.zerohash.com", "over plain http"),
    ("http://10.0.0.1", "over plain http"),
    ("http://127.0.0.1.example.com", "over plain http"),
    ("http://localhost.example.com", "over plain http"),
    ("http://[::2]", "over plain http"),
    ("http://0.0.0.0", "over plain http"),
    ("https://user:hidden@127.0.0.1", "must not contain credentials"),
    ("http://127.0.0.1:80@evil.example", "must not contain credentials"),
    ("https://evil.example\\@h", "must"),
    ("https:\\\\h", "http://localhost:8000: it lacks https://"),
    ("https:/h", "http://localhost:8000: it lacks https://"),
    ("javascript:alert(1)", "http://localhost:8000: it lacks https://"),
    ("ws://127.0.0.1", "http://localhost:8000: it has a scheme other"),
    ("unix:///run/x.sock", "http://localhost:8000: it has a scheme other"),
    ("http+unix://h", "http://localhost:8000: it has a scheme other"),
    ("https://127.0.0.1%2eevil.example", "must be like"),
    ("https://h,evil.example", "must be like"),
    ("http://127.1", "over plain http"),
    ("http://2130706433", "over plain http"),
    ("http://localhost.", "must be like"),
    ("http://169.254.169.254/latest", "over plain http"),
    ("http://192.168.0.1", "over plain http"),
]


@each_flavour
@each_family
@pytest.mark.parametrize(("url", "text"), REFUSED, ids=lambda value: str(value)[:40])
def test_base_urls_that_are_refused(flavour: Flavour, family: Family, url: Any, text: str) -> None:
    """Another scheme, credentials, a query and plain http to elsewhere are refused."""
    with pytest.raises(ConfigurationError, match=text) as caught:
        ZDK.open(flavour, base_url=url, http_family=family)
    assert "base_url" in str(caught.value)
    # What stands in the place of credentials may be some.
    assert "hidden" not in str(caught.value)
    assert ZDK.credentials["api_key"] not in "".join(shown for _, shown in traces(caught.value))


@each_flavour
@each_family
@each_vendor
@pytest.mark.parametrize(
    "pattern",
    [
        "http://user:password@127.0.0.1:{port}",
        "http://user@127.0.0.1:{port}/api",
        "http://127.0.0.1:{port}?api_key=key",
        "http://127.0.0.1:{port}#fragment",
        "ftp://127.0.0.1:{port}",
        "http://0.0.0.0:{port}",
        "http://127.1:{port}",
        "127.0.0.1:{port}",
        "//127.0.0.1:{port}",
    ],
)
def test_nothing_is_sent(flavour: Flavour, family: Family, vendor: Vendor, pattern: str) -> None:
    """A server at such an address gets no connection from any client."""
    with RawServer(responding(lambda _: vendor.minted)) as server:
        with pytest.raises(ConfigurationError, match=r": base_url"):
            perform(
                vendor.open(
                    flavour, base_url=pattern.format(port=server.port), http_family=family
                ),
                flavour,
                lambda: vendor.mint,
            )
        assert server.connections == 0


@each_flavour
@each_family
@each_vendor
def test_plain_http_must_be_asked_for(flavour: Flavour, family: Family, vendor: Vendor) -> None:
    """Plain http beyond loopback needs allow_insecure_http, which allows nothing else."""
    with RawServer(responding(lambda _: vendor.minted)) as server:
        url = f"http://0.0.0.0:{server.port}"
        options: dict[str, Any] = {"http_family": family, "allow_insecure_http": True}
        reply = perform(
            vendor.open(flavour, base_url=url, **options), flavour, lambda: vendor.mint
        )
        value = reply.value
        assert value.token == TOKEN
        for other in (f"ftp://127.0.0.1:{server.port}", url.replace("//", "//user:password@")):
            with pytest.raises(ConfigurationError, match=r": base_url"):
                vendor.open(flavour, base_url=other, **options)
        assert server.connections == 1


@each_flavour
@each_family
@each_vendor
def test_the_environment_is_judged_alike(flavour: Flavour, family: Family, vendor: Vendor) -> None:
    """A base URL from the environment is checked like one that is passed."""
    kind = vendor.client if flavour == "sync" else vendor.async_client
    profile = kind.profile
    variables = {
        profile.credential_variables[name]: value for name, value in vendor.credentials.items()
    }
    for url in ("http://api.example.com", "https://user:password@h", "file:///etc/passwd"):
        variables[profile.base_url_variable] = url
        with pytest.raises(ConfigurationError, match=r": base_url"):
            kind.from_env(environ=variables, http_family=family)


@each_flavour
@each_family
@pytest.mark.parametrize(
    "host", ["http://127.0.0.1", "user:password@h", "127.0.0.1/", "h?x", "h#x", "h:80:80", ""]
)
def test_hosts_and_environments(flavour: Flavour, family: Family, host: str) -> None:
    """The values for ZDK's host and zerohash's environment are checked just as strictly."""
    with pytest.raises(ConfigurationError, match=r": base_host"):
        ZDK.open(flavour, base_host=host, http_family=family)
    with pytest.raises(ConfigurationError, match=r": environment"):
        ZEROHASH.open(flavour, environment=host, http_family=family)
