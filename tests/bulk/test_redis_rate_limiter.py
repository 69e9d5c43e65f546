"""The limit in Redis: its slots, its pauses, and what it never sends."""

from __future__ import annotations

import pickle
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from bulk_runs import async_run, learners, rate_limit_error, reply, results, run
from listed_problems import listed_problems
from redis_server import RedisServer

from tokenkit import ConfigurationError
from tokenkit.bulk import RedisRateLimiter
from tokenkit.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tokenkit import Call, Reply


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with RedisServer() as server:
        yield server.url


def told(call: Call[Any]) -> Reply[Any]:
    return reply(call)


def test_places_are_spread_evenly_among_all(url: str, request: pytest.FixtureRequest) -> None:
    """Each slot is an interval after the one before, whichever run asks; there is no burst."""
    limiters = [RedisRateLimiter(url, request.node.name, requests=10, per=100.0) for _ in range(5)]
    waits = [limiter.wait(0.0) for limiter in limiters]
    assert waits == sorted(waits)
    assert waits[0] == 0.0
    for place, wait in enumerate(waits):
        assert place * 10 - 5 < wait <= place * 10


def test_a_reserved_place_is_waited_for(url: str, request: pytest.FixtureRequest) -> None:
    """Asking again before the slot is due doesn't reserve another one."""
    limiter = RedisRateLimiter(url, request.node.name, requests=1, per=100.0)
    assert limiter.wait(0.0) == 0.0
    wait = limiter.wait(0.0)
    assert limiter.wait(10.0) == pytest.approx(wait - 10.0)
    assert limiter.wait(wait) == 0.0
    assert limiter.wait(wait) == pytest.approx(2 * wait, abs=5.0)


def test_a_refusal_pauses_all(url: str, request: pytest.FixtureRequest) -> None:
    """A run that holds a slot learns of the pause when it is due; the longest pause counts."""
    name = request.node.name
    one, other = (RedisRateLimiter(url, name, requests=1000, per=1.0) for _ in range(2))
    assert one.wait(0.0) == 0.0
    holds = other.wait(0.0)
    one.refused(50.0, 0.0)
    one.refused(20.0, 0.0)
    one.responded({})
    assert other.wait(holds + 0.001) > 40.0 or holds == 0.0
    assert 40.0 < RedisRateLimiter(url, name, requests=1000, per=1.0).wait(0.0) <= 51.0


def test_a_refusal_without_a_time_pauses_ten_seconds(
    url: str, request: pytest.FixtureRequest
) -> None:
    """The pause is as long as zerohash's documented block."""
    limiter = RedisRateLimiter(url, request.node.name, requests=1000, per=1.0)
    limiter.refused(None, 0.0)
    assert 5.0 < limiter.wait(0.0) <= 10.0


def test_threads_may_share_one(url: str, request: pytest.FixtureRequest) -> None:
    """No slot is used twice."""
    limiter = RedisRateLimiter(url, request.node.name, requests=100, per=1.0)
    gone: list[float] = []
    lock = threading.Lock()

    def work() -> None:
        for _ in range(5):
            while (wait := limiter.wait(time.monotonic())) > 0:
                time.sleep(wait)
            with lock:
                gone.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(gone) == 20
    assert max(gone) - min(gone) >= 0.15


def test_runs_of_both_kinds_keep_to_it(
    url: str, request: pytest.FixtureRequest, anyio_backend: str
) -> None:
    """A run asks before each request, and reports refusals."""
    limiter = RedisRateLimiter(url, request.node.name, requests=500, per=1.0)
    assert len(results(run(learners(10), told, rate_limiter=limiter))) == 10

    async def main() -> int:
        async with async_run(learners(10), told, rate_limiter=limiter) as opened:
            return len([result async for result in opened])

    assert anyio.run(main, backend=anyio_backend) == 10


class Noting:
    """A caller's own limiter."""

    def __init__(self) -> None:
        self.asked = 0
        self.headers: list[Mapping[str, str]] = []
        self.refusals: list[float | None] = []

    def wait(self, now: float) -> float:
        del now
        self.asked += 1
        return 0.5 if self.asked == 2 else 0.0

    def responded(self, headers: Mapping[str, str]) -> None:
        self.headers.append(headers)

    def refused(self, retry_after: float | None, now: float) -> None:
        del now
        self.refusals.append(retry_after)


def test_a_callers_limiter_is_asked_and_told(anyio_backend: str) -> None:
    """It gets every response; errors without one need not be reported."""
    answers: list[Exception | None] = [
        rate_limit_error(3.0),
        BadRequestError("no", status=400, headers={"x-one": "1"}),
        ConfigurationError("nothing was sent"),
    ]

    def send(call: Call[Any]) -> Reply[Any]:
        error = answers.pop(0) if answers else None
        if error is not None:
            raise error
        return reply(call, {"x-two": "2"})

    limiter = Noting()
    found = results(run(learners(4), send, rate_limiter=limiter, concurrency=1))
    assert [result.ok for result in found] == [False, False, True, True]
    assert limiter.refusals == [3.0]
    assert [dict(headers) for headers in limiter.headers] == [
        {"x-one": "1"},
        {"x-two": "2"},
        {"x-two": "2"},
    ]
    assert limiter.asked == 6

    async def main() -> int:
        async with async_run(learners(3), send, rate_limiter=limiter) as opened:
            return len([result async for result in opened])

    assert anyio.run(main, backend=anyio_backend) == 3


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("http://localhost", "n", 1, 1.0), "url must be a URL such as"),
        ((7, "n", 1, 1.0), "url must be a URL such as"),
        (("redis://localhost", "", 1, 1.0), "name must be a non-empty string"),
        (("redis://localhost", "n", 0, 1.0), "requests must be a number above 0, not 0"),
        (("redis://localhost", "n", True, 1.0), "requests must be a number above 0, not bool"),
        (("redis://localhost", "n", 1, float("inf")), "per must be a number above 0, not inf"),
        (("redis://localhost", "n", 1, "60"), "per must be a number above 0, not str"),
    ],
)
def test_wrong_arguments_are_named(arguments: tuple[Any, Any, Any, Any], problem: str) -> None:
    """The message says which, and what it must be."""
    url, name, requests, per = arguments
    with pytest.raises(ConfigurationError, match=problem):
        RedisRateLimiter(url, name, requests=requests, per=per)


def test_all_wrong_arguments_are_named_at_once() -> None:
    """A URL that can't be used hides none of the others."""
    wrong: Any = 7
    with pytest.raises(ConfigurationError) as caught:
        RedisRateLimiter(wrong, "", requests=0, per=0)
    assert listed_problems(caught.value, "RedisRateLimiter") == [
        "url must be a URL such as 'redis://localhost:6379', not int",
        "name must be a non-empty string",
        "requests must be a number above 0, not 0",
        "per must be a number above 0, not 0",
    ]


def test_a_password_does_not_travel() -> None:
    """A limiter with a password in its URL can't be pickled; one with a variable's name can."""
    secret = RedisRateLimiter("redis://:pass-word@localhost", "strigo", requests=90, per=60)
    assert "pass-word" not in repr(secret)
    with pytest.raises(TypeError, match=r"from_env\('REDIS_URL'"):
        pickle.dumps(secret)
    plain = RedisRateLimiter("redis://localhost", "strigo", requests=90, per=60)
    copied = pickle.loads(pickle.dumps(plain))  # noqa: S301 - made here
    assert repr(copied) == repr(plain) == "RedisRateLimiter(name='strigo', requests=90, per=60)"


def test_the_url_may_come_from_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each machine reads its own variable when the limit is first asked."""
    limiter = RedisRateLimiter.from_env("TOKENKIT_TEST_REDIS", "from env", requests=10, per=1.0)
    monkeypatch.delenv("TOKENKIT_TEST_REDIS", raising=False)
    with pytest.raises(ConfigurationError, match="set TOKENKIT_TEST_REDIS in the environment"):
        limiter.wait(0.0)
    monkeypatch.setenv("TOKENKIT_TEST_REDIS", "no url")
    with pytest.raises(ConfigurationError, match="TOKENKIT_TEST_REDIS must be a URL"):
        limiter.wait(0.0)
    monkeypatch.setenv("TOKENKIT_TEST_REDIS", url)
    assert pickle.loads(pickle.dumps(limiter)).wait(0.0) == 0.0  # noqa: S301 - made here


def test_without_redis_py_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    limiter = RedisRateLimiter("redis://nowhere-yet:1", "n", requests=1, per=1.0)
    with pytest.raises(ConfigurationError, match="pip install redis"):
        limiter.wait(0.0)
