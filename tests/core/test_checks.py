from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

import pytest
from anything import ANYTHING
from core_driver import untyped
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenkit import zdk, zerohash
from tokenkit._model.checks import (
    amount,
    aware_datetime,
    choice_problem,
    copy_mapping,
    edits,
    instance,
    instances,
    one_of,
    permissions,
    text,
    texts,
    to_decimal,
    to_decimal_or_none,
    to_texts,
    to_texts_or_none,
    to_tuple,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTROL = "must not contain control characters such as line breaks"


class Colour(str, Enum):
    """A string enum."""

    RED = "red"


class Group(IntEnum):
    """A number enum."""

    CHAT = 100


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("fine", None),
        ("ünï ©ode 🎉", None),
        (Colour.RED, None),
        ("", "must not be empty"),
        (5, "must be a string, not int"),
        (b"x", "must be a string, not bytes"),
        (None, "must be a string, not None"),
        (["x"], "must be a string, not list"),
        ("a\r\nX-Evil: 1", CONTROL),
        ("a\x00", CONTROL),
        ("\x7f", CONTROL),
        ("\ud800", "must not contain lone surrogates, which UTF-8 cannot encode"),
        ("x" * 65_536, None),
        ("x" * 65_537, "must have at most 65536 characters, not 65537"),
        ("x" * 1_000_000, "must have at most 65536 characters, not 1000000"),
    ],
)
def test_text(value: object, problem: str | None) -> None:
    """A string is neither empty nor huge, and has nothing that breaks a line or UTF-8."""
    assert text()(value) == problem


@pytest.mark.parametrize(
    ("shortest", "longest", "value", "problem"),
    [
        (0, 5, "", None),
        (6, 6, "CUST01", None),
        (6, 6, "", "must have exactly 6 characters, not 0"),
        (6, 6, "CUST012", "must have exactly 6 characters, not 7"),
        (2, 3, "x", "must have 2 to 3 characters, not 1"),
        (1, 50, "x" * 51, "must have at most 50 characters, not 51"),
        (0, 2, "xxx", "must have at most 2 characters, not 3"),
    ],
)
def test_lengths(shortest: int, longest: int, value: str, problem: str | None) -> None:
    """The message about a length says what is allowed and what was given."""
    assert text(min_length=shortest, max_length=longest)(value) == problem


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ((), None),
        (("a", "b"), None),
        ("ab", "must be a list of strings, not a single string"),
        (b"ab", "must be a list of strings, not bytes"),
        (5, "must be a list of strings, not int"),
        (["a"], "must be a tuple: the model's field needs a converter, such as to_texts"),
        ({"a": 1}, "must be a list of strings, not dict"),
        (("a", ""), "item 1 must not be empty"),
        (("a", 5), "item 1 must be a string, not int"),
        (("a\n",), f"item 0 {CONTROL}"),
    ],
)
def test_texts(value: object, problem: str | None) -> None:
    """A list of strings is not a single string, and each of its items is checked."""
    assert texts()(value) == problem


def test_lists_that_must_not_be_empty() -> None:
    """The minimum number of items is checked."""
    assert texts(min_items=1)(()) == "must not be empty"
    assert texts(min_items=1)(("a",)) is None


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ((100, "CHAT", Group.CHAT), None),
        ((), None),
        ((True,), "item 0 must be a number or a name"),
        ((1.0,), "item 0 must be a number or a name"),
        ((100, ""), "item 1 must not be empty"),
        ("100", "must be a list of permissions, not a single string"),
    ],
)
def test_permissions(value: object, problem: str | None) -> None:
    """Permissions are numbers or names, not booleans."""
    assert permissions(value) == problem


def test_one_of() -> None:
    """The message lists the allowed strings, and suggests the nearest."""
    check = one_of("email", "sms")
    assert check("sms") is None
    assert check("fax") == "must be 'email' or 'sms'"
    assert check("e-mail") == "must be 'email' or 'sms' (did you mean 'email'?)"
    assert check([]) == "must be 'email' or 'sms', not list"
    assert one_of("a", "b", "c")("d") == "must be one of 'a', 'b', 'c'"
    with pytest.raises(TypeError, match=r"takes strings, such as one_of\('email', 'sms'\)$"):
        one_of(untyped(["email", "sms"]))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("two", None),
        ("tow", "must be one of 'one', 'two', 'three', not 'tow'; did you mean 'two'?"),
        ("moon", "must be one of 'one', 'two', 'three', not 'moon'"),
        ("x\n" * 99, r"must be one of 'one', 'two', 'three', not 'x\n" + r"x\n" * 15 + "x"),
        (["two"], "must be one of 'one', 'two', 'three', not list"),
        (None, "must be one of 'one', 'two', 'three', not None"),
    ],
)
def test_choices(value: object, problem: str | None) -> None:
    """The problem lists the choices, quotes a little of the value and suggests the nearest."""
    assert choice_problem(value, ("one", "two", "three")) == problem


def test_instances() -> None:
    """A nested object must be of its class, alone or in a list."""
    fee = zerohash.Fee(name="x")
    assert instance(zerohash.Fee)(fee) is None
    assert instance(zerohash.Fee)({}) == "must be a Fee(...), not dict"
    assert instances(zerohash.Fee)((fee,)) is None
    assert instances(zerohash.Fee)((fee, {})) == "item 1 must be a Fee(...), not dict"
    assert instances(zerohash.Fee, min_items=1)(()) == "must not be empty"
    assert instance(zdk.EventTokenRequest)({}) == "must be an EventTokenRequest(...), not dict"
    assert instance(zdk.UserTokenRequest)({}) == "must be a UserTokenRequest(...), not dict"
    assert instances(zerohash.Fee)(fee) == "must be a list of Fee objects, not Fee"


CONVERTERS: list[Callable[..., object]] = [
    to_decimal,
    to_decimal_or_none,
    to_tuple,
    to_texts,
    to_texts_or_none,
    copy_mapping,
]
CHECKS = [
    text(),
    texts(),
    permissions,
    amount(),
    amount(integer=True),
    aware_datetime,
    instance(zerohash.Fee),
    instances(zerohash.Fee),
]


@settings(deadline=None, max_examples=200)
@given(ANYTHING | st.sampled_from([Colour.RED, Group.CHAT]), st.sampled_from(CONVERTERS))
def test_converters_and_checks_never_raise(value: object, convert: Callable[..., object]) -> None:
    """Whatever value a field gets, converting and checking it never raises."""
    converted = convert(value)
    for check in CHECKS:
        assert isinstance(check(converted), (str, type(None)))


def test_converters_leave_what_they_cannot_convert() -> None:
    """A string stays a string where a list is expected, and None stays None."""
    assert to_tuple(untyped("abc")) == untyped("abc")
    assert to_tuple(untyped({"a": 1})) == untyped({"a": 1})
    assert to_texts_or_none(None) is None
    assert to_decimal_or_none(None) is None
    assert to_decimal_or_none("1") == Decimal(1)
    assert copy_mapping(None) is None
    assert copy_mapping(untyped(5)) == untyped(5)


def test_converters_take_any_iterable() -> None:
    """Lists, sets, generators and enum members become a tuple of plain values."""

    def generate() -> Iterator[str]:
        yield Colour.RED
        yield "blue"

    converted = to_texts(generate())
    assert converted == ("red", "blue")
    assert type(converted[0]) is str
    assert to_tuple([Group.CHAT, 200]) == (100, 200)
    assert to_texts_or_none({"a"}) == ("a",)


def test_aware_datetime() -> None:
    """Only a datetime with a time zone is an instant."""
    assert aware_datetime(datetime(2026, 1, 1, tzinfo=timezone.utc)) is None
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - naive on purpose
    assert str(aware_datetime(naive)).startswith("must be a datetime with a time zone")
    assert aware_datetime("2026-01-01") == "must be a datetime, not str"


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("fwc", "fwc", 0),
        ("fcw", "fwc", 2),
        ("crypto-payout", "crypto-payouts", 1),
        ("", "abc", 3),
        ("abc", "xyz", 3),
        ("x" * 1_000_000, "fwc", 999_997),
    ],
)
def test_edits(one: str, other: str, count: int) -> None:
    """The distance between two strings is counted; for very different ones it is estimated."""
    assert edits(one, other) == count
