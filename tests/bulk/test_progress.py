"""What a run reports about its progress, and how it says that it can be continued."""

from __future__ import annotations

import builtins
import io
import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest
from bulk_runs import WindowedVendor, async_run, learners, reply, results, run

from tokenkit import ConfigurationError
from tokenkit.bulk import Progress
from tokenkit.testing import FrozenClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tokenkit import Call, Reply


def told(call: Call[Any]) -> Reply[Any]:
    return reply(call)


@pytest.fixture
def reports() -> list[Progress]:
    return []


def test_the_first_and_the_last_report_always_come(reports: list[Progress]) -> None:
    """The first report has the number of calls, the last one the end."""
    calls = list(learners(30))
    results(run(calls, told, progress=reports.append))
    assert reports[0].total == 30
    assert not reports[0].ended
    assert reports[-1] == Progress(
        done=30, failed=0, skipped=0, total=30, per_second=0.0, left=0.0, ended=True
    )
    assert [report.ended for report in reports].count(True) == 1


def test_calls_without_a_length_have_no_total(reports: list[Progress]) -> None:
    """For a generator, the number of remaining calls is unknown."""
    results(run(learners(3), told, progress=reports.append))
    assert {(report.total, report.left) for report in reports} == {(None, None)}


def test_a_wait_for_the_window_shows_as_such(reports: list[Progress]) -> None:
    """Each second of a wait is reported, and the rate is that of the whole window."""
    clock = FrozenClock()
    vendor = WindowedVendor(clock, limit=10, window=6)
    results(run(list(learners(18)), vendor.send, clock=clock, progress=reports.append))
    waits = [report for report in reports if report.waiting]
    assert len(waits) >= 5
    assert all(report.done == 9 for report in waits)
    assert [report.waiting for report in waits] == sorted(
        (report.waiting for report in waits), reverse=True
    )
    for report in waits:
        assert report.per_second == pytest.approx(waits[0].per_second)
        assert report.left == pytest.approx(9 / report.per_second)
    assert 9 / 8 <= waits[0].per_second <= 9 / 6


def test_what_an_earlier_run_has_done_counts_as_skipped(
    tmp_path: Path, reports: list[Progress]
) -> None:
    """A continued run starts where the earlier one stopped."""
    calls, journal = list(learners(10)), tmp_path / "mint.journal"
    results(run(calls[:4], told, journal=journal))
    results(run(calls, told, journal=journal, progress=reports.append))
    assert (reports[-1].done, reports[-1].skipped) == (6, 4)


def test_a_run_that_is_left_reports_its_end(reports: list[Progress]) -> None:
    """A bar is closed whatever ends the run."""
    with run(learners(10), told, progress=reports.append) as opened:
        next(opened)
    assert reports[-1].ended


def test_reports_do_not_come_too_often(reports: list[Progress]) -> None:
    """While the clock stands still, nothing is reported."""
    results(run(learners(500), told, progress=reports.append))
    assert len(reports) == 2


def test_what_the_function_raises_comes_out() -> None:
    """A bug in the caller's function is not hidden, and the run is closed."""

    def broken(progress: Progress) -> None:
        raise ZeroDivisionError(progress)

    with pytest.raises(ZeroDivisionError):
        results(run(learners(5), told, progress=broken))


@pytest.mark.anyio
async def test_async_runs_report_alike(reports: list[Progress]) -> None:
    """The function is a plain one for async clients too."""
    async with async_run(list(learners(20)), told, progress=reports.append) as opened:
        assert len([result async for result in opened]) == 20
    assert (reports[-1].done, reports[-1].ended) == (20, True)


def test_a_bar_is_shown_by_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    """``progress=True`` shows done and total, failures, and waits for the rate limit."""
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    clock = FrozenClock()
    vendor = WindowedVendor(clock, limit=10, window=6)

    def send(call: Call[Any]) -> Reply[Any]:
        answer = vendor.send(call)
        if "learner3@" in repr(call):
            raise ConfigurationError("no")
        return answer

    results(run(list(learners(12)), send, clock=clock, progress=True))
    assert "12/12" in shown.getvalue()
    assert "1 failed" in shown.getvalue()
    assert "s for the rate limit" in shown.getvalue()


def test_a_bar_without_tqdm_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the extra and the alternative."""
    real: Callable[..., Any] = builtins.__import__

    def without_tqdm(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("tqdm"):
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_tqdm)
    with (
        pytest.raises(ConfigurationError, match=r"tokenkit-sdk\[progress\]"),
        run(learners(1), told, progress=True),
    ):
        pass


def stopped(error: type[BaseException], **options: Any) -> BaseException:
    def interrupted() -> None:
        with run(learners(50), told, **options) as opened:
            for result in opened:
                if result.index == 5:
                    raise error

    with pytest.raises(error) as caught:
        interrupted()
    return caught.value


def test_an_interrupted_run_says_how_to_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Ctrl-C is noted on the exception and in the log, with the journal's path."""
    caplog.set_level(logging.WARNING, "tokenkit")
    journal = tmp_path / "mint.journal"
    error = stopped(KeyboardInterrupt, journal=journal)
    assert f"run it again with journal={str(journal)!r} to continue" in caplog.text
    if sys.version_info >= (3, 11):
        assert "mint.journal" in error.__notes__[0]
    caplog.clear()
    stopped(KeyboardInterrupt)
    assert "with journal=... a run can be continued" in caplog.text


def test_a_run_that_came_to_its_end_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """There is nothing to continue with."""
    caplog.set_level(logging.WARNING, "tokenkit")
    results(run(list(learners(3)), told))
    with run(list(learners(3)), told) as opened:
        for _ in opened:
            break
    assert caplog.text.count("stopped after") == 1
    assert "of 3 calls" in caplog.text


def test_a_keyboard_interrupt_in_the_calls_leaves_at_once() -> None:
    """Ctrl-C while the caller's generator runs doesn't count as a failure of the generator."""

    def interrupted() -> Iterator[Any]:
        yield from learners(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        results(run(interrupted(), told))
