"""How bulk runs look to a type checker; never run.

Every ``type: ignore`` marks a wrong use: a checker that lets it pass reports the comment.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor

from typing_extensions import assert_type

from tokenkit import AsyncZdkClient, StrigoClient, TokenKitError, strigo, zdk
from tokenkit.bulk import (
    Failure,
    Progress,
    RedisRateLimiter,
    Success,
    Worker,
    as_rows,
    distribute,
)


def learners() -> Iterator[strigo.UserTokenRequest]:
    yield strigo.UserTokenRequest(email="learner@example.com")


async def users() -> AsyncIterator[zdk.UserTokenRequest]:
    yield zdk.UserTokenRequest(id="1")


def report(progress: Progress) -> None:
    assert_type(progress.left, float | None)


def sync_run(client: StrigoClient) -> None:
    with client.send_many(
        learners(), concurrency=16, journal="j", progress=report, encryption_keys=None
    ) as results:
        for result in results:
            assert_type(result, Success[strigo.UserToken] | Failure[strigo.UserToken])
            match result:
                case Success(value=token):
                    assert_type(token, strigo.UserToken)
                case Failure(error=error):
                    assert_type(error, TokenKitError)
            if result.ok:
                assert_type(result.value, strigo.UserToken)
    assert_type(results.counts.refused, int)
    assert_type(as_rows(results), list[dict[str, str | int | float | bool | None]])
    client.send_many(learners(), concurrency="16")  # type: ignore[arg-type]
    client.send_many(learners(), conurrency=16)  # type: ignore[call-arg]
    client.send_many(users())  # type: ignore[arg-type]


async def async_run(client: AsyncZdkClient) -> None:
    async with client.send_many(users(), batch_size=100) as results:
        async for result in results:
            assert_type(result, Success[zdk.UserToken] | Failure[zdk.UserToken])


def spread(executor: ProcessPoolExecutor) -> None:
    limiter = RedisRateLimiter("redis://localhost", "strigo", requests=54, per=60)
    worker = Worker(StrigoClient.from_env, rate_limiter=limiter)
    assert_type(worker(learners()), list[Success[strigo.UserToken] | Failure[strigo.UserToken]])
    for result in distribute(worker, learners(), executor):
        assert_type(result, Success[strigo.UserToken] | Failure[strigo.UserToken])
    Worker(AsyncZdkClient.from_env)  # type: ignore[arg-type]
