"""get_token() as programs call it, on every kind of client."""

from __future__ import annotations

import logging
import pickle
import threading
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest.mock import create_autospec

import pytest
from all_clients import REUSABLE, STRIGO_MINT
from credentials import strigo_client, zdk_client
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tokenkit import (
    Hooks,
    StrigoClient,
    TokenCache,
    ZeroHashClient,
    strigo,
    zdk,
    zerohash,
)
from tokenkit.auth import OrgKey
from tokenkit.errors import (
    ClientClosedError,
    ConfigurationError,
    InvalidInputError,
    RateLimitError,
)
from tokenkit.extension import TokenMinted, TokenServed

if TYPE_CHECKING:
    from tokenkit.sandbox import Sandbox

USER = zdk.UserTokenRequest(id="user-1", permissions=[100], metadata={"a": 1})
MINUTES = timedelta(minutes=5)


def test_each_vendor_s_tokens_are_reused(sandbox: Sandbox) -> None:
    """A token is minted once, for equal calls; `create_...` always mints."""
    with (
        sandbox.strigo_client() as one,
        sandbox.zerohash_client() as two,
        sandbox.zdk_client(token_lifetime=MINUTES) as three,
    ):
        first = one.get_token(STRIGO_MINT)
        assert one.get_token(strigo.UserTokenRequest(email=STRIGO_MINT.email)) is first
        assert two.get_token(REUSABLE) is two.get_token(REUSABLE)
        assert three.get_token(USER) is three.get_token(USER)
        assert len(sandbox.issued) == 3
        assert one.create_user_token(email=STRIGO_MINT.email) != first
        assert one.get_token(STRIGO_MINT) is first
        assert one.send(STRIGO_MINT) != first
        statistics = one.token_cache.statistics()
        assert (statistics.hits, statistics.misses, statistics.mints) == (2, 1, 1)


@pytest.mark.anyio
async def test_each_vendor_s_tokens_are_reused_async(sandbox: Sandbox) -> None:
    """It is the same on asyncio and trio."""
    async with (
        sandbox.async_strigo_client() as one,
        sandbox.async_zerohash_client() as two,
        sandbox.async_zdk_client(token_lifetime=MINUTES) as three,
    ):
        assert await one.get_token(STRIGO_MINT) is await one.get_token(STRIGO_MINT)
        first = await two.get_token(REUSABLE)
        assert await two.get_token(REUSABLE) is first
        assert await three.get_token(USER) is await three.get_token(USER)
        assert len(sandbox.issued) == 3
        await two.revoke_client_auth_token(token=first)
        assert await two.get_token(REUSABLE) != first
        second = await one.get_token(STRIGO_MINT)
        await one.invalidate_token(STRIGO_MINT)
        assert await one.get_token(STRIGO_MINT) != second
        assert await one.get_token(STRIGO_MINT, valid_for=timedelta(days=365)) != second


def test_revoked_and_invalidated_tokens_are_minted_again(sandbox: Sandbox) -> None:
    """A revocation ends a token for all clients of the process; an invalidation forgets it."""
    with sandbox.zerohash_client() as one, sandbox.zerohash_client() as two:
        first = one.get_token(REUSABLE)
        two.revoke_client_auth_token(token=first)
        second = one.get_token(REUSABLE)
        assert second != first
        one.invalidate_token(REUSABLE)
        assert one.get_token(REUSABLE) != second
        assert [issued.revoked for issued in sandbox.issued] == [True, False, False]


@pytest.mark.parametrize(
    "permission", ["crypto-withdrawals", "crypto-payouts", "crypto-pay", "fwc", "brand-new"]
)
def test_payments_and_fund_sessions_are_not_reused(sandbox: Sandbox, permission: str) -> None:
    """Tokens that belong to one page view are refused, with the permission and what to call."""
    call = zerohash.ClientAuthTokenRequest(
        participant_code="CUST01", permissions=["crypto-buy", permission]
    )
    with sandbox.zerohash_client() as client:
        with pytest.raises(ConfigurationError) as caught:
            client.get_token(call)
        assert str(caught.value).startswith("ZeroHashClient.get_token(): the permission ")
        assert repr(permission) in str(caught.value)
        assert "create_client_auth_token()" in str(caught.value)
        with pytest.raises(
            ConfigurationError, match=r"^ZeroHashClient\.invalidate_token\(\): the"
        ):
            client.invalidate_token(call)
    assert sandbox.issued == ()


def test_calls_that_mint_nothing_are_refused(sandbox: Sandbox) -> None:
    """The error names a call that isn't reusable, or isn't a call."""
    with sandbox.strigo_client() as client:
        for name in ("get_token", "invalidate_token"):
            method: Any = getattr(client, name)
            called = rf"^StrigoClient\.{name}\(\)"
            with pytest.raises(ConfigurationError, match=f"{called}: HealthRequest is not reus"):
                method(strigo.HealthRequest())
            with pytest.raises(InvalidInputError, match=f"{called}: call must be a call"):
                method(STRIGO_MINT.email)


def test_zdk_needs_a_lifetime(sandbox: Sandbox) -> None:
    """Without `token_lifetime`, ZDK's tokens are not kept, even if another client keeps them."""
    cache = TokenCache()
    with (
        sandbox.zdk_client(token_cache=cache) as without,
        sandbox.zdk_client(token_cache=cache, token_lifetime=MINUTES) as with_lifetime,
    ):
        call = zdk.UserTokenRequest(id="user-1")
        with_lifetime.get_token(call)
        with pytest.raises(ConfigurationError, match="pass token_lifetime="):
            without.get_token(call)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"token_cache": {}}, "token_cache must be a TokenCache"),
        ({"token_lifetime": 300}, "token_lifetime must be a timedelta"),
        ({"token_lifetime": timedelta(0)}, "token_lifetime must be at least one second"),
    ],
)
def test_options_are_checked(options: Any, problem: str) -> None:
    """An option that can't be used shows when the client is created."""
    with pytest.raises(ConfigurationError, match=problem):
        zdk_client(**options)


def test_lifetime_of_a_vendor_that_tells_it_cannot_be_set() -> None:
    """A vendor's tokens state their lifetime, so another one can't be set."""
    with pytest.raises(ConfigurationError, match="Strigo's tokens say how long they live"):
        strigo_client(token_lifetime=MINUTES)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"max_tokens": 0}, "max_tokens must be at least 1, not 0"),
        ({"max_tokens": 2.5}, "max_tokens must be a whole number, not float"),
        ({"max_tokens": True}, "max_tokens must be a whole number, not bool"),
        ({"renew_ahead": 0.7}, "renew_ahead must be from 0 to 0.5, not 0.7"),
        ({"renew_ahead": 10**5000}, "from 0 to 0.5, not an integer of 16610 bits"),
        ({"lock_timeout": None}, "lock_timeout must be a number, not None"),
        ({"renew_ahead": "soon"}, "renew_ahead must be a number, not str"),
        ({"lock_timeout": 0.1}, "lock_timeout must be from 1 to 3600, not 0.1"),
        ({"store": "redis://"}, "store must be a store such as RedisStore"),
        ({"local_copies_for": 5}, "local_copies_for must be a timedelta, not int"),
        ({"local_copies_for": -MINUTES}, "local_copies_for must be at least 0 seconds, not -"),
        ({"max_tokens": 0, "store": 5}, r"^TokenCache has 2 problems:\n- max_tokens .*\n- store "),
    ],
)
def test_settings_of_a_cache_are_checked(settings: Any, problem: str) -> None:
    """All problems are reported at once, each with its setting."""
    with pytest.raises(ConfigurationError, match=problem):
        TokenCache(**settings)


def test_cache_stays_where_it_is() -> None:
    """A cache can't be pickled, and its repr says what it is."""
    cache = TokenCache(max_tokens=5)
    assert repr(cache) == "TokenCache(max_tokens=5)"
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(cache)


def test_closed_client_hands_out_nothing(sandbox: Sandbox) -> None:
    """After close(), a kept token is not handed out."""
    client = sandbox.strigo_client()
    client.get_token(STRIGO_MINT)
    client.close()
    for method in (client.get_token, client.invalidate_token):
        with pytest.raises(ClientClosedError):
            method(STRIGO_MINT)


def test_hooks_are_told_of_every_token(sandbox: Sandbox) -> None:
    """`on_token` is called for mints and for reuse, including the fast path."""
    told: list[object] = []
    with sandbox.strigo_client(hooks=Hooks(on_token=told.append)) as client:
        client.get_token(STRIGO_MINT)
        client.get_token(STRIGO_MINT)
    minted, served = told
    assert minted == TokenMinted(vendor="strigo", operation="create_user_token", reason="missing")
    assert isinstance(served, TokenServed)
    assert served.source == "process"
    assert 0 <= served.age < 60
    assert served.left > 0


def test_debug_log_tells_of_mints_and_shows_no_token(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The debug log has the records, without the token."""
    with caplog.at_level(logging.DEBUG, "tokenkit"), sandbox.strigo_client() as client:
        token = client.get_token(STRIGO_MINT)
    assert "strigo create_user_token: token minted: missing" in caplog.text
    assert token.token not in caplog.text


@pytest.mark.parametrize("asks", [False, True])
def test_token_from_memory_is_not_logged_unless_a_hook_is_told(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, *, asks: bool
) -> None:
    """A hit in the process is only counted, even if a secret source is asked each time."""
    org_id, api_key = (sandbox.environment[f"STRIGO_{name}"] for name in ("ORG_ID", "API_KEY"))
    auth = OrgKey(org_id, (lambda: api_key) if asks else api_key)
    with StrigoClient(auth=auth, base_url=sandbox.environment["STRIGO_BASE_URL"]) as client:
        client.get_token(STRIGO_MINT)
        with caplog.at_level(logging.DEBUG, "tokenkit"):
            client.get_token(STRIGO_MINT)
        assert client.token_cache.statistics().hits == 1
    assert not [one for one in caplog.records if one.name.startswith("tokenkit")]


def test_debug_log_tells_of_reuse_if_a_hook_is_told(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """If a hook gets each token's record, the debug log says where a reused one was kept."""
    hooks = Hooks(on_token=lambda _: None)
    with (
        caplog.at_level(logging.DEBUG, "tokenkit"),
        sandbox.strigo_client(hooks=hooks) as client,
    ):
        token = client.get_token(STRIGO_MINT)
        assert client.get_token(STRIGO_MINT) is token
    assert "strigo create_user_token: token from the process, " in caplog.text
    assert token.token not in caplog.text


def test_errors_are_those_of_a_call(sandbox: Sandbox) -> None:
    """A vendor's refusal is raised as by send(), and is remembered if it is a rate limit."""
    with sandbox.strigo_client() as client:
        sandbox.fail_next(status=429, retry_after=1000)
        for _ in range(3):
            with pytest.raises(RateLimitError) as caught:
                client.get_token(STRIGO_MINT)
            assert caught.value.retry_after == pytest.approx(1000, abs=60)
    assert sandbox.issued == ()


def spans_of(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Let OpenTelemetry pass its spans to the returned exporter."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    get_tracer = create_autospec(trace.get_tracer, return_value=provider.get_tracer("test"))
    monkeypatch.setattr(trace, "get_tracer", get_tracer)
    return exporter


def test_tracing_opens_a_span_for_a_mint_only(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kept token opens no span."""
    exporter = spans_of(monkeypatch)
    with sandbox.strigo_client(tracing=True) as client:
        client.get_token(STRIGO_MINT)
        client.get_token(STRIGO_MINT)
    (span,) = exporter.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 200


@pytest.mark.anyio
async def test_tracing_opens_a_span_for_a_mint_only_async(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the same on async clients."""
    exporter = spans_of(monkeypatch)
    async with sandbox.async_strigo_client(tracing=True) as client:
        await client.get_token(STRIGO_MINT)
        await client.get_token(STRIGO_MINT)
    assert len(exporter.get_finished_spans()) == 1


def test_client_of_no_cache_makes_one(sandbox: Sandbox) -> None:
    """Each client has its own cache; changed copies share it."""
    with sandbox.strigo_client() as one, sandbox.strigo_client() as two:
        assert one.token_cache is one.token_cache
        assert one.with_options(timeout=5).token_cache is one.token_cache
        assert one.token_cache is not two.token_cache
        token = one.get_token(STRIGO_MINT)
        assert one.with_options(timeout=5).get_token(STRIGO_MINT) is token
        assert two.get_token(STRIGO_MINT) != token


def test_one_cache_serves_clients_of_all_vendors(sandbox: Sandbox) -> None:
    """Clients of all vendors may share a cache."""
    cache = TokenCache()
    with (
        sandbox.strigo_client(token_cache=cache) as one,
        ZeroHashClient.from_env(environ=sandbox.environment, token_cache=cache) as two,
    ):
        assert one.get_token(STRIGO_MINT).issuer == "Strigo"
        assert two.get_token(REUSABLE).issuer == "zerohash"
        assert cache.statistics().tokens == 2


@pytest.mark.anyio
async def test_closed_async_client_hands_out_nothing(sandbox: Sandbox) -> None:
    """After aclose(), a kept token is not handed out."""
    client = sandbox.async_strigo_client()
    await client.get_token(STRIGO_MINT)
    await client.aclose()
    for method in (client.get_token, client.invalidate_token):
        with pytest.raises(ClientClosedError):
            await method(STRIGO_MINT)


class FasterThread:
    """A lock that another thread gets first, to make its client's cache under."""

    def __init__(self, lock: Any, client: StrigoClient) -> None:
        self._lock = lock
        self._client = client
        self.caches: list[TokenCache] = []

    def __enter__(self) -> None:
        if not self.caches and threading.current_thread() is threading.main_thread():
            thread = threading.Thread(
                target=lambda: self.caches.append(self._client.token_cache), daemon=True
            )
            thread.start()
            thread.join(10)
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_threads_that_make_a_cache_at_once_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """If another thread was faster, its cache is the client's."""
    tokens = import_module("tokenkit._client.tokens")
    with strigo_client() as client:
        lock = FasterThread(vars(tokens)["_making_cache"], client)
        monkeypatch.setattr(tokens, "_making_cache", lock)
        assert [client.token_cache] == lock.caches
