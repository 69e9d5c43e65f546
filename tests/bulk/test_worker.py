"""Runs that are distributed over an executor's workers."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bulk_runs
import pytest
from bulk_runs import learners
from bulk_workers import async_client, factory
from listed_problems import listed_problems
from redis_server import RedisServer

from tokenkit import ConfigurationError, InvalidInputError, StrigoClient, strigo
from tokenkit.bulk import RedisRateLimiter, Worker, distribute
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def test_a_worker_returns_the_results_in_order(sandbox: Sandbox) -> None:
    """A function from calls to results."""
    worker = Worker(factory(sandbox.environment), concurrency=4)
    assert [result.index for result in worker(learners(30))] == list(range(30))
    assert [result.ok for result in worker(list(learners(3)))] == [True] * 3


def test_a_process_keeps_its_client(sandbox: Sandbox) -> None:
    """The factory is called once per process, even if each pickle brings a new copy of it."""
    made: list[StrigoClient] = []

    def remember() -> StrigoClient:
        made.append(sandbox.strigo_client())
        return made[-1]

    worker = Worker(remember)
    for _ in range(3):
        worker(learners(1))
    assert len(made) == 1
    travelled = pickle.loads(pickle.dumps(Worker(factory(sandbox.environment))))  # noqa: S301 - made here
    assert travelled([*learners(1)])[0].ok


def test_a_process_closes_its_clients_at_its_end(sandbox: Sandbox) -> None:
    """A worker's client is closed automatically when its process ends."""
    program = """
        from bulk_runs import learners
        from tokenkit import StrigoClient
        from tokenkit.bulk import Worker

        class Client(StrigoClient):
            def close(self):
                super().close()
                print("closed")

        assert Worker(Client.from_env)([*learners(1)])[0].ok
        print("done")
    """
    support = str(Path(bulk_runs.__file__).parent)
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, **sandbox.environment, "PYTHONPATH": support},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.split() == ["done", "closed"]


def test_what_travels_holds_no_secret() -> None:
    """A worker's pickle has the factory, but neither a client nor its credentials."""
    worker = Worker(StrigoClient.from_env)
    assert repr(worker) == "Worker(StrigoClient.from_env)"
    assert b"from_env" in pickle.dumps(worker)
    with Sandbox() as sandbox, sandbox.strigo_client() as client:
        unfit: Any = client
        with pytest.raises(ConfigurationError, match=r"such as StrigoClient.from_env, not Strigo"):
            Worker(unfit)


def test_a_workers_repr_names_any_factory(sandbox: Sandbox) -> None:
    """Functions and partials have names, or at least a class."""
    assert repr(Worker(sandbox.strigo_client)).endswith("strigo_client)")
    assert repr(Worker(factory({}))) == "Worker(partial)"


def test_none_means_a_workers_default() -> None:
    """A worker's option of ``None`` is the worker's default, not the client's."""
    given: list[dict[str, Any]] = []

    class Recorder:
        def send_many(self, calls: object, **options: Any) -> Any:
            del calls
            given.append(options)
            return nullcontext([])

        def close(self) -> None: ...

    Worker(Recorder, concurrency=None)([])
    Worker(Recorder)([])
    assert [options["concurrency"] for options in given] == [8, 8]


def test_a_worker_checks_its_arguments() -> None:
    """Wrong options and async clients are refused with the fix."""
    wrong: Any = {"concurency": 3}
    text = r"^Worker\(\) got .* argument 'concurency'; did you mean 'concurrency'\?$"
    with pytest.raises(TypeError, match=text):
        Worker(StrigoClient.from_env, **wrong)
    with pytest.raises(ConfigurationError) as caught:
        Worker(StrigoClient.from_env, share=2, concurrency=0)
    concurrency, share = listed_problems(caught.value, "Worker")
    assert concurrency.startswith("concurrency must be a whole number")
    assert share.startswith("share must be above 0")
    unfit: Any = async_client
    with pytest.raises(ConfigurationError, match="must make a sync client, not AsyncStrigo"):
        Worker(unfit)([])


def test_an_error_names_the_worker_that_was_called(sandbox: Sandbox) -> None:
    """Its user never called ``send_many()``, which is how the worker sends."""
    with pytest.raises(ConfigurationError) as caught:
        Worker(factory(sandbox.environment), batch_size=5)(learners(9))
    (problem,) = listed_problems(caught.value, "Worker")
    assert problem.startswith("batch_size: the vendor takes ")
    worker = Worker(factory(sandbox.environment))
    unfit: Any = [7]
    with pytest.raises(InvalidInputError, match=r"^Worker: calls: item 0 must be"):
        worker(unfit)
    with pytest.raises(InvalidInputError, match=r"^UserTokenRequest"):
        worker(strigo.UserTokenRequest(email=email) for email in [""])


def test_threads_share_the_work(sandbox: Sandbox) -> None:
    """Results come in the order of the calls, with their places in the whole run."""
    worker = Worker(factory(sandbox.environment))
    with ThreadPoolExecutor(2) as pool:
        found = list(distribute(worker, learners(95), pool, chunk_size=10, chunks_ahead=3))
    assert [result.index for result in found] == list(range(95))
    assert all(
        result.value.email == f"learner{result.index}@example.com" for result in found if result.ok
    )


def test_processes_share_the_work(sandbox: Sandbox) -> None:
    """Each process makes its own client; the results are sent back."""
    worker = Worker(factory(sandbox.environment))
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = list(distribute(worker, learners(60), pool, chunk_size=10))
    assert [result.index for result in found if result.ok] == list(range(60))


class Recording(ThreadPoolExecutor):
    """Keeps what it was given."""

    futures: list[Future[Any]]

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(function, *args, **kwargs)
        self.futures.append(future)
        return future


def test_leaving_the_loop_cancels_what_has_not_begun(sandbox: Sandbox) -> None:
    """No more calls are taken than are under way, and ``break`` stops the sending."""
    taken: list[int] = []

    def source() -> Iterator[Any]:
        for number, call in enumerate(learners(1000)):
            taken.append(number)
            yield call

    with Recording(1) as pool:
        pool.futures = []
        spread = distribute(
            Worker(factory(sandbox.environment)), source(), pool, chunk_size=5, chunks_ahead=4
        )
        next(spread)
        spread.close()  # type: ignore[attr-defined] # a generator, which Iterator doesn't say
        assert any(future.cancelled() for future in pool.futures)
    assert len(taken) <= 25


@pytest.mark.parametrize(
    ("size", "found"), [(0, "0"), (-1, "-1"), (True, "bool"), (2.5, "2.5"), ("9", "str")]
)
def test_distribute_checks_its_arguments(size: Any, found: str) -> None:
    """The arguments are checked before any call is taken."""
    with pytest.raises(ConfigurationError) as caught:
        distribute(
            Worker(StrigoClient.from_env),
            [],
            ThreadPoolExecutor(1),
            chunk_size=size,
            chunks_ahead=size,
        )
    problem = f"must be a whole number of at least 1, not {found}"
    assert listed_problems(caught.value, "distribute()") == [
        f"chunk_size {problem}",
        f"chunks_ahead {problem}",
    ]


def test_processes_keep_one_limit_together() -> None:
    """With the limit in Redis, two processes get no refusal from a vendor that counts both."""
    with (
        RedisServer() as server,
        Sandbox(strigo_rate_limit=20, strigo_rate_window=1) as sandbox,
        ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        limiter = RedisRateLimiter(server.url, "strigo", requests=15, per=1.0)
        worker = Worker(factory(sandbox.environment), rate_limiter=limiter)
        found = list(distribute(worker, learners(40), pool, chunk_size=10))
    assert all(result.ok for result in found)
    assert len(sandbox.refused) <= 2
