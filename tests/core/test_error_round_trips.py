from __future__ import annotations

import copy
import pickle
from datetime import datetime, timezone

import pytest
from core_driver import WALL

import tokenkit
from tokenkit import errors, zerohash
from tokenkit.errors import (
    APIError,
    ClientClosedError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    DecodeError,
    FailedAnswer,
    FieldError,
    InvalidInputError,
    ProtocolError,
    RateLimit,
    RequestTimeoutError,
    ResponseTooLarge,
    TokenKitError,
    TransportError,
    UnexpectedRedirect,
)

ANSWER = FailedAnswer(
    status=422,
    message="no",
    code="Bad",
    errors=(FieldError(message="is wrong", field="email", wire_name="eMail", location="body"),),
    hint="look again",
    request_id="r-1",
    retry_after=1.5,
    rate_limit=RateLimit(
        limit=5, remaining=0, reset_at=datetime.fromtimestamp(WALL, tz=timezone.utc)
    ),
    method="POST",
    url="https://h/x",
    headers={"server": "x"},
    body='{"a": "\\ud800"}',
    attempts=3,
)
API_ERRORS: list[type[APIError]] = [
    APIError,
    errors.BadRequestError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.NotFoundError,
    errors.ConflictError,
    errors.UnprocessableError,
    errors.RateLimitError,
    errors.ServerError,
]
SAMPLES: list[TokenKitError] = [
    TokenKitError("plain"),
    ConfigurationError("no key"),
    ClientClosedError("closed"),
    InvalidInputError("Model", (FieldError(message="no", field="a"), FieldError(message="b"))),
    *(
        kind("broken", attempts=2)
        for kind in (
            TransportError,
            ConnectError,
            ConnectionLostError,
            ProtocolError,
            RequestTimeoutError,
            DeadlineExceeded,
        )
    ),
    *(kind(ANSWER) for kind in API_ERRORS),
    zerohash.ManualApprovalError(
        ANSWER, transaction_id="txn_1", state=zerohash.ApprovalState.PENDING
    ),
    zerohash.MissingRequirementsError(ANSWER, missing_requirements=("first_name",)),
    DecodeError("odd", path="$.a", status=200, content_type="text/html", request_id="r"),
    ResponseTooLarge("too large"),
    UnexpectedRedirect("elsewhere", status=302, location="https://h/x"),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_errors_go_through_pickle_and_copy(error: TokenKitError) -> None:
    """Every error's twin has its class, its attributes, its text and its repr."""
    twins = [copy.copy(error), copy.deepcopy(error)]
    twins += [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(6)]  # noqa: S301 - our own
    for twin in twins:
        assert type(twin) is type(error)
        assert vars(twin) == vars(error)
        assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)


def test_notes_survive() -> None:
    """What a caller hangs on an error goes through pickle as well."""
    error = ConfigurationError("no key")
    vars(error)["__notes__"] = ["while starting"]
    assert vars(pickle.loads(pickle.dumps(error)))["__notes__"] == ["while starting"]  # noqa: S301 - our own


def test_every_error_class_has_a_sample() -> None:
    """The round trip covers each class that the errors' module exports."""
    exported = {getattr(errors, name) for name in errors.__all__}
    classes = {item for item in exported if issubclass(item, TokenKitError)}
    assert classes <= {type(sample) for sample in SAMPLES}
    assert len(classes) == 22


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (InvalidInputError, ValueError),
        (RequestTimeoutError, TimeoutError),
        (DeadlineExceeded, RequestTimeoutError),
        (ConnectError, TransportError),
        (zerohash.ManualApprovalError, errors.PermissionDeniedError),
        (zerohash.MissingRequirementsError, errors.ConflictError),
    ],
)
def test_the_tree(kind: type[TokenKitError], base: type[Exception]) -> None:
    """Errors can be caught by their parents, Python's own among them."""
    assert issubclass(kind, base)
    assert issubclass(kind, TokenKitError)


def test_top_level_names() -> None:
    """The package offers the same classes as the errors' module."""
    assert tokenkit.APIError is APIError
    assert tokenkit.DeadlineExceeded is DeadlineExceeded


def test_api_error_attributes() -> None:
    """An API error has the answer's values as its own."""
    error = APIError(ANSWER)
    shared = set(vars(error)) - {"answer", "message"}
    assert shared == {
        "status",
        "code",
        "errors",
        "hint",
        "request_id",
        "retry_after",
        "rate_limit",
        "method",
        "url",
        "headers",
        "body",
        "attempts",
    }
    assert all(getattr(error, name) == getattr(ANSWER, name) for name in shared)
    assert error.answer is ANSWER


def test_api_error_text() -> None:
    """An API error reads as one line with all that helps."""
    assert str(APIError(ANSWER)) == (
        "HTTP 422 Bad: no (email ('eMail' in JSON): is wrong; retry_after=1.5; request_id=r-1)"
        " — look again"
    )
    assert str(APIError(FailedAnswer(status=500, message="broken"))) == "HTTP 500: broken"


def test_an_answers_repr_hides_headers_and_body() -> None:
    """The repr of what a vendor said holds neither its headers nor its body."""
    shown = repr(ANSWER)
    assert "server" not in shown
    assert "ud800" not in shown


def test_input_error_text() -> None:
    """An input error names its subject and every problem."""
    assert str(SAMPLES[3]) == "Model is not valid: a: no; b"


def test_defaults_of_a_decode_error() -> None:
    """A decode error stands for the whole answer where nothing else is said."""
    error = DecodeError("odd")
    assert (error.path, error.status, error.content_type, error.request_id) == (
        "$",
        None,
        None,
        None,
    )
    assert TransportError("x").attempts == 1
