import copy
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from operator import methodcaller
from typing import Any

import attrs
import pytest
from vendors_support import copies, jwt_of

from tokenkit import (
    InvalidInputError,
    extension,
    strigo,
    zdk,
    zerohash,
)

ENDS = datetime(2030, 1, 1, tzinfo=timezone.utc)
JWT = jwt_of({"exp": int(ENDS.timestamp()), "jti": "1"})


jupyter_repr: Callable[[object], str] = methodcaller("_repr_html_")


def zdk_token() -> zdk.UserToken:
    return zdk.UserToken(token="zdk-secret-token", user_id="user-1")


def zerohash_token() -> zerohash.ClientAuthToken:
    return zerohash.ClientAuthToken(token=JWT, participant_code="CUST01", payment_id="p-1")


def strigo_token() -> strigo.UserToken:
    return strigo.UserToken(
        token="strigo-secret-token", user_id="u", expiration=ENDS, email="<a>@b.io"
    )


TOKENS = pytest.mark.parametrize("make", [zdk_token, zerohash_token, strigo_token])
Make = Callable[[], extension.IssuedToken]


@TOKENS
def test_no_repr_shows_the_token(make: Make) -> None:
    """Neither repr, str nor Jupyter's repr holds the token."""
    token = make()
    for shown in (repr(token), str(token), f"{token}", jupyter_repr(token)):
        assert token.token not in shown
        assert token.token[:12] not in shown


def test_reprs() -> None:
    """A repr says who the token is for, and how long it is valid."""
    assert repr(zdk_token()) == "UserToken(user_id='user-1', unknown lifetime)"
    shown = repr(zerohash_token())
    assert shown.startswith(
        "ClientAuthToken(deposit_intent_id=None, payment_id='p-1', participant_code='CUST01', "
        "email=None, environment=None, "
    )
    assert shown.endswith(" left)")


def test_jupyter_repr() -> None:
    """Jupyter shows issuer, class, subject and time left, escaped."""
    lasting = strigo.UserToken(
        token="t",
        email="<a>@b.io",
        expiration=datetime.now(timezone.utc) + timedelta(days=2, minutes=1),
    )
    shown = jupyter_repr(lasting)
    assert shown.startswith("<code>Strigo · UserToken · &lt;a&gt;@b.io · 2 days, 0:0")
    assert shown.endswith(" left</code>")
    ended = strigo.UserToken(token="t", email="", expiration=ENDS - timedelta(days=9999))
    assert jupyter_repr(ended) == "<code>Strigo · UserToken · unknown subject · expired</code>"
    assert jupyter_repr(zdk_token()) == "<code>ZDK · UserToken · user-1 · unknown lifetime</code>"


@TOKENS
def test_copies(make: Make) -> None:
    """Pickling and copying keep everything, including the token and its hash."""
    token = make()
    for again in copies(token):
        assert again == token
        assert hash(again) == hash(token)
        assert again.token == token.token


@TOKENS
def test_equality_and_hash(make: Make) -> None:
    """Equality includes everything; the hash covers the token and its issuer."""
    token = make()
    richer = attrs.evolve(token, extra={"plan": ["a"]})
    assert token == make()
    assert token != richer
    assert hash(token) == hash(richer)
    assert len({token, make(), richer}) == 2
    assert hash(attrs.evolve(token, token="other")) != hash(token)


def test_issuers_tell_tokens_apart() -> None:
    """The same text from two vendors is two tokens."""
    first, second = zdk.UserToken(token="same"), strigo.UserToken(token="same")
    assert hash(first) != hash(second)
    assert len({first, second}) == 2


@TOKENS
def test_tokens_are_frozen(make: Make) -> None:
    """A token cannot be changed, and has no dict to add attributes to."""
    token: Any = make()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        token.token = "other"
    assert not hasattr(token, "__dict__")


def test_issuers_and_subjects() -> None:
    """Every token says who issued it and whom it identifies."""
    tokens = (zdk_token(), zerohash_token(), strigo_token())
    assert [(token.issuer, token.subject) for token in tokens] == [
        ("ZDK", "user-1"),
        ("zerohash", "CUST01"),
        ("Strigo", "<a>@b.io"),
    ]


@pytest.mark.parametrize("make", [zerohash_token, strigo_token])
def test_expiry(make: Make) -> None:
    """A token expires at its expiry, or ``leeway`` seconds earlier."""
    token = make()
    second = timedelta(seconds=1)
    assert token.expires_at == ENDS
    assert [token.is_expired(ENDS + step) for step in (-second, 0 * second, second)] == [
        False,
        True,
        True,
    ]
    assert token.is_expired(ENDS - 5 * second, leeway=5)
    assert not token.is_expired(ENDS - 6 * second, leeway=5)
    east = timezone(timedelta(hours=5))
    assert not token.is_expired((ENDS - second).astimezone(east))


def test_expiry_by_now() -> None:
    """Without a time, the current time is used."""
    now = datetime.now(timezone.utc)
    assert strigo.UserToken(token="t", expiration=now).is_expired()
    later = strigo.UserToken(token="t", expiration=now + timedelta(hours=1))
    assert not later.is_expired()
    assert later.is_expired(leeway=3601)


def test_unknown_expiry() -> None:
    """A token whose end is unknown does not count as expired."""
    assert zdk_token().expires_at is None
    assert not zdk_token().is_expired(datetime(9999, 12, 31, tzinfo=timezone.utc))


@TOKENS
def test_naive_time(make: Make) -> None:
    """A time without a zone is refused, even if the end is unknown."""
    naive = ENDS.replace(tzinfo=None)
    with pytest.raises(InvalidInputError) as caught:
        make().is_expired(naive)
    assert str(caught.value) == ("is_expired(): at must be a datetime with a time zone")


def test_plain_issued_token() -> None:
    """A vendor's token without a subject and an end shows just that."""
    token = extension.IssuedToken(token="t0ken")
    assert (token.subject, token.expires_at, token.issuer) == (None, None, "")
    assert "unknown subject · unknown lifetime" in jupyter_repr(token)


REQUESTS: list[extension.RequestModel] = [
    zdk.UserTokenRequest(id="u", metadata={"a": ["b"]}, permissions=[100, "X"], extra={"x": 1}),
    zdk.UserTokensRequest(requests=[zdk.UserTokenRequest(id="u")]),
    strigo.UserTokenRequest(email="a@b.io", expiration=timedelta(days=1), groups=["g"]),
    strigo.HealthRequest(),
    zerohash.TimeRequest(),
    zerohash.RevokeAuthTokenRequest(token=zerohash_token()),
    zerohash.ClientAuthTokenRequest(
        participant_code="CUST01",
        permissions=[zerohash.Permission.FWC, "crypto-lending"],
        withdrawal_details=zerohash.WithdrawalDetails(withdrawal_request_amount="1.50"),
        deposit_details=zerohash.DepositDetails(deposit_amount=5),
        payment_details=zerohash.PaymentDetails(purchase_amount="1", denominated_currency="USD"),
        client_device_info=zerohash.ClientDeviceInfo(ip_address="203.0.113.9", location="US-IL"),
        custom_fees_and_spreads=zerohash.CustomFeesAndSpreads(
            crypto_buy=zerohash.FeesAndSpread(spread_bps=1, fees=[zerohash.Fee(amount=1)])
        ),
    ),
]
ANSWERS = [
    strigo.Health(status="ok", message="Healthy", extra={"up": 1}),
    zerohash.ServerTime(time=ENDS, extra={"epoch_units": "seconds"}),
]


@pytest.mark.parametrize("value", [*REQUESTS, *ANSWERS], ids=lambda value: type(value).__name__)
def test_copies_of_models(value: object) -> None:
    """Every request and every response pickles and copies to an equal value."""
    for again in copies(value):
        assert again == value
        assert type(again) is type(value)
    assert not hasattr(value, "__dict__")


def test_permissions_are_texts() -> None:
    """An enum member is kept as its value, so that requests compare by what is sent."""
    call = REQUESTS[-1]
    assert isinstance(call, zerohash.ClientAuthTokenRequest)
    assert call.permissions == ("fwc", "crypto-lending")
    assert [type(permission) for permission in call.permissions] == [str, str]


def test_deep_copies_share_nothing() -> None:
    """A deep copy has its own mapping."""
    call = zdk.UserTokenRequest(id="u", metadata={"a": []})
    again = copy.deepcopy(call)
    assert again.metadata is not call.metadata


def test_revocation_does_not_show_the_token() -> None:
    """The request that revokes a token does not show it either."""
    call = zerohash.RevokeAuthTokenRequest(token=JWT)
    assert repr(call) == "RevokeAuthTokenRequest()"
