"""Misspelt keywords of a client, which get a suggestion."""

from typing import Any

import pytest
from vendors_support import CLIENTS

from tokenkit import ZdkClient
from tokenkit.extension import Client


@pytest.mark.parametrize(("kind", "credentials"), CLIENTS)
def test_unknown_keywords(kind: Any, credentials: dict[str, str]) -> None:
    """An unknown keyword is a TypeError that names the class."""
    with pytest.raises(TypeError) as caught:
        kind(**credentials, time_out=5)
    assert str(caught.value) == (
        f"{kind.__name__}() got an unexpected keyword argument 'time_out'; did you mean 'timeout'?"
    )
    for name in credentials:
        with pytest.raises(TypeError, match=rf"argument '{name}s'; did you mean '{name}'\?$"):
            kind(**{f"{name}s": "x"})


def test_a_clients_own_parameters_are_suggested() -> None:
    """So are those of a subclass, but none that a vendor's client doesn't take."""

    class UsersClient(ZdkClient):
        def __init__(self, *, tenant: str, **options: Any) -> None:
            super().__init__(**options)
            self.tenant = tenant

    make: Any = UsersClient
    for name, meant in (("base_hots", "base_host"), ("tennant", "tenant"), ("auht", "auth")):
        with pytest.raises(TypeError, match=rf"^UsersClient\(\) .*; did you mean '{meant}'\?$"):
            make(tenant="a", **{name: "x"})
    with pytest.raises(TypeError, match=r"argument 'credential'$"):
        make(tenant="a", credential="x")
    plain: Any = Client
    with pytest.raises(TypeError, match=r"'credential'; did you mean 'credentials'\?$"):
        plain(credential="x")
