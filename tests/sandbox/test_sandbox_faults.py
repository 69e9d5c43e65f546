"""Faults requested in code: what the client sees, and what the issuer has done."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sandbox_requests import (
    CLIENT,
    ZDK_CREATE,
    strigo_post,
    zdk_post,
    zerohash_headers,
    zerohash_post,
)

from tokenkit import (
    APIError,
    ConfigurationError,
    DecodeError,
    RetryPolicy,
    ServerError,
    UnexpectedRedirect,
    zerohash,
)
from tokenkit.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    import httpx

    from tokenkit.testing import FrozenClock

USER = {"arguments": [{"id": "user-1"}]}
LEARNER = {"email": "a@example.com"}
PARTICIPANT = {"participant_code": "CUST01", "permissions": ["crypto-pay"]}
MINT = "/client_auth_token"
ONCE = RetryPolicy(max_retries=0)


def mint(sandbox: Sandbox, vendor: str) -> httpx.Response:
    if vendor == "zdk":
        return zdk_post(sandbox, USER)
    if vendor == "strigo":
        return strigo_post(sandbox, LEARNER)
    return zerohash_post(sandbox, MINT, PARTICIPANT)


@pytest.mark.parametrize(
    ("vendor", "status", "body"),
    [
        ("zdk", 503, {"code": "unavailable", "message": "Service Unavailable"}),
        ("zdk", 418, {"code": "unknown", "message": "I'm a Teapot"}),
        ("zdk", 499, {"code": "canceled", "message": "Status 499"}),
        ("zdk", 200, {}),
        ("zerohash", 400, {"errors": ["Bad Request"]}),
        ("zerohash", 401, {"error": True, "message": "Unauthorized"}),
        (
            "zerohash",
            403,
            {
                "error": True,
                "message": "This api key does not have write permission to this endpoint",
            },
        ),
        ("zerohash", 404, {"error": "Not Found"}),
        ("zerohash", 500, {"error": "Internal Server Error"}),
        ("zerohash", 202, {}),
        (
            "strigo",
            404,
            {"result": "failure", "error": {"type": "NotFound", "message": "Not Found"}},
        ),
        ("strigo", 201, {"result": "success", "data": {}}),
    ],
)
def test_status(faulty: Sandbox, vendor: str, status: int, body: object) -> None:
    """A status comes with the vendor's own body, and nothing is minted."""
    faulty.fail_next(status=status)
    response = mint(faulty, vendor)
    assert (response.status_code, response.json()) == (status, body)
    assert faulty.issued == ()
    assert faulty.refused[-1].fault == f"times=1; status={status}"


def test_validation_error_of_strigo(faulty: Sandbox) -> None:
    """Strigo's 422 has the documented type, message and list of errors."""
    faulty.fail_next(status=422)
    error = strigo_post(faulty, LEARNER).json()["error"]
    assert (error["type"], error["message"]) == (
        "RequestValidationError",
        "The request is not valid",
    )
    assert error["errors"][0].keys() == {"location", "param", "msg"}


def test_unavailable_zerohash(faulty: Sandbox) -> None:
    """Zerohash's 503 says that it may be retried, and the client retries it."""
    faulty.fail_next(status=503)
    assert zerohash_post(faulty, MINT, PARTICIPANT).headers["zh-allow-retry"] == "true"
    faulty.fail_next(status=503)
    with faulty.zerohash_client(retry=RetryPolicy(first_wait=0.001)) as client:
        client.create_client_auth_token(participant_code="CUST01", permissions=["crypto-pay"])
    assert len(faulty.issued) == 1


def test_rate_limited_strigo(faulty: Sandbox) -> None:
    """Strigo's 429 is the documented plain text, with a quota that is used up."""
    faulty.fail_next(status=429)
    response = strigo_post(faulty, LEARNER)
    assert response.text == "Too many requests, please try again later."
    assert response.headers["content-type"] == "text/html"
    assert response.headers["retry-after"] == "60"
    assert response.headers["x-ratelimit-remaining"] == "0"


def test_retry_after(faulty: Sandbox) -> None:
    """The wait can be set, even instead of Strigo's minute."""
    faulty.fail_next(status=429, retry_after=0)
    faulty.fail_next(status=503, retry_after=7)
    assert strigo_post(faulty, LEARNER).headers["retry-after"] == "0"
    assert zdk_post(faulty, USER).headers["retry-after"] == "7"


def test_no_body(faulty: Sandbox) -> None:
    """A status that never has a body has none."""
    faulty.fail_next(status=204)
    response = zdk_post(faulty, USER)
    assert (response.status_code, response.content) == (204, b"")


def test_redirect(faulty: Sandbox) -> None:
    """A redirect points elsewhere, and the client does not follow it."""
    faulty.fail_next(status=307)
    with faulty.zdk_client() as client, pytest.raises(UnexpectedRedirect) as caught:
        client.create_user_token(id="user-1")
    assert (caught.value.status, caught.value.location) == (307, "https://elsewhere.invalid/")


def test_request_id_is_kept(faulty: Sandbox) -> None:
    """Zerohash's faults echo the request's id like its other responses."""
    body = b"{}"
    headers = zerohash_headers(faulty, "POST", MINT, body) | {"x-request-id": "mine"}
    faulty.fail_next(status=500)
    response = CLIENT.post(faulty.url + MINT, content=body, headers=headers)
    assert response.headers["x-request-id"] == "mine"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("approval-required", zerohash.ApprovalState.REQUIRED),
        ("approval-pending", zerohash.ApprovalState.PENDING),
        ("approval-rejected", zerohash.ApprovalState.REJECTED),
        ("approval-finalized", zerohash.ApprovalState.FINALIZED),
    ],
)
def test_approvals(faulty: Sandbox, answer: str, state: zerohash.ApprovalState) -> None:
    """Each documented state of a manual approval reaches the caller as its own error."""
    faulty.fail_next(response=answer)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text of the table
    with (
        faulty.zerohash_client() as client,
        pytest.raises(zerohash.ManualApprovalError) as caught,
    ):
        client.create_client_auth_token(participant_code="CUST01", permissions=["crypto-pay"])
    assert caught.value.state is state
    assert caught.value.transaction_id.startswith("txn_")


@pytest.mark.parametrize(
    ("given", "found"), [([], ("first_name",)), (["tax_id", "dob"], ("tax_id", "dob"))]
)
def test_missing_requirements(faulty: Sandbox, given: list[str], found: tuple[str, ...]) -> None:
    """A payment can lack requirements, by default the documented one, and they are named."""
    faulty.fail_next(response="missing-requirements", missing_requirements=given)
    with (
        faulty.zerohash_client() as client,
        pytest.raises(zerohash.MissingRequirementsError) as caught,
    ):
        client.create_client_auth_token(participant_code="CUST01", permissions=["crypto-pay"])
    assert caught.value.missing_requirements == found


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        (Fault(response="spend-limit"), 403, "Spend limit exceeded"),
        (Fault(response="kyc-conflict"), 409, "Data conflicts with those of another participant"),
        (Fault(response="unknown-participant"), 404, "Participant not found"),
        (
            Fault(response="no-write-permission"),
            403,
            "This api key does not have write permission to this endpoint",
        ),
    ],
)
def test_other_refusals_of_zerohash(fault: Fault, status: int, text: str) -> None:
    """What zerohash may have against a participant or a key reaches the caller as an error."""
    with (
        Sandbox(faults=[fault]) as sandbox,
        sandbox.zerohash_client() as client,
        pytest.raises(APIError) as caught,
    ):
        client.create_client_auth_token(participant_code="CUST01", permissions=["crypto-pay"])
    assert (caught.value.status, caught.value.message) == (status, text)
    assert type(caught.value) is not zerohash.ManualApprovalError


def test_failures_of_strigo_that_look_like_success(faulty: Sandbox) -> None:
    """A failure with status 200, and one beside data, are still errors for the caller."""
    faulty.fail_next(response="failure-with-200")
    faulty.fail_next(response="failure-with-data")
    with faulty.strigo_client() as client:
        for status, code in ((200, "EventNotInReadyState"), (422, "RequestValidationError")):
            with pytest.raises(APIError) as caught:
                client.create_user_token(email="a@example.com")
            assert (caught.value.status, caught.value.code) == (status, code)


def test_too_few_tokens(faulty: Sandbox) -> None:
    """ZDK can return fewer tokens than requested."""
    faulty.fail_next(response="too-few-tokens")
    with faulty.zdk_client() as client, pytest.raises(DecodeError):
        client.create_user_token(id="user-1")


def test_skewed_clock(clock: FrozenClock) -> None:
    """For one request the issuer's clock is ahead: in the Date, in the check and in the expiry."""
    with Sandbox(clock=clock.time) as sandbox:
        sandbox.fail_next(clock_skew=3600)
        refused = zerohash_post(sandbox, MINT, PARTICIPANT, timestamp=str(int(clock.time())))
        sandbox.fail_next(clock_skew=30)
        minted = zerohash_post(sandbox, MINT, PARTICIPANT, timestamp=str(int(clock.time())))
        after = CLIENT.get(sandbox.url + "/time")
    assert (refused.status_code, refused.headers["date"]) == (401, "Tue, 30 Apr 2024 03:55:04 GMT")
    assert sandbox.refused[0].hint == "the timestamp is 3600 s behind the server's clock"
    assert minted.headers["date"] == "Tue, 30 Apr 2024 02:55:34 GMT"
    assert (sandbox.issued[0].expires_at or sandbox.issued[0].issued_at).timestamp() == (
        clock.time() + 3630
    )
    assert after.json() == {"epoch": int(clock.time())}
    assert sandbox.issued[0].issued_at.timestamp() == clock.time()


def test_clock_of_the_run(clock: FrozenClock) -> None:
    """A whole run's clock can be behind; the client finds out and corrects it."""
    with Sandbox(clock_skew=-7200) as sandbox, sandbox.zerohash_client() as client:
        client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    assert [record.status for record in sandbox.refused] == [401]
    with Sandbox(clock=clock.time, clock_skew=-10) as sandbox:
        assert CLIENT.get(sandbox.url + "/time").json() == {"epoch": int(clock.time()) - 10}


@pytest.mark.parametrize("skew", [1e9, float("nan"), float("-inf")])
def test_wrong_clock_of_the_run(skew: float) -> None:
    """A skew beyond the calendar is refused by name."""
    with pytest.raises(ConfigurationError, match="clock_skew must be seconds"):
        Sandbox(clock_skew=skew)


def test_faults_are_used_up_in_order(faulty: Sandbox) -> None:
    """Queued faults hit in the order of the calls, each as often as it says, and are then gone."""
    faulty.fail_next(status=500, times=2)
    faulty.fail_next(status=502)
    assert [fault.times for fault in faulty.pending_faults] == [2, 1]
    assert zdk_post(faulty, USER).status_code == 500
    assert [fault.times for fault in faulty.pending_faults] == [1, 1]
    assert [zdk_post(faulty, USER).status_code for _ in range(3)] == [500, 502, 200]
    assert faulty.pending_faults == ()


def test_faults_wait_for_their_request(faulty: Sandbox) -> None:
    """A fault for a vendor or a path lets other requests pass."""
    faulty.fail_next(status=500, vendor="strigo")
    faulty.fail_next(status=502, path="/revoke*")
    faulty.fail_next(response="too-few-tokens")
    assert mint(faulty, "zerohash").status_code == 201
    assert zerohash_post(faulty, "/revoke_auth_token", {}).status_code == 502
    assert mint(faulty, "strigo").status_code == 500
    assert zdk_post(faulty, USER).json() == {"tokens": []}


def test_share(faulty: Sandbox) -> None:
    """A share of the requests fails, evenly spread, so that a run can be repeated."""
    faulty.fail_next(status=500, share=1 / 3, times=None)
    assert [zdk_post(faulty, USER).status_code for _ in range(7)] == [200, 200, 500] * 2 + [200]
    faulty.clear_faults()
    assert zdk_post(faulty, USER).status_code == 200


def test_faults_of_a_run() -> None:
    """A run's faults hit after the queued ones, and survive `clear_faults`."""
    faults = iter([Fault(status=503, times=2), Fault(status=500, vendor="zdk")])
    with Sandbox(faults=faults) as sandbox:
        sandbox.fail_next(status=502)
        sandbox.fail_next(status=501)
        first = zdk_post(sandbox, USER).status_code
        sandbox.clear_faults()
        others = [zdk_post(sandbox, USER).status_code for _ in range(4)]
        assert mint(sandbox, "strigo").status_code == 200
    assert [first, *others] == [502, 503, 503, 500, 500]


def test_wrong_faults_of_a_run() -> None:
    """A run's faults are `Fault` values, not text or mappings."""
    with pytest.raises(ConfigurationError, match="faults must be Fault values"):
        Sandbox(faults=["status=503"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # wrong on purpose


def test_faults_from_many_threads(faulty: Sandbox) -> None:
    """Of many requests at once, exactly as many fail as requested."""
    faulty.fail_next(status=500, times=10)
    statuses: list[int] = []

    def post() -> None:
        statuses.append(zdk_post(faulty, USER).status_code)

    threads = [threading.Thread(target=post) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 10 + [500] * 10


def test_other_paths_are_spared(faulty: Sandbox) -> None:
    """The web page and browsers' preflights use up no fault."""
    faulty.fail_next(status=500)
    assert CLIENT.get(faulty.url).status_code == 200
    preflight = {"origin": "http://localhost", "access-control-request-method": "POST"}
    assert CLIENT.options(faulty.url + ZDK_CREATE, headers=preflight).status_code == 200
    assert zdk_post(faulty, USER).status_code == 500


def test_real_client_retries(faulty: Sandbox) -> None:
    """A client's retry is the next request, and here succeeds."""
    faulty.fail_next(status=503)
    with faulty.strigo_client(retry=RetryPolicy(first_wait=0.001)) as client:
        assert client.create_user_token(email="a@example.com").token == faulty.issued[-1].token


def test_real_client_gives_up(faulty: Sandbox) -> None:
    """A fault without end outlasts the client's retries."""
    faulty.fail_next(status=503, times=None)
    with faulty.strigo_client(retry=ONCE) as client, pytest.raises(ServerError):
        client.create_user_token(email="a@example.com")
    assert faulty.pending_faults == (Fault(status=503),)
