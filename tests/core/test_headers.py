"""Headers are a mapping whose names have no case."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from core_driver import untyped

from tokenkit._model.messages import Headers

HEADERS = Headers({"Content-Type": "text/html", "X-Request-Id": "r-1"})


@pytest.mark.parametrize("name", ["content-type", "Content-Type", "CONTENT-TYPE"])
def test_names_have_no_case(name: str) -> None:
    """A value is found whatever the case of its name."""
    assert name in HEADERS
    assert HEADERS[name] == HEADERS.get(name) == "text/html"


def test_what_is_not_there() -> None:
    """A missing name has no value, or the default; a name that isn't a string is missing."""
    assert "missing" not in HEADERS
    assert untyped(1) not in HEADERS
    assert (HEADERS.get("Missing"), HEADERS.get("Missing", "x")) == (None, "x")
    with pytest.raises(KeyError):
        HEADERS["Missing"]


def test_views() -> None:
    """The views have the names in lower case, and the values, in the order of the headers."""
    assert [*HEADERS] == [*HEADERS.keys()] == ["content-type", "x-request-id"]
    assert [*HEADERS.values()] == ["text/html", "r-1"]
    assert [*HEADERS.items()] == [("content-type", "text/html"), ("x-request-id", "r-1")]
    assert len(HEADERS) == len(HEADERS.keys()) == len(HEADERS.items()) == 2
    assert HEADERS.keys() & {"content-type", "date"} == {"content-type"}
    assert dict(HEADERS) == {**HEADERS} == dict(HEADERS.items())


def test_views_change_nothing() -> None:
    """The views can't be used to change the headers."""
    for view in (HEADERS.keys(), HEADERS.values(), HEADERS.items()):
        assert not hasattr(view, "__setitem__")
        mapping: Any = getattr(view, "mapping", None)
        with pytest.raises(TypeError):
            mapping["x"] = "y"
    with pytest.raises(TypeError):
        untyped(HEADERS)["x"] = "y"


def test_equality() -> None:
    """Headers are equal whatever the case of their names; the order does not count."""
    assert Headers({"A": "1", "B": "2"}) == Headers({"b": "2", "a": "1"})
    assert Headers({"A": "1"}) == {"a": "1"}
    assert Headers({"A": "1"}) != Headers({"a": "2"})


def test_merging() -> None:
    """The other's value replaces ours, whatever the case; both stay unchanged."""
    ours, others = Headers({"Accept": "a", "Date": "d"}), Headers({"ACCEPT": "b", "X": "y"})
    merged = ours.merged_with(others)
    assert dict(merged) == {"accept": "b", "date": "d", "x": "y"}
    assert [*merged] == ["accept", "date", "x"]
    assert merged["X"] == "y"
    assert dict(ours) == {"accept": "a", "date": "d"}
    assert dict(others) == {"accept": "b", "x": "y"}


def test_merging_with_nothing() -> None:
    """Merging with empty headers adds nothing."""
    assert HEADERS.merged_with(Headers()) == Headers().merged_with(HEADERS) == HEADERS


def test_repeated_names_are_joined() -> None:
    """Values of one name are joined in order, whatever its case; a merge replaces them."""
    repeated = Headers([("Via", "a"), ("Date", "d"), ("VIA", "b")])
    assert repeated["via"] == "a, b"
    assert repeated.merged_with(Headers({"Via": "c"}))["via"] == "c"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_copies(protocol: int) -> None:
    """Copies and pickles of every protocol are equal to the original."""
    for again in (
        copy.copy(HEADERS),
        copy.deepcopy(HEADERS),
        pickle.loads(pickle.dumps(HEADERS, protocol)),  # noqa: S301 - our own
    ):
        assert again == HEADERS
        assert again["CONTENT-TYPE"] == "text/html"


def test_only_harmless_values_are_shown() -> None:
    """The repr of merged headers hides what the parts' reprs hide."""
    merged = HEADERS.merged_with(Headers({"Authorization": "Bearer hidden"}))
    assert repr(merged) == (
        "Headers(content-type: text/html, x-request-id: r-1, authorization: ...)"
    )


def test_a_vendor_s_own_header_is_not_shown() -> None:
    """The repr shows the values of headers that any server sends; it can't judge others."""
    assert repr(Headers({"Date": "today", "ZH-Allow-Retry": "true"})) == (
        "Headers(date: today, zh-allow-retry: ...)"
    )
