import os
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

import pytest
from credentials import WRONG_KEY

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    AsyncZeroHashClient,
    AuthenticationError,
    ClientClosedError,
    DeadlineExceeded,
    RateLimitError,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
)
from tokenkit.sandbox import Sandbox
from tokenkit.testing import FrozenClock


def subjects(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(issued.vendor, issued.subject) for issued in sandbox.issued]


def test_sync_clients(
    tokenkit_sandbox: Sandbox,
    zdk_client: ZdkClient,
    zerohash_client: ZeroHashClient,
    strigo_client: StrigoClient,
) -> None:
    """Each client mints at the test's sandbox, which has seen nothing else."""
    zdk_client.create_user_token(id="user-1")
    zerohash_client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    strigo_client.create_user_token(email="a@b.io")
    assert subjects(tokenkit_sandbox) == [
        ("zdk", "user-1"),
        ("zerohash", "CUST01"),
        ("strigo", "a@b.io"),
    ]


@pytest.mark.anyio
async def test_async_clients(
    tokenkit_sandbox: Sandbox,
    async_zdk_client: AsyncZdkClient,
    async_zerohash_client: AsyncZeroHashClient,
    async_strigo_client: AsyncStrigoClient,
) -> None:
    """Each async client mints at the test's sandbox, which has seen nothing else."""
    await async_zdk_client.create_user_token(id="user-1")
    await async_zerohash_client.create_client_auth_token(
        participant_code="CUST01", permissions=["fwc"]
    )
    await async_strigo_client.create_user_token(email="a@b.io")
    assert subjects(tokenkit_sandbox) == [
        ("zdk", "user-1"),
        ("zerohash", "CUST01"),
        ("strigo", "a@b.io"),
    ]


def test_a_retry_takes_no_time(
    tokenkit_sandbox: Sandbox, tokenkit_clock: FrozenClock, strigo_client: StrigoClient
) -> None:
    """The wait that the vendor asks for happens on the frozen clock, and not really."""
    tokenkit_sandbox.fail_next(status=429, retry_after=40)
    begun = time.monotonic()
    strigo_client.create_user_token(email="a@b.io")
    assert tokenkit_clock.sleeps == (40,)
    assert time.monotonic() - begun < 20
    assert [refused.status for refused in tokenkit_sandbox.refused] == [429]


@pytest.mark.anyio
async def test_an_async_retry_takes_no_time(
    tokenkit_sandbox: Sandbox, tokenkit_clock: FrozenClock, async_strigo_client: AsyncStrigoClient
) -> None:
    """The async client waits by the same clock."""
    tokenkit_sandbox.fail_next(status=429, retry_after=40)
    begun = time.monotonic()
    await async_strigo_client.create_user_token(email="a@b.io")
    assert tokenkit_clock.sleeps == (40,)
    assert time.monotonic() - begun < 20


def test_a_wait_beyond_the_deadline(
    tokenkit_sandbox: Sandbox, tokenkit_clock: FrozenClock, strigo_client: StrigoClient
) -> None:
    """The deadline uses the frozen clock as well."""
    tokenkit_sandbox.fail_next(status=429, retry_after=3600)
    with pytest.raises(RateLimitError) as caught:
        strigo_client.create_user_token(email="a@b.io")
    assert caught.value.retry_after == 3600
    assert tokenkit_clock.sleeps == ()


def test_a_real_delay_meets_the_deadline(
    tokenkit_sandbox: Sandbox, strigo_client: StrigoClient
) -> None:
    """A call to a vendor that really hangs ends at the deadline, though the clock stands still."""
    tokenkit_sandbox.fail_next(delay=5)
    with pytest.raises(DeadlineExceeded):
        strigo_client.with_options(deadline=0.1).create_user_token(email="a@b.io")


def test_the_sandbox_goes_by_the_clock(
    tokenkit_sandbox: Sandbox, tokenkit_clock: FrozenClock, zerohash_client: ZeroHashClient
) -> None:
    """Days later on the clock, signatures are still accepted, and tokens end days later."""
    tokenkit_clock.advance(timedelta(days=30).total_seconds())
    token = zerohash_client.create_client_auth_token(
        participant_code="CUST01", permissions=["fwc"]
    )
    assert token.expires_at is not None
    assert token.expires_at > tokenkit_clock.now > datetime.now(timezone.utc) + timedelta(days=29)
    assert tokenkit_sandbox.refused == ()


def test_without_the_clock_time_is_real(tokenkit_sandbox: Sandbox) -> None:
    """A test that doesn't use the clock has a sandbox on the machine's time."""
    before = int(time.time())
    with tokenkit_sandbox.zerohash_client() as client:
        assert before <= client.get_time().time.timestamp() <= time.time()


def test_the_environment(
    tokenkit_environment: Mapping[str, str], tokenkit_sandbox: Sandbox
) -> None:
    """Code that builds its clients from the environment reaches the sandbox."""
    with ZdkClient.from_env() as client:
        client.create_user_token(id="user-1")
    assert subjects(tokenkit_sandbox) == [("zdk", "user-1")]
    assert {name: os.environ[name] for name in tokenkit_environment} == tokenkit_environment


def test_a_wrong_key(tokenkit_sandbox: Sandbox) -> None:
    """The sandbox really checks credentials, and says why it refused."""
    client = ZdkClient(api_key=WRONG_KEY, base_url=tokenkit_sandbox.url)
    with client, pytest.raises(AuthenticationError):
        client.create_user_token(id="user-1")
    (refused,) = tokenkit_sandbox.refused
    assert refused.vendor == "zdk"


LENT: list[AsyncZdkClient] = []


@pytest.mark.anyio
async def test_lend_a_client(async_zdk_client: AsyncZdkClient) -> None:
    """A client works as long as its test, even if it was not used before."""
    await async_zdk_client.create_user_token(id="user-1")
    LENT.append(async_zdk_client)


@pytest.mark.anyio
async def test_a_client_after_its_test(tokenkit_sandbox: Sandbox) -> None:
    """An async client is closed after its test, as sync clients are."""
    for client in LENT:
        with pytest.raises(ClientClosedError):
            await client.create_user_token(id="user-1")
    assert tokenkit_sandbox.issued == ()
