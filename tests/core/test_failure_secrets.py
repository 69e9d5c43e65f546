from __future__ import annotations

import json

import pytest
from core_driver import ECHOED_SECRET as SECRET
from core_driver import json_response, make_response, read_body

from tokenkit.errors import FieldError
from tokenkit.strigo.profile import PROFILE as STRIGO
from tokenkit.zerohash.profile import PROFILE as ZEROHASH


def test_secrets_are_replaced_everywhere() -> None:
    """A key that a server echoes, however it is written, does not get into the error."""
    spellings = [SECRET, SECRET.replace("/", "\\/"), "s3cret%2Fkey%2Bof%3Dmine"]
    for spelling in spellings:
        response = make_response(
            422,
            f'{{"error": {{"type": "{spelling}", "message": "{spelling}", "errors": '
            f'[{{"msg": "{spelling}", "param": "{spelling}", "location": "{spelling}"}}]}}}}',
            x_request_id=spelling,
            x_echo=spelling,
        )
        error = read_body(response, STRIGO.read_failure)
        for shown in (repr(vars(error)), str(error), error.body, repr(dict(error.headers))):
            assert "s3cret" not in shown
        assert error.errors == (
            FieldError(message="[redacted]", field="[redacted]", location="[redacted]"),
        )
        assert error.request_id == "[redacted]"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, {"error": SECRET, "transaction_id": SECRET}),
        (409, {"error": "no", "missing_requirements": [SECRET]}),
        (400, {"errors": [f"body/{SECRET} is {SECRET}"]}),
        (401, {"error": True, "message": f"bad key {SECRET}"}),
    ],
)
def test_secrets_are_replaced_in_vendor_attributes(status: int, body: object) -> None:
    """What a vendor's own error class keeps from the response holds no secret either."""
    error = read_body(json_response(status, body), ZEROHASH.read_failure)
    assert "s3cret" not in repr(vars(error))
    assert "s3cret" not in str(error)


@pytest.mark.parametrize("fill", [485, 495, 499])
def test_a_secret_at_the_message_limit_does_not_leak_in_part(fill: int) -> None:
    """A message is shortened after its secrets were replaced, so no half of one is left."""
    error = read_body(make_response(400, "x" * fill + SECRET))
    assert "s3" not in error.message


def test_tokens_in_the_body_are_replaced() -> None:
    """Longer strings under a name that suggests a token are hidden wherever they occur."""
    token = "minted-token-text"
    body = {"data": {"userTokens": [token, {"x": token}], "token": "short"}, "note": token}
    error = read_body(json_response(400, body))
    assert token not in error.body
    assert json.loads(error.body)["data"] == {
        "userTokens": ["[redacted]", {"x": "[redacted]"}],
        "token": "short",
    }


def test_a_huge_error_body_is_not_kept() -> None:
    """A body that is too large to search for secrets is dropped; the error keeps its class."""
    error = read_body(json_response(500, {"error": "x" * 300_000}))
    assert error.status == 500
    assert error.body == ""


def test_an_error_body_full_of_tokens_is_not_kept() -> None:
    """A body with more tokens than can quickly be replaced is dropped."""
    tokens = [f"token-number-{number:06}" for number in range(60)]
    error = read_body(json_response(500, {"tokens": tokens}))
    assert error.body == ""
