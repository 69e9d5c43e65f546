"""A run as text: tables in Markdown, for the terminal and for the documentation."""

from collections.abc import Iterator, Sequence

from .bulk import Bulk
from .calls import BASELINE, MODES, Calls, Cell
from .contestants import CONTESTANTS
from .figures import Spread
from .goals import judge
from .machine import Machine
from .results import Results, Stages
from .reuse import Reuse
from .stages import STAGES
from .start import Endurance, Start

__all__ = ["documented_lines", "lines"]

MODE_NAMES = {
    "sync": "sync",
    "async1": "async, 1 at a time",
    "async64": "async, 64",
    "async256": "async, 256",
    "async1000": "async, 1,000",
}
MEGABYTE = 1_048_576


def lines(results: Results) -> Iterator[str]:
    """Write everything that was measured."""
    yield from documented_lines(results)
    if results.calls is not None:
        yield from _absolute(results.calls)
    yield from _goals(results)


def documented_lines(results: Results) -> Iterator[str]:
    """Write what the documentation shows: ratios only."""
    yield _machine(results.machine)
    if results.calls is not None:
        yield ""
        yield from _ratios(results.calls, "cpu")
        yield ""
        yield from _ratios(results.calls, "wall")
        yield ""
        yield from _growth(results.calls)
    if results.stages is not None:
        yield ""
        yield from _stages(results.stages)
    if results.start is not None:
        yield ""
        yield from _start(results.start)
    if results.reuse is not None:
        yield ""
        yield from _reuse(results.reuse)
    if results.bulk is not None:
        yield ""
        yield from _bulk(results.bulk)


BULK_WAYS = {
    "bulk-sync": "`send_many`, sync",
    "bulk-async": "`send_many`, async",
    "loop": "tokenkit's calls, one after the other",
    "gather": "`asyncio.gather` over tokenkit's calls",
    "gather-httpx": "`asyncio.gather` over httpx posts",
    "aiolimiter": "the same with aiolimiter",
    "celery": "a Celery group on one worker, including its start",
}
BULK_FIGURES = {
    "wall ÷ ideal": ("under a rate limit: wall-clock time ÷ the ideal", "{:.2f}"),
    "lost": ("under a rate limit: calls lost", "{:.0f}"),
    "two ÷ one": ("wall-clock time of two worker processes ÷ of one", "{:.2f}"),
    "journal": ("CPU time of the bulk engine per input, with a journal ÷ without", "{:.1f}"),
    "grown": ("memory added by {inputs:,} inputs", "{:.1f} MB"),
}


def _reuse(reuse: Reuse) -> Iterator[str]:
    """Write the cost of a hit, as ratios, and how often many callers mint."""
    yield "### A cached token"
    yield ""
    yield _machine(reuse.machine)
    yield ""
    hit = reuse.costs["get_token"]
    costs = sorted(reuse.costs.items(), key=lambda item: item[1])
    rows = [(name, f"{cost / hit:.2f}") for name, cost in costs]
    yield from _table(("", "CPU time of a hit, `get_token` = 1"), rows)
    yield ""
    crowds = [(name, str(count)) for name, count in reuse.mints.items()]
    yield from _table(("all at once, nothing cached yet", "tokens minted"), crowds)


def _bulk(bulk: Bulk) -> Iterator[str]:
    """Write the cost of a mint among many, as ratios."""
    yield "### Many mints"
    yield ""
    yield _machine(bulk.machine)
    yield ""
    base = bulk.cpu.get("loop")
    rows = [
        (name, f"{bulk.cpu[way] / base:.2f}" if base and way in bulk.cpu else "not measured")
        for way, name in BULK_WAYS.items()
    ]
    yield from _table(
        ("without a rate limit", "CPU time per mint, one call after the other = 1"), rows
    )
    yield ""
    others = [
        (name.format(inputs=bulk.inputs), text.format(bulk.figures[figure]))
        for figure, (name, text) in BULK_FIGURES.items()
        if figure in bulk.figures
    ]
    yield from _table(("", ""), others)


def _machine(machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"Measured on {machine.date}: {machine.processor}, {machine.cores} cores, "
        f"{machine.system}, {machine.python}; {versions}."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _ratio(spread: Spread | None) -> str:
    if spread is None:
        return "none"
    digits = 3 if spread.median < 0.1 else 2  # noqa: PLR2004 - three digits say enough
    low, high = f"{spread.low:.{digits}f}", f"{spread.high:.{digits}f}"
    return f"{spread.median:.{digits}f} ({low} to {high})"


def _cell(cell: Cell | None, figure: str) -> str:
    if cell is None:
        return ""
    if cell.failure is not None:
        return f"failed: {cell.failure}".replace("|", "/")
    spread: Spread | None = getattr(cell, figure)
    return _ratio(spread)


def _ratios(calls: Calls, figure: str) -> Iterator[str]:
    kind = {"cpu": "CPU time", "wall": "Wall-clock time"}[figure]
    yield f"### {kind} of a call"
    yield ""
    yield f"Median (quartiles), {BASELINE} = 1."
    yield ""
    modes = [mode for mode in MODES if mode in calls.cells]
    names = [name for name in CONTESTANTS if any(name in cells for cells in calls.cells.values())]
    rows = [
        [name, *(_cell(calls.cells[mode].get(name), figure) for mode in modes)] for name in names
    ]
    yield from _table(["", *(MODE_NAMES[mode] for mode in modes)], rows)


def _growth(calls: Calls) -> Iterator[str]:
    if not calls.growth:
        return
    yield "### 1,000 calls at a time against 64"
    yield ""
    yield "CPU time of a call; 64 at a time = 1."
    yield ""
    rows = [[name, _ratio(calls.growth[name])] for name in CONTESTANTS if name in calls.growth]
    yield from _table(["", "1,000 ÷ 64 at a time"], rows)


def _stages(stages: Stages) -> Iterator[str]:
    total = sum(stages.counts.values())
    yield "### Where a sync call spends its time"
    yield ""
    yield f"{total} samples of the stack in {stages.calls} calls."
    yield ""
    shares = [f"{100 * stages.counts.get(stage, 0) / total:.1f} %" for stage in STAGES]
    yield from _table(STAGES, [shares])
    yield ""
    yield (
        "Over an in-memory transport, the CPU time that tokenkit adds to the transport's own is "
        f"this share of httpx's call: {_ratio(stages.added)}."
    )


def _start(start: Start) -> Iterator[str]:
    yield "### Imports, first token, memory"
    yield ""
    yield "CPU time as a ratio, and the memory added."
    yield ""
    imports = [
        [f"import: {name}", _ratio(spread), f"{start.import_memory[name].median:.1f} MB"]
        for name, spread in start.imports.items()
    ]
    failed = [
        [f"import: {name}", f"failed: {why}", ""] for name, why in start.import_failures.items()
    ]
    others = [
        [
            "process start to first token over https ÷ the same by hand with httpx",
            _ratio(start.first_token),
            "",
        ],
        ["the same in wall-clock time", _ratio(start.first_token_wall), ""],
        ["first client built ÷ `httpx.Client()`", _ratio(start.first_client), ""],
        ["later client built ÷ `httpx.Client()`", _ratio(start.later_clients), ""],
        [
            "later client built, used once over https, closed ÷ the same with `httpx.Client`",
            _ratio(start.used_client),
            "",
        ],
    ]
    endured = [
        [
            f"{one.calls:,} calls: {name}",
            _garbage(one),
            f"{one.growth / MEGABYTE:+.2f} MB",
        ]
        for name, one in start.endurance.items()
    ]
    rows = [*imports, *failed, *others, *endured]
    yield from _table(["", "ratio", "memory"], rows)


def _garbage(one: Endurance) -> str:
    own = f"{one.own_garbage:.1f} of them tokenkit's"
    return f"{one.garbage:.1f} objects in cycles per call, {own}"


def _absolute(calls: Calls) -> Iterator[str]:
    yield ""
    yield "### Microseconds per call on this machine, and how busy the server was"
    yield ""
    rows = [
        [MODE_NAMES[mode], name, f"{cell.cpu_us:.0f}", f"{cell.wall_us:.0f}", busy(cell)]
        for mode, cells in calls.cells.items()
        for name, cell in cells.items()
        if cell.failure is None
    ]
    yield from _table(["mode", "contestant", "CPU", "wall clock", "server busy"], rows)


def busy(cell: Cell) -> str:
    """Return the share of the time that the server was busy; near 1, it is the bottleneck."""
    return f"{100 * cell.server_share:.0f} %"


def _goals(results: Results) -> Iterator[str]:
    yield ""
    yield "### Goals"
    yield ""
    words = {True: "met", False: "NOT met", None: "not measured"}
    rows = [
        [
            verdict.goal,
            f"≤ {verdict.limit:g}",
            "" if verdict.found is None else f"{verdict.found:.3f}",
            words[verdict.met],
        ]
        for verdict in judge(results)
    ]
    yield from _table(["goal", "limit", "found", ""], rows)
