"""Whether a token's claims differ from what was requested."""

from __future__ import annotations

import base64

import pytest

from tokenkit.zerohash.jwt import claims_another

CODE = "CUST01"


def jwt_of(payload: str) -> str:
    """Write an unsigned JWT with a payload as it is."""
    middle = base64.urlsafe_b64encode(payload.encode()).rstrip(b"=").decode()
    return f"e30.{middle}.c2ln"


@pytest.mark.parametrize(
    "payload",
    [
        '{"participant_code":"CUST01"}',
        '{"participant_code": "CUST01"}',
        '{"merchant_participant_code":"MALLRY","participant_code":"CUST01"}',
        '{"participant_code":null}',
        '{"jti":"1"}',
        "{}",
        "[]",
        "no JSON",
        '{"\\\\u00fc":">>>???"}',
    ],
)
def test_the_expected_value(payload: str) -> None:
    """A claim with the expected value, or a missing one, is not a mismatch."""
    assert not claims_another(jwt_of(payload), "participant_code", CODE)


@pytest.mark.parametrize(
    "payload",
    [
        '{"participant_code":"MALLRY"}',
        '{"participant_code":"CUST012"}',
        '{"participant_code":["CUST01"]}',
        '{"participant_code":7}',
        '{"participant_code":"CUST01","participant_code":"MALLRY"}',
        '{"a":{"participant_code":"CUST01"},"participant_code":"MALLRY"}',
        '{"a":{"participant_code":"CUST01"},"participant\\u005fcode":"MALLRY"}',
    ],
)
def test_another_value(payload: str) -> None:
    """However it is written, and wherever the expected value is as well, another is found."""
    assert claims_another(jwt_of(payload), "participant_code", CODE)


def test_an_expected_value_that_writes_json() -> None:
    """A code that looks like a piece of JSON isn't mistaken for the claim that it spells."""
    code = 'A","b":"C'
    token = jwt_of(f'{{"participant_code":"{code}"}}')
    assert claims_another(token, "participant_code", code)


@pytest.mark.parametrize(
    "token", ["", "a.b", "e30.%%%%a.c2ln", "e30.é.c2ln", "minted.client.token"]
)
def test_what_is_no_jwt(token: str) -> None:
    """It has no claims that could differ."""
    assert not claims_another(token, "participant_code", CODE)
