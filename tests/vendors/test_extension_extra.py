"""What a vendor's models may call ``extra``: only the fields that the vendor adds later."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

import attrs
import pytest

from tokenkit import InvalidInputError
from tokenkit.errors import FieldError
from tokenkit.extension import (
    JSON,
    Call,
    ResponseInfo,
    extra_fields,
    extra_of,
    integer,
    json_object,
    param,
    text,
    write_model,
)


@attrs.frozen(kw_only=True)
class DoorCall(Call[str]):
    """What the doors have in common."""

    path: ClassVar[str] = "/doors"

    def decode(self, body: JSON, response: ResponseInfo) -> str:
        del response
        return str(body)


@attrs.frozen(kw_only=True)
class Number(DoorCall):
    """A model for a vendor whose API has a field called ``extra``."""

    extra: int = attrs.field(metadata=param(integer()))


@attrs.frozen(kw_only=True)
class Nested(DoorCall):
    """A model that would send what is in its field as if it were beside it."""

    extra: Mapping[str, JSON] = attrs.field(metadata=param(json_object))


@attrs.frozen(kw_only=True)
class Optional(DoorCall):
    """A model without a check of its ``extra``."""

    extra: Mapping[str, JSON] | None = None


@attrs.frozen(kw_only=True)
class NotCalled(DoorCall):
    """A model whose author forgot the parentheses."""

    extra: Any = extra_fields


@attrs.frozen(kw_only=True)
class Method(DoorCall):
    """A model with a method of that name."""

    def extra(self) -> None:
        """Do nothing."""


@attrs.frozen(kw_only=True)
class Constant(DoorCall):
    """A model with a value for all calls."""

    extra: ClassVar[None] = None


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("Number", lambda: Number(extra=0)),
        ("Nested", lambda: Nested(extra={"a": 1})),
        ("Optional", Optional),
        ("NotCalled", NotCalled),
        ("Method", Method),
        ("Constant", Constant),
    ],
)
def test_an_extra_of_another_kind(name: str, build: Callable[[], object]) -> None:
    """It is refused, whatever it holds: it would be sent as fields that the vendor added later."""
    with pytest.raises(TypeError) as caught:
        build()
    assert str(caught.value) == (
        f"{name}.extra: write extra: Mapping[str, JSON] = extra_fields(); for the "
        "vendor's own field called extra use another name with param(..., wire_name='extra')"
    )


def test_a_field_that_is_called_extra_in_json() -> None:
    """The vendor's own field has another name in Python, as the error advises."""

    @attrs.frozen(kw_only=True)
    class Renamed(DoorCall):
        extra_: str = attrs.field(metadata=param(text(), wire_name="extra"))

    assert write_model(Renamed(extra_="a")) == {"extra": "a"}


@pytest.mark.parametrize("slots", [True, False])
def test_a_model_without_its_decorator(*, slots: bool) -> None:
    """A subclass that adds ``extra`` and isn't an attrs class is told what it lacks."""
    base = attrs.frozen(kw_only=True, slots=slots)(type("Plain", (DoorCall,), {}))

    class Bare(base):  # type: ignore[misc, valid-type] # made above
        extra: Mapping[str, JSON] = extra_fields()

    with pytest.raises(TypeError) as caught:
        Bare()
    assert str(caught.value) == "Bare.extra: decorate Bare with @attrs.frozen(kw_only=True)"
    decorated: Any = attrs.frozen(kw_only=True, slots=slots)(Bare)
    assert extra_of(decorated(extra={"a": 1})) == {"a": 1}


@attrs.frozen(kw_only=True)
class Find(DoorCall):
    """A GET that writes its fields into its query, as the guide says, but lacks a ``check()``."""

    method: ClassVar[str] = "GET"

    extra: Mapping[str, JSON] = extra_fields()

    @property
    def request_line(self) -> tuple[str, str]:
        return self.method, f"{self.path}?{urlencode(write_model(self))}"


@attrs.frozen(kw_only=True)
class CheckedFind(Find):
    """The same with one."""

    def check(self) -> Iterator[FieldError]:
        for name, value in self.extra.items():
            if not isinstance(value, str):
                yield FieldError(field="extra", message=f"{name!r} must be a string")


def test_extra_in_a_query() -> None:
    """A GET takes it if its own ``check()`` says what its query can hold."""
    assert CheckedFind(extra={"later": "1"}).request_line == ("GET", "/doors?later=1")
    with pytest.raises(InvalidInputError, match="'later' must be a string"):
        CheckedFind(extra={"later": []})
    with pytest.raises(InvalidInputError, match="cannot be used in a GET, which has no body"):
        Find(extra={"later": "1"})
