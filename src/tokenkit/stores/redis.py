"""The store for many machines: Redis or Valkey."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

from typing_extensions import Self

from .._model.frames import ForgetsArguments, forget_arguments
from .._model.json import type_of
from .._reuse.commands import Command, Sealing, StoreResponse
from .._reuse.sealing import EncryptionKey, sealing_of
from .._secret import Secret
from ..errors import ConfigurationError, StoreError
from .loops import PerLoop
from .redis_clients import (
    AsyncSender,
    CoredisSender,
    Sender,
    errors_of,
    is_async,
    is_coredis,
    perform,
    perform_async,
    timeout_problem,
)
from .redis_commands import Names, exchange
from .threads import in_thread

__all__ = ["RedisStore"]

TIMEOUT = 0.25


class RedisStore(metaclass=ForgetsArguments):
    """Shares tokens among machines through Redis or Valkey.

    Usually created with :meth:`from_url`. You can also pass your own Redis client: a sync one
    serves tokenkit's sync clients directly and its async clients from worker threads; an async
    one serves async clients only.

    Args:
        client: A client of redis-py or valkey-py (sync or asyncio; for a single server, a cluster
            or Sentinel), or of coredis (asyncio and trio). The store never closes it. A sync
            client needs a ``socket_timeout``.
        encryption_keys: Fernet keys, the newest first: see
            :class:`~tokenkit.stores.FernetSealing`.
        allow_unencrypted: Store tokens unencrypted: anyone who can read the store can use them.
        prefix: The prefix of all key names.

    Raises:
        ConfigurationError: The client, a key or the prefix is invalid.
    """

    def __init__(
        self,
        client: object,
        *,
        encryption_keys: Sequence[EncryptionKey] | None = None,
        allow_unencrypted: bool = False,
        prefix: str = "tokenkit",
    ) -> None:
        problems = _problems(encryption_keys, prefix, allow_unencrypted=allow_unencrypted)
        try:
            self._errors = errors_of(client)
        except ConfigurationError as error:
            problems += error.problems
        else:
            timeout = None if is_async(client) else timeout_problem(client)
            problems += [] if timeout is None else [timeout]
        if problems:
            raise ConfigurationError("RedisStore", problems)
        self.sealing: Sealing = sealing_of(encryption_keys, allow_unencrypted=allow_unencrypted)
        self._names = Names(prefix)
        self._sync: Sender | None = None if is_async(client) else Sender(client)
        self._async: AsyncSender | CoredisSender | None = None
        if is_async(client):
            make = CoredisSender if is_coredis(client) else AsyncSender
            self._async = make(client)
        self._of_loop: PerLoop[tuple[Any, AsyncSender]] | None = None

    @classmethod
    def from_url(
        cls,
        url: str | Secret,
        *,
        encryption_keys: Sequence[EncryptionKey] | None = None,
        allow_unencrypted: bool = False,
        prefix: str = "tokenkit",
    ) -> Self:
        """Make a store from a URL such as ``rediss://user:password@host:6380/0``.

        The store opens its own connections, for threads and for each asyncio event loop.

        Args:
            url: The URL, in redis-py's form.
            encryption_keys: Fernet keys, the newest first.
            allow_unencrypted: Store tokens unencrypted.
            prefix: The prefix of all key names.

        Raises:
            ConfigurationError: The URL or a key is invalid, or redis-py is not installed.
        """
        try:
            return cls._from_url(
                Secret(url) if isinstance(url, str) else url,
                encryption_keys=encryption_keys,
                allow_unencrypted=allow_unencrypted,
                prefix=prefix,
            )
        except BaseException as error:
            del url, encryption_keys  # error reports show this frame
            forget_arguments(error)
            raise

    @classmethod
    def _from_url(cls, url: object, **options: Any) -> Self:
        try:
            redis: Any = import_module("redis")
            redis_asyncio: Any = import_module("redis.asyncio")
            no_backoff: Any = import_module("redis.backoff").NoBackoff
        except ModuleNotFoundError:
            raise ConfigurationError(
                "RedisStore.from_url needs redis-py: install tokenkit-sdk[redis]"
            ) from None
        # The server may have closed a pooled connection in the meantime; a timeout is final.
        supported = (redis.ConnectionError,)
        limits: dict[str, Any] = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
        retry = redis.retry.Retry(no_backoff(), 1, supported_errors=supported)
        client: Any = None
        with suppress(ValueError):
            client = redis.Redis.from_url(_text(url), retry=retry, **limits)
        if client is None:
            kind = "" if isinstance(url, Secret) else f", not {type_of(url)}"
            problem = f"url must be like redis://host:6379/0, rediss://... or unix://...{kind}"
            raise ConfigurationError("RedisStore", [problem, *_problems(**options)])
        store = cls(client, **options)

        def open_one() -> tuple[Any, AsyncSender]:
            again = redis_asyncio.retry.Retry(no_backoff(), 1, supported_errors=supported)
            # The caller limits the time: redis-py's own timer would take a busy event loop for a
            # server that hangs.
            opened = redis_asyncio.Redis.from_url(
                _text(url), retry=again, socket_timeout=None, socket_connect_timeout=None
            )
            return opened, AsyncSender(opened)

        async def close(opened: tuple[Any, AsyncSender]) -> None:
            await opened[0].aclose()

        store._of_loop = PerLoop(open_one, close)
        return store

    def ask(self, command: Command) -> StoreResponse:
        """Carry out a command; return the response.

        Raises:
            StoreError: Redis is down, too slow, out of memory or read-only.
            ConfigurationError: The store was made with an async client.
        """
        if self._sync is None:
            raise ConfigurationError(
                "RedisStore: a sync client can't use a store with an async Redis client; pass a "
                "sync one, or use RedisStore.from_url"
            )
        try:
            return perform(exchange(self._names, command), self._sync.send)
        except self._errors as error:
            raise StoreError(f"RedisStore: {type(error).__name__}") from error

    async def ask_async(self, command: Command) -> StoreResponse:
        """Carry out a command; return the response.

        Raises:
            StoreError: As for :meth:`ask`.
        """
        sender = self._async
        try:
            if self._of_loop is not None and _on_asyncio():
                _, sender = await self._of_loop.get()
            if sender is not None:
                return await perform_async(exchange(self._names, command), sender.send)
        except self._errors as error:
            raise StoreError(f"RedisStore: {type(error).__name__}") from error
        return await in_thread(self.ask, command)

    async def aclose(self) -> None:
        """Close the connections that :meth:`from_url` has open in the running event loop."""
        if self._of_loop is not None and _on_asyncio():
            await self._of_loop.aclose()

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._names.prefix!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A RedisStore can't be pickled; create one in each process, for example with "
            "RedisStore.from_url()"
        )


def _problems(encryption_keys: Any, prefix: object, *, allow_unencrypted: Any) -> list[str]:
    """Return what is wrong with a store's arguments but the client."""
    problems: list[str] = []
    try:
        sealing_of(encryption_keys, allow_unencrypted=allow_unencrypted)
    except ConfigurationError as error:
        problems += error.problems
    if not isinstance(prefix, str) or not prefix:
        problems.append("prefix must be a non-empty string")
    return problems


def _text(url: object) -> str:
    """Return a URL for redis-py, which refuses an empty one."""
    return url.reveal() if isinstance(url, Secret) else ""


def _on_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
