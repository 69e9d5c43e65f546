from __future__ import annotations

import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from all_clients import ZDK_MINT
from core_driver import Driver, make_response, no_response, zdk_plan, zerohash_plan
from credentials import ZEROHASH_PRIVATE_KEY
from strikes import NthLine, Strike

from tokenkit import zerohash
from tokenkit._model.frames import forget_arguments
from tokenkit._secret import Secret, outside_frames, without_frames
from tokenkit.auth import Bearer, HmacSigner, OrgKey
from tokenkit.errors import ConfigurationError, InvalidInputError, TokenKitError
from tokenkit.extension import RequestModel, param
from tokenkit.zerohash.profile import HMAC_SCHEME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

    from tokenkit._model.messages import Request

MARK = "leaky-secret"
BAD = f"{MARK}\n"
JWT = "e30.eyJqdGkiOiJsZWFreS1zZWNyZXQifQ.leaky-secret"


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error with everything attached to it."""
    waiting: list[BaseException | None] = [error]
    while waiting:
        item = waiting.pop()
        if item is not None:
            yield item
            waiting += [item.__cause__, item.__context__]


def shown(error: BaseException) -> str:
    """Return everything that an error shows, including local variables in our frames."""
    parts: list[str] = []
    for item in chain(error):
        parts += [str(item), repr(item), repr(vars(item))]
        for frame, _ in traceback.walk_tb(item.__traceback__):
            if "tokenkit" in str(frame.f_globals.get("__name__", "")):
                parts.append(repr(frame.f_locals))
                parts += [
                    repr(getattr(value, "__dict__", "")) for value in frame.f_locals.values()
                ]
    return "\n".join(parts)


CONSTRUCTORS: list[Callable[[], object]] = [
    lambda: Bearer(BAD),
    lambda: Bearer(api_key=BAD),
    lambda: Bearer(Secret(BAD)),
    lambda: OrgKey(BAD, MARK),
    lambda: OrgKey(f"{MARK}:x", MARK),
    lambda: OrgKey("org", BAD),
    lambda: HmacSigner(BAD, ZEROHASH_PRIVATE_KEY, MARK, scheme=HMAC_SCHEME),
    lambda: HmacSigner(MARK, BAD, MARK, scheme=HMAC_SCHEME),
    lambda: HmacSigner(MARK, MARK, MARK, scheme=HMAC_SCHEME),
    lambda: HmacSigner(MARK, ZEROHASH_PRIVATE_KEY, BAD, scheme=HMAC_SCHEME),
    lambda: zerohash.RevokeAuthTokenRequest(token=BAD),
    lambda: zerohash.RevokeAuthTokenRequest(token=MARK),
    lambda: zerohash.RevokeAuthTokenRequest(token=JWT, extra={"token": JWT}),
]


@pytest.mark.parametrize("build", CONSTRUCTORS)
def test_constructors_leave_no_secret_in_their_frames(build: Callable[[], object]) -> None:
    """A refused secret or token is in no local variable of ours along the traceback."""
    with pytest.raises((ConfigurationError, InvalidInputError)) as caught:
        build()
    told = shown(caught.value)
    assert MARK not in told
    assert ZEROHASH_PRIVATE_KEY not in told


def raising() -> str:
    """Fail like a secret source that quotes its secret."""
    raise ConfigurationError("no key")


OUTCOMES: list[Callable[[], object]] = [
    lambda: Driver().run(ZDK_MINT, zdk_plan(strategy=Bearer(lambda: BAD))),
    lambda: Driver().run(ZDK_MINT, zdk_plan(strategy=Bearer(raising))),
    lambda: Driver(make_response(401, MARK)).run(ZDK_MINT, zdk_plan(strategy=Bearer(MARK))),
    lambda: Driver(make_response(401, server=MARK)).run(ZDK_MINT, zdk_plan(strategy=Bearer(MARK))),
    lambda: Driver(make_response(200, MARK)).run(ZDK_MINT, zdk_plan(strategy=Bearer(MARK))),
    lambda: Driver(make_response(200, '{"tokens": ["leaky-secret"')).run(ZDK_MINT, zdk_plan()),
    lambda: Driver(make_response(302, location=f"https://h/{MARK}")).run(
        ZDK_MINT, zdk_plan(strategy=Bearer(MARK))
    ),
    lambda: Driver(*[no_response(sent=True, message=MARK)] * 3).run(
        ZDK_MINT, zdk_plan(strategy=Bearer(MARK))
    ),
    lambda: Driver(make_response(400, JWT)).run(
        zerohash.RevokeAuthTokenRequest(token=JWT), zerohash_plan()
    ),
]


@pytest.mark.parametrize("act", OUTCOMES)
def test_failed_calls_leave_no_secret_in_our_frames(act: Callable[[], object]) -> None:
    """A call's error holds no credential and no token, in itself or in our frames."""
    with pytest.raises(TokenKitError) as caught:
        act()
    assert MARK not in shown(caught.value)


class Quoting:
    """A strategy that fails with the key in a variable and in the error's cause."""

    uses_time = False
    secrets = (Secret(MARK),)

    def headers(
        self, request: Request, secrets: Sequence[Secret], now: float
    ) -> Mapping[str, str]:
        """Refuse the key."""
        del request, now
        key = secrets[0].reveal()
        raise ConfigurationError("no such key") from KeyError(key)


def test_a_strategys_refusal_leaves_without_its_frames() -> None:
    """Nothing from the variables or the cause of a strategy's own error is attached."""
    with pytest.raises(ConfigurationError, match="no such key") as caught:
        Driver().run(ZDK_MINT, zdk_plan(strategy=Quoting()))
    assert MARK not in shown(caught.value)
    assert "headers" not in [
        frame.name for frame in traceback.extract_tb(caught.value.__traceback__)
    ]


def test_interrupts_leave_no_secret_in_our_frames() -> None:
    """A KeyboardInterrupt that passes through a call has no frame with the key."""
    driver = Driver(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt) as caught:
        driver.run(ZDK_MINT, zdk_plan(strategy=Bearer(MARK)))
    assert MARK not in shown(caught.value)


def test_the_search_finds_what_is_there() -> None:
    """The search works: it finds a secret in a local variable of one of our frames."""

    def leaking() -> None:
        code = "def leak(secret):\n    raise ValueError('x')"
        space: dict[str, Any] = {"__name__": "tokenkit.leak"}
        exec(code, space)  # noqa: S102 - a frame that counts as ours
        space["leak"](MARK)

    with pytest.raises(ValueError, match="x") as caught:
        leaking()
    assert MARK in shown(caught.value)


class Group(Exception):  # noqa: N818 - stands for an ExceptionGroup, which Python 3.10 lacks
    """A group that holds an exception twice, itself, and what is none."""

    def __init__(self, member: BaseException) -> None:
        super().__init__("a group")
        self.exceptions = [member, member, self, "text"]


@pytest.mark.parametrize("bare", [without_frames, outside_frames, forget_arguments])
@pytest.mark.parametrize("module", ["tokenkit.leak", "json", None])
def test_no_exception_in_a_group_keeps_a_secret(
    bare: Callable[[BaseException], object], module: str | None
) -> None:
    """What removes or empties the frames of an exception does so for all in a group.

    The frames are ours, the standard library's or those of generated code.
    """
    space: dict[str, Any] = {} if module is None else {"__name__": module}
    exec("def leak(secret):\n    raise ValueError('x')", space)  # noqa: S102 - makes such a frame
    with pytest.raises(ValueError, match="x") as caught:
        space["leak"](MARK)
    inner = caught.value
    assert inner.__traceback__ is not None
    bare(Group(inner.with_traceback(inner.__traceback__.tb_next)))
    frames = [frame for frame, _ in traceback.walk_tb(inner.__traceback__)]
    assert [frame.f_locals for frame in frames if frame.f_locals] == []


def is_emptying(frame: FrameType) -> bool:
    return frame.f_code.co_name == "_forget_arguments"


class StruckError(BaseException):
    """What a signal handler raises."""


class StrikingError(Exception):
    """Has members, as a group; a signal strikes when they are looked at first."""

    was_struck = False

    @property
    def exceptions(self) -> list[BaseException]:
        if not self.was_struck:
            self.was_struck = True
            raise StruckError
        return [self.member]

    def __init__(self, member: BaseException) -> None:
        super().__init__()
        self.member = member


def test_what_strikes_meanwhile_leaves_nothing_undone() -> None:
    """A signal's exception at any line of what empties frames comes out; they are empty."""

    def failing(secret: str) -> None:
        raise ValueError(len(secret))

    number, was_struck = 0, True
    while was_struck:
        number += 1
        with pytest.raises(ValueError, match="12") as caught:
            failing(MARK)
        assert caught.tb.tb_next is not None
        error = caught.value.with_traceback(caught.tb.tb_next)
        place = NthLine(number)
        with suppress(StruckError), Strike(StruckError, is_emptying, place):
            forget_arguments(error)
        assert MARK not in shown(error)
        was_struck = place.was_reached
    assert number > 5
    with pytest.raises(ValueError, match="12") as caught:
        failing(MARK)
    assert caught.tb.tb_next is not None
    error = caught.value.with_traceback(caught.tb.tb_next)
    with pytest.raises(StruckError):
        forget_arguments(StrikingError(error))
    assert MARK not in shown(error)


def test_a_misspelt_keyword_shows_no_token() -> None:
    """Python's error for a wrong keyword is raised without the other arguments."""
    model: Any = zerohash.RevokeAuthTokenRequest
    with pytest.raises(TypeError, match="tokne") as caught:
        model(token=JWT, tokne=JWT)
    assert MARK not in shown(caught.value)


def test_a_mistake_inside_a_model_can_be_found() -> None:
    """A TypeError from a model's own code keeps its traceback."""

    def broken(value: Any) -> str:
        return str(len(value))

    model: Any = attrs.make_class(
        "Broken",
        {"size": attrs.field(metadata=param(broken))},
        bases=(RequestModel,),
        frozen=True,
        kw_only=True,
    )
    with pytest.raises(TypeError) as caught:
        model(size=7)
    assert "broken" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
