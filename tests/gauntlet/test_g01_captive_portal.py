"""G1: 200 with an HTML captive portal: a DecodeError with content type and a snippet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from all_clients import HEALTH, STRIGO_MINT, TOKEN, VENDORS
from clocks import frozen_clock
from driven_calls import driven_client, each_vendor, errors, outcomes
from network_calls import each_family, each_flavour
from raw_server import RawServer, http, responding

from tokenkit import DecodeError, extension, zerohash

if TYPE_CHECKING:
    from driven_calls import Vendor
    from network_calls import Family, Flavour

PORTAL = b"""<!DOCTYPE html>
<html><head><title>Airport Wi-Fi</title></head>
<body>Please accept the terms to go online.</body></html>"""
HTML = "Content-Type: text/html; charset=utf-8"

REVOCATION = zerohash.RevokeAuthTokenRequest(token="e30.eyJqdGkiOiAiMSJ9.c2ln")
CALLS: list[tuple[Vendor, extension.Call[Any]]] = [
    *((name, vendor.mint) for name, vendor in VENDORS.items()),
    ("strigo", HEALTH),
    ("zerohash", REVOCATION),
    ("zerohash", zerohash.TimeRequest()),
]


def refused(
    flavour: Flavour, family: Family, vendor: Vendor, call: extension.Call[Any], answer: bytes
) -> DecodeError:
    with RawServer(responding(lambda _: answer)) as server:
        client = driven_client(flavour, vendor, server.url, frozen_clock(), http_family=family)
        (error,) = errors(DecodeError, outcomes(client, flavour, call))
        assert len(server.requests) == 1
    return error


@each_flavour
@each_family
@pytest.mark.parametrize(
    ("vendor", "call"), CALLS, ids=[f"{vendor}-{type(call).__name__}" for vendor, call in CALLS]
)
def test_a_captive_portal_is_no_response(
    flavour: Flavour, family: Family, vendor: Vendor, call: extension.Call[Any]
) -> None:
    """A login page instead of the response is named as one, and the call is not repeated."""
    error = refused(flavour, family, vendor, call, http(200, PORTAL, HTML))
    assert (error.status, error.content_type) == (200, "text/html; charset=utf-8")
    assert error.path == "$"
    assert "HTTP 200, text/html" in str(error)
    assert "<title>Airport Wi-Fi</title>" in str(error)


@each_flavour
@each_family
@each_vendor
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (http(200, PORTAL), "no content type"),
        (http(200, PORTAL, "Content-Type: text/plain"), "text/plain"),
    ],
)
def test_a_portal_that_is_not_declared_as_html(
    flavour: Flavour, family: Family, vendor: Vendor, answer: bytes, told: str
) -> None:
    """A page without a content type, or with another one, is quoted too."""
    error = refused(flavour, family, vendor, VENDORS[vendor].mint, answer)
    assert told in str(error)
    assert "Airport Wi-Fi" in str(error)


@each_flavour
@each_family
def test_a_long_page_is_quoted_in_part(flavour: Flavour, family: Family) -> None:
    """Of a page of a megabyte, the message has only the start."""
    page = PORTAL + b"<p>more</p>" * 100_000
    error = refused(flavour, family, "strigo", STRIGO_MINT, http(200, page, HTML))
    assert "Airport Wi-Fi" in str(error)
    assert len(str(error)) < 600


@each_flavour
@each_family
@each_vendor
@pytest.mark.parametrize(
    "answer",
    [
        http(200, b'{"token": "%s' % TOKEN.encode(), "Content-Type: text/html"),
        http(200, b"the token is %s" % TOKEN.encode(), "Content-Type: application/json"),
    ],
)
def test_nothing_that_may_be_a_mint_is_quoted(
    flavour: Flavour, family: Family, vendor: Vendor, answer: bytes
) -> None:
    """Anything that claims to be or looks like JSON may hold the token, and is not quoted."""
    error = refused(flavour, family, vendor, VENDORS[vendor].mint, answer)
    assert TOKEN[:10] not in str(error) + repr(vars(error))
