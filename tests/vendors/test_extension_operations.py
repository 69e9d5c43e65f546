import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import attrs
import pytest
from sample_vendor import PROFILE, Pass, PassCount, PassRequest
from vendors_support import responding

from tokenkit import ConfigurationError, InvalidInputError, auth
from tokenkit._client.operation import AsyncCaller, Caller, failed_by
from tokenkit._client.signatures import value_type
from tokenkit.extension import (
    JSON,
    AsyncClient,
    BatchCall,
    Call,
    Client,
    RequestModel,
    ResponseInfo,
    json_object,
    operation,
    param,
    text,
)
from tokenkit.sandbox.clients import ClientFactory

K = TypeVar("K")
T = TypeVar("T")
ANSWER = {"pass": {"token": "t"}}


class Tagged(Generic[T]):
    """A generic base that has nothing to do with calls."""

    __slots__ = ()


@attrs.frozen(kw_only=True)
class TaggedRequest(Tagged[int], Call[str]):
    """A call that has another generic base first."""

    path: ClassVar[str] = "/tagged"
    tag: str = attrs.field(metadata=param(text()))

    def decode(self, body: JSON, response: ResponseInfo) -> str:
        del response
        return str(body)


@attrs.frozen(kw_only=True)
class LongerRequest(PassRequest):
    """A call that adds a parameter to another."""

    gate: str | None = attrs.field(default=None, metadata=param(text()))


@attrs.frozen(kw_only=True)
class DeletePass(Call[None]):
    """A call without a result."""

    method: ClassVar[str] = "DELETE"
    path: ClassVar[str] = "/passes"

    def decode(self, body: JSON, response: ResponseInfo) -> None:
        del body, response


def pass_for_ann(gate: str) -> LongerRequest:
    """Make a request by a function instead of a class."""
    return LongerRequest(holder="ann", gate=gate)


class MoreCalls:
    """Calls of every kind that ``operation`` accepts."""

    @operation(TaggedRequest)
    def tag(self) -> None:
        """Tag."""

    @operation(LongerRequest)
    def create_longer_pass(self) -> None:
        """Mint a pass with a gate."""

    @operation(pass_for_ann)
    def create_pass_for_ann(self) -> None:
        """Mint Ann's pass."""

    @operation(DeletePass)
    def delete_pass(self) -> None:
        """Delete a pass."""


class MoreClient(MoreCalls, Client):
    """A client whose constructor is the base's own."""

    profile = PROFILE


class AsyncMoreClient(MoreCalls, AsyncClient):
    """The async one."""

    profile = PROFILE


def signature_of(name: str) -> inspect.Signature:
    return inspect.signature(getattr(MoreClient, name))


def test_response_types() -> None:
    """The result's type is found through other generic bases and inherited requests."""
    assert signature_of("tag").return_annotation is str
    assert signature_of("create_longer_pass").return_annotation is Pass
    assert signature_of("delete_pass").return_annotation is None
    assert set(signature_of("create_longer_pass").parameters) == {
        *("self", "holder", "lasts", "gate", "extra")
    }


@attrs.frozen(kw_only=True)
class PairRequest(Call[T], Generic[K, T]):
    """A generic call, whose result is its second argument."""

    path: ClassVar[str] = "/pair"

    def decode(self, body: JSON, response: ResponseInfo) -> T:
        raise NotImplementedError


@attrs.frozen(kw_only=True)
class NamedPair(PairRequest[T, bytes]):
    """A call that settles the result alone."""


@attrs.frozen(kw_only=True)
class NumberedPair(NamedPair[int]):
    """A call that settles everything."""


@attrs.frozen(kw_only=True)
class PairBatch(BatchCall[list[T]], Generic[T]):
    """Many generic calls in one request."""


@pytest.mark.parametrize(
    ("model", "value"),
    [
        (NumberedPair, bytes),
        (NamedPair[int], bytes),
        (PairRequest[int, str], str),
        (PairRequest[int, None], None),
        (PairRequest, T),
        (PairBatch[str], tuple[list[str], ...]),
        (Call[str], str),
        (Call, inspect.Signature.empty),
        (type("Plain", (type("Bare", (Call,), {"__slots__": ()}), PassRequest), {}), Pass),
        (RequestModel, inspect.Signature.empty),
        (pass_for_ann, inspect.Signature.empty),
    ],
)
def test_the_value_of_a_generic_call(model: Any, value: object) -> None:
    """The argument of Call itself is found, wherever a class passes it on."""
    assert value_type(model) == value


def test_an_error_found_while_sending_names_a_nested_models_method() -> None:
    """The method is named for a model that a function defines, too."""

    @attrs.frozen(kw_only=True)
    class Nested(PassCount):
        method: ClassVar[str] = "POST"
        facts: Mapping[str, JSON] = attrs.field(metadata=param(json_object))

    class NestedCalls:
        @operation(Nested)
        def count(self) -> None:
            """Count."""

    class NestedClient(NestedCalls, Client):
        profile = PROFILE

    client: Any = NestedClient(auth=auth.Bearer("k"), transport=responding(200, ANSWER))
    with pytest.raises(InvalidInputError, match=r"NestedClient\.count\(\): facts must be JSON"):
        client.count(facts={"a": {1}})


def test_a_function_in_a_models_place() -> None:
    """A function that makes a call works as well, with its own positional parameters."""
    transport = responding(200, ANSWER)
    client = MoreClient(auth=auth.Bearer("k"), transport=transport)
    assert client.create_pass_for_ann("B") == Pass(token="t", holder="ann")
    assert b'"pass":{"holder":"ann","gate":"B"}' in transport.bodies[0]
    signature = signature_of("create_pass_for_ann")
    assert list(signature.parameters) == ["self", "gate"]
    assert signature.parameters["gate"].annotation is str


@pytest.mark.anyio
async def test_async_operations() -> None:
    """The async client performs all of them, on either event loop."""
    transport = responding(200, ANSWER)
    async with AsyncMoreClient(auth=auth.Bearer("k"), transport=transport) as client:
        token = await client.create_longer_pass(holder="ann", gate="C")
        await client.delete_pass()
        assert await client.tag(tag="x") == str(ANSWER)
    assert token.holder == "ann"
    assert transport.requests[1].method == "DELETE"


def test_annotations_that_cannot_be_resolved() -> None:
    """A model whose annotations name what is missing at run time keeps them as strings."""

    @attrs.frozen(kw_only=True)
    class Odd(Call[str]):
        path: ClassVar[str] = "/odd"
        word: str = attrs.field(default="w", metadata=param(text()))

        def decode(self, body: JSON, response: ResponseInfo) -> str:
            del response
            return str(body)

    initializer: Any = Odd.__init__
    initializer.__annotations__["word"] = "OnlyForTypeCheckers"

    class OddCalls:
        @operation(Odd)
        def say(self) -> None:
            """Say a word."""

    class OddClient(OddCalls, Client):
        profile = PROFILE

    kind: Any = OddClient
    assert inspect.signature(kind.say).parameters["word"].annotation == "OnlyForTypeCheckers"
    client = OddClient(auth=auth.Bearer("k"), transport=responding(200, "hello"))
    assert client.say() == "hello"


def test_stubs_outside_a_client() -> None:
    """On the class of calls itself, the stub is its declaration, with the docstring."""
    declared = MoreCalls.tag
    assert declared.__doc__ == "Tag."
    assert declared.stub.__name__ == "tag"


def test_unknown_options_of_a_plain_client() -> None:
    """A client without its own constructor names itself in errors too."""
    options: dict[str, Any] = {"secret": "s"}
    with pytest.raises(TypeError) as caught:
        MoreClient(auth=auth.Bearer("k"), **options)
    assert str(caught.value) == "MoreClient() got an unexpected keyword argument 'secret'"


def test_an_async_source_in_a_strategy() -> None:
    """A sync client refuses a strategy that holds an async source."""

    async def later() -> str:
        return "k"

    strategy: Any = auth.Bearer(later)
    with pytest.raises(ConfigurationError) as caught:
        MoreClient(auth=strategy)
    assert str(caught.value).startswith("MoreClient: auth: the secret source ")
    assert "later is async, which a sync client cannot wait for" in str(caught.value)


@pytest.mark.anyio
async def test_bases_leave_the_sending_to_clients() -> None:
    """What a client's base must define is missing in the base itself."""
    with pytest.raises(NotImplementedError):
        Caller().send(PassCount())
    with pytest.raises(NotImplementedError):
        await AsyncCaller().send(PassCount())
    with pytest.raises(NotImplementedError):
        Caller().send_raw(PassCount())
    with pytest.raises(NotImplementedError):
        await AsyncCaller().send_raw(PassCount())
    with pytest.raises(NotImplementedError):
        failed_by(Caller())(ValueError(), "count")
    with pytest.raises(NotImplementedError):
        ClientFactory().zdk_client()
