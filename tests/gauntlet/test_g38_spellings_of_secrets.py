"""G38: credentials that a server spells in its own way are in no error, log, hook or span."""

from __future__ import annotations

import base64
import html
import json
import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from all_clients import HEALTH, ZEROHASH_MINT
from clocks import frozen_clock
from credentials import STRIGO_ORG_ID, strigo_client
from driven_calls import driven_client, outcomes
from network_calls import NO_RETRIES, each_family, each_flavour
from raw_server import RawServer, http, saying

from tokenkit import APIError, Hooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Family, Flavour

# Everything that a header takes and some writer escapes.
KEY = "sk+live/0&1<2>3'4\"5=6\\7`8"


def escaped(marks: str, form: str) -> Callable[[str], str]:
    """Write some characters as their numbers."""

    def write(text: str) -> str:
        return "".join(form.format(ord(one)) if one in marks else one for one in text)

    return write


def quoted(text: str) -> str:
    """Write text as JSON does, without its quotes."""
    return json.dumps(text)[1:-1]


WRITERS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": quoted,
    "Go's JSON": escaped('&<>"\\', "\\u{:04x}"),
    ".NET's JSON": escaped("&<>\"+'`\\", "\\u{:04X}"),
    "every character by its number": lambda text: "".join(f"\\u{ord(one):04x}" for one in text),
    "JavaScript": escaped("&<>\"+'`\\/", "\\x{:02x}"),
    "JSON in JSON": lambda text: quoted(quoted(text)),
    "JSON in JSON in JSON": lambda text: quoted(quoted(quoted(text))),
    "HTML": html.escape,
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "HTML numbers": escaped("&<>\"+'`/=\\", "&#{};"),
    "HTML hexadecimal": escaped("&<>\"+'`/=\\", "&#x{:X};"),
    "HTML names": lambda text: html.escape(text).replace("+", "&plus;").replace("/", "&sol;"),
    "JSON in HTML": lambda text: html.escape(quoted(text)),
    "percent": lambda text: quote(text, safe=""),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent three times": lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
    "percent, lower case": lambda text: quote(text, safe="").lower(),
    "Python": lambda text: repr(text)[1:-1],
    "upper case": str.upper,
    "lines": lambda text: "\n".join(text[at : at + 8] for at in range(0, len(text), 8)),
    "hexadecimal": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of the header": lambda text: base64.b64encode(
        f"Bearer {STRIGO_ORG_ID}:{text}".encode()
    ).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}
FRAMES = {
    "JSON": ('{"error": {"message": "bad key %s"}}', "application/json", "utf-8"),
    "cut off": ('{"error": {"message": "bad key %s"', "application/json", "utf-8"),
    "text": ("bad key %s for you", "text/plain", "utf-8"),
    "a page": ("<p title='%s'>no</p>", "text/html", "utf-8"),
    "UTF-16": ("bad key %s", "text/plain; charset=utf-16le", "utf-16-le"),
    "UTF-16, unsaid": ("bad key %s", "text/plain", "utf-16-le"),
}


def clues(written: str) -> list[str]:
    """Return the pieces that would reveal a key."""
    return [written[at : at + 12] for at in range(0, len(written) - 12, 4)]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("writer", WRITERS)
def test_no_spelling_gets_through(
    writer: str, frame: str, caplog: pytest.LogCaptureFixture
) -> None:
    """However a server writes the key back, no report of the call shows it."""
    written = WRITERS[writer](KEY)
    text, content_type, encoding = FRAMES[frame]
    body = (text % written).encode(encoding)
    told: list[object] = []
    hooks = Hooks(on_error=told.append, on_response=told.append, on_request=told.append)
    with (
        RawServer(saying(http(400, body, f"Content-Type: {content_type}"))) as server,
        caplog.at_level(logging.DEBUG, "tokenkit"),
        strigo_client(server.url, api_key=KEY, hooks=hooks, retry=NO_RETRIES) as client,
        pytest.raises(APIError) as caught,
    ):
        client.check_health()
    error = caught.value
    shown = "".join((str(error), repr(vars(error)), repr(told), caplog.text))
    for piece in (KEY, *clues(written)):
        assert piece not in shown
        assert repr(piece)[1:-1] not in shown


@each_flavour
@each_family
def test_headers_are_searched_as_well(flavour: Flavour, family: Family) -> None:
    """A key that a server echoes in a header, quoted as for a URL, is not shown."""
    key = quote("strigo-key-77aa51c0de", safe="").replace("-", "%2D")
    with RawServer(saying(http(400, b"{}", f"X-Echo: {key}", f"X-Request-Id: {key}"))) as server:
        client = driven_client(flavour, "strigo", server.url, frozen_clock(), http_family=family)
        (error,) = outcomes(client, flavour, HEALTH)
    assert "77aa51c0de" not in f"{error}{vars(error)}"


@each_flavour
def test_what_is_no_secret_stays(flavour: Flavour) -> None:
    """A vendor's own words are shown as they are."""
    body = b'{"errors": ["body/amount must be >= 0 & < 5%"]}'
    with RawServer(saying(http(400, body, "Content-Type: application/json"))) as server:
        client = driven_client(flavour, "zerohash", server.url, frozen_clock())
        (error,) = outcomes(client, flavour, ZEROHASH_MINT)
    assert "must be >= 0 & < 5%" in str(error)
