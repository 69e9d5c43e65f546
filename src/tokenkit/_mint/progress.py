"""The command's progress: a tqdm bar, or a line now and then."""

import math
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import TextIO

from ..bulk import Progress

__all__ = ["progress_to"]

LINE_EVERY = 5.0


def progress_to(out: TextIO, *, quiet: bool) -> bool | Callable[[Progress], object]:
    """Return the function that a run reports to.

    Args:
        out: Where lines go.
        quiet: Whether to show nothing.
    """
    if quiet:
        return False
    if out.isatty() and find_spec("tqdm") is not None:
        return True
    next_at = -math.inf

    def show(progress: Progress) -> None:
        nonlocal next_at
        now = time.monotonic()
        if now >= next_at and not progress.ended:
            next_at = now + LINE_EVERY
            out.write(f"{_line(progress)}\n")
            out.flush()

    return show


def _line(progress: Progress) -> str:
    parts = [f"{progress.done + progress.skipped} of {progress.total}"]
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.waiting:
        parts.append(f"waiting {math.ceil(progress.waiting)} s for the rate limit")
    if progress.left:
        parts.append(f"about {math.ceil(progress.left)} s left")
    return ", ".join(parts)
