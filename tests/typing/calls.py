"""How the clients' calls look to a type checker; never run.

Every ``type: ignore`` marks a wrong use: a checker that lets it pass reports the comment.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from typing_extensions import assert_type

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    AsyncZeroHashClient,
    Call,
    Reply,
    RetryPolicy,
    StrigoClient,
    Timeouts,
    ZdkClient,
    ZeroHashClient,
    strigo,
    zdk,
    zerohash,
)
from tokenkit.extension import JSON


def sync_calls(
    strigo_client: StrigoClient, zdk_client: ZdkClient, zerohash_client: ZeroHashClient
) -> None:
    learner = strigo_client.create_user_token(
        email="user1@example.com", groups=["a"], expiration=timedelta(days=1)
    )
    assert_type(learner, strigo.UserToken)
    assert_type(learner.token, str)
    assert_type(learner.expires_at, datetime | None)
    assert_type(learner.to_sdk_setup(), strigo.SdkSetup)
    assert_type(strigo_client.check_health(), strigo.Health)

    user = zdk_client.create_user_token(id="1", permissions=[100, "chat"], metadata={"a": [1]})
    assert_type(user, zdk.UserToken)
    users = zdk_client.create_user_tokens(requests=[zdk.UserTokenRequest(id="1")])
    assert_type(users, tuple[zdk.UserToken, ...])

    token = zerohash_client.create_client_auth_token(
        participant_code="CUST01",
        permissions=[zerohash.Permission.FWC, "one-that-came-later"],
        payment_details=zerohash.PaymentDetails(
            purchase_amount=Decimal("1.50"), denominated_currency="USD"
        ),
    )
    assert_type(token, zerohash.ClientAuthToken)
    assert_type(token.unverified_claims, Mapping[str, JSON])
    assert_type(token.permissions, tuple[str, ...])
    assert_type(token.payment_id, str | None)
    zerohash_client.revoke_client_auth_token(token=token)
    zerohash_client.revoke_client_auth_token(token="a.b.c")
    assert_type(zerohash_client.get_time(), zerohash.ServerTime)


async def async_calls(
    strigo_client: AsyncStrigoClient,
    zdk_client: AsyncZdkClient,
    zerohash_client: AsyncZeroHashClient,
) -> None:
    waiting: Coroutine[Any, Any, strigo.UserToken] = strigo_client.create_user_token(
        email="user1@example.com"
    )
    assert_type(await waiting, strigo.UserToken)
    assert_type(await zdk_client.create_user_token(id="1"), zdk.UserToken)
    assert_type(await zerohash_client.get_time(), zerohash.ServerTime)
    assert_type(await zdk_client.send(zdk.UserTokenRequest(id="1")), zdk.UserToken)


def wrong_calls(
    strigo_client: StrigoClient, zdk_client: ZdkClient, zerohash_client: ZeroHashClient
) -> None:
    strigo_client.create_user_token()  # type: ignore[call-arg] # the e-mail is missing
    strigo_client.create_user_token(emial="a@b.c")  # type: ignore[call-arg] # misspelt
    strigo_client.create_user_token("a@b.c")  # type: ignore[call-arg] # keywords only
    strigo_client.create_user_token(email=1)  # type: ignore[arg-type] # a number
    strigo_client.create_user_token(
        email="a@b.c",
        expiration=3600,  # type: ignore[arg-type] # a bare number says neither unit nor start
    )
    zdk_client.create_user_token(id="1", permissions=100)  # type: ignore[arg-type] # not a list
    zdk_client.create_user_tokens(requests=["1"])  # type: ignore[list-item] # not requests
    zerohash_client.create_client_auth_token(participant_code="CUST01")  # type: ignore[call-arg] # what for?
    zerohash_client.create_client_auth_token(
        permissions=["crypto-pay"],
        payment_details={"purchase_amount": "1"},  # type: ignore[arg-type] # a class is wanted
    )
    zerohash.PaymentDetails(
        purchase_amount=1.5,  # type: ignore[arg-type] # a float loses digits
        denominated_currency="USD",
    )
    zerohash_client.revoke_client_auth_token(token=1)  # type: ignore[arg-type] # no token


def methods_of_classes(client: StrigoClient) -> None:
    assert_type(StrigoClient.create_user_token(client, email="a@b.c"), strigo.UserToken)
    StrigoClient.create_user_token(client, emial="a@b.c")  # type: ignore[call-arg] # misspelt


def models_and_replies(client: StrigoClient, policy: RetryPolicy) -> None:
    request = strigo.UserTokenRequest(email="user1@example.com")
    call: Call[strigo.UserToken] = request
    assert_type(client.send(call), strigo.UserToken)
    assert_type(client.send(request, deadline=None, retry=policy), strigo.UserToken)
    assert_type(client.send_raw(request, request_id="1"), Reply[strigo.UserToken])
    assert_type(client.send_raw(request).value, strigo.UserToken)
    assert_type(client.request("GET", "/health").value, JSON)
    assert_type(client.with_options(timeout=Timeouts(read=1.0)), StrigoClient)
    client.send("/health")  # type: ignore[arg-type] # not a call
    client.send(request, retries=3)  # type: ignore[call-arg] # no such option
    client.with_options(base_url="https://example.com")  # type: ignore[call-arg] # another origin
    request.email = "user2@example.com"  # type: ignore[misc] # frozen
