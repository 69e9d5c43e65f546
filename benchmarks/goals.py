"""The goals, and whether a run met them."""

from collections.abc import Iterator, Mapping

import attrs

from .bulk import GOALS as BULK_GOALS
from .calls import Calls
from .contestants import CONTESTANTS
from .results import Results, Stages
from .reuse import GOALS as REUSE_GOALS
from .start import Start

__all__ = ["Verdict", "judge"]

MEGABYTE = 1_048_576


@attrs.frozen
class Verdict:
    """One goal.

    Attributes:
        goal: What is measured.
        limit: At most this.
        found: What was found; ``None`` where it was not measured.
    """

    goal: str
    limit: float
    found: float | None

    @property
    def met(self) -> bool | None:
        """Whether it is met; ``None`` where nothing was measured."""
        return None if self.found is None else self.found <= self.limit


def judge(results: Results) -> list[Verdict]:
    """Judge a run; the parts that it left out are not measured."""
    return [
        *_of_calls(results.calls or Calls({}, {})),
        *_of_stages(results.stages),
        *_of_start(results.start),
        *_of(REUSE_GOALS, None if results.reuse is None else results.reuse.figures),
        *_of(BULK_GOALS, None if results.bulk is None else results.bulk.figures),
    ]


def _cpu(calls: Calls, mode: str, name: str) -> float | None:
    cell = calls.cells.get(mode, {}).get(name)
    return None if cell is None or cell.cpu is None else cell.cpu.median


def _of_calls(calls: Calls) -> Iterator[Verdict]:
    for goal, limit, mode, name in (
        ("sync ÷ httpx", 0.70, "sync", "tokenkit"),
        ("sync with httpx2 ÷ httpx", 0.70, "sync", "tokenkit-httpx2"),
        ("sync through a caller's httpx.Client ÷ httpx", 1.10, "sync", "tokenkit-own-client"),
        ("async, 1 at a time ÷ httpx", 0.65, "async1", "tokenkit"),
        ("async, 64 at a time ÷ httpx", 0.25, "async64", "tokenkit"),
    ):
        yield Verdict(goal, limit, _cpu(calls, mode, name))
    grown = calls.growth.get("tokenkit")
    yield Verdict(
        "async, 1,000 at a time ÷ 64 at a time", 1.3, None if grown is None else grown.median
    )
    for mode in calls.cells:
        yield Verdict(f"{mode} ÷ the best other SDK", 1.0, _to_best_sdk(calls, mode))


def _to_best_sdk(calls: Calls, mode: str) -> float | None:
    own = _cpu(calls, mode, "tokenkit")
    others = [
        found
        for name, one in CONTESTANTS.items()
        if one.group == "sdk" and (found := _cpu(calls, mode, name)) is not None
    ]
    return None if own is None or not others else own / min(others)


def _of_stages(stages: Stages | None) -> Iterator[Verdict]:
    yield Verdict(
        "CPU time that tokenkit adds to its transport's own ÷ httpx's call",
        0.10,
        None if stages is None else stages.added.median,
    )


def _of_start(start: Start | None) -> Iterator[Verdict]:
    if start is None:
        return
    yield Verdict("import tokenkit ÷ import httpx", 0.15, start.imports["tokenkit"].median)
    yield Verdict("start to first token, https ÷ by hand", 1.20, start.first_token.median)
    yield Verdict("later clients ÷ httpx.Client()", 0.05, start.later_clients.median)
    for name, endured in start.endurance.items():
        if name.startswith("tokenkit"):
            calls = f"{endured.calls:,} calls"
            yield Verdict(f"MB added by {calls}: {name}", 1.0, endured.growth / MEGABYTE)
            yield Verdict(f"tokenkit's cyclic garbage per call: {name}", 0.0, endured.own_garbage)


def _of(
    goals: Mapping[str, tuple[str, float]], figures: Mapping[str, float] | None
) -> Iterator[Verdict]:
    for name, (goal, limit) in goals.items():
        yield Verdict(goal, limit, None if figures is None else figures.get(name))
