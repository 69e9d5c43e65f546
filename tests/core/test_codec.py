import builtins
from collections.abc import Mapping
from datetime import datetime, timezone
from enum import Enum
from typing import Any, ClassVar

import attrs
import pytest
from core_driver import untyped

from tokenkit._model.codec import (
    epoch_seconds,
    read_plain,
    read_response,
    response_field,
    text_value,
)
from tokenkit._model.json import JSON, JSONObject, Mismatch


@attrs.frozen(kw_only=True)
class Inner:
    """A nested part of a response."""

    name: str
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])


@attrs.frozen(kw_only=True)
class Plain:
    """A part of a response that keeps only the fields it knows."""

    name: str


@attrs.frozen(kw_only=True)
class Sample:
    """A response with one field of each kind."""

    count: int
    flag: bool
    inner: Inner
    items: list[Inner] = attrs.field(factory=list[Inner])
    anything: JSONObject | None = None
    given_name: str = attrs.field(default="", metadata=response_field(wire_name="givenName"))
    at: datetime | None = attrs.field(default=None, metadata=response_field(load=epoch_seconds))
    note: str | None = attrs.field(default=None, metadata=response_field(lenient=text_value))
    asked: str = attrs.field(default="", metadata=response_field(remembered=True))
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])


SOUND: dict[str, JSON] = {
    "count": 1,
    "flag": True,
    "inner": {"name": "n"},
    "items": [{"name": "a"}],
    "anything": {"deep": [1, {"x": None}]},
    "givenName": "g",
    "at": 0,
    "note": "hello",
}


def mismatch(value: object, model: type[Any] = Sample, path: str = "$") -> tuple[str, str]:
    """Return the problem and the path of a response that does not fit."""
    with pytest.raises(Mismatch) as caught:
        read_response(untyped(value), model, path=path)
    return caught.value.problem, caught.value.path


def test_a_sound_response() -> None:
    """Each kind of field is read, and fields known from the request are added."""
    sample = read_response(SOUND, Sample, asked="for this")
    assert sample == Sample(
        count=1,
        flag=True,
        inner=Inner(name="n"),
        items=[Inner(name="a")],
        anything={"deep": [1, {"x": None}]},
        given_name="g",
        at=datetime(1970, 1, 1, tzinfo=timezone.utc),
        note="hello",
        asked="for this",
    )


@pytest.mark.parametrize(
    ("change", "problem", "path"),
    [
        ({"count": "1"}, "expected a whole number, found a string", "$.count"),
        ({"count": True}, "expected a whole number, found a boolean", "$.count"),
        ({"count": 1.0}, "expected a whole number, found a number", "$.count"),
        ({"count": None}, "expected a whole number, found null", "$.count"),
        ({"flag": 1}, "expected a boolean, found a number", "$.flag"),
        ({"flag": "true"}, "expected a boolean, found a string", "$.flag"),
        ({"inner": None}, "expected an object, found null", "$.inner"),
        ({"inner": []}, "expected an object, found an array", "$.inner"),
        ({"inner": "x"}, "expected an object, found a string", "$.inner"),
        ({"inner": {}}, "a required field is missing", "$.inner.name"),
        ({"inner": {"name": 5}}, "expected a string, found a number", "$.inner.name"),
        ({"inner": {"name": ["x"]}}, "expected a string, found an array", "$.inner.name"),
        ({"inner": {"name": {}}}, "expected a string, found an object", "$.inner.name"),
        (
            {"inner": {"name": "\ud800"}},
            "expected a string, found lone surrogates",
            "$.inner.name",
        ),
        (
            {"items": [{"name": "a"}, {"name": 0}]},
            "expected a string, found a number",
            "$.items[1].name",
        ),
        ({"givenName": 1}, "expected a string, found a number", "$.givenName"),
        ({"at": "now"}, "expected a time as a number, found a string", "$.at"),
        ({"at": False}, "expected a time as a number, found a boolean", "$.at"),
        ({"at": 1e300}, "expected a time as a number, found one out of range", "$.at"),
        ({"at": float("nan")}, "expected a time as a number, found one out of range", "$.at"),
        ({"at": 10**400}, "expected a time as a number, found one out of range", "$.at"),
    ],
)
def test_what_does_not_fit(change: dict[str, JSON], problem: str, path: str) -> None:
    """A wrong type is reported with its JSON path and the types, under any prefix."""
    value = {**SOUND, **change}
    assert mismatch(value) == (problem, path)
    assert mismatch(value, path="$.data") == (problem, path.replace("$", "$.data"))


@pytest.mark.parametrize("name", ["count", "flag", "inner"])
def test_missing_fields(name: str) -> None:
    """A missing required field is reported by its path."""
    value = {key: item for key, item in SOUND.items() if key != name}
    assert mismatch(value) == ("a required field is missing", f"$.{name}")


@pytest.mark.parametrize(
    ("value", "found"),
    [(None, "null"), ([], "an array"), ("x", "a string"), (5, "a number"), (True, "a boolean")],
)
def test_responses_that_are_not_objects(value: object, found: str) -> None:
    """null, a list, a string, a number or a boolean instead of the response is a Mismatch."""
    assert mismatch(value) == (f"expected an object, found {found}", "$")


def test_the_first_of_several_problems_is_told() -> None:
    """If much of a response doesn't fit, the first field in the model is reported."""
    value = {**SOUND, "at": "now", "items": [{}, {"name": 0}], "count": "1"}
    assert mismatch(value) == ("expected a whole number, found a string", "$.count")
    value["count"] = 1
    assert mismatch(value) == ("a required field is missing", "$.items[0].name")


def test_values_are_not_quoted() -> None:
    """A problem names types only: the value may be the token."""
    problem, _ = mismatch({**SOUND, "count": "the-minted-token"})
    assert "the-minted-token" not in problem


def test_iterables_of_the_wrong_kind() -> None:
    """A number instead of a list is reported by its path."""
    assert mismatch({**SOUND, "items": 5}) == ("expected an array, found a number", "$.items")


class Color(Enum):
    RED = "red"


@attrs.frozen(kw_only=True)
class Painted:
    color: Color


def test_a_value_that_a_type_refuses() -> None:
    """A problem that only a caller's own type finds is reported by the kind of its error."""
    assert mismatch({"color": "blue"}, Painted) == ("unreadable (ValueError)", "$.color")


class Struck(Exception):  # noqa: N818 - named for what it is
    """An exception from outside."""


@pytest.mark.parametrize("when", [1, 2])
def test_what_strikes_a_conversion_comes_out(when: int) -> None:
    """It is no mismatch, even if it strikes while another one is being explained."""
    calls: list[JSON] = []

    def load(value: JSON) -> str:
        calls.append(value)
        if len(calls) == when:
            raise Struck
        raise Mismatch("odd")

    item = attrs.make_class("Item", {"x": attrs.field(metadata=response_field(load=load))})
    part: Any = attrs.make_class("Part", {"items": attrs.field(type=list[item])})  # type: ignore[valid-type] # made here
    with pytest.raises(Struck):
        read_response({"items": [{"x": 1}]}, part)


def test_what_strikes_the_reading_of_a_plain_form_comes_out() -> None:
    """Only what can't be read is None."""

    def fail(*_: Any) -> None:
        raise Struck

    @attrs.frozen
    class Part:
        name: str = attrs.field(validator=fail)

    with pytest.raises(Struck):
        read_plain({"name": "n"}, Part)


def test_unknown_fields_are_kept() -> None:
    """Fields that this release does not know stay in extra, nested ones too."""
    value = {**SOUND, "new": {"a": [1]}, "inner": {"name": "n", "newer": None}}
    sample = read_response(untyped(value), Sample)
    assert sample.extra == {"new": {"a": [1]}}
    assert sample.inner.extra == {"newer": None}


@pytest.mark.parametrize("odd", [5, [], {}, True, "\ud800"])
def test_lenient_fields(odd: JSON) -> None:
    """An unreadable field beside the token is None, and its value is kept in extra."""
    sample = read_response({**SOUND, "note": odd}, Sample)
    assert sample.note is None
    assert sample.extra == {"note": odd}


def test_models_without_extra_leave_unknown_fields_out() -> None:
    """If a model has no field for what the vendor adds later, the response stays readable."""
    assert read_response({"name": "n", "new": 1}, Plain) == Plain(name="n")


def test_lenient_fields_that_are_absent_or_null() -> None:
    """A lenient field that is absent or null is None and leaves nothing in extra."""
    absent = {key: value for key, value in SOUND.items() if key != "note"}
    for value in (absent, {**SOUND, "note": None}):
        sample = read_response(value, Sample)
        assert sample.note is None
        assert sample.extra == {}


def test_deep_nesting() -> None:
    """Deep nesting where a string is expected is named; unknown depth is kept."""
    deep: JSON = []
    for _ in range(300):
        deep = [deep]
    assert mismatch({**SOUND, "inner": {"name": deep}})[1] == "$.inner.name"
    assert read_response({**SOUND, "new": deep}, Sample).extra == {"new": deep}


def test_a_responses_extra_field_is_no_special_field() -> None:
    """A vendor's own field named extra does not replace ours, and is kept in it."""
    sample = read_response({**SOUND, "extra": 5}, Sample)
    assert sample.extra == {"extra": 5}


def test_what_the_request_knows_is_not_overridden_by_the_response() -> None:
    """A field of the response with a remembered field's name is kept in extra."""
    sample = read_response({**SOUND, "asked": "other"}, Sample, asked="for this")
    assert (sample.asked, sample.extra) == ("for this", {"asked": "other"})


@pytest.mark.parametrize("odd", ["other", 5, None])
def test_what_only_the_request_knows_is_not_read_from_the_response(odd: JSON) -> None:
    """A remembered field that isn't passed keeps its default, whatever the response has."""
    sample = read_response({**SOUND, "asked": odd}, Sample)
    assert (sample.asked, sample.extra) == ("", {"asked": odd})


@attrs.frozen(kw_only=True)
class Counting:
    """A response with a field that it computes itself."""

    count: int
    double: int = attrs.field(init=False)
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])

    def __attrs_post_init__(self) -> None:
        """Compute it."""
        object.__setattr__(self, "double", 2 * self.count)


def test_fields_that_a_model_makes_itself_are_not_read() -> None:
    """A field of that name in the response neither replaces it nor causes an error."""
    assert read_response({"count": 2, "double": "x"}, Counting).double == 4


def test_the_path_is_said_by_name() -> None:
    """The response and the model can be passed by name; the path only by name."""
    assert read_response(value={"name": "n"}, model=Inner) == Inner(name="n")
    with pytest.raises(TypeError, match="positional"):
        untyped(read_response)({"name": "n"}, Inner, "$.data")


def test_models_are_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that reads a model is generated once, at the first response."""

    @attrs.frozen(kw_only=True)
    class Fresh:
        count: int

    made: list[object] = []
    really_compile: Any = compile

    def watched(*args: Any, **options: Any) -> Any:
        made.append(args[0])
        return really_compile(*args, **options)

    def read_both() -> int:
        read_response({"count": 1}, Fresh)
        mismatch({"count": "1"}, Fresh)
        return len(made)

    with monkeypatch.context() as change:
        change.setattr(builtins, "compile", watched)
        at_first = read_both()
        assert at_first > 0
        assert read_both() == at_first


class Stumbling:
    """Reads a value only at the second attempt."""

    asked: ClassVar[int] = 0

    @classmethod
    def load(cls, value: JSON) -> str:
        """Fail once."""
        cls.asked += 1
        if cls.asked == 1:
            raise RuntimeError("not yet")
        return text_value(value)


@attrs.frozen(kw_only=True)
class Fickle:
    """A response whose first reading fails."""

    word: str = attrs.field(metadata=response_field(load=Stumbling.load))
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])


def test_a_failure_that_cannot_be_explained_is_still_a_mismatch() -> None:
    """If the second, explaining reading succeeds, the response counts as unreadable."""
    Stumbling.asked = 0
    assert mismatch({"word": "x"}, Fickle) == ("unreadable", "$")


@attrs.frozen(kw_only=True)
class Minted:
    """A response whose other fields must not lose the token."""

    token: str
    number: int | None = attrs.field(default=None, metadata=response_field(lenient=untyped(int)))
    at: datetime | None = attrs.field(
        default=None, metadata=response_field(lenient=untyped(datetime.fromisoformat))
    )
    name: str | None = attrs.field(
        default=None, metadata=response_field(lenient=lambda value: untyped(value)["name"])
    )
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])


@pytest.mark.parametrize(
    "others",
    [{"number": "x"}, {"number": None}, {"at": "nope"}, {"at": 5}, {"name": {}}, {"name": 3}],
)
def test_whatever_a_lenient_reader_raises_the_rest_is_kept(others: dict[str, JSON]) -> None:
    """A reader needn't know this package's exceptions: what it can't read stays in extra."""
    minted = read_response({"token": "t", **others}, Minted)
    assert minted.token == "t"
    assert (minted.number, minted.at, minted.name) == (None, None, None)
    assert minted.extra == {name: value for name, value in others.items() if value is not None}


def test_what_strikes_a_lenient_reader_gets_out() -> None:
    """A worker's time limit, or a mistake in the reader's own code, isn't about the value."""

    @attrs.frozen(kw_only=True)
    class Struck:
        name: str | None = attrs.field(
            default=None,
            metadata=response_field(lenient=lambda _: undefined),  # type: ignore[name-defined]  # noqa: F821
        )

    with pytest.raises(NameError):
        read_response({"name": "n"}, Struck)
