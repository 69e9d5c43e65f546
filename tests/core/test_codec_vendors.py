from __future__ import annotations

import json

import pytest
from core_driver import RECEIVED, untyped
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenkit import strigo, zdk, zerohash
from tokenkit._model.codec import epoch_milliseconds, write_model
from tokenkit._model.json import JSON, Mismatch


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1648100582468, "2022-03-24T05:43:02.468000+00:00"),
        (0, "1970-01-01T00:00:00+00:00"),
        (-1, "1969-12-31T23:59:59.999000+00:00"),
        (0.5, "1970-01-01T00:00:00.000500+00:00"),
    ],
)
def test_milliseconds(value: JSON, expected: str) -> None:
    """Milliseconds since 1970 are exact UTC times."""
    assert epoch_milliseconds(value).isoformat() == expected


def test_strigo_response() -> None:
    """The documented response to a mint is read, and odd fields beside the token do no harm."""
    call = strigo.UserTokenRequest(email="a@example.com")
    token = call.decode(
        {
            "result": "success",
            "data": {"user_id": 5, "expiration": "soon", "token": "t" * 43, "new": 1},
        },
        RECEIVED,
    )
    assert (token.token, token.user_id, token.expires_at) == ("t" * 43, None, None)
    assert token.extra == {"user_id": 5, "expiration": "soon", "new": 1}
    assert token.email == "a@example.com"


@pytest.mark.parametrize("token", [None, 5, "", [], {}])
def test_tokens_must_be_text(token: JSON) -> None:
    """A token that isn't a string, or is empty, makes a response unreadable, at its path."""
    for call, answered, path in (
        (zdk.UserTokenRequest(id="u"), {"tokens": [token]}, "$.tokens[0]"),
        (
            zerohash.ClientAuthTokenRequest(participant_code="CUST01", permissions=["fwc"]),
            {"message": {"token": token}},
            "$.message.token",
        ),
    ):
        with pytest.raises(Mismatch) as caught:
            call.decode(untyped(answered), RECEIVED)
        assert caught.value.path == path


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
EXTRAS = st.dictionaries(
    TEXTS.filter(lambda key: key not in {"metadata", "id", "avatar", "nickname", "fullname"}),
    st.none() | st.booleans() | st.integers() | TEXTS | st.lists(TEXTS),
    max_size=3,
)


@settings(deadline=None, max_examples=100)
@given(
    TEXTS,
    st.none() | TEXTS,
    st.none() | st.dictionaries(TEXTS, TEXTS, max_size=3),
    st.none() | st.lists(st.integers(0, 900) | TEXTS, max_size=4),
    EXTRAS.filter(lambda extra: "permissions" not in extra),
)
def test_written_requests_hold_what_was_given(
    user: str,
    nickname: str | None,
    metadata: dict[str, JSON] | None,
    permissions: list[int | str] | None,
    extra: dict[str, JSON],
) -> None:
    """Written fields read back as given, with no others."""
    request = zdk.UserTokenRequest(
        id=user, nickname=nickname, metadata=metadata, permissions=permissions, extra=extra
    )
    written = json.loads(json.dumps(write_model(request)))
    named = {
        "id": user,
        "nickname": nickname,
        "metadata": metadata,
        "permissions": permissions,
    }
    assert written == {
        **{key: value for key, value in named.items() if value is not None},
        **extra,
    }


@settings(deadline=None, max_examples=100)
@given(TEXTS, st.dictionaries(TEXTS, st.none() | st.integers() | TEXTS, max_size=4))
def test_read_responses_hold_what_was_sent(token: str, others: dict[str, JSON]) -> None:
    """The token and everything beside it survive the reading."""
    call = strigo.UserTokenRequest(email="a@example.com")
    read = call.decode({"result": "success", "data": {**others, "token": token}}, RECEIVED)
    kept = {"user_id": read.user_id, **read.extra, "token": read.token}
    kept = {name: value for name, value in kept.items() if value is not None}
    others = {name: value for name, value in others.items() if value is not None}
    assert {name: value for name, value in kept.items() if name != "expiration"} == {
        name: value for name, value in {**others, "token": token}.items() if name != "expiration"
    }
