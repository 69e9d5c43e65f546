"""Values of every kind, which Hypothesis gives to code that must accept or refuse anything."""

from __future__ import annotations

from datetime import timezone

from hypothesis import strategies as st


class Hostile:
    """An object that refuses most operations."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


ANYTHING: st.SearchStrategy[object] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.text(st.characters(categories=["Cs", "Cc", "Lu"]), max_size=3),
    st.binary(max_size=5),
    st.decimals(),
    st.datetimes(),
    st.datetimes(timezones=st.just(timezone.utc)),
    st.timedeltas(),
    st.lists(st.integers() | st.text(max_size=2), max_size=3),
    st.dictionaries(st.text(max_size=2) | st.integers(), st.integers(), max_size=2),
    st.builds(Hostile),
    st.sampled_from([object, (), range(3)]),
)
