"""Subclasses of clients, strategies and models: protocols as bases, and the names they may use."""

from __future__ import annotations

import typing
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Generic, TypeVar

import attrs
import pytest
import typing_extensions
from credentials import ZDK
from vendors_support import responding

from tokenkit import AsyncZdkClient, ZdkClient, zdk
from tokenkit.auth import Bearer
from tokenkit.bulk import Worker

T = TypeVar("T")


@typing.runtime_checkable
class Port(typing.Protocol):
    """What a program needs of a client."""

    def mint(self) -> str: ...


@typing_extensions.runtime_checkable
class OtherPort(typing_extensions.Protocol):
    """The same, with another metaclass on some Pythons."""

    def mint(self) -> str: ...


class AbstractPort(ABC):
    """The same, as an abstract class."""

    @abstractmethod
    def mint(self) -> str: ...


class Minting:
    """Implements a port."""

    def mint(self) -> str:
        return "minted"


BASES: list[tuple[Any, dict[str, Any]]] = [
    (ZdkClient, ZDK),
    (AsyncZdkClient, ZDK),
    (Bearer, {"api_key": "k"}),
    (zdk.UserTokenRequest, {"id": "u"}),
]


@pytest.mark.parametrize("port", [Port, OtherPort, AbstractPort])
@pytest.mark.parametrize(("base", "arguments"), BASES)
def test_a_subclass_may_implement_a_port(base: Any, arguments: dict[str, Any], port: Any) -> None:
    """A class of ours can be combined with a protocol or an abstract class, which it then is."""
    kind: Any = type("Kind", (Minting, base, port), {})
    made = kind(**arguments)
    assert isinstance(made, port)
    assert isinstance(made, base)
    assert not isinstance(base(**arguments), port)
    assert made.mint() == "minted"
    with pytest.raises(TypeError, match="abstract"):
        type("Kind", (base, port), {"mint": AbstractPort.mint})(**arguments)


def test_a_subclass_may_be_generic() -> None:
    """A client's subclass can have type parameters; it is no protocol itself."""

    class OfTenant(ZdkClient, Generic[T]):
        pass

    assert OfTenant[int](**ZDK).base_url == ZdkClient(**ZDK).base_url


USES: list[dict[str, Any]] = [
    {"_call_settings": {}},
    {"_start": Minting.mint},
    {"__annotations__": {"_default_plan": int}},
    {"__slots__": ("_shared",)},
]


@pytest.mark.parametrize("base", [ZdkClient, AsyncZdkClient])
@pytest.mark.parametrize("members", USES)
def test_a_subclass_cannot_use_a_clients_own_names(base: Any, members: dict[str, Any]) -> None:
    """A name that would break the client is refused when the class is defined, or a mixin used."""
    (name,) = members.get("__slots__") or members.get("__annotations__") or members
    problem = rf"^Mine can't use the name {name}: .* choose another, such as _{name}$"
    with pytest.raises(TypeError, match=problem):
        type("Mine", (base,), members)
    with pytest.raises(TypeError, match=problem):
        type("Mine", (type("Mixin", (), members), base), {})


def test_other_names_are_free() -> None:
    """Other names are a subclass's own, and kept by with_options(), and so are its subclass's."""

    class Mine(ZdkClient):
        _tenant = "a"

        def __init__(self) -> None:
            super().__init__(**ZDK)
            self._owner = "Ada"
            self._settings = {self._owner: 1}

        def told(self) -> tuple[str, str, dict[str, int]]:
            return self._tenant, self._owner, self._settings

    class Ours(Mine):
        _tenant = "b"

    copied = Ours().with_options(timeout=5)
    assert copied.told() == ("b", "Ada", {"Ada": 1})


def test_a_subclass_may_be_frozen() -> None:
    """A client sets itself up and reuses tokens without an assignment that attrs would refuse."""

    @attrs.frozen(init=False, eq=False)
    class Frozen(ZdkClient):
        tenant: str

        def __init__(self, tenant: str) -> None:
            transport = responding(200, {"tokens": ["t0ken-1"]})
            super().__init__(**ZDK, transport=transport, token_lifetime=timedelta(hours=1))
            object.__setattr__(self, "tenant", tenant)

    client: Any = Frozen("a").with_options(timeout=5)
    assert client.tenant == "a"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        client.tenant = "b"
    call = zdk.UserTokenRequest(id="u")
    assert client.get_token(call) is client.get_token(call)


FREEZING: list[Any] = [
    attrs.frozen(init=False, eq=False),
    dataclass(frozen=True, init=False, eq=False),
]


@pytest.mark.parametrize("freeze", FREEZING)
@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.anyio
async def test_a_frozen_subclass_runs_in_bulk(freeze: Any, *, reuse: bool) -> None:
    """Sync, async and in a worker, a frozen client sends many calls, and reuses tokens."""
    options = {**ZDK, "transport": responding(200, {"tokens": ["t0ken-1"]})}
    options["token_lifetime"] = timedelta(hours=1)
    calls = [zdk.UserTokenRequest(id="u")]
    client, other = (freeze(type("Frozen", (base,), {})) for base in (ZdkClient, AsyncZdkClient))
    with client(**options).send_many(calls, reuse=reuse) as results:
        assert [result.ok for result in results] == [True]
    async with other(**options).send_many(calls, reuse=reuse) as results:
        assert [result.ok async for result in results] == [True]
    assert [result.ok for result in Worker(partial(client, **options))(calls)] == [True]
