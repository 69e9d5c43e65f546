"""How faults are written, and what is wrong with impossible ones."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from listed_problems import listed_problems
from sandbox_requests import CLIENT, STRIGO_MINT, ZDK_CREATE, strigo_authorization, zerohash_post

from tokenkit import ConfigurationError, NotFoundError
from tokenkit.sandbox import Fault, FaultOptions, Sandbox
from tokenkit.sandbox.faults.text import parse_fault

MINT = "/client_auth_token"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vendor": "zoom"}, "vendor must be one of zdk, zerohash, strigo, not 'zoom'"),
        ({"path": "time"}, "path must be a path that starts with '/', not 'time'"),
        ({"path": 7}, "path must be"),
        ({"times": 0}, "times must be a whole number of at least 1, or None, not 0"),
        ({"times": 1.0}, "times must be"),
        ({"times": True}, "times must be"),
        ({"share": 0}, "share must be above 0 and at most 1, not 0"),
        ({"share": 1.5}, "share must be"),
        ({"share": float("nan")}, "share must be"),
        ({"share": True}, "share must be"),
        ({"share": "half"}, "share must be"),
        ({"status": 199}, "status must be an HTTP status from 200 to 599, not 199"),
        ({"status": 600}, "status must be"),
        ({"status": "503"}, "status must be"),
        ({"delay": -1}, "delay must be a number of seconds, 0 or more, not -1"),
        ({"delay": float("inf")}, "delay must be"),
        ({"drop": "often"}, "drop must be one of before, during, after, not 'often'"),
        (
            {"body": "bad"},
            "body must be one of empty, truncated, text, html, wrong-shape, too-large, ",
        ),
        ({"response": "no"}, "response must be one of approval-required, "),
        ({"retry_after": -1}, "retry_after must be whole seconds, 0 or more, not -1"),
        ({"retry_after": 1.5}, "retry_after must be"),
        ({"clock_skew": 1e9}, "clock_skew must be seconds, at most 100000000 either way"),
        (
            {"missing_requirements": "dob"},
            "missing_requirements must be a list of non-empty strings",
        ),
        ({"missing_requirements": [""]}, "missing_requirements must be"),
        ({"missing_requirements": [7]}, "missing_requirements must be"),
        ({}, "Fault: needs one of status, delay, drop, body, response, clock_skew"),
        ({"times": 3, "vendor": "zdk"}, "Fault: needs one of"),
        ({"status": 403, "response": "spend-limit"}, "pass either status or response, not both"),
        ({"delay": 1, "retry_after": 1}, "retry_after needs a status"),
        (
            {"status": 409, "missing_requirements": ["dob"]},
            "needs response='missing-requirements'",
        ),
        (
            {"response": "spend-limit", "vendor": "zdk"},
            "'spend-limit' belongs to zerohash, not to zdk",
        ),
    ],
)
def test_wrong_fields(options: dict[str, object], message: str) -> None:
    """Each field is checked when the fault is created, and the error names the field."""
    sandbox = Sandbox()
    with pytest.raises(ConfigurationError) as caught:
        sandbox.fail_next(**options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong on purpose
    assert message in str(caught.value)
    assert sandbox.pending_faults == ()


def test_all_wrong_fields_are_named_at_once() -> None:
    """So are all contradictions between fields, and all mistakes in a text."""
    with pytest.raises(ConfigurationError) as caught:
        Fault(times=0, share=2, delay=-1)
    assert listed_problems(caught.value, "Fault") == [
        "times must be a whole number of at least 1, or None, not 0",
        "share must be above 0 and at most 1, not 2",
        "delay must be a number of seconds, 0 or more, not -1",
    ]
    with pytest.raises(ConfigurationError) as caught:
        Fault(retry_after=1, missing_requirements=["dob"])
    assert listed_problems(caught.value, "Fault") == [
        "needs one of status, delay, drop, body, response, clock_skew",
        "retry_after needs a status that carries it",
        "missing_requirements needs response='missing-requirements'",
    ]
    with pytest.raises(ConfigurationError) as caught:
        parse_fault("times=x; delay=y; times=3; status=500; status=501")
    assert listed_problems(caught.value, "Fault") == [
        "times must be a number, not 'x'",
        "delay must be a number, not 'y'",
        "status is given twice",
    ]


def test_unknown_field() -> None:
    """A keyword that does not exist is Python's own error."""
    with pytest.raises(TypeError, match="stauts"):
        Sandbox().fail_next(stauts=503)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # wrong on purpose


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("status=503", Fault(status=503)),
        ("status=503; delay=0.2", Fault(status=503, delay=0.2)),
        (" status = 503 ,vendor=strigo,times=2,;", Fault(status=503, vendor="strigo", times=2)),
        ("drop=during,path=/time,share=0.05", Fault(drop="during", path="/time", share=0.05)),
        ("clock_skew=-3600;body=html", Fault(clock_skew=-3600, body="html")),
        ("status=429,retry_after=3", Fault(status=429, retry_after=3)),
        (
            "response=missing-requirements;missing_requirements=dob+tax_id",
            Fault(response="missing-requirements", missing_requirements=["dob", "tax_id"]),
        ),
    ],
)
def test_spelling(text: str, fault: Fault) -> None:
    """A fault can be written as text, and its own text reads as the same fault."""
    assert parse_fault(text) == fault
    assert parse_fault(str(fault)) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "stauts=503",
            "no field is called 'stauts'; they are vendor, path, times, share, status,",
        ),
        ("503", "no field is called '503'"),
        ("status=503, status=500", "status is given twice"),
        ("status=many", "status must be a number, not 'many'"),
        ("delay=", "delay must be a number, not ''"),
        ("share=2, status=500", "share must be above 0 and at most 1"),
        ("", "Fault: needs one of"),
        (";", "Fault: needs one of"),
    ],
)
def test_wrong_spelling(text: str, message: str) -> None:
    """Text that isn't a fault is refused with the field that is wrong."""
    with pytest.raises(ConfigurationError) as caught:
        parse_fault(text)
    assert message in str(caught.value)


def test_header(faulty: Sandbox) -> None:
    """A request asks for its own fault in a header, before any queued one."""
    faulty.fail_next(status=500)
    headers = strigo_authorization(faulty)
    url, body = faulty.url + STRIGO_MINT, {"email": "a@example.com"}
    asked = {**headers, "X-Sandbox-Fault": "status=503; delay=0.01"}
    statuses = [
        CLIENT.post(url, json=body, headers=each).status_code for each in (asked, headers, headers)
    ]
    assert statuses == [503, 500, 200]
    assert faulty.refused[0].fault == "status=503; delay=0.01"


def test_header_is_not_signed(faulty: Sandbox) -> None:
    """The header is not part of what a zerohash request signs."""
    body = json.dumps({"participant_code": "CUST01", "permissions": ["fwc"]}).encode()
    response = zerohash_post(faulty, MINT, body, headers={"x-sandbox-fault": "delay=0.01"})
    assert response.status_code == 201


def test_header_through_a_client(faulty: Sandbox) -> None:
    """One of this package's own clients can send the header too."""
    headers = {"X-Sandbox-Fault": "response=unknown-participant"}
    with faulty.zerohash_client(headers=headers) as client, pytest.raises(NotFoundError) as caught:
        client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    assert caught.value.message == "Participant not found"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("status=5O3", "status must be a number"),
        ("oops", "no field is called 'oops'"),
        ("status=500; times=1; vendor=zdk", "leave out times, vendor: a header's applies"),
        (
            "response=spend-limit",
            "'spend-limit' belongs to zerohash, but the request is for strigo",
        ),
    ],
)
def test_wrong_header(faulty: Sandbox, header: str, message: str) -> None:
    """A header that isn't a fault is refused, so that no test passes by mistake."""
    response = CLIENT.post(faulty.url + STRIGO_MINT, headers={"x-sandbox-fault": header})
    assert (response.status_code, response.headers["content-type"]) == (400, "text/plain")
    assert response.text.startswith("x-sandbox-fault: ")
    assert message in response.text
    assert message in faulty.refused[-1].reason


def test_header_from_a_browser(faulty: Sandbox) -> None:
    """A page may send the header to ZDK, which browsers call."""
    preflight = {
        "origin": "http://localhost",
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-sandbox-fault",
    }
    response = CLIENT.options(faulty.url + ZDK_CREATE, headers=preflight)
    assert response.status_code == 200


NAMES = st.sampled_from([*FaultOptions.__annotations__, "other"])
VALUES = st.text(max_size=8) | st.integers().map(str) | st.floats().map(str)


@given(fields=st.lists(st.tuples(NAMES, VALUES), max_size=4), rest=st.text(max_size=8))
def test_any_text(fields: list[tuple[str, str]], rest: str) -> None:
    """Any text is a fault that can be written again, or a `ConfigurationError`."""
    text = ";".join([*(f"{name}={value}" for name, value in fields), rest])
    try:
        fault = parse_fault(text)
    except ConfigurationError:
        return
    assert parse_fault(str(fault)) == fault
