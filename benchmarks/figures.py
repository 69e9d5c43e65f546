"""Medians of ratios within a round, with their spread."""

import statistics
from collections.abc import Sequence

import attrs

__all__ = ["Spread", "spread_of"]

QUARTERS = 4


@attrs.frozen
class Spread:
    """A median, and the quartiles around it.

    Attributes:
        median: The median.
        low: The lower quartile.
        high: The upper quartile.
        count: Of how many figures.
    """

    median: float
    low: float
    high: float
    count: int


def spread_of(figures: Sequence[float]) -> Spread:
    """Return the median and the quartiles of some figures, at least one."""
    if len(figures) == 1:
        return Spread(figures[0], figures[0], figures[0], 1)
    low, median, high = statistics.quantiles(figures, n=QUARTERS, method="inclusive")
    return Spread(median, low, high, len(figures))
