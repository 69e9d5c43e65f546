"""Diagrams as SVG, from a few lines of text, with nothing but Python.

A sequence names those who talk, from left to right, and then what they tell each other:

    page = Your page
    backend = Your backend

    page -> backend: a token, please
    backend --> page: the token

A flow puts steps into a grid (column, row), and then leads from one to another:

    sign (0, 0) = Sign the request / again for each attempt
    send (0, 1) = Send it

    sign -> send

Colours are CSS classes' business, so that a page can be light or dark.
"""

import re
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from typing import NamedTuple

__all__ = ["DiagramError", "draw_flow", "draw_sequence"]

PARTICIPANT = re.compile(r"(?P<name>\w+) = (?P<title>.+)")
STEP = re.compile(
    r"(?P<name>\w+) \((?P<column>\d+), (?P<row>\d+)\)(?P<kind>[!*]?) = (?P<title>.+)"
)
ARROW = re.compile(r"(?P<start>\w+) (?P<line>--?>) (?P<end>\w+)(: (?P<label>.+))?")

LETTER, LINE = 7.6, 19
MARGIN = 12
HEAD = 40
MESSAGE = 46
COLUMN, ROW = 236, 96
WIDTH, HEIGHT = 196, 56
ARROW_HEAD = (
    '<marker id="arrow-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"'
    ' markerHeight="8" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker>'
)
KINDS = {"": "step", "!": "step failure", "*": "step success"}


class DiagramError(ValueError):
    """A line that can't be drawn."""


class Arrow(NamedTuple):
    """What leads from one to another."""

    start: str
    end: str
    label: str
    dashed: bool


class Step(NamedTuple):
    """A box of a flow, by its centre."""

    x: float
    y: float
    title: str
    kind: str


def draw_sequence(lines: list[str], title: str) -> str:
    """Draw who tells what to whom, one message below the other.

    Raises:
        DiagramError: A line is neither a participant nor a message between two of them.
    """
    names: dict[str, str] = {}
    messages: list[Arrow] = []
    for line in _useful(lines):
        if found := PARTICIPANT.fullmatch(line):
            names[found["name"]] = found["title"]
        else:
            messages.append(_arrow(line, names))
    labels = max((len(message.label) * LETTER for message in messages), default=0)
    step = max(labels + 24, *(len(name) * LETTER + 48 for name in names.values()))
    places = {name: MARGIN + step * (index + 0.5) for index, name in enumerate(names)}
    width, height = 2 * MARGIN + step * len(names), HEAD + MESSAGE * (len(messages) + 0.6)
    return _svg(
        width,
        height,
        title,
        *_participants(names, places, height),
        *_messages(messages, places),
    )


def _participants(names: dict[str, str], places: dict[str, float], height: float) -> Iterator[str]:
    for name, shown in names.items():
        x, half = places[name], len(shown) * LETTER / 2 + 14
        yield f'<path class="lifeline" d="M{x:.0f} {HEAD}V{height:.0f}"/>'
        yield _box(x - half, 2, 2 * half, HEAD - 2, "step")
        yield _text(x, HEAD / 2 + 6, shown, "title")


def _messages(messages: list[Arrow], places: dict[str, float]) -> Iterator[str]:
    for index, message in enumerate(messages):
        y = HEAD + MESSAGE * (index + 0.9)
        start, end = places[message.start], places[message.end]
        yield _line(f"M{start:.0f} {y:.0f}H{end - 3 if end > start else end + 3:.0f}", message)
        # Where an arrow passes others, its text stands beside the one who speaks.
        beside = min(abs(end - start), *_steps(places)) / 2
        x = start + beside if end > start else start - beside
        yield _text(x, y - 9, message.label, "label")


def _steps(places: dict[str, float]) -> Iterator[float]:
    yield from (after - before for before, after in pairwise(places.values()))


def draw_flow(lines: list[str], title: str) -> str:
    """Draw steps in a grid, and arrows between them.

    Raises:
        DiagramError: A line is neither a step nor an arrow between two of them.
    """
    steps: dict[str, Step] = {}
    arrows: list[Arrow] = []
    for line in _useful(lines):
        if found := STEP.fullmatch(line):
            steps[found["name"]] = Step(
                MARGIN + WIDTH / 2 + COLUMN * int(found["column"]),
                MARGIN + HEIGHT / 2 + ROW * int(found["row"]),
                found["title"],
                KINDS[found["kind"]],
            )
        else:
            arrows.append(_arrow(line, steps))
    width = max(step.x for step in steps.values()) + WIDTH / 2 + MARGIN
    height = max(step.y for step in steps.values()) + HEIGHT / 2 + MARGIN
    drawn = (piece for step in steps.values() for piece in _step(step))
    led = (piece for arrow in arrows for piece in _lead(steps, arrow))
    return _svg(width, height, title, *led, *drawn)


def _step(step: Step) -> Iterator[str]:
    texts = [text.strip() for text in step.title.split(" / ")]
    yield _box(step.x - WIDTH / 2, step.y - HEIGHT / 2, WIDTH, HEIGHT, step.kind)
    first = step.y + 5 - LINE / 2 * (len(texts) - 1)
    for index, text in enumerate(texts):
        yield _text(step.x, first + LINE * index, text, "label" if index else "title")


def _lead(steps: dict[str, Step], arrow: Arrow) -> Iterator[str]:
    """Lead straight along a column or a row; elsewhere down after, and up before, sideways."""
    start, end = steps[arrow.start], steps[arrow.end]
    right, down = _sign(end.x - start.x), _sign(end.y - start.y)
    x = start.x + (right * WIDTH / 2 if down >= 0 else 0)
    y = start.y + (down * HEIGHT / 2 if down < 0 or not right else 0)
    if not right:
        path = f"M{x:.0f} {y:.0f}V{end.y - down * (HEIGHT / 2 + 3):.0f}"
        place = (x + 10, (y + end.y - down * HEIGHT / 2) / 2 + 5, "label start")
    elif not down:
        path = f"M{x:.0f} {y:.0f}H{end.x - right * (WIDTH / 2 + 3):.0f}"
        place = (x + right * 20, y - 8, "label")
    elif down < 0:
        path = f"M{x:.0f} {y:.0f}V{end.y:.0f}H{end.x - right * (WIDTH / 2 + 3):.0f}"
        place = (x + 10, (y + end.y) / 2, "label start")
    else:
        path = f"M{x:.0f} {y:.0f}H{end.x:.0f}V{end.y - down * (HEIGHT / 2 + 3):.0f}"
        place = (end.x + 10, (y + end.y) / 2, "label start")
    yield _line(path, arrow)
    if arrow.label:
        yield _text(*place[:2], arrow.label, place[2])


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _useful(lines: list[str]) -> Iterator[str]:
    return (line.strip() for line in lines if line.strip())


def _arrow(line: str, known: dict[str, str] | dict[str, Step]) -> Arrow:
    found = ARROW.fullmatch(line)
    if not found:
        raise DiagramError(f"cannot read {line!r}")
    for end in (found["start"], found["end"]):
        if end not in known:
            raise DiagramError(f"{end} is not introduced before {line!r}")
    return Arrow(found["start"], found["end"], found["label"] or "", found["line"] == "-->")


def _svg(width: float, height: float, title: str, *pieces: str) -> str:
    size = f"{width:.0f} {height:.0f}"
    start = (
        f'<svg class="diagram" viewBox="0 0 {size}" style="max-width: {width:.0f}px"'
        f' role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">'
    )
    return "\n".join((start, f"<title>{escape(title)}</title>", ARROW_HEAD, *pieces, "</svg>"))


def _box(x: float, y: float, width: float, height: float, kind: str) -> str:
    return (
        f'<rect class="{kind}" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" rx="6"/>'
    )


def _line(path: str, arrow: Arrow) -> str:
    kind = "arrow dashed" if arrow.dashed else "arrow"
    return f'<path class="{kind}" d="{path}" marker-end="url(#arrow-head)"/>'


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>'
