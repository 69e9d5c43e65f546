"""The retry budget as a value, and how a client gets one."""

from __future__ import annotations

import math

import pytest
from listed_problems import listed_problems

from tokenkit import ConfigurationError, RetryBudget, RetryPolicy
from tokenkit._policy.retry import check_budget


def test_taking_and_refunding() -> None:
    """A success gives back its own retries and a part of one more, up to the capacity."""
    budget = RetryBudget(2, refund=0.5)
    assert [budget.take() for _ in range(3)] == [True, True, False]
    budget.refund(0)
    assert not budget.take()
    budget.refund(0)
    assert budget.take()
    budget.refund(9)
    assert [budget.take() for _ in range(3)] == [True, True, False]


def test_no_limit() -> None:
    """An infinite capacity is never used up."""
    budget = RetryBudget(math.inf)
    assert all(budget.take() for _ in range(1_000))
    assert repr(budget) == "RetryBudget(inf, refund=0.1)"


@pytest.mark.parametrize("values", [(-1, 0.1), ("9", 0.1), (9, -0.1), (9, math.inf), (True, 0.1)])
def test_values_that_are_refused(values: tuple[float, float]) -> None:
    """A capacity must be a number of retries, a refund a part of one."""
    capacity, refund = values
    with pytest.raises(ConfigurationError, match=r"^RetryBudget: (capacity|refund) must be"):
        RetryBudget(capacity, refund=refund)


def test_both_values_are_reported() -> None:
    """One error names each value that can't be used."""
    with pytest.raises(ConfigurationError) as caught:
        RetryBudget(-1, refund=10**5000)
    assert listed_problems(caught.value, "RetryBudget") == [
        "capacity must be from 0 to a million, not -1",
        "refund must be from 0 to a million, not an integer of 16610 bits",
    ]


def test_the_budget_of_a_client() -> None:
    """A client's own budget lets one call use all its retries; others must be a RetryBudget."""
    own = check_budget(None, RetryPolicy(max_retries=500))
    assert all(own.take() for _ in range(500))
    assert not own.take()
    given = RetryBudget(3)
    assert check_budget(given, RetryPolicy()) is given
    with pytest.raises(ConfigurationError, match="retry_budget must be a RetryBudget"):
        check_budget(3, RetryPolicy())
