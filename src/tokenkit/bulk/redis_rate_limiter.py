"""A rate limit in Redis, for runs in many processes and on many machines."""

import os
import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from math import inf
from typing import Any, Protocol
from urllib.parse import urlsplit

from typing_extensions import Self

from .._model.json import type_of
from .._policy.values import value_text
from ..errors import ConfigurationError

__all__ = ["RedisRateLimiter"]

# A place is a time at which one request may go. Reserving it in one step, on Redis' own clock, is
# fair and needs neither polling nor synchronised clocks.
RESERVE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1e6
local interval = tonumber(ARGV[1])
local free_at = tonumber(redis.call('GET', KEYS[1]) or 0)
local place = math.max(free_at, now)
redis.call('SET', KEYS[1], string.format('%.6f', place + interval), 'PX',
           math.ceil((place - now + interval) * 1000) + 60000)
return string.format('%.6f', place - now)
"""
# A 429 moves every later place back; the second key tells those who hold a place already.
PAUSE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1e6
local pause = tonumber(ARGV[1])
local lasts = math.ceil(pause * 1000)
if now + pause > tonumber(redis.call('GET', KEYS[1]) or 0) then
  redis.call('SET', KEYS[1], string.format('%.6f', now + pause), 'PX', lasts + 60000)
end
if lasts > 0 and lasts > redis.call('PTTL', KEYS[2]) then
  redis.call('SET', KEYS[2], '1', 'PX', lasts)
end
"""
DEFAULT_PAUSE = 10.0


class _Redis(Protocol):
    """The part of redis-py's client that is used."""

    def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any: ...

    def pttl(self, name: str) -> Any: ...


class RedisRateLimiter:
    """A rate limit that the runs of many processes share through Redis.

    Requests are spread evenly: there is no burst at the start or after a pause. A 429 in one run
    pauses all. Needs redis-py (``pip install redis``); its errors are raised as they are.

    It can be pickled, and so sent to workers, unless its URL has a password. Then use
    :meth:`from_env`, which sends the variable's name.

    Args:
        url: Where Redis is, such as ``redis://localhost:6379``.
        name: The limit's name: runs with the same name and Redis share it.
        requests: The requests that all runs together may send in ``per`` seconds. Leave a part
            of the vendor's limit to live traffic.
        per: Seconds.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(self, url: str, name: str, *, requests: int, per: float) -> None:
        self._set_up(url, None, name, requests, per)

    @classmethod
    def from_env(cls, variable: str, name: str, *, requests: int, per: float) -> Self:
        """Take the URL from an environment variable, on each machine from its own.

        Args:
            variable: The variable's name.
            name: See the class.
            requests: See the class.
            per: See the class.

        Raises:
            ConfigurationError: An argument cannot be used.
        """
        limiter = object.__new__(cls)
        limiter._set_up(None, variable, name, requests, per)
        return limiter

    def _set_up(
        self, url: str | None, variable: str | None, name: str, requests: int, per: float
    ) -> None:
        problems = [*(_url_problems("url", url) if variable is None else ())]
        problems += _problems(name, requests, per)
        if problems:
            raise ConfigurationError("RedisRateLimiter", problems)
        self._url = url
        self._variable = variable
        self._name = name
        self._requests = requests
        self._per = per
        self._place: float | None = None
        self._lock = threading.Lock()  # runs in threads may share it

    def wait(self, now: float) -> float:
        """Reserve a place, or wait for the one that is reserved."""
        with self._lock:
            if self._place is None:
                interval = self._per / self._requests
                wait = float(self._redis().eval(RESERVE, 1, self._key(), interval))
                if wait > 0:
                    self._place = now + wait
                return wait
            if now < self._place:
                return self._place - now
            self._place = None
            # Another process may have been refused meanwhile.
            paused = self._redis().pttl(self._pause_key())
            return paused / 1000 if paused > 0 else 0.0

    def responded(self, headers: Mapping[str, str]) -> None:
        """Do nothing: the rate is fixed."""

    def refused(self, retry_after: float | None, now: float) -> None:
        """Pause all runs."""
        del now
        pause = DEFAULT_PAUSE if retry_after is None else retry_after
        with self._lock:
            self._place = None
        self._redis().eval(PAUSE, 2, self._key(), self._pause_key(), pause)

    def _redis(self) -> _Redis:
        if self._url is not None:
            return _connect(self._url)
        variable = str(self._variable)
        url = os.environ.get(variable)
        if not url:
            raise ConfigurationError(f"RedisRateLimiter: set {variable} in the environment")
        problems = tuple(_url_problems(variable, url))
        if problems:
            raise ConfigurationError("RedisRateLimiter", problems)
        return _connect(url)

    # The braces put both keys into one slot of a cluster.
    def _key(self) -> str:
        return f"tokenkit:rate:{{{self._name}}}"

    def _pause_key(self) -> str:
        return f"{self._key()}:paused"

    def __getstate__(self) -> dict[str, object]:
        if self._url is not None and urlsplit(self._url).password is not None:
            raise TypeError(
                "A RedisRateLimiter with a password in its URL can't be pickled: use "
                "RedisRateLimiter.from_env('REDIS_URL', ...), which sends the variable's name"
            )
        return {
            "url": self._url,
            "variable": self._variable,
            "name": self._name,
            "requests": self._requests,
            "per": self._per,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._set_up(**state)

    def __repr__(self) -> str:
        limit = f"requests={self._requests!r}, per={self._per!r}"
        return f"RedisRateLimiter(name={self._name!r}, {limit})"


def _problems(name: object, requests: object, per: object) -> Iterator[str]:
    if not isinstance(name, str) or not name:
        yield "name must be a non-empty string"
    for argument, value in (("requests", requests), ("per", per)):
        if not isinstance(value, (int, float)) or value is True or not 0 < value < inf:
            yield f"{argument} must be a number above 0, not {value_text(value)}"


def _url_problems(name: str, url: object) -> Iterator[str]:
    # The value isn't shown: it may hold a password.
    if not isinstance(url, str):
        yield f"{name} must be a URL such as 'redis://localhost:6379', not {type_of(url)}"
    elif not url.startswith(("redis://", "rediss://", "unix://")):
        yield f"{name} must be a URL such as 'redis://localhost:6379'"


@lru_cache(maxsize=16)
def _connect(url: str) -> _Redis:
    """Return this process's client; redis-py gives a forked child its own connections."""
    try:
        redis: Any = import_module("redis")
    except ModuleNotFoundError:
        problem = "RedisRateLimiter needs redis-py: python -m pip install redis"
    else:
        client: _Redis = redis.Redis.from_url(url)
        return client
    raise ConfigurationError(problem)
