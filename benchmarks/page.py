"""The figures in the documentation: a block of docs/performance.md, its picture, its JSON."""

from pathlib import Path

from .picture import draw
from .processes import ROOT
from .report import documented_lines
from .results import Results, load, merged, save

__all__ = ["FIGURES", "PAGE", "PICTURE", "block", "update"]

PAGE = ROOT / "docs" / "performance.md"
FIGURES = ROOT / "docs" / "performance.json"
PICTURE = ROOT / "docs" / "performance.svg"
BEGIN = "<!-- The figures: written by `python -m benchmarks --docs`. -->"
END = "<!-- End of the figures. -->"


def block(results: Results) -> str:
    """Write the block."""
    return "\n".join((BEGIN, "", *documented_lines(results), "", END))


def with_block(page: str, results: Results) -> str:
    """Return the page with the figures of a run."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + block(results) + after


def update(results: Results, page: Path = PAGE) -> None:
    """Put a run's figures into the documentation; parts that it left out stay as they are."""
    documented = merged(load(FIGURES), results)
    page.write_text(with_block(page.read_text("utf-8"), documented), "utf-8")
    save(documented, FIGURES)
    if results.calls is not None:
        draw(documented, PICTURE)
