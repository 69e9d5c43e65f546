"""A run as one picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .calls import Calls, Cell
from .contestants import CONTESTANTS, library
from .results import Results

__all__ = ["draw"]

COLOURS = {"floor": "#9a9a9a", "library": "#7f9fc4", "tokenkit": "#c0392b", "sdk": "#b7b18f"}
KINDS = {"floor": "bare socket", "library": "HTTP libraries", "sdk": "other SDKs"}
PANELS = {"sync": "sync", "async1": "async, 1 at a time", "async64": "async, 64 at a time"}
SIZE = (11, 5.2)
HEADROOM = 1.35


def draw(results: Results, path: Path) -> None:
    """Draw the CPU time of a call, as a ratio to httpx, with its spread."""
    if results.calls is None:
        return
    mpl = library("matplotlib")
    mpl.use("svg")
    mpl.rcParams["svg.fonttype"] = "none"
    mpl.rcParams["svg.hashsalt"] = "tokenkit"  # the same figures give the same file
    plt = library("matplotlib.pyplot")
    calls = results.calls
    modes = [mode for mode in PANELS if mode in calls.cells]
    figure, panels = plt.subplots(1, len(modes), figsize=SIZE, squeeze=False)
    for panel, mode in zip(panels[0], modes, strict=True):
        _panel(panel, PANELS[mode], _bars(calls, mode))
    machine = results.machine
    figure.suptitle(
        "CPU time of a call, httpx = 1 (median and quartiles; less is better)\n"
        f"{machine.processor}, {machine.cores} cores, {machine.python}, {machine.date}",
        fontsize=10,
    )
    legend = [
        plt.Rectangle((0, 0), 1, 1, color=colour, label=KINDS.get(group, group))
        for group, colour in COLOURS.items()
    ]
    figure.legend(handles=legend, loc="lower center", ncols=len(legend), frameon=False, fontsize=8)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _bars(calls: Calls, mode: str) -> list[tuple[str, Cell]]:
    """Return who has figures, the slowest first, as bars are drawn from below."""
    found = [(name, cell) for name, cell in calls.cells[mode].items() if cell.cpu is not None]
    return sorted(found, key=lambda pair: -_median(pair[1]))


def _median(cell: Cell) -> float:
    return 0.0 if cell.cpu is None else cell.cpu.median


def _panel(panel: Any, title: str, bars: Sequence[tuple[str, Cell]]) -> None:
    names = [name for name, _ in bars]
    medians = [_median(cell) for _, cell in bars]
    below = [_median(cell) - (cell.cpu.low if cell.cpu else 0) for _, cell in bars]
    above = [(cell.cpu.high if cell.cpu else 0) - _median(cell) for _, cell in bars]
    colours = [COLOURS[CONTESTANTS[name].group] for name in names]
    panel.barh(
        names, medians, color=colours, xerr=(below, above), error_kw={"lw": 0.8, "alpha": 0.6}
    )
    for place, (median, more) in enumerate(zip(medians, above, strict=True)):
        panel.text(median + more, place, f" {median:.2f}", va="center", fontsize=7)
    panel.axvline(1, color="#333333", lw=0.6, ls=":")
    panel.set_xlim(0, max((high + m for high, m in zip(above, medians, strict=True))) * HEADROOM)
    panel.set_title(title, fontsize=9)
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)
