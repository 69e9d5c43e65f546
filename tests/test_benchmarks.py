"""The benchmark's programs run, and the documentation shows what they saved."""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import attrs
import pytest

from benchmarks.calls import Calls, Cell
from benchmarks.contestants import CONTESTANTS
from benchmarks.figures import Spread, spread_of
from benchmarks.goals import judge
from benchmarks.page import FIGURES, PAGE, PICTURE, block
from benchmarks.processes import run_server
from benchmarks.results import load, measured_here, merged, save
from benchmarks.reuse import Reuse
from benchmarks.stages import MODULES, count_stages
from benchmarks.worker import Order, measure_async, measure_sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.processes import Server

OURS = [name for name, one in CONTESTANTS.items() if one.group == "tokenkit"]


def can_run(name: str) -> bool:
    """Return whether a contestant's packages are installed here."""
    needed = {"httpx2": "httpx2", "tokenkit-httpx2": "httpx2", "tokenkit-fast": "pyreqwest"}
    return name not in needed or find_spec(needed[name]) is not None


each_contestant = pytest.mark.parametrize(
    "name", [name for name in ("floor", "httpx", "httpx2", *OURS) if can_run(name)]
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Run the benchmark's server."""
    with run_server() as server:
        yield server


@each_contestant
def test_a_contestant_calls_sync(server: Server, name: str) -> None:
    """Each contestant gets the token that the server sends, and its calls take CPU time."""
    sample = measure_sync(CONTESTANTS[name], Order(server.origin, 0, 0.0, calls=3))
    assert sample.calls == 3
    assert 0 < sample.cpu < 1


@each_contestant
def test_a_contestant_calls_async(server: Server, name: str) -> None:
    """Each contestant also gets the token with several calls at a time."""
    sample = asyncio.run(measure_async(CONTESTANTS[name], Order(server.origin, 4, 0.0, calls=8)))
    assert sample.calls == 8
    assert 0 < sample.cpu < 1


def test_the_server_tells_how_busy_it_was(server: Server) -> None:
    """The server's busy time grows with the calls that it serves."""
    before = server.busy()
    measure_sync(CONTESTANTS["floor"], Order(server.origin, 0, 0.0, calls=300))
    assert server.busy() > before


def test_stages_are_counted(server: Server) -> None:
    """Most of the count in calls over a real connection is the transport's."""
    counts, sample = count_stages(server.origin, 0.3)
    assert sample.calls > 10
    assert counts["transport"] >= max(counts["sign"], counts["decode"])


@pytest.mark.parametrize("module", MODULES)
def test_a_stages_module_exists(module: str) -> None:
    """After a renaming, a stage's time would be counted as another's."""
    import_module(f"tokenkit.{module}")


def test_a_spread_is_the_median_with_its_quartiles() -> None:
    """An outlier moves neither the median nor the quartiles much."""
    assert spread_of([3.0, 1.0, 2.0, 4.0, 100.0]) == Spread(3.0, 2.0, 4.0, 5)
    assert spread_of([7.0]) == Spread(7.0, 7.0, 7.0, 1)


def test_goals_are_judged() -> None:
    """A figure above its limit misses its goal; one that was not measured doesn't."""
    cells = {"sync": {"tokenkit": Cell(cpu=Spread(0.71, 0.7, 0.8, 7))}}
    verdicts = judge(attrs.evolve(measured_here(), calls=Calls(cells, {})))
    by_goal = {verdict.goal: verdict.met for verdict in verdicts}
    assert by_goal["sync ÷ httpx"] is False
    assert by_goal["async, 1 at a time ÷ httpx"] is None


def test_results_survive_being_saved(tmp_path: Path) -> None:
    """Figures saved as JSON read back as they were."""
    cells = {"sync": {"httpx": Cell(cpu=Spread(1.0, 1.0, 1.0, 7)), "svix": Cell(failure="no")}}
    results = attrs.evolve(
        measured_here(), calls=Calls(cells, {"httpx": Spread(1.5, 1.0, 2.0, 3)})
    )
    save(results, tmp_path / "results.json")
    assert load(tmp_path / "results.json") == results


def test_a_run_of_some_parts_leaves_the_others_as_they_are() -> None:
    """Figures that were not measured again stay, with the machine that measured them."""
    saved = load(FIGURES)
    machine = attrs.evolve(measured_here().machine, date="2027-01-01")
    run = attrs.evolve(measured_here(), machine=machine, reuse=Reuse(machine, {}, {"Redis": 1}))
    found = merged(saved, run)
    assert found.reuse == run.reuse
    assert attrs.evolve(found, reuse=saved.reuse) == saved
    cells = {"sync": {"httpx": Cell(cpu=Spread(1.0, 1.0, 1.0, 7))}}
    again = merged(saved, attrs.evolve(run, calls=Calls(cells, {})))
    assert again.machine == machine
    assert again.start == saved.start


def test_the_page_shows_the_saved_figures() -> None:
    """The documentation's figures are those of the saved run, and so are the picture's."""
    results = load(FIGURES)
    assert block(results) in PAGE.read_text("utf-8")
    assert results.machine.date in PICTURE.read_text("utf-8")
