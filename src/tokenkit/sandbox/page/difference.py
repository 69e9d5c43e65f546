"""Two texts side by side, with the first difference marked."""

from itertools import takewhile

from .markup import (
    Markup,
    join,
    redacted,
    tag,
)

__all__ = ["compare"]

CONTEXT = 300  # characters shown on each side of the difference


def compare(expected: str, received: str) -> Markup:
    """Show the text that should have been signed beside the one that was."""
    # Redacted first: a mark inside a token would let its halves through.
    expected, received = redacted(expected), redacted(received)
    if not received:
        note = (
            "The signature does not show which text was signed. A client can send it in the "
            "header X-Sandbox-Signed-Text, in base64."
        )
        columns = _column("Expected to be signed", tag("span", _cut(expected, 0)))
    elif received == expected:
        note = "The texts are the same: the difference is in the key or the form of the signature."
        columns = _column("Expected to be signed", tag("span", _cut(expected, 0)))
        columns = join([columns, _column("Signed", tag("span", _cut(received, 0)))])
    else:
        place = _first_difference(expected, received)
        note = f"The first difference is at character {place + 1}."
        columns = join(
            [
                _column("Expected to be signed", _marked(expected, place)),
                _column("Signed instead", _marked(received, place)),
            ]
        )
    return join([tag("div", columns, class_="compare"), tag("p", note, class_="note")])


def _first_difference(first: str, second: str) -> int:
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _column(title: str, text: Markup) -> Markup:
    return tag("figure", tag("figcaption", title), tag("pre", text))


def _marked(text: str, place: int) -> Markup:
    """Mark the character at a position, or the end of the text."""
    start = max(0, place - CONTEXT)
    before = ("…" if start else "") + text[start:place]
    if place == len(text):
        return join([before, tag("mark", "end of text", class_="end")])
    after = _cut(text, place + 1)
    return join([before, tag("mark", text[place]), tag("span", after, class_="after")])


def _cut(text: str, start: int) -> str:
    kept = text[start : start + 2 * CONTEXT]
    return kept + "…" if start + 2 * CONTEXT < len(text) else kept
