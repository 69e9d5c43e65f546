from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import attrs
import pytest
from all_clients import ZDK_MINT, ZEROHASH_MINT
from core_driver import (
    REQUEST_ID,
    WALL,
    Driver,
    json_response,
    make_plan,
    make_response,
    minted,
    no_response,
    untyped,
    zdk_plan,
    zerohash_minted,
    zerohash_plan,
)
from credentials import (
    ZEROHASH_API_KEY,
    ZEROHASH_PASSPHRASE,
    ZEROHASH_PRIVATE_KEY,
    zerohash_client,
)

from tokenkit import strigo, zerohash
from tokenkit._model.call import RawCall
from tokenkit._observability.records import CallFailed
from tokenkit._secret import Secret, SecretSource
from tokenkit.auth import Bearer, HmacSigner, OrgKey
from tokenkit.errors import ConfigurationError, InvalidInputError, TokenKitError
from tokenkit.strigo.profile import PROFILE as STRIGO
from tokenkit.zerohash.profile import HMAC_SCHEME
from tokenkit.zerohash.profile import PROFILE as ZEROHASH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tokenkit._model.messages import Request

STRIGO_PLAN = make_plan(STRIGO, OrgKey("org", "key-of-strigo"))


class Odd:
    """A strategy whose headers() does what a test says."""

    uses_time = False
    secrets: Sequence[Secret] = ()

    def __init__(self, outcome: object) -> None:
        self.outcome = outcome

    def headers(
        self, request: Request, secrets: Sequence[Secret], now: float
    ) -> Mapping[str, str]:
        """Return or raise the outcome."""
        del request, secrets, now
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        added: Mapping[str, str] = untyped(self.outcome)
        return added


def test_each_attempt_is_signed_anew_over_the_same_bytes() -> None:
    """Retries have a new timestamp and signature, the same body and the same request id."""
    driver = Driver(
        no_response(sent=False),
        make_response(429, retry_after="2"),
        zerohash_minted(),
        seconds=1.0,
    )
    driver.run(ZEROHASH_MINT, zerohash_plan())
    first, second, third = driver.requests
    assert first.body == second.body == third.body
    assert json.loads(first.body) == {"participant_code": "CUST01", "permissions": ["fwc"]}
    assert [request.headers["X-SCX-TIMESTAMP"] for request in driver.requests] == [
        "1714445704",
        "1714445705",
        "1714445708",
    ]
    key = b64decode(ZEROHASH_PRIVATE_KEY)
    for request in driver.requests:
        stamp = request.headers["X-SCX-TIMESTAMP"].encode()
        digest = hmac.digest(key, stamp + b"POST/client_auth_token" + first.body, "sha256")
        assert request.headers["X-SCX-SIGNED"] == b64encode(digest).decode()
    assert {request.headers["X-REQUEST-ID"] for request in driver.requests} == {REQUEST_ID}


def test_zerohash_headers() -> None:
    """A mint has the key, the passphrase, and the content's type and length."""
    driver = Driver(zerohash_minted())
    driver.run(ZEROHASH_MINT, zerohash_plan())
    (request,) = driver.requests
    assert request.method == "POST"
    assert request.url == "https://api.cert.zerohash.com/client_auth_token"
    assert request.headers["x-scx-api-key"] == ZEROHASH_API_KEY
    assert request.headers["x-scx-passphrase"] == ZEROHASH_PASSPHRASE
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == str(len(request.body))


@pytest.mark.parametrize("header", ["x-request-id"])
def test_only_zerohash_gets_a_request_id(header: str) -> None:
    """ZDK and Strigo document no request id, so none is sent to them."""
    zdk_driver, strigo_driver = Driver(minted()), Driver(make_response(400))
    zdk_driver.run(ZDK_MINT, zdk_plan())
    strigo_driver.error(strigo.UserTokenRequest(email="a@example.com"), STRIGO_PLAN)
    assert header not in zdk_driver.requests[0].headers
    assert header not in strigo_driver.requests[0].headers


def test_calls_without_authentication_send_no_credential() -> None:
    """get_time asks no secret source and sends neither key nor signature."""
    driver = Driver(json_response(200, {"epoch": 1_714_445_704}))
    reply = driver.run(zerohash.TimeRequest(), zerohash_plan())
    (request,) = driver.requests
    assert reply.value.time == datetime(2024, 4, 30, 2, 55, 4, tzinfo=timezone.utc)
    assert not [name for name in request.headers if name.startswith("x-scx")]
    assert "authorization" not in request.headers
    assert request.body == b""
    assert "content-type" not in request.headers


@pytest.mark.parametrize(
    ("verb", "length"), [("GET", None), ("DELETE", None), ("POST", "0"), ("PUT", "0")]
)
def test_the_length_of_an_empty_body(verb: str, length: str | None) -> None:
    """If a method has a body, an empty one is announced: many servers respond 411 otherwise."""
    driver = Driver(json_response(200, 1))
    driver.run(RawCall(verb=verb, target="/x"), zdk_plan())
    (request,) = driver.requests
    assert request.headers.get("content-length") == length
    assert "content-type" not in request.headers


def test_the_route_is_signed_with_base_path_and_query() -> None:
    """The path before a call's path, and its query, are part of the route."""
    seen: list[str] = []

    class Watching(Odd):
        def headers(
            self, request: Request, secrets: Sequence[Secret], now: float
        ) -> Mapping[str, str]:
            seen.append(request.route)
            return super().headers(request, secrets, now)

    plan = make_plan(STRIGO, Watching({}), base_path="/api/v1")
    Driver(json_response(200, 1)).run(RawCall(verb="GET", target="/x?a=b&c=%20"), plan)
    assert seen == ["/api/v1/x?a=b&c=%20"]


def test_fixed_secrets_beside_one_that_rotates() -> None:
    """If one of three secrets comes from a callable, each secret still gets its place."""
    signer = HmacSigner[SecretSource](
        ZEROHASH_API_KEY, lambda: ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, scheme=HMAC_SCHEME
    )
    fixed, rotating = Driver(zerohash_minted()), Driver(zerohash_minted())
    fixed.run(ZEROHASH_MINT, zerohash_plan())
    rotating.run(ZEROHASH_MINT, make_plan(ZEROHASH, signer))
    assert dict(rotating.requests[0].headers) == dict(fixed.requests[0].headers)


def test_secrets_are_resolved_anew_for_each_attempt() -> None:
    """A key that is rotated between two attempts is used in the second."""
    keys = iter(["old-key", "new-key"])
    driver = Driver(make_response(503), minted())
    driver.run(ZDK_MINT, zdk_plan(strategy=Bearer(lambda: next(keys))))
    sent = [request.headers["authorization"] for request in driver.requests]
    assert sent == ["Bearer old-key", "Bearer new-key"]


def test_every_key_of_the_call_is_replaced_in_its_error() -> None:
    """After a rotation, both the old and the new key are hidden in what the server echoes."""
    keys = iter(["old-key-text", "new-key-text"])
    driver = Driver(make_response(503), make_response(400, "old-key-text and new-key-text"))
    error = driver.error(ZDK_MINT, zdk_plan(strategy=Bearer(lambda: next(keys))))
    assert "[redacted] and [redacted]" in str(error)
    assert "key-text" not in repr(vars(error))


def test_the_signature_is_replaced_in_the_error_and_the_time_is_not() -> None:
    """An echoed signature is hidden; the timestamp stays, because it helps to find the mistake."""
    first = Driver(make_response(400))
    first.error(ZEROHASH_MINT, zerohash_plan())
    headers = first.requests[0].headers
    signed, stamp = headers["x-scx-signed"], headers["x-scx-timestamp"]
    second = Driver(make_response(400, f"got {signed} for {stamp}"))
    error = second.error(ZEROHASH_MINT, zerohash_plan())
    assert second.requests[0].headers["x-scx-signed"] == signed
    assert f"got [redacted] for {stamp}" in str(error)


@pytest.mark.parametrize(("value", "shown"), [("s" * 16, "[redacted]"), ("1714445704", None)])
def test_what_counts_as_a_signature(value: str, shown: str | None) -> None:
    """Headers from a strategy with 16 or more characters are hidden in errors; a time is shown."""
    plan = zdk_plan(strategy=Odd({"x-signature": value}))
    error = Driver(make_response(400, f"got {value}!")).error(ZDK_MINT, plan)
    assert f"got {shown or value}!" in str(error)


def test_what_a_strategy_adds_takes_the_place_of_other_headers() -> None:
    """If a strategy sets a header that the request already has, the strategy wins."""
    driver = Driver(minted())
    driver.run(ZDK_MINT, zdk_plan(strategy=Odd({"Accept": "application/x-signed"})))
    assert driver.requests[0].headers["accept"] == "application/x-signed"


def test_a_failing_secret_source_ends_the_call() -> None:
    """What a driver reports about a secret source is raised, and nothing is sent."""

    def broken() -> str:
        raise ConfigurationError("Client: the secret source broken raised OSError")

    driver = Driver()
    with pytest.raises(ConfigurationError, match="broken raised OSError"):
        driver.run(ZDK_MINT, zdk_plan(strategy=Bearer(broken)))
    assert driver.requests == []


def test_a_resolved_secret_is_judged_before_sending() -> None:
    """A callable that returns a key with a line break is a ConfigurationError."""
    driver = Driver()
    error = driver.error(ZDK_MINT, zdk_plan(strategy=Bearer(lambda: Secret("key\n"))))
    assert isinstance(error, ConfigurationError)
    assert "line break" in str(error)
    assert driver.requests == []


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (RuntimeError("with the key in it"), r"^Client: Odd.headers\(\) raised RuntimeError"),
        (5, r"Odd.headers\(\) raised TypeError"),
        (
            {"x-sig": "with the key\r\nx-evil: 1"},
            "a value for 'x-sig' that isn't valid in a header",
        ),
        ({"x-sig": "é"}, "a value for 'x-sig' that isn't valid in a header"),
        ({"x-sig": ""}, "a value for 'x-sig' that isn't valid in a header"),
        ({"x-sig": 5}, "a value for 'x-sig' that isn't valid in a header"),
        ({"x-sig with the key": "a"}, "a header whose name isn't valid"),
        ({"x-sig\r\nx-evil": "a"}, "a header whose name isn't valid"),
        ({"": "a"}, "a header whose name isn't valid"),
        ({"x-\xe9": "a"}, "a header whose name isn't valid"),
        ({"X-Sig": "a", "x-sig": "b"}, "a header twice; names compare without case"),
        ({5: "a"}, "a header whose name isn't valid"),
        (ConfigurationError("no such key"), "^Client: no such key$"),
        (ConfigurationError(), r"^Client: Odd.headers\(\) raised ConfigurationError$"),
    ],
)
def test_a_strategy_that_fails_is_a_configuration_error(outcome: object, text: str) -> None:
    """Whatever a strategy raises or returns, a typed error names it without quoting it."""
    with pytest.raises(ConfigurationError, match=text) as caught:
        Driver().run(ZDK_MINT, zdk_plan(strategy=Odd(outcome)))
    assert "with the key" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("made", [{}, {"x-sig": "a"}])
@pytest.mark.parametrize(
    "name",
    [
        *("Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type"),
        *("Cookie", "Host", "Proxy-Authorization", "TE", "Transfer-Encoding", "Upgrade"),
        "X-Request-Id",
    ],
)
def test_a_strategy_sets_no_header_that_the_client_sets(name: str, made: dict[str, str]) -> None:
    """What frames a request, and its id, are refused as in the client's own headers."""
    plan = attrs.evolve(zerohash_plan(), strategy=Odd({**made, name: "a"}))
    driver = Driver()
    error = driver.error(ZEROHASH_MINT, plan)
    assert isinstance(error, ConfigurationError)
    assert str(error).startswith(
        f"Client: Odd.headers() returned {name}, which is set by the client"
    )
    assert driver.requests == []
    with pytest.raises(ConfigurationError, match=f"{name} is set by the client itself"):
        zerohash_client(headers={name: "a"})


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, MemoryError, ValueError])
def test_whatever_a_driver_throws_in_comes_out(kind: type[BaseException]) -> None:
    """An exception thrown in while sending leaves the call unchanged, as the same object."""
    thrown = kind("thrown")
    with pytest.raises(kind) as caught:
        Driver(thrown).run(ZDK_MINT, zdk_plan())
    assert caught.value is thrown


def test_a_relative_expiration_is_resolved_once_a_call() -> None:
    """A timedelta counts from the first attempt, and the retry sends the same bytes."""
    call = strigo.UserTokenRequest(email="a@example.com", expiration=timedelta(hours=1))
    driver = Driver(make_response(503), make_response(400), seconds=5.0)
    driver.error(call, STRIGO_PLAN)
    first, second = driver.requests
    assert first.body == second.body
    assert json.loads(first.body)["expiration"] == int((WALL + 3600) * 1000)


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(seconds=-1), timedelta(days=63)])
def test_an_unsendable_call_raises_before_anything_is_sent(lasts: timedelta) -> None:
    """A relative expiration out of range is an InvalidInputError, found at the start."""
    driver = Driver()
    call = strigo.UserTokenRequest(email="a@example.com", expiration=lasts)
    with pytest.raises(InvalidInputError, match="expiration must be in the future"):
        driver.run(call, STRIGO_PLAN)
    assert driver.requests == []
    assert [type(record) for record in driver.records] == [CallFailed]


def test_an_error_that_the_pipeline_raises_has_no_chain() -> None:
    """Errors are raised outside of any except, so no foreign frame is attached."""
    error: TokenKitError = Driver(make_response(200, "<html>")).error(ZDK_MINT, zdk_plan())
    assert error.__cause__ is None
    assert error.__context__ is None
