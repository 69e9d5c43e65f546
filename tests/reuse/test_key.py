"""The tenant test: two callers whose requests differ must never share a token."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

import attrs
import pytest
from all_clients import STRIGO_MINT
from reuse_world import Vendor, World

from tokenkit import Secret, strigo, zdk, zerohash
from tokenkit._model.messages import Headers
from tokenkit._pipeline.prepare import Plan
from tokenkit._policy.retry import RetryBudget
from tokenkit._policy.settings import CallSettings
from tokenkit._reuse.key import exact_values, identity_of, key_of, reader_of
from tokenkit.auth import Bearer, OrgKey
from tokenkit.errors import InvalidInputError
from tokenkit.extension import JSON, AsyncStrategy, Call, IssuedToken, Request
from tokenkit.zdk.profile import PROFILE as ZDK

NOW = 1_800_000_000.0
AT = datetime.fromtimestamp(NOW, timezone.utc)


class TenantKey:
    """Sends a tenant that isn't in its secrets."""

    uses_time = False

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.secrets = (Secret("shared-key"),)

    def headers(
        self,
        request: Request,  # noqa: ARG002 - what it adds stands beside the request
        secrets: Sequence[Secret],
        now: float,  # noqa: ARG002 - as above
    ) -> Mapping[str, str]:
        return {"authorization": secrets[0].reveal(), "x-tenant": self.tenant}


def identity(
    *secrets: str,
    origin: str = "https://api.example.com",
    base_path: str = "",
    headers: Mapping[str, str] | None = None,
    strategy: AsyncStrategy | None = None,
) -> bytes:
    """Return the identity of a caller with these secrets."""
    plan = Plan(
        profile=ZDK,
        origin=origin,
        base_path=base_path,
        settings=CallSettings(headers=Headers(headers or {})),
        strategy=strategy or Bearer("unused"),
        budget=RetryBudget(),
    )
    found = identity_of(plan, [Secret(secret) for secret in secrets])
    assert isinstance(found, bytes)
    return found


def exact(call: Call[Any]) -> tuple[object, ...] | None:
    """Return a call's values if they are exact."""
    return exact_values(call, reader_of(type(call)))


def learner(**fields: Any) -> strigo.UserTokenRequest:
    """Return a mint for one learner."""
    return strigo.UserTokenRequest(email="one@example.com", **fields)


def user(**fields: Any) -> zdk.UserTokenRequest:
    """Return a mint for one user."""
    return zdk.UserTokenRequest(id="u-1", **fields)


def test_callers_have_identities_of_their_own() -> None:
    """Other credentials, another address or another client header mean another caller."""
    callers = [
        identity("a"),
        identity("b"),
        identity("a", "b"),
        identity("ab"),
        identity("a", ""),
        identity(),
        identity("a", origin="https://api.example.org"),
        identity("a", base_path="/v1"),
        identity("a", headers={"x-tenant": "1"}),
        identity("a", headers={"x-tenant": "2"}),
        identity("a", headers={"x-tenan": "t1"}),
        identity("a", strategy=OrgKey("unused", "unused")),
        identity("a", strategy=TenantKey("one")),
        identity("a", strategy=TenantKey("two")),
    ]
    assert len(set(callers)) == len(callers)
    assert identity("a", headers={"A": "1", "b": "2"}) == identity(
        "a", headers={"B": "2", "a": "1"}
    )


DIFFERENT: list[tuple[str, Sequence[Call[Any]]]] = [
    ("e-mails", [learner(), strigo.UserTokenRequest(email="two@example.com")]),
    ("names", [learner(), learner(name=""), learner(name="One"), learner(external_user_id="One")]),
    ("groups", [learner(groups=[]), learner(groups=["a", "b"]), learner(groups=["a,b"])]),
    (
        "extra",
        [
            learner(),
            learner(extra={"new": True}),
            learner(extra={"new": 1}),
            learner(extra={"new": 1.0}),
            learner(extra={"new": "1"}),
            learner(extra={"new": {"deep": True}}),
            learner(extra={"new": {"deep": 1}}),
        ],
    ),
    (
        "expirations",
        [
            learner(),
            learner(expiration=timedelta(days=1)),
            learner(expiration=timedelta(days=2)),
            learner(expiration=AT + timedelta(days=1)),
            learner(expiration=AT + timedelta(days=1, milliseconds=1)),
        ],
    ),
    (
        "metadata",
        [
            user(),
            user(metadata={}),
            user(metadata={"admin": True}),
            user(metadata={"admin": 1}),
            user(metadata={"admin": "1"}),
            user(metadata={"admin": {"deep": True}}),
            user(metadata={"admin": {"deep": 1}}),
        ],
    ),
    ("permissions", [user(), user(permissions=[1]), user(permissions=["1"])]),
    (
        "participants",
        [
            zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["crypto-buy"]),
            zerohash.ClientAuthTokenRequest(participant_code="CUST02", permissions=["crypto-buy"]),
            zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["onboarding"]),
            zerohash.ClientAuthTokenRequest(
                participant_code="CUST01",
                permissions=["crypto-buy"],
                client_device_info=zerohash.ClientDeviceInfo(
                    ip_address="203.0.113.1", location="US-IL"
                ),
            ),
            zerohash.ClientAuthTokenRequest(
                participant_code="CUST01",
                permissions=["crypto-buy"],
                client_device_info=zerohash.ClientDeviceInfo(
                    ip_address="203.0.113.2", location="US-IL"
                ),
            ),
        ],
    ),
]


@pytest.mark.parametrize("calls", [calls for _, calls in DIFFERENT], ids=[n for n, _ in DIFFERENT])
def test_requests_that_differ_have_keys_of_their_own(calls: Sequence[Call[Any]]) -> None:
    """Whatever distinguishes two requests distinguishes their keys and their places."""
    keys = [key_of(call, b"who", NOW) for call in calls]
    assert len(set(keys)) == len(keys)
    places = [values for values in map(exact, calls) if values is not None]
    assert len(set(places)) == len(places)


def test_a_key_depends_on_who_asks() -> None:
    """Another caller's equal call has another key."""
    keys = {key_of(learner(), identity(secret), NOW) for secret in ("a", "b")}
    assert len(keys) == 2


@pytest.mark.parametrize(
    "make",
    [
        learner,
        lambda: learner(expiration=timedelta(days=1)),
        lambda: learner(expiration=AT + timedelta(days=1)),
        lambda: user(metadata={"a": 1}, permissions=[100]),
    ],
)
def test_a_key_lasts(make: Callable[[], Call[Any]]) -> None:
    """The same request has the same key a minute later, even with a relative expiration."""
    assert key_of(make(), b"who", NOW) == key_of(make(), b"who", NOW + 60.25)


def test_a_key_tells_nothing() -> None:
    """A key is 32 hex digits: 128 bits, with no text of the call."""
    key = key_of(learner(), identity("a"), NOW)
    assert len(key) == 32
    assert int(key, 16) >= 0


def test_values_are_exact_only_where_equality_is_json_s() -> None:
    """Calls with a mapping, a number that isn't whole, or a nested object are digested."""
    assert exact(learner(groups=["a"])) == ("one@example.com", None, None, None, ("a",))
    assert exact(user(permissions=[100, "chat"])) is not None
    assert exact(learner(extra={"new": 1})) is None
    assert exact(user(metadata={})) is None
    assert exact(learner(expiration=AT)) is None
    assert exact(strigo.HealthRequest()) == ()


@attrs.frozen(kw_only=True)
class UncheckedRequest(Call[IssuedToken]):
    """A call whose equality ignores a field, and whose fields accept any value."""

    path: ClassVar[str] = "/passes"

    tenant: str = attrs.field(eq=False)
    flag: object = None

    def encode(self, now: datetime) -> JSON:
        del now
        return {"tenant": self.tenant, "flag": repr(self.flag)}


def test_equality_of_a_model_is_not_trusted() -> None:
    """A field that a model's own equality ignores or normalises still counts."""
    one, two = UncheckedRequest(tenant="one"), UncheckedRequest(tenant="two")
    assert one == two
    assert exact(one) != exact(two)
    assert key_of(one, b"who", NOW) != key_of(two, b"who", NOW)
    assert exact(UncheckedRequest(tenant="one", flag=True)) is None
    assert exact(UncheckedRequest(tenant="one", flag=(True,))) is None
    assert exact(UncheckedRequest(tenant="one", flag=1)) == ("one", 1)


def test_a_call_that_cannot_be_sent_has_no_key() -> None:
    """A call that the vendor would refuse is refused before a token is looked up."""
    with pytest.raises(InvalidInputError, match="expiration"):
        key_of(learner(expiration=AT - timedelta(days=1)), b"who", NOW)


@attrs.frozen(kw_only=True)
class TaggedRequest(strigo.UserTokenRequest):
    """A mint with a list that holds any JSON."""

    tags: tuple[JSON, ...] = ()

    def encode(self, now: datetime) -> JSON:
        body = super().encode(now)
        assert isinstance(body, dict)
        return {**body, "tags": list(self.tags)}


def test_lists_that_are_equal_and_sent_otherwise_share_no_token() -> None:
    """The fast path distinguishes `(1,)` from `(True,)`, which are equal in Python."""
    one = TaggedRequest(email="one@example.com", tags=(1,))
    true = TaggedRequest(email="one@example.com", tags=(True,))
    vendor = Vendor(World(), STRIGO_MINT)
    token = vendor.token(one)
    assert vendor.reuse.hit(one) is token
    assert vendor.reuse.hit(true) is None
    assert vendor.token(true) is not token
