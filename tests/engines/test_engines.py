"""Bulk runs on engines outside this package: dask, Celery, Ray, loky."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from bulk_runs import learners
from bulk_workers import factory
from redis_server import RedisServer

from tokenkit.bulk import RedisRateLimiter, Worker, distribute
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

# Starting an engine takes longer than what it shows depends on a version of Python.
pytestmark = pytest.mark.skipif(
    sys.version_info[:2] != (3, 13), reason="engines are tried on Python 3.13 alone"
)


def needs(package: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(package) is None
    return pytest.mark.skipif(missing, reason=f"{package} is not installed")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(strigo_rate_limit=30, strigo_rate_window=1) as sandbox:
        yield sandbox


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@needs("distributed")
@pytest.mark.filterwarnings("ignore")  # dask's own
def test_a_dask_cluster_shares_the_work_and_the_limit(
    sandbox: Sandbox, redis: RedisServer
) -> None:
    """It works through ``get_executor()`` and as a bag, on two workers with one limit in Redis."""
    bags, distributed = import_module("dask.bag"), import_module("dask.distributed")
    limiter = RedisRateLimiter(redis.url, "strigo", requests=25, per=1.0)
    worker = Worker(factory(sandbox.environment), rate_limiter=limiter)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        spread = list(distribute(worker, learners(50), client.get_executor(), chunk_size=10))
        bag = bags.from_sequence(list(learners(10, 50)), partition_size=5)
        in_bag = bag.map_partitions(worker).compute()
    assert [result.index for result in spread if result.ok] == list(range(50))
    assert [result.ok for result in in_bag] == [True] * 10
    assert len(sandbox.refused) <= 2
    assert len(sandbox.issued) == 60


CELERY = """
from celery import Celery
from tokenkit import StrigoClient, strigo
from tokenkit.bulk import Worker, as_rows

import os
app = Celery("mints", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.broker_connection_retry_on_startup = True

@app.task
def mint(emails):
    calls = [strigo.UserTokenRequest(email=email) for email in emails]
    return as_rows(Worker(StrigoClient.from_env)(calls))
"""


@needs("celery")
def test_a_celery_task_mints_with_a_redis_broker(
    sandbox: Sandbox, redis: RedisServer, tmp_path: Any
) -> None:
    """A prefork worker mints; the broker gets only JSON without a token."""
    (tmp_path / "mints.py").write_text(CELERY, "utf-8")
    broker = f"redis+socket://{redis.path}"
    environment = {**os.environ, **sandbox.environment, "BROKER": broker}
    program = (
        "import mints\n"
        "emails = [f'learner{n}@example.com' for n in range(10)]\n"
        "rows = mints.mint.delay(emails).get(timeout=60)\n"
        "assert [row['email'] for row in rows if row['ok']] == emails, rows\n"
        "assert 'token' not in rows[0]\n"
    )
    worker = [sys.executable, "-m", "celery", "-A", "mints", "worker", "--concurrency", "1"]
    with subprocess.Popen(
        [*worker, "--loglevel", "ERROR", "--without-gossip", "--without-mingle"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            subprocess.run(
                [sys.executable, "-c", program],
                cwd=tmp_path,
                env=environment,
                check=True,
                timeout=90,
            )
        finally:
            process.terminate()
    with redis.client as client:
        raw: Any = client
        strings = [key for key in raw.keys("*") if raw.type(key) == b"string"]
        kept = b"".join(raw.get(key) or b"" for key in strings)
    assert len(sandbox.issued) == 10
    assert b"learner9@example.com" in kept
    assert not [issued for issued in sandbox.issued if issued.token.encode() in kept]


@needs("ray")
def test_ray_data_maps_batches_of_calls(sandbox: Sandbox) -> None:
    """A worker can be the function of ``map_batches``."""
    program = """
import ray
from bulk_runs import learners
from bulk_workers import factory
from tokenkit.bulk import Worker
import os

environment = {name: text for name, text in os.environ.items() if name.startswith("STRIGO")}
worker = Worker(factory(environment))
ray.init(num_cpus=1, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
items = ray.data.from_items([{"call": call} for call in learners(10)])
rows = items.map_batches(lambda batch: {"result": worker(batch["call"])}).take_all()
assert [row["result"].ok for row in rows] == [True] * 10
"""
    support = os.path.dirname(sys.modules["bulk_workers"].__file__ or "")  # noqa: PTH120 - a string
    environment = {**os.environ, **sandbox.environment, "PYTHONPATH": support}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=180)
    assert len(sandbox.issued) == 10


@needs("loky")
def test_loky_shares_the_work(sandbox: Sandbox) -> None:
    """An executor that pickles with cloudpickle."""
    executor = import_module("loky").get_reusable_executor(max_workers=2)
    worker = Worker(factory(sandbox.environment))
    try:
        found = list(distribute(worker, learners(20), executor, chunk_size=5))
    finally:
        executor.shutdown(wait=True)
    assert [result.index for result in found if result.ok] == list(range(20))
