from __future__ import annotations

import re
from datetime import date, datetime, timezone
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from all_clients import ZDK_MINT
from core_driver import make_response, untyped
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenkit import strigo, zdk, zerohash
from tokenkit._model.call import Call, RawCall
from tokenkit._model.json import (
    JSON,
    Mismatch,
    dump_json,
    is_mapping,
    is_tuple,
    kind_of,
    load_json,
)
from tokenkit._pipeline.request_body import encode_body
from tokenkit._pipeline.success import Value, read_success
from tokenkit._redaction import Hidden
from tokenkit.errors import DecodeError, InvalidInputError

if TYPE_CHECKING:
    from tokenkit._model.messages import Response, ResponseInfo

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
CALLS: list[Call[Any]] = [
    ZDK_MINT,
    zdk.UserTokensRequest(requests=[ZDK_MINT]),
    strigo.UserTokenRequest(email="a@example.com"),
    strigo.HealthRequest(),
    zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["fwc"]),
    zerohash.TimeRequest(),
]


@attrs.frozen(kw_only=True)
class Odd(Call[str]):
    """A caller's own call, whose methods raise what they are given."""

    path = "/odd"
    error: Exception = attrs.field(factory=lambda: KeyError("key"))

    def encode(self, now: datetime) -> JSON:
        """Raise."""
        del now
        raise self.error

    def decode(self, body: JSON, response: ResponseInfo) -> str:
        """Raise."""
        del body, response
        raise self.error


def unreadable(
    response: Response, call: Call[Any] = ZDK_MINT, request_id: str | None = None
) -> DecodeError:
    """Read a response that must be unreadable."""
    error = read_success(call, response, Hidden(["the-secret"]), request_id, NOW)
    assert isinstance(error, DecodeError)
    return error


def test_a_captive_portal() -> None:
    """An HTML page with status 200 is reported with its content type and a snippet."""
    page = "<html>\n <b>Log in</b> the-secret" + "x " * 500
    error = unreadable(make_response(200, page, content_type="text/html"), request_id="r-1")
    assert str(error).startswith(
        "HTTP 200, text/html: the response cannot be read: not JSON; it begins "
        "'<html> <b>Log in</b> [redacted]x x"
    )
    assert len(str(error)) < 320
    assert (error.path, error.status, error.content_type) == ("$", 200, "text/html")
    assert error.request_id == "r-1"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"tokens": ["minted-tok', "application/json"),
        (b'{"tokens": ["minted-tok', "text/plain"),
        (b' ["minted-tok', "text/plain"),
        (b"minted-tok", "application/json; charset=utf-8"),
        (b"minted-tok", "Application/JSON"),
        (b"minted-tok\xff", "application/problem+json"),
    ],
)
def test_a_truncated_response_is_not_quoted(body: bytes, content_type: str) -> None:
    """What may be a truncated mint is reported without a snippet: it may hold the token."""
    error = unreadable(make_response(200, body, content_type=content_type))
    assert "minted" not in repr(vars(error)) + str(error)
    assert "not JSON" in str(error)


@pytest.mark.parametrize("call", CALLS[:4])
def test_an_empty_success(call: Call[object]) -> None:
    """A success without a body is reported as one."""
    error = unreadable(make_response(200), call)
    assert "no content type: the response cannot be read: the body is empty (at $)" in str(error)


def test_secrets_in_an_unreadable_success() -> None:
    """A key that the response's headers echo does not get into the error."""
    error = unreadable(make_response(200, "x", content_type="text/the-secret"))
    assert "the-secret" not in str(error) + repr(vars(error))


@pytest.mark.parametrize("error", [KeyError("k"), ValueError("minted"), RecursionError()])
def test_a_model_that_raises_while_decoding(error: Exception) -> None:
    """If a caller's decode() raises, the error names the class and quotes nothing."""
    told = unreadable(make_response(200, '"minted"', content_type="text/plain"), Odd(error=error))
    assert f"Odd.decode() raised {type(error).__name__} in {Path(__file__).name}, line" in str(
        told
    )
    assert "minted" not in str(told)


@pytest.mark.parametrize("error", [KeyError("k"), ValueError("v"), AttributeError("a")])
def test_a_model_that_raises_while_encoding(error: Exception) -> None:
    """If a caller's encode() raises, it is an InvalidInputError that says what, and where."""
    told = encode_body(Odd(error=error), NOW)
    assert isinstance(told, InvalidInputError)
    text = f"Odd: the body: Odd.encode() raised {type(error).__name__} in "
    assert re.fullmatch(re.escape(f"{text}{Path(__file__).name}, line ") + "[0-9]+", str(told))


@attrs.frozen(kw_only=True)
class Misdeclared(Call[JSON]):
    """A call whose methods can't be called as the base class's."""

    path = "/x"

    def encode(self) -> JSON:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the point
        raise AssertionError("never called")

    def decode(self, body: JSON) -> JSON:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the point
        del body
        raise AssertionError("never called")


def test_methods_with_other_parameters() -> None:
    """Python's own error about them is shown: it names the method and what is wrong with it."""
    wrong: Any = Misdeclared()
    body = encode_body(wrong, NOW)
    problem = "Misdeclared.encode() takes 1 positional argument but 2 were given"
    assert str(body) == f"Misdeclared: the body: {problem}"
    told = unreadable(make_response(200, "1"), wrong)
    assert "Misdeclared.decode() takes 2 positional arguments but 3 were given (at $)" in str(told)


def test_a_method_without_lines() -> None:
    """A function in C is in no file."""

    class Builtin(Odd):
        encode: Any = staticmethod(attrgetter("nothing"))

    text = "Builtin: the body: Builtin.encode() raised AttributeError"
    assert str(encode_body(Builtin(), NOW)) == text


class TimeLimit(Exception):  # noqa: N818 - named like those of workers
    """An exception that isn't about data."""


@pytest.mark.parametrize("error", [TimeLimit(), OSError(), MemoryError(), NameError()])
def test_what_is_not_about_data_comes_out(error: Exception) -> None:
    """An exception that says nothing about the data isn't the model's failure."""
    with pytest.raises(type(error)) as caught:
        read_success(Odd(error=error), make_response(200, "1"), Hidden([]), None, NOW)
    assert caught.value is error
    with pytest.raises(type(error)) as caught:
        encode_body(Odd(error=error), NOW)
    assert caught.value is error


def test_what_strikes_while_the_body_is_written() -> None:
    """The body may be a caller's own mapping, and writing it may be interrupted too."""

    class Struck(dict[str, JSON]):
        def items(self) -> Any:
            raise TimeLimit

    with pytest.raises(TimeLimit):
        encode_body(RawCall(verb="POST", target="/x", json=Struck(a=1)), NOW)


def test_a_readable_success() -> None:
    """A good response is wrapped, so that a value of None differs from a failure."""
    assert read_success(
        RawCall(verb="GET", target="/"), make_response(204), Hidden(), None, NOW
    ) == Value(None)
    assert "5" not in repr(Value(5))


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["tokens", "token", "message", "result", "data", "epoch", "expiration"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(deadline=None, max_examples=150)
@given(JSON_VALUES)
def test_json_round_trip(value: Any) -> None:
    """What is written reads back the same."""
    assert load_json(dump_json(value)) == value


def test_compact_json() -> None:
    """Bodies have no spaces, and non-ASCII is not escaped."""
    assert dump_json({"a": [1, "é"], "b": None}) == '{"a":[1,"é"],"b":null}'.encode()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"NaN", b"-Infinity", b"\xff", b'{"a": 1}x', b"[" * 200_000],
)
def test_what_is_no_json(body: bytes) -> None:
    """Bytes that are not JSON text in UTF-8, including NaN, are a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        load_json(body)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_json_has_no_form_for(value: JSON) -> None:
    """Non-finite numbers and lone surrogates are not written."""
    with pytest.raises(ValueError, match=r"."):
        dump_json(value)


def test_kinds() -> None:
    """JSON types have their common names, others their class's."""
    values: list[object] = [None, True, 1, 1.5, "x", [], {}, ()]
    kinds = [kind_of(value) for value in values]
    assert kinds == [
        "null",
        "a boolean",
        "a number",
        "a number",
        "a string",
        "an array",
        "an object",
        "tuple",
    ]
    assert is_mapping({}) is not is_mapping([])
    assert is_tuple(()) is not is_tuple([])
    assert Mismatch("odd").path == "$"


def body_problem(call: Call[Any]) -> str:
    """Return the problem of a call that cannot be written."""
    error = encode_body(call, NOW, "ZdkClient")
    assert isinstance(error, InvalidInputError)
    return str(error)


def looping() -> dict[str, Any]:
    """Return a mapping that holds itself."""
    loop: dict[str, Any] = {}
    loop["self"] = loop
    return loop


def nested() -> list[Any]:
    """Return a list that is nested beyond writing."""
    deep: list[Any] = []
    for _ in range(200_000):
        deep = [deep]
    return deep


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (object(), "'new' is an object of type object"),
        ({1, 2}, "'new' is an object of type set"),
        ([0, {"at": b"x"}], "'new[1].at' is an object of type bytes"),
        (float("nan"), "'new' is NaN, which JSON can't express"),
        (float("-inf"), "'new' is infinity, which JSON can't express"),
        ("\ud800", "'new' is a string with lone surrogates"),
        ({"a b": date(2027, 3, 1)}, "\"new['a b']\" is an object of type date"),
        ({"a": {(1, 2): 3}}, "'new.a' is a mapping with a key that is not a string"),
        (date, "'new' is the class date"),
    ],
)
def test_what_cannot_be_written_is_named(value: object, problem: str) -> None:
    """A value that JSON can't represent is refused, with the path from the model's own field."""
    call = strigo.UserTokenRequest(email="a@example.com", extra={"new": untyped(value)})
    assert body_problem(call) == f"UserTokenRequest: extra must be JSON, but {problem}"


def test_what_cannot_be_written_is_named_within_models() -> None:
    """The path leads through models of models; what is fine on the way isn't blamed."""
    users = [
        zdk.UserTokenRequest(id="u1", metadata={"joined": "2027"}),
        zdk.UserTokenRequest(id="u2", metadata=untyped({"joined": date(2027, 3, 1)})),
    ]
    problem = body_problem(zdk.UserTokensRequest(requests=users))
    told = "requests must be JSON, but '[1].metadata.joined' is an object of type date"
    assert problem == f"UserTokensRequest: {told}"


def test_a_value_that_contains_itself() -> None:
    """It is refused like what is nested too deeply."""
    call = strigo.UserTokenRequest(email="a@example.com", extra={"new": untyped(looping())})
    problem = body_problem(call)
    assert "extra must be JSON, but 'new" in problem
    assert problem.endswith("...' is nested too deeply, or contains itself")


def test_a_body_that_is_nested_too_deeply() -> None:
    """Nesting that is too deep to write is refused like any other unwritable value."""
    call = RawCall(verb="POST", target="/x", json=nested())
    assert body_problem(call).endswith("...' is nested too deeply, or contains itself")


def test_a_raw_body_that_cannot_be_written() -> None:
    """A call without a model names its JSON."""
    call = RawCall(verb="POST", target="/x", json=untyped([object()]))
    told = "ZdkClient.request(): json must be JSON"
    assert body_problem(call) == f"{told}, but '[0]' is an object of type object"
    call = RawCall(verb="POST", target="/x", json=untyped(object()))
    assert body_problem(call) == f"{told}, not an object of type object"


def test_a_body_that_is_too_large() -> None:
    """A body over a mebibyte is refused before it is sent."""
    call = RawCall(verb="POST", target="/x", json="x" * 1_048_576)
    assert "json takes 1048578 bytes as JSON, more than 1048576" in body_problem(call)


def test_bodies() -> None:
    """A GET has no body, a POST the model's, and a raw call the one it was given."""
    assert encode_body(zerohash.TimeRequest(), NOW) == b""
    assert encode_body(ZDK_MINT, NOW) == b'{"arguments":[{"id":"user-1"}]}'
    assert encode_body(RawCall(verb="POST", target="/x"), NOW) == b""
    assert encode_body(RawCall(verb="POST", target="/x", json=[]), NOW) == b"[]"
