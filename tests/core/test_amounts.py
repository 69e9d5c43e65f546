from __future__ import annotations

from decimal import Decimal

import pytest
from core_driver import untyped
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenkit._model.checks import amount, plain_decimal, to_decimal

NO_NUMBER = "must be a Decimal, an int or a numeric string; a float loses digits"
TOO_LONG = "must not have more than 100 digits"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (Decimal("10.50"), None),
        ("10.50", None),
        (" 10", NO_NUMBER),
        ("1_000", NO_NUMBER),
        ("١٢", NO_NUMBER),
        ("1,5", NO_NUMBER),
        ("", NO_NUMBER),
        ("ten", NO_NUMBER),
        ("1e99999", NO_NUMBER),
        (7, None),
        (-7, None),
        (True, NO_NUMBER),
        (1.5, NO_NUMBER),
        (float("nan"), NO_NUMBER),
        (None, NO_NUMBER),
        ([1], NO_NUMBER),
        ("NaN", NO_NUMBER),
        ("Infinity", NO_NUMBER),
        (Decimal("NaN"), "must be a finite number"),
        (Decimal("sNaN"), "must be a finite number"),
        (Decimal("-Infinity"), "must be a finite number"),
        (Decimal("1e101"), TOO_LONG),
        (Decimal("1e-101"), TOO_LONG),
        (Decimal("1e999999"), TOO_LONG),
        ("9e9999", TOO_LONG),
        pytest.param(10**5000, TOO_LONG, id="huge"),
        ("1" * 101, TOO_LONG),
        ("0." + "1" * 101, TOO_LONG),
        ("1" * 100, None),
        (".5", None),
        ("+1.", None),
        ("1e2", None),
    ],
)
def test_amounts(value: object, problem: str | None) -> None:
    """Exact numbers of a sane size pass; floats, odd strings and huge numbers do not."""
    assert amount()(to_decimal(untyped(value))) == problem


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("25", None),
        ("25.0", None),
        ("1e2", None),
        ("9" * 60, None),
        ("25.5", "must be a whole number"),
        ("9" * 60 + ".5", "must be a whole number"),
        (Decimal("NaN"), "must be a finite number"),
    ],
)
def test_whole_amounts(value: str | Decimal, problem: str | None) -> None:
    """A whole number may be written with zeros or an exponent."""
    assert amount(integer=True)(to_decimal(value)) == problem


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("10.50", "10.50"),
        ("1e2", "100"),
        ("1E-7", "0.0000001"),
        (Decimal("0E+3"), "0000"),
        (12345678901234567890, "12345678901234567890"),
        ("-0.10", "-0.10"),
    ],
)
def test_amounts_are_written_plainly(value: Decimal | str | int, written: str) -> None:
    """Digits are kept, and no exponent is sent."""
    assert plain_decimal(to_decimal(value)) in {written, written.lstrip("0") or "0"}


@settings(deadline=None, max_examples=150)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**50), max_value=10**50))
def test_written_amounts_read_back_equal(value: Decimal) -> None:
    """Any amount that passes the check is written as a string with the same value."""
    if amount()(value) is None:
        written = plain_decimal(value)
        assert isinstance(written, str)
        assert Decimal(written) == value
        assert "e" not in written.lower()
