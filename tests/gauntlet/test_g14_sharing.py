"""G14: 20 threads or 200 tasks on one client: each of thousands of responses is its caller's."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from credentials import async_strigo_client, strigo_client
from network_calls import NO_RETRIES, each_family
from raw_server import RawServer, json_response, responding

from tokenkit import ServerError, strigo

if TYPE_CHECKING:
    from network_calls import Family, Flavour
    from raw_server import RawRequest

# With two families, and the tasks on two event loops: 10,400 calls.
# A busy machine may take a while to connect two hundred.
PATIENCE = 60
THREADS, CALLS_OF_A_THREAD = 20, 200
TASKS, CALLS_OF_A_TASK = 200, 3


def mint_for(number: int) -> strigo.UserTokenRequest:
    return strigo.UserTokenRequest(email=f"user{number}@example.com")


def echo(request: RawRequest) -> bytes:
    """Respond with the request's e-mail, in a token or, for every tenth one, in an error."""
    body: dict[str, Any] = request.json()
    email: str = body["email"]
    if email.partition("@")[0].endswith("7"):
        return json_response({"message": f"sorry, {email}"}, 503)
    data = {"token": f"for {email}", "user_id": email}
    return json_response({"result": "success", "data": data})


def answer_of(number: int, token: strigo.UserToken | ServerError) -> str:
    """Say what is wrong with a response; an empty string if nothing is."""
    email = f"user{number}@example.com"
    if number % 10 == 7:
        fits = isinstance(token, ServerError) and email in str(token.body)
    else:
        fits = not isinstance(token, ServerError) and (
            (token.token, token.user_id, token.email) == (f"for {email}", email, email)
        )
    return "" if fits else f"{email} got {token!r}"


@each_family
def test_twenty_threads_share_a_client(family: Family) -> None:
    """4,000 calls from 20 threads get their own responses, over at most 20 connections."""
    start = threading.Barrier(THREADS)

    def call_often(first: int) -> list[str]:
        start.wait()
        return [call(number) for number in range(first, first + CALLS_OF_A_THREAD)]

    def call(number: int) -> str:
        try:
            return answer_of(number, client.send(mint_for(number)))
        except ServerError as error:
            return answer_of(number, error)

    with (
        RawServer(responding(echo)) as server,
        strigo_client(
            server.url, http_family=family, retry=NO_RETRIES, timeout=PATIENCE
        ) as client,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        firsts = range(0, THREADS * CALLS_OF_A_THREAD, CALLS_OF_A_THREAD)
        problems = [problem for found in threads.map(call_often, firsts) for problem in found]
        assert [*filter(None, problems)] == []
        assert len(problems) == len(server.requests) == THREADS * CALLS_OF_A_THREAD
        # A connection that was idle for long is closed when it is due, and may be replaced.
        server.wait_for(lambda: server.connections - server.ended <= THREADS)
        client.close()
        server.wait_all_closed()


@each_family
@pytest.mark.parametrize("flavour", ["asyncio", "trio"])
def test_two_hundred_tasks_share_a_client(flavour: Flavour, family: Family) -> None:
    """600 calls from 200 tasks get their own responses, over at most 100 connections."""
    problems: list[str] = []

    async def main() -> None:
        async with (
            async_strigo_client(
                server.url, http_family=family, retry=NO_RETRIES, timeout=PATIENCE
            ) as client,
            anyio.create_task_group() as tasks,
        ):

            async def call_often(first: int) -> None:
                numbers = range(first, first + CALLS_OF_A_TASK)
                problems.extend([await call(number) for number in numbers])

            async def call(number: int) -> str:
                try:
                    return answer_of(number, await client.send(mint_for(number)))
                except ServerError as error:
                    return answer_of(number, error)

            for first in range(0, TASKS * CALLS_OF_A_TASK, CALLS_OF_A_TASK):
                tasks.start_soon(call_often, first)

    with RawServer(responding(echo)) as server:
        anyio.run(main, backend=flavour)
        assert [*filter(None, problems)] == []
        assert len(problems) == len(server.requests) == TASKS * CALLS_OF_A_TASK
        assert server.connections <= 100
        server.wait_all_closed()
