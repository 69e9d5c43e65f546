"""The documentation's diagrams, without the build that shows them."""

import importlib.util
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

SOURCE = Path(__file__).parents[2] / "docs" / "_extensions" / "drawing.py"
SEQUENCE = ["page = Your page", "vendor = A & B", "", "page -> vendor: a <key>", "vendor --> page"]
FLOW = [
    "start (0, 0) = Sign / again",
    "end (0, 1)* = Done",
    "error (1, 0)! = Error",
    "start -> end: it worked",
    "start --> error",
    "error -> end",
    "end -> error",
]


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    """Import the module that draws, which is outside of any package."""
    spec = importlib.util.spec_from_file_location("drawing", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(svg: str) -> list[str]:
    found = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 - our own
    return [element.text or "" for element in found if element.text]


def test_a_sequence_shows_who_says_what(drawing: ModuleType) -> None:
    """The picture is valid XML with each participant and each message."""
    svg: str = drawing.draw_sequence(SEQUENCE, "who & what")
    assert sorted(texts(svg)) == ["A & B", "Your page", "a <key>"]
    assert svg.count('class="arrow') == 2
    assert "<title>who &amp; what</title>" in svg


def test_a_flow_shows_each_step_and_arrow(drawing: ModuleType) -> None:
    """The picture has a box for each step, the lines of its text, and each arrow."""
    svg: str = drawing.draw_flow(FLOW, "a flow")
    assert sorted(texts(svg)) == ["Done", "Error", "Sign", "again", "it worked"]
    assert svg.count("<rect") == 3
    assert svg.count('class="arrow') == 4


@pytest.mark.parametrize("line", ["page -> nobody: hello", "page => vendor", "just words"])
def test_a_line_that_cannot_be_drawn_is_an_error(drawing: ModuleType, line: str) -> None:
    """A mistyped name or arrow fails the build instead of vanishing from the picture."""
    with pytest.raises(drawing.DiagramError, match=line.partition(" ")[0]):
        drawing.draw_sequence([*SEQUENCE, line], "broken")
