"""What somebody who adds a vendor is told after a mistake in a model."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest
from sample_vendor import PROFILE
from vendors_support import responding, scripted_strigo, scripted_zdk, scripted_zerohash

from tokenkit import DecodeError, InvalidInputError, TokenKitError, auth
from tokenkit.extension import (
    JSON,
    AsyncClient,
    Call,
    Client,
    ResponseInfo,
    extra_fields,
    json_object,
    one_of,
    operation,
    param,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

ANSWER: Mapping[str, object] = {"state": "open"}


@attrs.frozen(kw_only=True)
class DoorCall(Call[str]):
    """What the doors have in common."""

    path: ClassVar[str] = "/doors"
    operation: ClassVar[str] = "open_door"

    def decode(self, body: JSON, response: ResponseInfo) -> str:
        del response
        return str(body)


def clients_with(model: Callable[..., Call[Any]]) -> tuple[Any, Any]:
    """Return a sync and an async client with a method for a model."""

    class Calls:
        @operation(model)
        def open_door(self) -> None:
            """Open a door."""

    class DoorClient(Calls, Client):
        profile = PROFILE

    class AsyncDoorClient(Calls, AsyncClient):
        profile = PROFILE

    options: Any = {"auth": auth.Bearer("k"), "transport": responding(200, ANSWER)}
    return DoorClient(**options), AsyncDoorClient(**options)


async def raised_by(model: Callable[..., Call[Any]], **arguments: Any) -> BaseException:
    """Return what a sync and an async client raise, which is the same."""
    client, async_client = clients_with(model)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the caller checks the kind
        client.open_door(**arguments)
    with pytest.raises(type(caught.value)) as async_caught:
        await async_client.open_door(**arguments)
    told, async_told = (
        str(one.value).partition(" (request_id")[0] for one in (caught, async_caught)
    )
    assert async_told.replace("AsyncDoor", "Door") == told
    return caught.value


def even(value: Any) -> str | None:
    return None if value % 2 == 0 else "must be even"


@attrs.frozen(kw_only=True)
class Even(DoorCall):
    """A model whose own check fails on values of another kind."""

    number: int = attrs.field(metadata=param(even))


@pytest.mark.anyio
async def test_a_check_that_fails_is_shown_with_its_line() -> None:
    """The traceback of the client's method leads to the vendor's check."""
    error = await raised_by(Even, number=[1])
    assert isinstance(error, TypeError)
    assert "unsupported operand" in str(error)
    assert traceback.extract_tb(error.__traceback__)[-1].name == "even"


def refused(value: str) -> str:
    try:
        return {"a": "b"}[value]
    except KeyError as error:
        raise ValueError("unknown region") from error


@attrs.frozen(kw_only=True)
class Region(DoorCall):
    """A model whose converter raises."""

    region: str = attrs.field(converter=refused)


@pytest.mark.anyio
async def test_an_exception_of_the_vendors_own_keeps_its_cause() -> None:
    """A converter's exception comes out as it is, with its line and what was behind it."""
    error = await raised_by(Region, region="x")
    assert (type(error), str(error)) == (ValueError, "unknown region")
    assert isinstance(error.__cause__, KeyError)
    assert traceback.extract_tb(error.__traceback__)[-1].name == "refused"


def test_a_failing_model_leaves_the_callers_own_errors_alone() -> None:
    """What the caller was handling meanwhile, and the generator it came from, go on."""

    def rows() -> Generator[object]:
        try:
            raise OSError("row 1")  # noqa: TRY301 - as a reader of rows may
        except OSError as error:
            yield error
        yield "row 2"

    found: list[object] = []

    def take(row: object) -> None:
        try:
            if isinstance(row, OSError):
                raise row
            found.append(row)
        except OSError:
            with pytest.raises(ValueError, match="region"):
                Region(region="x")

    for row in rows():
        take(row)
    assert found == ["row 2"]


@pytest.mark.anyio
async def test_arguments_that_python_refuses_name_the_method() -> None:
    """A missing argument is not taken for a mistake in the model."""
    error = await raised_by(Even)
    assert str(error).startswith("clients_with.<locals>.DoorClient.open_door() missing 1 required")


@attrs.frozen(kw_only=True)
class ReturnsAProblem(DoorCall):
    """A model whose check returns instead of yielding."""

    def check(self) -> Any:
        return None


@pytest.mark.anyio
async def test_a_check_that_does_not_yield() -> None:
    """The error names the method and what it must do."""
    error = await raised_by(ReturnsAProblem)
    assert isinstance(error, TypeError)
    assert str(error) == "ReturnsAProblem.check() must yield its problems, not return None"


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        (text, "a check: write param(text()), not param(text)"),
        (
            extra_fields,
            "a check, not extra_fields: write extra: Mapping[str, JSON] = extra_fields()",
        ),
        ("text", "a check such as text(), not str"),
    ],
)
def test_what_is_no_check(check: Any, problem: str) -> None:
    """A function that makes checks, or something else, is refused where it is written."""
    with pytest.raises(TypeError) as caught:
        param(check)
    assert str(caught.value) == f"param() takes {problem}"


def test_what_is_a_check() -> None:
    """Made checks, and functions of a value, are taken, builtin ones as well."""
    for check in (text(), one_of("a"), json_object, even, repr):
        assert param(check)


def broken(value: object) -> JSON:
    known: dict[str, JSON] = {}
    return known[str(value)]


@attrs.frozen(kw_only=True)
class BrokenDump(DoorCall):
    """A model with a field that can't be written."""

    name: str = attrs.field(metadata=param(text(), dump=broken))


@attrs.frozen(kw_only=True)
class BrokenIsFailure(DoorCall):
    """A model that looks for a field which isn't there."""

    def is_failure(self, body: Any) -> bool:
        return bool(body["error"])


@pytest.mark.anyio
async def test_a_field_that_cannot_be_written_is_told_with_the_vendors_line() -> None:
    """The error names the vendor's own file, not one of tokenkit's."""
    error = await raised_by(BrokenDump, name="a")
    line = broken.__code__.co_firstlineno + 2
    assert isinstance(error, InvalidInputError)
    assert str(error).endswith(
        "DoorClient.open_door(): the body: BrokenDump.encode() raised KeyError in "
        f"test_extension_mistakes.py, line {line}"
    )


@pytest.mark.anyio
async def test_the_method_that_failed_on_a_response_is_named() -> None:
    """A failing ``is_failure()`` is not called ``decode()``."""
    error = await raised_by(BrokenIsFailure)
    assert isinstance(error, DecodeError)
    assert "BrokenIsFailure.is_failure() raised KeyError in test_extension_mist" in str(error)


@attrs.frozen(kw_only=True)
class NoPath(Call[str]):
    """A model without a path."""

    def decode(self, body: JSON, response: ResponseInfo) -> str:
        del response
        return str(body)


@attrs.frozen(kw_only=True)
class NoDecode(Call[str]):
    """A model that doesn't read its response."""

    path: ClassVar[str] = "/doors"


@attrs.frozen(kw_only=True)
class OwnLine(NoPath):
    """A model that makes its path itself."""

    @property
    def request_line(self) -> tuple[str, str]:
        return "POST", "/doors/1"


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (NoPath, "path must be set on the class, to the path below the base URL"),
        (NoDecode, "decode must be defined by the class: it reads the response"),
    ],
)
def test_a_model_that_lacks_something(model: type[Call[Any]], problem: str) -> None:
    """It is refused where a client's method is declared, and before it is sent."""
    with pytest.raises(TypeError, match=f"^{model.__name__}: {problem}$"):
        operation(model)
    client, _ = clients_with(OwnLine)
    with pytest.raises(InvalidInputError, match=f"^{model.__name__}: {problem}$"):
        client.send(model())
    assert client.open_door() == str(ANSWER)


def stub(self: object) -> None:
    """Do nothing, as a method without parentheses behind its decorator's name."""


@pytest.mark.parametrize("given", [stub, 3, None])
def test_what_is_no_model(given: Any) -> None:
    """A stub, if the parentheses are missing, and other things are refused at once."""
    with pytest.raises(TypeError, match=r"takes a request model, not .*: write @operation"):
        operation(given)


@attrs.frozen(kw_only=True)
class Template(DoorCall):
    """A model whose path still has a place for a name."""

    path: ClassVar[str] = "/doors/{name}"


@pytest.mark.anyio
async def test_a_path_that_is_not_encoded_is_not_sent() -> None:
    """The error names the method and the path, and no attempt is counted."""
    error = await raised_by(Template)
    assert isinstance(error, TokenKitError)
    assert "DoorClient.open_door(): path must be percent-encoded" in str(error)
    assert error.attempts == 0


def test_the_error_names_what_was_called() -> None:
    """A body that can't be written names the method; a model that was sent, the model."""
    transport = responding(200, {})
    zdk, strigo = scripted_zdk(transport), scripted_strigo(transport)
    zerohash: Any = scripted_zerohash(transport)
    bad: Any = {"a": object()}
    for call, name in (
        (lambda: zdk.create_user_token(id="x", metadata=bad), "ZdkClient.create_user_token()"),
        (lambda: zdk.request("POST", "/x", json=bad), "ZdkClient.request()"),
        (lambda: strigo.request("POST", "/x", json=bad), "StrigoClient.request()"),
        (lambda: zerohash.find_minted(3, since=3), "ZeroHashClient.find_minted()"),
    ):
        with pytest.raises(InvalidInputError) as caught:
            call()
        assert str(caught.value).startswith(f"{name}: ")
        assert caught.value.message.startswith(f"{name}: ")
    assert not transport.requests


@pytest.mark.parametrize("name", ["credentials", "base_url_settings"])
def test_constructor_arguments_of_another_kind(name: str) -> None:
    """They are named with what was given."""
    given: Any = {name: "k"}
    clients_with(OwnLine)
    for kind in (Client, AsyncClient):
        bare: Any = type("BareClient", (kind,), {"profile": PROFILE})
        with pytest.raises(TokenKitError, match=f"^BareClient: {name} must be a mapping of names"):
            bare(**given)


def test_python_names_the_public_class() -> None:
    """A wrong call of ``with_options()`` names the client's base, not a private one."""
    client: Any = scripted_zdk(responding(200, {}))
    with pytest.raises(TypeError, match=r"^Client\.with_options\(\) takes 1 positional"):
        client.with_options(3)
