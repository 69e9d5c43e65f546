"""What a token shows of itself, and its JSON form."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from sample_tokens import TOKENS

from tokenkit import strigo, zdk, zerohash
from tokenkit.errors import InvalidInputError

if TYPE_CHECKING:
    from tokenkit.extension import JSON, IssuedToken


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: type(token).__module__)
def test_token_goes_through_json(token: IssuedToken) -> None:
    """A token has a JSON form, for your own storage; it reads back equal."""
    written = json.dumps(token.to_json())
    assert token.token in written
    again = type(token).from_json(json.loads(written))
    assert again == token
    assert again.expires_at == token.expires_at
    assert pickle.loads(pickle.dumps(token)) == copy.deepcopy(token) == token  # noqa: S301 - our own


def notebook(token: Any) -> str:
    """Return what Jupyter shows of a token."""
    return str(token._repr_html_())


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: type(token).__module__)
def test_token_becomes_json_on_demand_only(token: IssuedToken) -> None:
    """Nothing writes a token by accident, and no repr shows it."""
    with pytest.raises(TypeError):
        json.dumps(token)
    assert token.token not in f"{token!r}{token}{notebook(token)}"


@pytest.mark.parametrize(
    "value",
    [
        None,
        "token-text",
        {},
        {"issuer": "Strigo", "kind": "UserToken"},
        {"issuer": "ZDK", "kind": "UserToken", "token": "t", "user_id": "u"},
        {"issuer": "Strigo", "kind": "UserToken", "token": 5},
        {"issuer": "Strigo", "kind": "UserToken", "token": "t", "expiration": "2026-01-01"},
        {"issuer": "Strigo", "kind": "UserToken", "token": "t", "expiration": "soon"},
        {"issuer": "Strigo", "kind": "UserToken", "token": "t", "extra": []},
    ],
)
def test_other_json_is_refused(value: JSON) -> None:
    """Anything but a token's JSON form is refused, and not shown."""
    with pytest.raises(InvalidInputError, match=r"UserToken.from_json\(\)") as caught:
        strigo.UserToken.from_json(value)
    assert "token-text" not in str(caught.value)
    expected = (
        "value is not the JSON form of a Strigo UserToken; pass what to_json() returned"
        if isinstance(value, dict)
        else "value must be an object, not "
    )
    assert f": {expected}" in str(caught.value)


def test_repr_tells_how_long_a_token_is_good_for() -> None:
    """The repr has the time left, so that a notebook shows it."""
    now = datetime.now(timezone.utc)
    good = strigo.UserToken(token="t", email="a", expiration=now + timedelta(days=2, hours=1))
    assert "2 days, 0:59:5" in repr(good)
    assert repr(good).endswith(" left)")
    assert "email='a'" in repr(good)
    ended = strigo.UserToken(token="t", expiration=now - timedelta(days=2))
    assert repr(ended).endswith("expired)")
    assert repr(zdk.UserToken(token="t", user_id="u")) == (
        "UserToken(user_id='u', unknown lifetime)"
    )
    assert "unknown lifetime" in repr(zerohash.ClientAuthToken(token="no.jwt"))
