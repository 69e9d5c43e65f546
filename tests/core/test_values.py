from __future__ import annotations

import copy
import pickle
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from core_driver import RECEIVED
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenkit import strigo, zdk
from tokenkit._model.call import BatchCall, Call, RawCall, Repeat
from tokenkit._model.messages import Headers, Request, Response
from tokenkit._model.token import IssuedToken
from tokenkit._redaction import Hidden, redact
from tokenkit._secret import (
    Secret,
    conceal,
    without_frames,
)
from tokenkit.errors import InvalidInputError
from tokenkit.zdk.arguments import TokenRequest
from tokenkit.zerohash.models import ClientAuthTokenCall

if TYPE_CHECKING:
    from tokenkit._model.json import JSON

AT = datetime(2026, 1, 1, tzinfo=timezone.utc)


def learner(expiration: datetime | None) -> strigo.UserToken:
    """Make a token that expires at a time."""
    return strigo.UserToken(token="hidden-token", expiration=expiration, email="<a@example.com>")


def notebook(token: Any) -> str:
    """Return what Jupyter shows of a token."""
    return str(token._repr_html_())


def test_headers() -> None:
    """Header names compare without case, repeated ones are joined, values stay hidden."""
    headers = Headers([("X-A", "1"), ("x-a", "2"), ("Content-Type", "text/html")])
    assert headers["X-a"] == "1, 2"
    assert len(headers) == 2
    assert list(headers) == ["x-a", "content-type"]
    assert dict(Headers({"A": "b"})) == {"a": "b"}
    assert repr(headers) == "Headers(x-a: ..., content-type: text/html)"
    with pytest.raises(KeyError):
        headers["missing"]


def test_requests_and_responses_hide_their_bodies() -> None:
    """Neither a request's nor a response's repr shows a credential or a body."""
    headers = Headers({"authorization": "Bearer hidden"})
    request = Request(
        method="POST", origin="https://h", route="/x", headers=headers, body=b"hidden"
    )
    response = Response(status=200, headers=headers, body=b"hidden")
    assert request.url == "https://h/x"
    assert "hidden" not in repr(request) + repr(response)


def test_what_calls_do_by_default() -> None:
    """A call is a POST by default, and is repeated only if it was not performed."""

    @attrs.frozen(kw_only=True)
    class Plain(Call[int]):
        path = "/plain"

    @attrs.frozen(kw_only=True)
    class Getter(Plain):
        method = "GET"

    assert Plain().request_line == ("POST", "/plain")
    assert Plain.operation == Plain().operation == "POST /plain"
    assert Plain().repeat is Repeat.IF_NOT_PERFORMED
    assert Plain().tokens == ()
    assert Plain().encode(AT) == {}
    assert Plain().is_failure({"error": 1}) is False
    assert Getter().repeat is Repeat.SAFE
    assert Getter().encode(AT) is None
    with pytest.raises(NotImplementedError):
        Plain().decode(None, RECEIVED)


def test_what_models_of_a_batch_and_of_a_kind_leave_to_their_subclasses() -> None:
    """A model that can't split its response, or name its token or permissions, says so."""

    @attrs.frozen(kw_only=True)
    class Batch(BatchCall[int]):
        path = "/batch"

    with pytest.raises(NotImplementedError):
        Batch().split({})
    with pytest.raises(NotImplementedError):
        TokenRequest[str]().decode({"tokens": ["a"]}, RECEIVED)
    with pytest.raises(NotImplementedError):
        _ = ClientAuthTokenCall().repeat


def test_raw_calls() -> None:
    """A raw call passes JSON through, and its repr hides the body."""
    call = RawCall(verb="POST", target="/x", json={"token": "hidden"})
    assert call.encode(AT) == {"token": "hidden"}
    assert call.decode([1], RECEIVED) == [1]
    assert call.request_line == ("POST", "/x")
    assert "hidden" not in repr(call)


def test_secrets_do_not_show_themselves() -> None:
    """A Secret shows its text only on request, and compares and hashes by it."""
    secret = Secret("hidden")
    assert secret.reveal() == "hidden"
    assert repr(secret) == str(secret) == "Secret([redacted])"
    assert secret == Secret("hidden")
    assert secret != Secret("other")
    assert secret != "hidden"
    assert Secret("\ud800") == Secret("\ud800")
    assert hash(secret) == hash(Secret("hidden"))
    assert not hasattr(secret, "__dict__")


def test_secrets_copy_but_do_not_pickle() -> None:
    """A copy of a Secret is the same object; pickling it is refused, with an alternative."""
    secret = Secret("hidden")
    assert copy.copy(secret) is copy.deepcopy(secret) is secret
    with pytest.raises(TypeError, match="from_env") as caught:
        pickle.dumps(secret)
    assert "hidden" not in str(caught.value)


def test_conceal() -> None:
    """Strings are wrapped; a Secret and a callable are left alone."""
    secret = Secret("x")
    assert conceal("x") == secret
    assert conceal(secret) is secret
    assert conceal(print) is print


def test_hidden_texts_are_not_shown() -> None:
    """The repr of a set of hidden texts only says how many there are."""
    assert repr(Hidden(["a", "b"])) == "Hidden(2 texts)"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("key=a/b+c= end", "key=[redacted] end"),
        ("a\\/b+c=", "[redacted]"),
        ("?k=a%2Fb%2Bc%3D&x", "?k=[redacted]&x"),
        ("?k=a%2fb%2bc%3d&x", "?k=[redacted]&x"),
        ("?k=a/b%2bc%3d&x", "?k=[redacted]&x"),
        ("<p>a&#x2F;b+c&#x3D;</p>", "<p>[redacted]</p>"),
        ("a&#47;b&#43;c&#61;", "[redacted]"),
        ("a&#x2f;b&#x2b;c&#x3d;", "[redacted]"),
        ("pass \\u00e9 word", "pass [redacted] word"),
        ("pass %c3%a9 word", "pass [redacted] word"),
        ("nothing", "nothing"),
    ],
)
def test_redact(text: str, redacted: str) -> None:
    """A secret is found plain, and as JSON, a URL and HTML write it."""
    assert redact(text, ["a/b+c=", "é", ""]) == redacted


@pytest.mark.parametrize(
    "written",
    [
        "it&#x27;s &lt;a&gt; &amp; &quot;b&quot;",
        'it\'s &lt;a&gt; &amp; "b"',
        "it&#39;s &lt;a&gt; &amp; &quot;b&quot;",
        "it&#039;s &lt;a&gt; &amp; &quot;b&quot;",
        "it&apos;s &lt;a&gt; &amp; &quot;b&quot;",
        "it&#39;s &lt;a&gt; &amp; &#34;b&#34;",
        "it&#x27;s &#x3c;a&#x3e; &#x26; &#x22;b&#x22;",
        "it%27s+%3ca%3e+%26+%22b%22",
        "it's%20%3Ca%3E%20%26%20%22b%22",
    ],
)
def test_redact_knows_how_templates_quote(written: str) -> None:
    """A passphrase with special characters is found however a page or a form writes it."""
    assert redact(f"<b>{written}</b>", ['it\'s <a> & "b"']) == "<b>[redacted]</b>"


def test_redact_takes_time_by_the_length_of_the_text_alone() -> None:
    """A text that almost matches everywhere is searched as fast as any other."""
    nearly = "&" * 200_000
    began = time.process_time()
    assert redact(nearly, ["&" * 8000 + "<"]) == nearly
    assert time.process_time() - began < 1


def test_redact_takes_the_longest_first() -> None:
    """If a secret contains another one, the whole of it is redacted."""
    assert redact("abcdef", ["cd", "abcdef"]) == "[redacted]"


@settings(deadline=None, max_examples=100)
@given(
    st.text(st.characters(categories=["L", "N"], exclude_characters="redact"), min_size=1),
    st.text(),
    st.text(),
)
def test_redacted_text_holds_no_secret(secret: str, before: str, after: str) -> None:
    """A secret is redacted, whatever stands around it."""
    assert secret not in redact(f"{before}\n{secret}\n{after}", [secret]).split("\n")
    assert redact(secret, [secret]) == "[redacted]"


def test_without_frames() -> None:
    """An error loses its traceback and everything attached to it."""
    with pytest.raises(ValueError, match="x") as caught:
        raise ValueError("x") from KeyError("y")
    bare = without_frames(caught.value)
    assert (bare.__traceback__, bare.__cause__, bare.__context__) == (None, None, None)


@pytest.mark.parametrize(
    ("at", "leeway", "expired"),
    [
        (timedelta(hours=-1), 0.0, False),
        (timedelta(0), 0.0, True),
        (timedelta(seconds=1), 0.0, True),
        (timedelta(seconds=-30), 30.0, True),
        (timedelta(seconds=-31), 30.0, False),
        (timedelta(seconds=-31), float("inf"), True),
    ],
)
def test_expiry(at: timedelta, leeway: float, expired: bool) -> None:  # noqa: FBT001 - a parameter
    """A token has expired from its end on, or ``leeway`` seconds earlier."""
    assert learner(AT).is_expired(AT + at, leeway=leeway) is expired


def test_expiry_by_the_machines_clock() -> None:
    """Without a time, now is used."""
    now = datetime.now(timezone.utc)
    assert learner(now - timedelta(seconds=1)).is_expired()
    assert not learner(now + timedelta(hours=1)).is_expired()
    assert learner(now + timedelta(hours=1)).is_expired(leeway=7200)


@pytest.mark.parametrize("year", [1, 9999])
def test_expiry_at_the_ends_of_time(year: int) -> None:
    """An absurd expiry is treated like any other, even with a leeway."""
    ends = datetime(year, 1, 1, tzinfo=timezone.utc)
    assert learner(ends).is_expired(AT, leeway=1e9) is (year == 1)


def test_unknown_expiry() -> None:
    """A token without a known end has not expired."""
    assert learner(None).is_expired() is False
    assert zdk.UserToken(token="t").expires_at is None


def test_naive_times_are_refused() -> None:
    """A time without a zone is refused."""
    with pytest.raises(InvalidInputError, match=r"is_expired\(\): at must be a datetime with"):
        learner(AT).is_expired(datetime(2026, 1, 1))  # noqa: DTZ001 - naive on purpose


def test_the_notebook_repr() -> None:
    """Jupyter shows issuer, subject and time left, escaped, never the token."""
    now = datetime.now(timezone.utc)
    left = notebook(learner(now + timedelta(hours=1, seconds=30)))
    assert left.startswith("<code>Strigo · UserToken · &lt;a@example.com&gt; · 1:00:")
    assert notebook(learner(now - timedelta(hours=1))).endswith(" · expired</code>")
    assert "unknown lifetime" in notebook(learner(None))
    assert "hidden" not in left


def test_the_common_token() -> None:
    """The base of all tokens knows neither its subject nor its end."""
    token = IssuedToken(token="hidden", extra={"a": 1})
    assert (token.subject, token.expires_at) == (None, None)
    assert "unknown subject" in notebook(token)
    assert "hidden" not in repr(token)


def test_token_equality_and_hash() -> None:
    """Equality includes everything; the hash covers token and issuer."""
    one, other = (IssuedToken(token="t", extra=extra) for extra in ({"a": 1}, {}))
    assert one != other
    assert hash(one) == hash(other)
    assert len({zdk.UserToken(token="t"), strigo.UserToken(token="t")}) == 2


def test_json_values_are_described_by_their_names() -> None:
    """A token's extra fields may hold any JSON."""
    extra: dict[str, JSON] = {"a": [1, None, {"b": True}]}
    token: Any = IssuedToken(token="t", extra=extra)
    assert token.extra == extra


def test_a_calls_name() -> None:
    """A call is named by its client's method, and one without a model by method and path."""
    assert strigo.UserTokenRequest(email="a@example.com").operation == "create_user_token"
    assert zdk.UserTokenRequest.operation == "create_user_token"
    assert RawCall(verb="GET", target="/things/5?full=1").operation == "GET /things/5"
