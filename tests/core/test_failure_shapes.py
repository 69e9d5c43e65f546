from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
from core_driver import json_response, make_response, read_body, untyped
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenkit._policy.failure import (
    ErrorBody,
    Failure,
    error_for_status,
    read_plain_failure,
    visible_text,
)
from tokenkit.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    FieldError,
    RateLimitError,
    ServerError,
    UnprocessableError,
)
from tokenkit.strigo.profile import PROFILE as STRIGO
from tokenkit.zdk.profile import PROFILE as ZDK
from tokenkit.zerohash.profile import PROFILE as ZEROHASH

if TYPE_CHECKING:
    from collections.abc import Callable

READERS = [ZDK.read_failure, STRIGO.read_failure, ZEROHASH.read_failure, read_plain_failure]


SHAPES = [
    b"",
    b" \n",
    b"<html>no</html>",
    b"plain text",
    b"null",
    b"[]",
    b"[1, [2]]",
    b"5",
    b"true",
    b'"text"',
    b"{}",
    b'{"error": "x"}',
    b'{"error": true}',
    b'{"error": {}}',
    b'{"error": [{}]}',
    b'{"error": {"errors": "text"}}',
    b'{"error": {"errors": [null, 1, {}, {"msg": 5, "param": []}]}}',
    b'{"errors": []}',
    b'{"errors": {}}',
    b'{"errors": [null, 1, {}]}',
    b'{"error": "x", "missing_requirements": "no list"}',
    b'{"error": null, "transaction_id": "t"}',
    b'{"code": {}, "message": []}',
    b'{"message": {"token": 5}}',
    b'{"error": "cut sho',
    b"\xff\xfe\x00\x80",
    b'{"error": "\xff"}',
    b'{"error": "\\ud800"}',
    b'{"x": NaN}',
    b"[" * 100_000,
    *(b"[" * depth + b"]" * depth for depth in (400, 700, 2000, 5000)),
    b'{"a":' * 400 + b"1" + b"}" * 400,
    b"1" * 5000,
    b"x" * 200_000,
]


@pytest.mark.parametrize("body", SHAPES, ids=lambda body: repr(body[:40]))
@pytest.mark.parametrize("status", [400, 401, 403, 409, 422, 500])
def test_every_shape_gives_the_error_of_its_status(body: bytes, status: int) -> None:
    """Whatever the body of an error response is, only the status decides the class."""
    for reader in READERS:
        error = read_body(make_response(status, body), reader)
        assert isinstance(error, error_for_status(status))
        assert error.message
        assert len(error.body) <= 65_536
        assert pickle.loads(pickle.dumps(error)).body == error.body  # noqa: S301 - our own


@settings(deadline=None, max_examples=150)
@given(
    st.binary(max_size=200), st.integers(100, 999), st.text(max_size=30), st.sampled_from(READERS)
)
def test_arbitrary_bytes_never_raise(
    body: bytes, status: int, content_type: str, reader: Callable[[ErrorBody], Failure]
) -> None:
    """Arbitrary bytes under any status and content type are an APIError."""
    error = read_body(make_response(status, body, content_type=content_type), reader)
    assert error.status == status
    assert str(error).startswith(f"HTTP {status}")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "error",
                    "errors",
                    "message",
                    "code",
                    "transaction_id",
                    "missing_requirements",
                    "msg",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(JSON_VALUES, st.sampled_from([400, 401, 403, 409, 422, 429, 503]))
def test_arbitrary_json_never_raises(body: Any, status: int) -> None:
    """Arbitrary JSON with the vendors' own field names is an APIError for every vendor."""
    for reader in READERS:
        assert read_body(json_response(status, body), reader).status == status


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=iso-8859-1", b"caf\xe9", "café"),
        ('text/plain; charset="Windows-1252"', b"\x80 5", "€ 5"),
        ("text/plain; charset=utf-8", "é".encode(), "é"),
        ("text/plain; charset=utf-8", b"caf\xe9", "caf�"),
        ("text/plain; charset=no-such-thing; x=y", b"plain", "plain"),
        ("text/plain; charset=base64", b"plain", "plain"),
        ("text/plain; charset=", b"plain", "plain"),
        ("text/plain; charset=utf-16", b"\xff", "�"),
        ("charset=ascii", b"a\xff", "a�"),
    ],
)
def test_charsets(content_type: str, body: bytes, text: str) -> None:
    """A known charset is used; an unknown or wrong one costs only a few replacement characters."""
    assert read_body(make_response(400, body, content_type=content_type)).body == text


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "Not Found"),
        (599, "The call failed"),
        (799, "The call failed"),
        (200, "The response says that the call failed"),
    ],
)
def test_messages_without_a_message(status: int, message: str) -> None:
    """If the body says nothing, the status's phrase is the message."""
    assert read_body(make_response(status, b"{}")).message == message


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BadRequestError), (401, AuthenticationError), (422, UnprocessableError)]
    + [(status, ServerError) for status in (500, 501, 503, 599)]
    + [(status, APIError) for status in (200, 402, 418, 451, 499, 600)],
)
def test_error_for_status(status: int, kind: type[APIError]) -> None:
    """Each status has its class; those without one are a plain APIError."""
    assert error_for_status(status) is kind


def test_visible_text() -> None:
    """Text becomes one line of at most 500 characters; HTML and emptiness become nothing."""
    assert visible_text(" a\r\n b\t c ") == "a b c"
    assert visible_text("x" * 600) == "x" * 500
    assert visible_text(" <!doctype html>") is None
    assert visible_text(" \n ") is None


def test_private_headers_are_left_out() -> None:
    """Cookies and challenges are not kept; other headers are."""
    response = make_response(400, set_cookie="a=b", www_authenticate="Basic", server="x")
    assert read_body(response).headers == {"server": "x"}


def test_headers_too_long_to_be_searched_are_left_out() -> None:
    """If headers together are too long to search for secrets, the error keeps none of them."""
    error = read_body(make_response(400, "words", x_first="a" * 40_000, x_second="b" * 40_000))
    assert error.headers == {}
    assert error.message == "words"


def test_the_snapshot() -> None:
    """The error has the request without its query, the attempts and the request id."""
    error = read_body(make_response(400, x_trace="t-1"), request_id_header="x-trace")
    assert (error.method, error.url, error.request_id) == ("POST", "https://h/x", "t-1")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x_ratelimit_limit": "5"}, (5, None, None)),
        ({"x_ratelimit_remaining": "many", "x_ratelimit_limit": "-1"}, None),
        ({"x_ratelimit_limit": "9" * 13}, None),
        ({"x_ratelimit_limit": "²"}, None),
        ({"x_ratelimit_reset": "9" * 12}, (None, None, None)),
    ],
)
def test_rate_limits(headers: dict[str, str], expected: tuple[int | None, ...] | None) -> None:
    """Rate-limit figures are read as far as possible."""
    limit = read_body(make_response(429, **headers)).rate_limit
    if expected is None:
        assert limit is None
    else:
        assert limit is not None
        assert (limit.limit, limit.remaining, limit.reset_at) == expected


def test_a_reader_that_fails_costs_only_the_details() -> None:
    """If a vendor's reader raises, the class, the body and its text as the message remain."""

    def stumbling(body: ErrorBody) -> Failure:
        message: str = untyped(body.json)["no"]["such"]
        return Failure(message=message)

    error = read_body(make_response(400, "words"), stumbling)
    assert type(error) is BadRequestError
    assert error.message == "words"


def test_what_strikes_a_reader_comes_out() -> None:
    """An exception from outside isn't the reader's failure."""

    class TimeLimit(Exception):  # noqa: N818 - named like those of workers
        pass

    def struck(body: ErrorBody) -> Failure:
        raise TimeLimit(body.status)

    with pytest.raises(TimeLimit):
        read_body(make_response(400, "words"), struck)


def test_an_error_body_hides_itself() -> None:
    """The repr of what a reader gets does not show its contents."""
    body = ErrorBody(status=400, json={"a": "hidden"}, text="hidden", origin="https://h")
    assert "hidden" not in repr(body)


@pytest.mark.parametrize("returned", [None, "words", {"message": "m"}])
def test_a_reader_that_returns_something_else(returned: object) -> None:
    """The error of the status remains, with the body's text as its message."""
    error = read_body(make_response(429, "words"), lambda _: untyped(returned))
    assert type(error) is RateLimitError
    assert error.message == "words"


@pytest.mark.parametrize(
    ("value", "text"),
    [(42, "42"), (True, None), (4.2, None), (["a"], None), ({"a": 1}, None), (b"a", None)],
)
def test_values_of_another_kind_in_a_failure(value: object, text: str | None) -> None:
    """A number is read as text, and anything else is ignored, in each field of a failure."""
    wrong = untyped(value)
    failure = Failure(
        message=wrong,
        code=wrong,
        request_id=wrong,
        hint=wrong,
        errors=(FieldError(field=wrong, message=wrong), wrong),
    )
    error = read_body(make_response(400, "{}", x_request_id="r-1"), lambda _: failure)
    assert type(error) is BadRequestError
    assert error.message == (text or "Bad Request")
    assert (error.code, error.hint, error.request_id) == (text, text, text or "r-1")
    assert error.errors == (FieldError(field=text, message=text or "not valid"),)
    assert read_body(make_response(400), lambda _: Failure(errors=wrong)).errors == ()


class ForgetfulError(APIError):
    """A vendor's error that doesn't set what every error has."""

    def __init__(self, text: str = "", **details: object) -> None:
        del text, details


def failing_factory(text: str, **details: object) -> APIError:
    """Make no error."""
    raise KeyError(text, details)


@pytest.mark.parametrize(
    "make", [ValueError, ForgetfulError, failing_factory, str, 5, lambda: None]
)
def test_an_error_that_cannot_be_made(make: object) -> None:
    """The status decides the class then; what the reader found is kept."""
    failure = Failure(message="sold out", code="gone", error=untyped(make))
    error = read_body(make_response(409, "{}"), lambda _: failure)
    assert type(error) is ConflictError
    assert (error.status, error.code) == (409, "gone")
    assert str(error) == "HTTP 409 gone: sold out"


def test_what_strikes_an_error_factory_comes_out() -> None:
    """An exception from outside isn't the factory's failure."""

    def struck(text: str, **details: object) -> APIError:
        raise InterruptedError(text, details)

    with pytest.raises(InterruptedError):
        read_body(make_response(400, "words"), lambda _: Failure(error=struck))
