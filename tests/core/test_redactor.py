"""Secrets are found in every spelling in which servers echo them."""

from __future__ import annotations

import html
import json
import re
import string
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenkit._redaction import (
    REDACTED,
    Hidden,
    redact,
    redact_jwts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "a/b c<d>\"e'f&g=h"


def all_as_numbers(text: str) -> str:
    return "".join(f"&#{ord(mark)};" if mark in string.punctuation else mark for mark in text)


WRITERS: dict[str, Callable[[str], str]] = {
    "json": lambda text: json.dumps(text)[1:-1],
    "json with slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "percent": lambda text: quote(text, safe=""),
    "percent, lower case": lambda text: re.sub(
        "%..", lambda code: code[0].lower(), quote(text, safe="")
    ),
    "path": quote,
    "form": quote_plus,
    "html": html.escape,
    "html numbers": all_as_numbers,
}


@pytest.mark.parametrize("writer", WRITERS)
def test_each_spelling_is_found(writer: str) -> None:
    """A secret is found as JSON, URLs, forms and HTML write it, alone and within other text."""
    written = WRITERS[writer](SECRET)
    assert written != SECRET
    hide = Hidden([SECRET]).redact
    assert hide(written) == REDACTED
    assert hide(f"before {written} after") == f"before {REDACTED} after"


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        ("a bc", "a+bc"),
        ("a bc", "a%20bc"),
        ("a&bc", "a&amp;bc"),
        ('a"bc', 'a\\"bc'),
        ("a/bc", "a\\/bc"),
        ("a=bc", "a%3Dbc"),
        ("a=bc", "a&#61;bc"),
    ],
)
def test_one_mark_is_enough(secret: str, written: str) -> None:
    r"""Each of `\ % & +`, alone in a text, makes the redactor look for all spellings."""
    assert redact(f"x{written}y", [secret]) == f"x{REDACTED}y"


@pytest.mark.parametrize("secret", ["p", "7", "ab", "x-1", "&", "\u00e9"])
@pytest.mark.parametrize("writer", WRITERS)
def test_very_short_secrets_are_hidden_where_they_stand_alone(secret: str, writer: str) -> None:
    """Below four characters a secret is redacted as a word, and other words stay whole.

    What is missing in the middle of words would tell which letters the secret has.
    """
    hide, written = Hidden([secret]).redact, WRITERS[writer](secret)
    assert hide(written) == REDACTED
    assert hide(f'{{"passphrase": "{written}"}}') == f'{{"passphrase": "{REDACTED}"}}'
    assert hide(f"(passphrase={written})") == f"(passphrase={REDACTED})"
    words = f"1{secret}1 proxy http tab 1707 0f7{secret}p7"
    assert hide(words) == words


def test_four_characters_are_hidden_everywhere() -> None:
    """From four characters on, a secret is redacted inside other letters too."""
    assert redact("xp4ssy", ["p4ss"]) == f"x{REDACTED}y"


def test_texts_with_and_without_marks_in_turn() -> None:
    """The same redactor finds plain and other spellings, in any order."""
    hide = Hidden(["a b", "cd"]).redact
    for _ in range(2):
        assert hide("a b, cd") == f"{REDACTED}, {REDACTED}"
        assert hide("a+b, cd") == f"{REDACTED}, {REDACTED}"
        assert hide("100% of a b") == f"100% of {REDACTED}"


@settings(deadline=None, max_examples=100)
@given(st.text(string.ascii_letters + string.digits + " /=<>&+%\"'~", min_size=12), st.data())
def test_no_spelling_survives(secret: str, data: st.DataObject) -> None:
    """A secret is redacted, whatever its spelling and the text around it."""
    writer = data.draw(st.sampled_from(["plain", *WRITERS]))
    written = WRITERS[writer](secret) if writer in WRITERS else secret
    before, after = data.draw(st.text("xyz", max_size=3)), data.draw(st.text("xyz", max_size=3))
    found = redact(before + written + after, [secret])
    assert written not in found
    assert REDACTED in found


@pytest.mark.parametrize("secret", ["000000\u0130", "\u0130STANBUL-key", "stra\u00dfe-42-key"])
def test_letters_that_are_two_in_lower_case(secret: str) -> None:
    """A secret is found even if its letters change in another case."""
    assert redact(f"key {secret} end", [secret]) == f"key {REDACTED} end"


@pytest.mark.parametrize("depth", [1, 4, 5, 9])
def test_spellings_within_spellings(depth: int) -> None:
    """A secret with a quotation mark is found, however often JSON was nested in JSON."""
    secret = 'pass"word-0123456789'
    written = secret
    for _ in range(depth):
        written = json.dumps(written)
    shown = Hidden([secret]).redact(written)
    assert "0123456789" not in shown
    assert REDACTED in shown


def test_what_stands_for_no_character_stays() -> None:
    """A name that HTML doesn't know, and a number beyond Unicode, stay beside a secret."""
    shown = Hidden(["secret-key-1"]).redact("&nosuch; secret&#45;key-1 &#x1fffff; &fjlig;")
    assert shown == f"&nosuch; {REDACTED} &#x1fffff; &fjlig;"


def test_secrets_that_overlap() -> None:
    """If two secrets share letters, nothing of them is left, not even a backslash before them."""
    hide = Hidden(["first-secret", "secret-second"]).redact
    assert hide("a first-secret-second b") == f"a {REDACTED} b"
    assert hide(r"a \\first-secret b") == f"a {REDACTED} b"


def test_tokens_by_their_shape() -> None:
    """A JSON Web Token is redacted by its form alone; a word with the same letters stays."""
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    assert redact_jwts(f"token={jwt}, ok") == f"token={REDACTED}, ok"
    assert redact_jwts("heyJude_this_is_no_token") == "heyJude_this_is_no_token"


def test_hidden_texts_count_only() -> None:
    """A repr counts what must not be shown, and never names it."""
    hidden = Hidden(["secret-key-1"])
    hidden.add(["secret-key-1", "another-key-2"])
    assert hidden.redact("secret-key-1 another-key-2") == f"{REDACTED} {REDACTED}"
    assert repr(hidden) == "Hidden(2 texts)"


@pytest.mark.parametrize(("turns", "found"), [(1, True), (4, True), (6, False)])
def test_kinds_of_spellings_in_turn(turns: int, *, found: bool) -> None:
    """Four nested kinds of spelling are read; more do not take endless time."""
    written = 'pass"word-0123456789'
    for turn in range(turns):
        mark, spelt = (
            ('"', "&quot;") if turn == 0 else ("&", "%26") if turn % 2 else ("%", "&#37;")
        )
        written = written.replace(mark, spelt)
    shown = Hidden(['pass"word-0123456789']).redact(f"key {written}")
    assert (shown == f"key {REDACTED}") is found
