from __future__ import annotations

import pytest

from tokenkit._client.base_url import safe_base_url
from tokenkit._model.base_url import BaseURL, is_private_name
from tokenkit._model.paths import path_problem


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://app.strigo.io/api/v1", "https://app.strigo.io", "/api/v1"),
        ("https://app.strigo.io/api/v1/", "https://app.strigo.io", "/api/v1"),
        ("https://API.Example.COM", "https://api.example.com", ""),
        ("HTTPS://h", "https://h", ""),
        ("https://h:443", "https://h", ""),
        ("https://h:8443/", "https://h:8443", ""),
        ("http://localhost:8000", "http://localhost:8000", ""),
        ("http://localhost:80", "http://localhost", ""),
        ("http://127.0.0.1:8000/zdk", "http://127.0.0.1:8000", "/zdk"),
        ("http://127.8.8.8", "http://127.8.8.8", ""),
        ("http://[::1]:8000", "http://[::1]:8000", ""),
        ("https://[2001:db8::1]", "https://[2001:db8::1]", ""),
        ("https://h/a%20b", "https://h", "/a%20b"),
    ],
)
def test_base_urls(url: str, origin: str, path: str) -> None:
    """A base URL is split into an origin and a path."""
    assert safe_base_url(url, allow_insecure_http=False) == BaseURL(origin, path)


def test_plain_http_in_a_network_of_ones_own() -> None:
    """allow_insecure_http makes a sandbox in a container network reachable."""
    found = safe_base_url("http://sandbox:8000", allow_insecure_http=True)
    assert found.origin == "http://sandbox:8000"


@pytest.mark.parametrize("path", ["/", "/x", "/x/y?a=b&c=%20", "/x?a=/?", "/a//b", "/~x/%41;v=1"])
def test_paths(path: str) -> None:
    """A percent-encoded path with an optional query is accepted."""
    assert path_problem(path) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (5, "must be a string, not int"),
        ("", "must start with one slash"),
        ("x", "must start with one slash"),
        ("https://evil.example/x", "must start with one slash"),
        ("//evil.example/x", "must start with one slash"),
        ("/a b", "must be percent-encoded"),
        ("/ä", "must be percent-encoded"),
        ("/a\r\nb", "must be percent-encoded"),
        ("/%4", "must be percent-encoded"),
        ("/../x", "without '.' and '..' segments"),
        ("/x/.", "without '.' and '..' segments"),
        ("/x?a b", "must be percent-encoded"),
        ("/x#f", "must be percent-encoded"),
        ("/x?a#f", "must be percent-encoded"),
        ("/x?", "must not end in a lone"),
    ],
)
def test_paths_that_are_refused(path: object, text: str) -> None:
    """Absolute URLs, and paths that a library would rewrite after signing, are refused."""
    assert text in (path_problem(path) or "")


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://sandbox:8700/zdk", True),
        ("http://sandbox.internal", True),
        ("http://10.1.2.3", True),
        ("http://[fd00::1]:80", True),
        ("http://api.example.com", False),
        ("http://8.8.8.8", False),
        ("http://0.0.0.0", False),
        ("http://", False),
        ("http://[", False),
        (None, False),
    ],
)
def test_private_names(url: object, private: bool) -> None:  # noqa: FBT001 - a table's column
    """Names without a dot, reserved suffixes and private addresses count as private."""
    assert is_private_name(url) is private
