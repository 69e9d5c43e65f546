from __future__ import annotations

import pickle
from datetime import datetime, timezone

import pytest
from core_driver import WALL

import tokenkit
from tokenkit import errors, zerohash
from tokenkit._policy.failure import describe
from tokenkit.errors import (
    APIError,
    ConfigurationError,
    ConnectError,
    DeadlineExceeded,
    DecodeError,
    FailureDetails,
    FieldError,
    InvalidInputError,
    RateLimit,
    RateLimitError,
    RequestTimeoutError,
    TokenKitError,
    TransportError,
)

DETAILS = FailureDetails(
    vendor="strigo",
    operation="create_user_token",
    attempts=3,
    outcome="not performed",
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
)


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
    """Errors can be caught by their base classes, including Python's own."""
    assert issubclass(kind, base)
    assert issubclass(kind, TokenKitError)


def test_top_level_names() -> None:
    """The package exports the same classes as the module of errors."""
    assert tokenkit.APIError is APIError
    assert tokenkit.DeadlineExceeded is DeadlineExceeded


def test_api_error_attributes() -> None:
    """An API error's attributes have what the vendor said and what is known about the call."""
    error = APIError("no", **DETAILS)
    assert vars(error) == DETAILS


def test_api_error_text() -> None:
    """What a vendor said is one line with everything that helps."""
    assert describe(APIError("no", **DETAILS)) == (
        "HTTP 422 Bad: no (email ('eMail' in JSON): is wrong; retry_after=1.5; request_id=r-1)"
        ". Hint: look again"
    )
    assert describe(APIError("broken", status=500)) == "HTTP 500: broken"


@pytest.mark.parametrize(
    ("about", "problems", "text"),
    [
        ("Client", ["a; b"], "Client: a; b"),
        ("", ["a; b"], "a; b"),
        ("Client", ["a; b", "c"], "Client has 2 problems:\n- a; b\n- c"),
        ("", ["a", "b", "c"], "3 problems:\n- a\n- b\n- c"),
    ],
)
def test_problems_are_told_apart(about: str, problems: list[str], text: str) -> None:
    """One problem follows the name of what has it; several have a line each."""
    error = ConfigurationError(about, problems)
    assert str(error) == error.message == text
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    assert (str(copied), copied.problems) == (text, tuple(problems))


def test_a_message_alone_is_the_one_problem() -> None:
    """Whoever lists problems need not ask how an error was made."""
    assert ConfigurationError("no key").problems == ("no key",)
    assert ConfigurationError().problems == ()


def test_input_error_text() -> None:
    """An input error names its subject and every problem, as a sentence where that is possible."""
    problems = (
        FieldError(message="must be odd", field="a", wire_name="A"),
        FieldError(message="no", field="b"),
        FieldError(message="must agree"),
    )
    error = InvalidInputError("Model", problems)
    assert str(error) == "Model: a ('A' in JSON) must be odd; b: no; must agree"
    assert str(InvalidInputError("too much")) == "too much"


def test_defaults_of_a_decode_error() -> None:
    """Without a path, a decode error is about the whole response."""
    error = DecodeError("odd")
    assert (error.path, error.status, error.content_type, error.request_id) == (
        "$",
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (errors.BadRequestError("no"), "not performed"),
        (RateLimitError("slow down"), "not performed"),
        (zerohash.ManualApprovalError("wait"), "not performed"),
        (APIError("no", status=404), "not performed"),
        (APIError("no", status=429), "not performed"),
        (APIError("no", status=418), "unknown"),
        (APIError("no"), "unknown"),
        (errors.ServerError("no"), "unknown"),
        (errors.ServerError("no", outcome="performed"), "performed"),
        (errors.InterruptedMintError("no"), "unknown"),
        (errors.StoreError("no"), "unknown"),
        (zerohash.InconclusiveLookupError("no"), "unknown"),
        (DecodeError("no"), "performed"),
        (InvalidInputError("no"), "not performed"),
    ],
)
def test_the_outcome_of_an_error_made_from_a_text(error: TokenKitError, outcome: str) -> None:
    """Without an outcome, an error has its class's; where that can't be known, it is unknown."""
    assert error.outcome == outcome
