from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from enum import Enum
from typing import Any, ClassVar

import attrs
import pytest
from core_driver import untyped
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenkit import strigo, zdk, zerohash
from tokenkit._codec import (
    answer_field,
    epoch_milliseconds,
    epoch_seconds,
    read_answer,
    text_value,
    write_model,
)
from tokenkit._json import JSON, JSONObject, Mismatch


@attrs.frozen(kw_only=True)
class Inner:
    """A nested part of an answer."""

    name: str
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])


@attrs.frozen(kw_only=True)
class Sample:
    """An answer with one field of each kind."""

    count: int
    flag: bool
    inner: Inner
    items: list[Inner] = attrs.field(factory=list[Inner])
    anything: JSONObject | None = None
    given_name: str = attrs.field(default="", metadata=answer_field(wire_name="givenName"))
    at: datetime | None = attrs.field(default=None, metadata=answer_field(load=epoch_seconds))
    note: str | None = attrs.field(default=None, metadata=answer_field(lenient=text_value))
    asked: str = attrs.field(default="", metadata=answer_field(remembered=True))
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
    """Return the problem and the path of an answer that does not fit."""
    with pytest.raises(Mismatch) as caught:
        read_answer(untyped(value), model, path=path)
    return caught.value.problem, caught.value.path


def test_a_sound_answer() -> None:
    """Each kind of field is read, and what the request knows is taken over."""
    sample = read_answer(SOUND, Sample, asked="for this")
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
        ({"count": "1"}, "expected a whole number, found text", "$.count"),
        ({"count": True}, "expected a whole number, found a boolean", "$.count"),
        ({"count": 1.0}, "expected a whole number, found a number", "$.count"),
        ({"count": None}, "expected a whole number, found null", "$.count"),
        ({"flag": 1}, "expected a boolean, found a number", "$.flag"),
        ({"flag": "true"}, "expected a boolean, found text", "$.flag"),
        ({"inner": None}, "expected an object, found null", "$.inner"),
        ({"inner": []}, "expected an object, found an array", "$.inner"),
        ({"inner": "x"}, "expected an object, found text", "$.inner"),
        ({"inner": {}}, "a required field is missing", "$.inner.name"),
        ({"inner": {"name": 5}}, "expected text, found a number", "$.inner.name"),
        ({"inner": {"name": ["x"]}}, "expected text, found an array", "$.inner.name"),
        ({"inner": {"name": {}}}, "expected text, found an object", "$.inner.name"),
        ({"inner": {"name": "\ud800"}}, "expected text, found lone surrogates", "$.inner.name"),
        ({"items": [{"name": "a"}, {"name": 0}]}, "expected text, found a number", "$.items[1].name"),
        ({"givenName": 1}, "expected text, found a number", "$.givenName"),
        ({"at": "now"}, "expected a time as a number, found text", "$.at"),
        ({"at": False}, "expected a time as a number, found a boolean", "$.at"),
        ({"at": 1e300}, "expected a time as a number, found one out of range", "$.at"),
        ({"at": float("nan")}, "expected a time as a number, found one out of range", "$.at"),
        ({"at": 10**400}, "expected a time as a number, found one out of range", "$.at"),
    ],
)
def test_what_does_not_fit(change: dict[str, JSON], problem: str, path: str) -> None:
    """A wrong type is told with its JSON path and the types, under any prefix."""
    value = {**SOUND, **change}
    assert mismatch(value) == (problem, path)
    assert mismatch(value, path="$.data") == (problem, path.replace("$", "$.data"))


@pytest.mark.parametrize("name", ["count", "flag", "inner"])
def test_missing_fields(name: str) -> None:
    """A required field that is missing is told by its path."""
    value = {key: item for key, item in SOUND.items() if key != name}
    assert mismatch(value) == ("a required field is missing", f"$.{name}")


@pytest.mark.parametrize(
    ("value", "found"),
    [(None, "null"), ([], "an array"), ("x", "text"), (5, "a number"), (True, "a boolean")],
)
def test_answers_that_are_no_objects(value: object, found: str) -> None:
    """null, a list, a text, a number or a boolean in place of the answer is a Mismatch."""
    assert mismatch(value) == (f"expected an object, found {found}", "$")


def test_values_are_not_quoted() -> None:
    """A problem names types only: the value may be the token."""
    problem, _ = mismatch({**SOUND, "count": "the-minted-token"})
    assert "the-minted-token" not in problem


def test_iterables_of_the_wrong_kind() -> None:
    """A number where a list is meant is unreadable, at its path."""
    problem, path = mismatch({**SOUND, "items": 5})
    assert path == "$.items"
    assert problem.startswith("unreadable (")


def test_unknown_fields_are_kept() -> None:
    """Fields that this release does not know survive in extra, nested ones too."""
    value = {**SOUND, "new": {"a": [1]}, "inner": {"name": "n", "newer": None}}
    sample = read_answer(untyped(value), Sample)
    assert sample.extra == {"new": {"a": [1]}}
    assert sample.inner.extra == {"newer": None}


@pytest.mark.parametrize("odd", [5, [], {}, True, "\ud800"])
def test_lenient_fields(odd: JSON) -> None:
    """A field beside the token that cannot be read is None, and its value is kept in extra."""
    sample = read_answer({**SOUND, "note": odd}, Sample)
    assert sample.note is None
    assert sample.extra == {"note": odd}


def test_lenient_fields_that_are_absent_or_null() -> None:
    """An absent lenient field, and one that is null, is None and leaves nothing in extra."""
    absent = {key: value for key, value in SOUND.items() if key != "note"}
    for value in (absent, {**SOUND, "note": None}):
        sample = read_answer(value, Sample)
        assert sample.note is None
        assert sample.extra == {}


def test_deep_nesting() -> None:
    """Deep nesting where a text is meant is told as what it is; unknown depth is kept."""
    deep: JSON = []
    for _ in range(300):
        deep = [deep]
    assert mismatch({**SOUND, "inner": {"name": deep}})[1] == "$.inner.name"
    assert read_answer({**SOUND, "new": deep}, Sample).extra == {"new": deep}


def test_an_answers_extra_field_is_no_special_field() -> None:
    """A vendor's own field named extra does not take the place of ours."""
    sample = read_answer({**SOUND, "extra": 5}, Sample)
    assert sample.extra == {}


class Stumbling:
    """Reads a value at the second asking only."""

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
    """An answer whose reading fails once."""

    word: str = attrs.field(metadata=answer_field(load=Stumbling.load))
    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])


def test_a_failure_that_cannot_be_explained_is_still_a_mismatch() -> None:
    """Where the second, explaining reading succeeds the answer counts as unreadable."""
    Stumbling.asked = 0
    assert mismatch({"word": "x"}, Fickle) == ("unreadable", "$")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1648100582468, "2022-03-24T05:43:02.468000+00:00"),
        (0, "1970-01-01T00:00:00+00:00"),
        (-1, "1969-12-31T23:59:59.999000+00:00"),
        (0.5, "1970-01-01T00:00:00.000500+00:00"),
    ],
)
def test_milliseconds(value: JSON, expected: str) -> None:
    """Milliseconds since 1970 are exact UTC times."""
    assert epoch_milliseconds(value).isoformat() == expected


def test_strigo_answer() -> None:
    """The documented answer to a mint is read, and odd fields beside the token cost nothing."""
    call = strigo.UserTokenRequest(email="a@example.com")
    token = call.decode(
        {
            "result": "success",
            "data": {"user_id": 5, "expiration": "soon", "token": "t" * 43, "new": 1},
        }
    )
    assert (token.token, token.user_id, token.expires_at) == ("t" * 43, None, None)
    assert token.extra == {"user_id": 5, "expiration": "soon", "new": 1}
    assert token.email == "a@example.com"


@pytest.mark.parametrize("token", [None, 5, "", [], {}])
def test_tokens_must_be_text(token: JSON) -> None:
    """A token that is no text, or empty, makes an answer unreadable, at its path."""
    for call, answered, path in (
        (zdk.UserTokenRequest(id="u"), {"tokens": [token]}, "$.tokens[0].token"),
        (
            zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["fwc"]),
            {"message": {"token": token}},
            "$.message.token",
        ),
    ):
        with pytest.raises(Mismatch) as caught:
            call.decode(untyped(answered))
        assert caught.value.path == path


class Colour(str, Enum):
    """A text enum."""

    RED = "red"


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
EXTRAS = st.dictionaries(
    TEXTS.filter(lambda key: key not in {"metadata", "id", "avatar", "nickname", "fullname"}),
    st.none() | st.booleans() | st.integers() | TEXTS | st.lists(TEXTS),
    max_size=3,
)


@settings(deadline=None, max_examples=100)
@given(
    TEXTS,
    st.none() | TEXTS,
    st.none() | st.dictionaries(TEXTS, TEXTS, max_size=3),
    st.none() | st.lists(st.integers(0, 900) | TEXTS, max_size=4),
    EXTRAS.filter(lambda extra: "permissions" not in extra),
)
def test_written_requests_hold_what_was_given(
    user: str,
    nickname: str | None,
    metadata: dict[str, JSON] | None,
    permissions: list[int | str] | None,
    extra: dict[str, JSON],
) -> None:
    """What is written reads back as the fields that were given, and no others."""
    request = zdk.UserTokenRequest(
        id=user, nickname=nickname, metadata=metadata, permissions=permissions, extra=extra
    )
    written = json.loads(json.dumps(write_model(request)))
    named = {
        "id": user,
        "nickname": nickname,
        "metadata": metadata,
        "permissions": permissions,
    }
    assert written == {
        **{key: value for key, value in named.items() if value is not None},
        **extra,
    }


@settings(deadline=None, max_examples=100)
@given(TEXTS, st.dictionaries(TEXTS, st.none() | st.integers() | TEXTS, max_size=4))
def test_read_answers_hold_what_was_sent(token: str, others: dict[str, JSON]) -> None:
    """The token and everything beside it survive the reading."""
    call = strigo.UserTokenRequest(email="a@example.com")
    read = call.decode({"result": "success", "data": {**others, "token": token}})
    kept = {"user_id": read.user_id, **read.extra, "token": read.token}
    kept = {name: value for name, value in kept.items() if value is not None}
    others = {name: value for name, value in others.items() if value is not None}
    assert {name: value for name, value in kept.items() if name != "expiration"} == {
        name: value for name, value in {**others, "token": token}.items() if name != "expiration"
    }
