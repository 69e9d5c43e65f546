import inspect
import pydoc
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import create_autospec, patch

import attrs
import pytest
from credentials import (
    STRIGO,
    async_strigo_client,
    async_zdk_client,
    async_zerohash_client,
    zerohash_client,
)
from vendors_support import responding, scripted_strigo

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    AsyncZeroHashClient,
    InvalidInputError,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
    strigo,
    zdk,
    zerohash,
)
from tokenkit.extension import JSON, RequestModel, extra_fields

METHODS: list[tuple[Any, Any, str, object]] = [
    (ZdkClient, AsyncZdkClient, "create_user_token", zdk.UserToken),
    (ZdkClient, AsyncZdkClient, "create_user_tokens", tuple[zdk.UserToken, ...]),
    (
        ZeroHashClient,
        AsyncZeroHashClient,
        "create_client_auth_token",
        zerohash.ClientAuthToken,
    ),
    (ZeroHashClient, AsyncZeroHashClient, "revoke_client_auth_token", None),
    (ZeroHashClient, AsyncZeroHashClient, "get_time", zerohash.ServerTime),
    (StrigoClient, AsyncStrigoClient, "create_user_token", strigo.UserToken),
    (StrigoClient, AsyncStrigoClient, "check_health", strigo.Health),
]
EACH = pytest.mark.parametrize(("sync", "asynchronous", "name", "answer"), METHODS)
TOKEN = strigo.UserToken(token="t", email="a@b.io")


@EACH
def test_methods_are_functions(sync: Any, asynchronous: Any, name: str, answer: object) -> None:
    """Each method is a function, named, documented and typed as if written by hand."""
    assert not inspect.iscoroutinefunction(getattr(sync, name))
    assert inspect.iscoroutinefunction(getattr(asynchronous, name))
    for kind in (sync, asynchronous):
        method = getattr(kind, name)
        assert inspect.isfunction(method)
        assert (method.__name__, method.__qualname__) == (name, f"{kind.__name__}.{name}")
        assert method.__module__ == kind.__module__
        signature = inspect.signature(method)
        assert next(iter(signature.parameters)) == "self"
        assert signature.return_annotation == answer
        assert method.__annotations__["return"] == answer
        kinds = {parameter.kind for parameter in list(signature.parameters.values())[1:]}
        assert kinds <= {inspect.Parameter.KEYWORD_ONLY}


@EACH
def test_methods_are_documented(sync: Any, asynchronous: Any, name: str, answer: object) -> None:
    """The docstring describes every parameter but the model's own ``extra``, and help shows it."""
    del answer
    for kind in (sync, asynchronous):
        method = getattr(kind, name)
        docstring = inspect.getdoc(method) or ""
        assert docstring.splitlines()[0].endswith(".")
        named = [p for p in inspect.signature(method).parameters if p not in {"self", "extra"}]
        for parameter in named:
            assert f"    {parameter}: " in docstring
        shown = pydoc.plain(pydoc.render_doc(kind))
        assert re.search(rf"\b{name}\([\s|]*self\b", shown)
        assert docstring.splitlines()[0] in shown


def test_signature_of_a_method() -> None:
    """Every parameter has its resolved type and its default; ``extra`` comes last."""
    kind: Any = StrigoClient
    signature = inspect.signature(kind.create_user_token)
    assert {name: p.annotation for name, p in list(signature.parameters.items())[1:-1]} == {
        "email": str,
        "name": str | None,
        "external_user_id": str | None,
        "expiration": datetime | timedelta | None,
        "groups": Iterable[str] | None,
    }
    assert list(signature.parameters)[-1] == "extra"
    required = [
        name
        for name, p in list(signature.parameters.items())[1:]
        if p.default is inspect.Parameter.empty
    ]
    assert required == ["email"]


def test_signature_of_a_bound_method() -> None:
    """On an instance ``self`` is gone, as for any method."""
    client = scripted_strigo(responding(200))
    assert "self" not in inspect.signature(client.create_user_token).parameters
    assert inspect.ismethod(client.create_user_token)
    assert not inspect.signature(client.check_health).parameters


def test_signature_of_a_model() -> None:
    """The model itself shows its own parameters, without ``self``."""
    signature = inspect.signature(zerohash.PaymentDetails)
    assert sorted(signature.parameters) == ["denominated_currency", "extra", "purchase_amount"]


def test_defaults_of_a_model() -> None:
    """The signature shows what each factory makes, unless it depends on the object or fails."""

    def fail() -> tuple[str, ...]:
        raise ValueError

    @attrs.frozen(kw_only=True)
    class Bag(RequestModel):
        tags: tuple[str, ...] = ()
        sizes: tuple[int, ...] = attrs.field(factory=tuple)
        _count: int = attrs.field(factory=lambda: 7)
        broken: tuple[str, ...] = attrs.field(factory=fail)
        again: object = attrs.field(default=attrs.Factory(lambda bag: bag.tags, takes_self=True))
        extra: Mapping[str, JSON] = extra_fields()

    parameters = inspect.signature(Bag).parameters
    assert {name: one.default for name, one in parameters.items()} == {
        "tags": (),
        "sizes": (),
        "count": 7,
        "broken": ...,
        "again": ...,
        "extra": {},
    }


def test_autospec_of_a_client() -> None:
    """An autospecced client returns what it is told to, and refuses a wrong call."""
    client = create_autospec(StrigoClient, instance=True)
    client.create_user_token.return_value = TOKEN
    assert client.create_user_token(email="a@b.io") is TOKEN
    client.create_user_token.assert_called_once_with(email="a@b.io")
    with pytest.raises(TypeError, match="unexpected keyword argument 'mail'"):
        client.create_user_token(email="a@b.io", mail="c")
    with pytest.raises(TypeError, match=r"missing a required (keyword-only )?argument: 'email'"):
        client.create_user_token()
    with pytest.raises(AttributeError):
        client.create_token(email="a@b.io")


@pytest.mark.anyio
async def test_autospec_of_an_async_client() -> None:
    """An autospecced async client is awaited like the real one."""
    client = create_autospec(AsyncStrigoClient, instance=True)
    client.create_user_token.return_value = TOKEN
    assert await client.create_user_token(email="a@b.io") is TOKEN
    client.create_user_token.assert_awaited_once_with(email="a@b.io")
    with pytest.raises(TypeError, match=r"missing a required (keyword-only )?argument: 'email'"):
        await client.create_user_token(name="user1")


def test_patched_method() -> None:
    """``patch.object`` with autospec gives a method with the real one's signature."""
    with patch.object(StrigoClient, "create_user_token", autospec=True) as mint:
        mint.return_value = TOKEN
        client = scripted_strigo(responding(500))
        assert client.create_user_token(email="a@b.io") is TOKEN
        mint.assert_called_once_with(client, email="a@b.io")
        wrong: Any = client.create_user_token
        with pytest.raises(TypeError):
            wrong("a@b.io")
    assert inspect.isfunction(StrigoClient.create_user_token)


@pytest.mark.anyio
async def test_patched_async_method() -> None:
    """It is the same for an async client."""
    with patch.object(AsyncStrigoClient, "check_health", autospec=True) as check:
        check.return_value = strigo.Health(status="ok", message="mocked")
        client = async_strigo_client()
        assert (await client.check_health()).message == "mocked"
        check.assert_awaited_once_with(client)


@pytest.mark.parametrize(
    ("arguments", "keywords", "problem"),
    [
        ((), {}, "missing 1 required keyword-only argument: 'email'"),
        ((), {"email": "a", "mail": "b"}, "got an unexpected keyword argument 'mail'"),
        (("a@b.io",), {}, "takes 1 positional argument but 2 were given"),
    ],
)
def test_wrong_calls(arguments: tuple[Any, ...], keywords: dict[str, Any], problem: str) -> None:
    """A wrong call is Python's own error, in the client method's name, raised at once."""
    transport = responding(200)
    with pytest.raises(TypeError) as caught:
        scripted_strigo(transport).create_user_token(*arguments, **keywords)
    text = str(caught.value)
    assert text.startswith("StrigoClient.create_user_token() ")
    assert problem in text
    assert transport.requests == []


@pytest.mark.parametrize(
    "name", ["send", "send_raw", "request", "get_token", "invalidate_token", "send_many"]
)
def test_wrong_calls_of_every_clients_methods(name: str) -> None:
    """Python's own error names a public class that has the method."""
    for kind, owner in ((StrigoClient, "Client"), (AsyncStrigoClient, "AsyncClient")):
        with pytest.raises(TypeError, match=rf"^{owner}\.{name}\(\) missing [12] required posit"):
            getattr(kind, name)(None)


@pytest.mark.anyio
async def test_wrong_async_calls() -> None:
    """An async client raises it when the call is awaited, in its own name."""
    client: Any = async_zdk_client()
    with pytest.raises(TypeError) as caught:
        await client.create_user_token()
    assert str(caught.value) == (
        "AsyncZdkClient.create_user_token() missing 1 required keyword-only argument: 'id'"
    )
    with pytest.raises(InvalidInputError, match=r"create_user_token\(\): id must not be"):
        await client.create_user_token(id="")


@pytest.mark.anyio
async def test_wrong_calls_of_a_method_of_several_calls() -> None:
    """Python's own error names the client's method, not the function that it is made from."""
    client: Any = zerohash_client()
    with pytest.raises(TypeError) as caught:
        client.find_minted(None)
    problem = "ZeroHashClient.find_minted() missing 1 required keyword-only argument: 'since'"
    assert str(caught.value) == problem
    async_client: Any = async_zerohash_client()
    with pytest.raises(TypeError) as caught:
        await async_client.find_minted(None)
    assert str(caught.value) == f"Async{problem}"


class Anonymous:
    """Gives every learner a name, for clients whose mint it overrides."""

    def create_user_token(self, **fields: Any) -> strigo.UserToken:
        mint: Any = getattr(super(), "create_user_token")  # noqa: B009 - of the next class
        token: strigo.UserToken = mint(**{"name": "Anonymous", **fields})
        return token


def test_subclasses_override_methods() -> None:
    """A user's subclass may override a call and use the original for it."""

    def overridden(_: object) -> str:
        return "overridden"

    base: Any = StrigoClient
    kind: Any = type("Mine", (Anonymous, base), {})
    transport = responding(200, {"result": "success", "data": {"token": "t"}})
    client = kind(**STRIGO, transport=transport)
    for user in (client, client.with_options()):
        assert user.create_user_token(email="a@b.io").token == "t"
    assert transport.bodies == [b'{"email":"a@b.io","name":"Anonymous"}'] * 2
    own: Any = type("Own", (base,), {"check_health": overridden})
    assert own(**STRIGO).check_health() == "overridden"
    assert own.create_user_token is base.create_user_token


def test_no_frame_of_a_wrong_call_holds_the_arguments() -> None:
    """An argument that may be a token is in none of the package's frames in an error."""
    revoke: Callable[..., object] = zerohash_client(
        transport=responding(204)
    ).revoke_client_auth_token
    with pytest.raises(InvalidInputError) as caught:
        revoke(token="no-jwt-s3cret")
    trace = caught.value.__traceback__
    assert trace is not None
    trace = trace.tb_next  # the first frame is this test's own
    while trace is not None:
        assert "s3cret" not in repr(trace.tb_frame.f_locals)
        trace = trace.tb_next


def test_coroutines_of_methods() -> None:
    """Calling an async method makes a coroutine and sends nothing until it is awaited."""
    transport = responding(200)
    waiting: Awaitable[object] = async_zdk_client(transport=transport).create_user_token(id="u")
    assert inspect.iscoroutine(waiting)
    waiting.close()
    assert transport.requests == []
