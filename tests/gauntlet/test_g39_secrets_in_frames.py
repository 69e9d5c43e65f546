"""G39: wrong arguments beside right secrets, and exceptions at any line, show no secret."""

from __future__ import annotations

import pickle
import sys
from base64 import b64encode
from typing import TYPE_CHECKING, Any, ClassVar

import anyio
import attrs
import httpx
import pytest
from credentials import STRIGO_API_KEY, STRIGO_ORG_ID, ZDK, zdk_client
from opened import leaks, opened
from raw_server import RawServer, http, json_response, responding

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    AsyncZeroHashClient,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    RetryPolicy,
    Secret,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
)
from tokenkit.auth import Bearer, OrgKey
from tokenkit.errors import FieldError
from tokenkit.extension import JSON, Call, ResponseInfo, operation

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup

from strikes import NthLine, Strike

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from raw_server import RawRequest

KEY = "sk-live-9f8e7d6c5b4a3210"
CLIENTS: list[Any] = [ZdkClient, AsyncZdkClient]
STRIGO: list[Any] = [StrigoClient, AsyncStrigoClient]
ZEROHASH: list[Any] = [ZeroHashClient, AsyncZeroHashClient]
WRONG: dict[str, Callable[[Any], object]] = {
    "bytes": lambda make: make(api_key=KEY.encode()),
    "a bytearray": lambda make: make(api_key=bytearray(KEY.encode())),
    "bytes in a Secret": lambda make: make(api_key=Secret(KEY.encode())),  # type: ignore[arg-type] # on purpose
    "a list in a Secret": lambda make: make(api_key=Secret([KEY])),  # type: ignore[arg-type] # on purpose
    "by place": lambda make: make(KEY),
    "beside an unknown keyword": lambda make: make(api_key=KEY, bogus=1),
    "under a misspelt keyword": lambda make: make(apikey=KEY),
    "with a line break": lambda make: make(api_key=f"{KEY}\n"),
    "beside a bad option": lambda make: make(api_key=KEY, timeout=0),
    "in a header": lambda make: make(**ZDK, headers={"authorization": KEY}),
    "in a bad header": lambda make: make(**ZDK, headers={"x-gateway": f"{KEY}\n"}),
    "in a header beside a bad option": lambda make: make(
        **ZDK, headers={"x-gateway": KEY}, deadline=-1
    ),
    "in a proxy": lambda make: make(**ZDK, proxy=f"ftp://u:{KEY}@h"),
    "in a proxy beside a bad option": lambda make: make(
        **ZDK, proxy=f"http://u:{KEY}@h:1", retry=3
    ),
    "in a base URL": lambda make: make(**ZDK, base_url=f"https://u:{KEY}@h"),
    "in an environment": lambda make: make.from_env(environ={"ZDK_API_KEY": KEY}, bogus=1),
    "in a bad environment": lambda make: make.from_env(environ={"ZDK_API_KEY": f"{KEY}\n"}),
    "in with_options()": lambda make: make(**ZDK).with_options(
        headers={"x-gateway": KEY, "host": "h"}
    ),
    "beside an unknown option of with_options()": lambda make: make(**ZDK).with_options(
        headers={"x-gateway": KEY}, bogus=1
    ),
}


@pytest.mark.parametrize("make", CLIENTS)
@pytest.mark.parametrize("wrong", WRONG)
def test_constructors_show_no_secret(wrong: str, make: Any) -> None:
    """A client that refuses its arguments shows none of them, expanded as a tracker does."""
    with pytest.raises((ConfigurationError, TypeError)) as caught:
        WRONG[wrong](make)
    assert leaks(caught.value, KEY) == []


@pytest.mark.parametrize("make", [*STRIGO, *ZEROHASH])
def test_credentials_beside_others(make: Any) -> None:
    """The other vendors' clients show no credential if another one is missing or wrong."""
    for arguments in ({"api_key": KEY}, {"api_key": KEY, "org_id": b"x", "passphrase": b"x"}):
        with pytest.raises((ConfigurationError, TypeError)) as caught:
            make(**arguments)
        assert leaks(caught.value, KEY) == []


@pytest.mark.parametrize("make", [lambda: Secret(KEY.encode()), lambda: Secret(None)])  # type: ignore[arg-type] # on purpose
def test_secrets_refuse_what_is_not_text(make: Callable[[], object]) -> None:
    """A Secret made from another type is refused by that type's name alone."""
    with pytest.raises(ConfigurationError, match=r"^Secret\(\) takes a string, not ") as caught:
        make()
    assert leaks(caught.value, KEY) == []


def test_secrets_have_no_state_to_hand_out() -> None:
    """Neither pickle nor tools that read an object's state get the text of a Secret."""
    secret: Any = Secret(KEY)
    ways: list[Callable[[], object]] = [
        lambda: pickle.dumps(secret),
        secret.__getstate__,
        lambda: secret.__reduce_ex__(4),
    ]
    for take in ways:
        with pytest.raises(TypeError, match="can't be pickled") as caught:
            take()
        assert leaks(caught.value, KEY) == []
    for strategy in (Bearer(KEY), OrgKey("o", KEY)):
        assert KEY not in "".join(opened(strategy))


def test_options_of_a_single_call_show_no_secret() -> None:
    """No frame of a call's error contains a header of the call."""
    options: dict[str, Any] = {"headers": {"x-gateway": KEY}, "retry": RetryPolicy(max_retries=0)}
    with (
        RawServer(responding(lambda _: http(404))) as server,
        zdk_client(server.url) as client,
    ):
        unknown: list[dict[str, Any]] = [{}, {"bogus": 1}]
        for more in unknown:
            with pytest.raises((NotFoundError, TypeError)) as caught:
                client.request("GET", "/x", **options, **more)
            assert leaks(caught.value, KEY) == []


def refused(value: str) -> str:
    """Refuse a field's value, with the value in this frame."""
    raise InvalidInputError("Odd", (FieldError(field="text", message=f"has {len(value)} marks"),))


class SoftTimeLimit(Exception):  # noqa: N818 - as Celery's
    """What a worker's signal handler raises."""


@attrs.frozen(kw_only=True)
class DecodesNothing(Call[None]):
    """A call without a result."""

    def decode(self, body: JSON, response: ResponseInfo) -> None:
        del body, response


@attrs.frozen(kw_only=True)
class Odd(DecodesNothing):
    """A caller's own call, with a field that the caller's own function checks."""

    path: ClassVar[str] = "/odd"

    text: str = attrs.field(converter=refused)


class OddCalls:
    @operation(Odd)
    def make_odd(self) -> None:
        """Make it."""


class OddClient(OddCalls, StrigoClient):
    """A client with one more call."""


def test_a_model_of_the_callers_leaves_no_frame() -> None:
    """When a caller's own model refuses a value, the frames that held it are removed."""
    with (
        OddClient(org_id=STRIGO_ORG_ID, api_key=KEY) as client,
        pytest.raises(InvalidInputError, match="text has") as caught,
    ):
        client.make_odd(text=KEY)
    assert caught.value.operation == "make_odd"
    assert leaks(caught.value, KEY) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SoftTimeLimit])
def test_what_strikes_while_a_model_is_made_leaves_no_frame(error: type[BaseException]) -> None:
    """Neither a converter's own exception nor a signal handler's shows the arguments."""

    def struck(value: str) -> str:
        assert value
        raise error

    @attrs.frozen(kw_only=True)
    class Struck(DecodesNothing):
        path: ClassVar[str] = "/struck"

        text: str = attrs.field(converter=struck)

    class StruckCalls:
        @operation(Struck)
        def make_it(self) -> None:
            """Make it."""

    class StruckClient(StruckCalls, StrigoClient):
        """A client with one more call."""

    with StruckClient(org_id=STRIGO_ORG_ID, api_key=STRIGO_API_KEY) as client:
        for make in (client.make_it, Struck):
            with pytest.raises(error) as caught:
                make(text=KEY)
            assert leaks(caught.value, KEY) == []


class Interrupt(Exception):  # noqa: N818 - what a signal's handler raises
    """An exception from outside, such as a soft time limit's."""


def echo(request: RawRequest) -> bytes:
    """Refuse a request, with all of it in the response."""
    return json_response({"error": {"message": str(request.headers)}}, 401)


def interrupted_at(line: int, act: Callable[[], object]) -> BaseException | None:
    """Raise at the n-th line that the package runs; ``None`` if it has fewer."""
    nth = NthLine(line)
    try:
        with Strike(Interrupt, is_in_the_pipeline, nth):
            act()
    except Interrupt as error:
        return error
    except Exception as error:  # noqa: BLE001 - what became of it, or the call's own failure
        return error if nth.was_reached else None
    return None


def is_in_the_pipeline(frame: FrameType) -> bool:
    return module_of(frame).startswith("tokenkit._pipeline")


@pytest.mark.parametrize("is_async", [False, True])
def test_an_exception_at_any_line_shows_no_secret(*, is_async: bool) -> None:
    """Wherever in a call's life a signal arrives, its traceback shows no credential."""
    options: dict[str, Any] = {"retry": RetryPolicy(max_retries=0)}
    with RawServer(responding(echo)) as server:
        kind: Any = AsyncStrigoClient if is_async else StrigoClient

        def mint() -> None:
            with kind(org_id=STRIGO_ORG_ID, api_key=KEY, base_url=server.url, **options) as client:
                client.check_health()

        async def mint_async() -> None:
            async with kind(
                org_id=STRIGO_ORG_ID, api_key=KEY, base_url=server.url, **options
            ) as client:
                await client.check_health()

        act = (lambda: anyio.run(mint_async)) if is_async else mint
        interrupted_at(0, act)  # opens the connection, and loads what is loaded once
        struck = 0
        for line in range(1, 2000, 13):
            error = interrupted_at(line, act)
            if error is None:
                break
            struck += 1
            assert leaks(error, KEY) == [], line
        assert struck > 10


SIGNING_KEY = "signing-key-of-a-participant-001"
ENCODED_KEY = b64encode(SIGNING_KEY.encode()).decode()
PASSPHRASE = "passphrase-of-a-participant"


class Cancelled(BaseException):
    """An exception that strikes at any line and has no frame of its own, like gevent's Timeout."""


def sign_a_mint() -> None:
    """Mint a token of zerohash, whose key is decoded and signs the body."""
    answer = httpx.MockTransport(lambda _: httpx.Response(200, json={"message": {"token": "t-1"}}))
    with ZeroHashClient(
        api_key=KEY, private_key=lambda: ENCODED_KEY, passphrase=PASSPHRASE, transport=answer
    ) as client:
        client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])


def cancelled_at(place: tuple[str, int] | None, places: set[tuple[str, int]]) -> BaseException:
    """Raise at a line of the standard library that a call runs; note all of its lines."""

    def is_place(frame: FrameType) -> bool:
        here = (frame.f_code.co_filename, frame.f_lineno)
        places.add(here)
        return here == place

    try:
        with Strike(Cancelled, is_beneath_a_call, is_place):
            sign_a_mint()
    except Cancelled as error:
        return error
    return Cancelled()


def module_of(frame: FrameType | None) -> str:
    return "" if frame is None else str(frame.f_globals.get("__name__", ""))


def is_beneath_a_call(frame: FrameType) -> bool:
    """Return whether a frame is the standard library's, called for a call of ours."""
    caller: FrameType | None = frame
    while module_of(caller).partition(".")[0] in sys.stdlib_module_names and caller is not None:
        caller = caller.f_back
    inner = ("tokenkit._pipeline", "tokenkit._model", "tokenkit._secret", "tokenkit.auth")
    return caller is not frame and module_of(caller).startswith(inner)


def test_the_standard_librarys_frames_show_no_secret() -> None:
    """An exception in base64, hmac or json, called for a call, has no frame with an argument."""
    sign_a_mint()
    places: set[tuple[str, int]] = set()
    cancelled_at(None, places)
    assert {"hmac.py", "base64.py"} <= {file.rpartition("/")[2] for file, _ in places}
    for place in sorted(places):
        error = cancelled_at(place, set())
        assert error.__traceback__ is not None, place
        secrets = (KEY, SIGNING_KEY, ENCODED_KEY, PASSPHRASE)
        assert leaks(error, *secrets, besides=__name__) == [], place


def test_the_frames_of_a_signal_handler_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    """What strikes inside the standard library still says which function raised it."""

    def handler(*_: object, **__: object) -> None:
        raise Cancelled

    monkeypatch.setattr("binascii.a2b_base64", handler)  # base64 calls it with the key
    with pytest.raises(Cancelled) as caught:
        sign_a_mint()
    assert caught.traceback[-1].name == "handler"
    assert leaks(caught.value, KEY, SIGNING_KEY, ENCODED_KEY, PASSPHRASE, besides=__name__) == []


class Grouped(httpx.HTTPTransport):
    """A caller's transport that raises what a network's error has led to, in nested groups."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return super().handle_request(request)
        except httpx.ConnectError as error:
            raise ExceptionGroup("outer", [ExceptionGroup("inner", [error, error])]) from None


def test_groups_show_no_secret() -> None:
    """The exceptions in a group have no frame with the request either, at any depth."""
    with (
        ZdkClient(api_key=KEY, base_url="http://127.0.0.1:1", transport=Grouped()) as client,
        pytest.raises(ExceptionGroup) as caught,
    ):
        client.create_user_token(id="u")
    assert leaks(caught.value, KEY, besides=__name__) == []
