"""How get_token() looks to a type checker; never run.

Every ``type: ignore`` marks a wrong use: a checker that lets it pass reports the comment.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from datetime import timedelta

from typing_extensions import assert_type

from tokenkit import (
    AsyncStrigoClient,
    AsyncZeroHashClient,
    StrigoClient,
    TokenCache,
    ZdkClient,
    ZeroHashClient,
    strigo,
    zdk,
    zerohash,
)
from tokenkit.extension import Statistics
from tokenkit.stores import RedisStore, SqliteStore, Store


def get_tokens(one: StrigoClient, two: ZeroHashClient, three: ZdkClient) -> None:
    learner = strigo.UserTokenRequest(email="a@example.com")
    assert_type(one.get_token(learner), strigo.UserToken)
    assert_type(one.get_token(learner, valid_for=timedelta(minutes=1)), strigo.UserToken)
    participant = zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["a"])
    assert_type(two.get_token(participant), zerohash.ClientAuthToken)
    assert_type(three.get_token(zdk.UserTokenRequest(id="u")), zdk.UserToken)
    one.invalidate_token(learner)
    assert_type(one.token_cache.statistics(), Statistics)
    assert_type(strigo.UserToken.from_json(one.get_token(learner).to_json()), strigo.UserToken)


async def get_tokens_async(one: AsyncStrigoClient, two: AsyncZeroHashClient) -> None:
    learner = strigo.UserTokenRequest(email="a@example.com")
    assert_type(await one.get_token(learner), strigo.UserToken)
    await one.invalidate_token(learner)
    await two.get_token(zerohash.TimeRequest())  # type: ignore[type-var]


def refuse_what_mints_nothing(one: StrigoClient, two: ZeroHashClient, three: ZdkClient) -> None:
    one.get_token(strigo.HealthRequest())  # type: ignore[type-var]
    two.get_token(zerohash.RevokeAuthTokenRequest(token="t"))  # type: ignore[type-var]
    three.get_token(zdk.UserTokensRequest(requests=[]))  # type: ignore[type-var]
    one.get_token("a@example.com")  # type: ignore[arg-type]


def share(store: Store) -> None:
    cache = TokenCache(max_tokens=5, store=store, local_copies_for=timedelta(seconds=5))
    StrigoClient.from_env(token_cache=cache)
    ZdkClient.from_env(token_lifetime=timedelta(minutes=5), token_cache=cache)
    TokenCache(store=SqliteStore("tokens.db", encryption_keys=["key", b"old"]))
    TokenCache(store=RedisStore.from_url("redis://", encryption_keys=["key"]))
    TokenCache(store="tokens.db")  # type: ignore[arg-type]
    ZdkClient.from_env(token_lifetime=300)  # type: ignore[arg-type]
