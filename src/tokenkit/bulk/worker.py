"""Many calls on many machines: a picklable worker, and the executors that run it."""

import atexit
import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol, TypeVar

import attrs
from typing_extensions import TypedDict, Unpack

from .._model.call import Call
from .._model.json import type_of
from .._policy.values import check_names, refuse, value_text
from ..errors import ConfigurationError, InvalidInputError, TokenKitError
from .options import BulkOptions, Settings
from .rate_limiter import RateLimiter
from .results import Result
from .sending import SendMany

__all__ = ["BulkClient", "Executor", "Future", "Worker", "WorkerOptions", "distribute"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class BulkClient(Protocol):
    """A sync client."""

    def send_many(self, calls: Iterable[Call[T]], **options: Unpack[BulkOptions]) -> SendMany[T]:
        """Send many calls."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class Future(Protocol[T_co]):
    """A ``concurrent.futures.Future``, or an object like it."""

    def result(self) -> T_co:
        """Wait for the result and return it."""
        ...

    def cancel(self) -> object:
        """Cancel what has not begun."""
        ...


class Executor(Protocol):
    """A ``concurrent.futures.Executor``, or an object like it."""

    @property
    def submit(self) -> Callable[..., Future[Any]]:
        """Schedule a call of a function."""
        ...


class WorkerOptions(TypedDict, total=False):
    """The options of a worker; ``None`` means the default for each of them."""

    rate_limiter: RateLimiter | None
    """The limit that all workers share. Default: each worker follows the limit that the vendor
    reports to it."""

    concurrency: int | None
    """The most requests in flight at once in one worker. Default: 8."""

    share: float | None
    """The part of the vendor's rate limit to use, above 0 and at most 1. Default: 0.9."""

    batch_size: int | None
    """Calls in one request, if the vendor takes several (ZDK). Default: 1."""


class Worker:
    """A function that sends calls with its own process's client.

    It can be pickled, so any engine can run it: only the factory is sent, never a client or a
    secret. Each process makes its client once and keeps it. The results hold the tokens: protect
    them on their way, for example with the cluster's TLS.

    Args:
        factory: Makes the client, such as ``StrigoClient.from_env`` or a ``functools.partial``
            of it. It must be picklable if the worker is sent to other processes.
        **options: See :class:`WorkerOptions`.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(
        self, factory: Callable[[], BulkClient], **options: Unpack[WorkerOptions]
    ) -> None:
        if not callable(factory):
            kind = type_of(factory)
            raise ConfigurationError(
                f"Worker: factory must make a client, such as StrigoClient.from_env, not {kind}"
            )
        check_names("Worker()", options, WorkerOptions)
        Settings.parse({**options}, about="Worker")
        self._factory = factory
        self._options = options
        if options.get("concurrency") is None:
            options["concurrency"] = 8

    def __call__(self, calls: Iterable[Call[T]]) -> list[Result[T]]:
        """Send calls and return their results in the same order.

        Args:
            calls: The calls.

        Raises:
            ConfigurationError: The client cannot be made, or the vendor takes no batches.
            InvalidInputError: An item is not a call.
        """
        client = _client(self._factory)
        try:
            with client.send_many(calls, ordered=True, **self._options) as results:
                return list(results)
        except (ConfigurationError, InvalidInputError) as error:
            _name_worker(error)
            raise

    def __repr__(self) -> str:
        name = getattr(self._factory, "__qualname__", type(self._factory).__name__)
        owner = getattr(self._factory, "__self__", None)
        if isinstance(owner, type):
            name = f"{owner.__name__}.{name.rpartition('.')[2]}"
        return f"Worker({name})"


def _name_worker(error: TokenKitError) -> None:
    """Name the worker, not the method that it calls, in an error about what it was given."""
    called = "send_many()"
    if error.message.startswith(called):
        error.message = f"Worker{error.message.removeprefix(called)}"
        error.args = (error.message,)


@attrs.define
class _Clients:
    """The clients of this process, by what makes them."""

    made: dict[object, BulkClient] = attrs.field(factory=dict[object, BulkClient])
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    def close(self) -> None:
        while self.made:
            self.made.popitem()[1].close()


_clients = _Clients()
atexit.register(_clients.close)


def _client(factory: Callable[[], BulkClient]) -> BulkClient:
    key: object
    try:
        # A partial is a new object each time it arrives, but its pickle is the same.
        key = pickle.dumps(factory)
    except Exception:  # noqa: BLE001 - pickling runs the caller's code; only threads come here
        key = factory
    with _clients.lock:
        client = _clients.made.get(key)
        if client is None:
            client = factory()
            if not hasattr(client, "close"):  # which tells a sync client from an async one
                kind = type_of(client)
                raise ConfigurationError(f"Worker: factory must make a sync client, not {kind}")
            _clients.made[key] = client
    return client


def distribute(
    worker: Callable[[list[Call[T]]], list[Result[T]]],
    calls: Iterable[Call[T]],
    executor: Executor,
    *,
    chunk_size: int = 100,
    chunks_ahead: int = 8,
) -> Iterator[Result[T]]:
    """Send calls with an executor's workers; yield the results in the order of the calls.

    Calls are taken as chunks are done. Leaving the loop cancels the chunks that have not begun.

    Args:
        worker: A :class:`Worker`.
        calls: The calls; they must be picklable if the executor's workers are other processes.
        executor: A ``concurrent.futures`` executor, or one with the same interface: dask's
            ``client.get_executor()``, mpi4py's ``MPIPoolExecutor``, loky's.
        chunk_size: Calls a worker gets at a time.
        chunks_ahead: Chunks in flight, at least as many as there are workers.

    Raises:
        ConfigurationError: ``chunk_size`` or ``chunks_ahead`` is not a whole number, or below 1.
    """
    sizes = {"chunk_size": chunk_size, "chunks_ahead": chunks_ahead}
    refuse("distribute()", {name: _size_problem(size) for name, size in sizes.items()})
    return _distributed(worker, iter(calls), executor, chunk_size, chunks_ahead)


def _size_problem(size: object) -> str | None:
    if isinstance(size, int) and not isinstance(size, bool) and size > 0:
        return None
    return f"must be a whole number of at least 1, not {value_text(size)}"


def _distributed(
    worker: Callable[[list[Call[T]]], list[Result[T]]],
    calls: Iterator[Call[T]],
    executor: Executor,
    chunk_size: int,
    chunks_ahead: int,
) -> Iterator[Result[T]]:
    under_way: deque[Future[list[Result[T]]]] = deque()
    first = 0
    try:
        while True:
            while len(under_way) < chunks_ahead and (chunk := list(islice(calls, chunk_size))):
                under_way.append(executor.submit(worker, chunk))
            if not under_way:
                return
            results = under_way.popleft().result()
            for result in results:
                yield attrs.evolve(result, index=first + result.index)
            first += len(results)
    finally:
        for future in under_way:
            future.cancel()
