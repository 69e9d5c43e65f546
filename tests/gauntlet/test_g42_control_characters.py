"""G42: control characters, bidi marks and escapes in a vendor's texts are shown escaped."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from all_clients import VENDORS, ZEROHASH_MINT
from clocks import frozen_clock
from driven_calls import driven_client, each_vendor, outcomes
from network_calls import NO_RETRIES, each_family, each_flavour
from raw_server import RawServer, http, saying

from tokenkit import Hooks

if TYPE_CHECKING:
    import pytest
    from driven_calls import Vendor
    from network_calls import Family, Flavour

UNSHOWN = "\n\r\t\x00\x07\x1b\x7f\x9b\u200e\u202e\u2066\u2028\u2029\ufeff\U000e0041"
SAID = f"no{UNSHOWN}2026-01-01 INFO login ok"
FAILURES = {
    "JSON": http(
        400,
        json.dumps(
            {
                "message": SAID,
                "code": SAID,
                "error": {"message": SAID, "type": SAID},
                "errors": [SAID],
            }
        ).encode(),
        "Content-Type: application/json",
        "X-Request-Id: r\x1b[31m",
    ),
    "text": http(500, SAID.encode(), "Content-Type: text/plain; charset=utf-8"),
    "a redirect": http(302, b"", "Location: https://h/\x1b[2J\x1b]0;x\x07"),
    "a page": http(200, f"<p>{SAID}".encode(), "Content-Type: text/html"),
    "a content type": http(200, b"x", "Content-Type: a\x1b[2J"),
}


@each_flavour
@each_family
@each_vendor
def test_what_a_vendor_says_is_escaped(
    flavour: Flavour, family: Family, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    """No text of an error, record or log line controls a terminal or breaks a line."""
    told: list[object] = []
    for response in FAILURES.values():
        with (
            RawServer(saying(response)) as server,
            caplog.at_level(logging.DEBUG, "tokenkit"),
        ):
            client = driven_client(
                flavour,
                vendor,
                server.url,
                frozen_clock(),
                http_family=family,
                hooks=Hooks(on_error=told.append, on_retry=told.append),
                retry=NO_RETRIES,
            )
            (error,) = outcomes(client, flavour, VENDORS[vendor].mint)
        assert isinstance(error, Exception)
        lines = [record.getMessage() for record in caplog.records if record.name == "tokenkit"]
        reasons = [getattr(record, "reason", "") for record in told]
        for text in (str(error), vars(error)["message"], *lines, *reasons):
            assert not set(text).intersection(UNSHOWN), (vendor, text)


@each_flavour
def test_letters_of_any_language_are_shown(flavour: Flavour) -> None:
    """Readable characters stay as the vendor wrote them."""
    body = json.dumps({"errors": ["Betrag zu groß: 金額が大きすぎます"]}).encode()
    with RawServer(saying(http(400, body, "Content-Type: application/json"))) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock())
        (error,) = outcomes(client, flavour, ZEROHASH_MINT)
    assert "Betrag zu groß: 金額が大きすぎます" in str(error)
