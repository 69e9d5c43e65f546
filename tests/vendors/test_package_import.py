import subprocess
import sys
import types
from importlib import import_module
from typing import Any, get_type_hints

import pytest
from public_names import PUBLIC_MODULES, public_names

import tokenkit
import tokenkit.testing

VENDORS = {"strigo", "zdk", "zerohash"}


def modules_after(code: str) -> set[str]:
    """Run code in a fresh interpreter; return the modules that it has loaded."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def vendors_in(modules: set[str]) -> set[str]:
    return {name.split(".")[1] for name in modules if name.startswith("tokenkit.")} & VENDORS


def test_import_is_light() -> None:
    """Importing the package loads none of its dependencies and no vendor."""
    modules = modules_after("import tokenkit")
    assert not modules & {"httpx", "httpx2", "httpcore", "cattrs", "attr", "attrs", "anyio"}
    assert [name for name in modules if name.startswith("tokenkit.")] == []


@pytest.mark.parametrize(
    ("name", "vendor"),
    [
        ("StrigoClient", "strigo"),
        ("AsyncStrigoClient", "strigo"),
        ("ZdkClient", "zdk"),
        ("AsyncZdkClient", "zdk"),
        ("ZeroHashClient", "zerohash"),
        ("AsyncZeroHashClient", "zerohash"),
        ("strigo", "strigo"),
        ("zdk", "zdk"),
        ("zerohash", "zerohash"),
    ],
)
def test_a_client_loads_its_vendor_only(name: str, vendor: str) -> None:
    """A client's name loads only its own vendor, no HTTP and no sandbox."""
    modules = modules_after(f"from tokenkit import {name}")
    assert vendors_in(modules) == {vendor}
    assert not modules & {"httpx", "httpx2", "httpcore", "anyio", "tokenkit.sandbox", "starlette"}


@pytest.mark.parametrize("name", ["RetryPolicy", "APIError", "Secret", "Call", "extension"])
def test_other_names_load_no_vendor(name: str) -> None:
    """Names that belong to no vendor load none."""
    assert vendors_in(modules_after(f"from tokenkit import {name}")) == set()


def test_public_names() -> None:
    """``__all__`` is sorted and complete, each of its names resolves, and ``dir`` shows them."""
    names = tokenkit.__all__
    assert names == sorted(names)
    assert len(names) == len(set(names))
    assert {
        *("AsyncStrigoClient", "AsyncZdkClient", "AsyncZeroHashClient"),
        *("StrigoClient", "ZdkClient", "ZeroHashClient"),
        *("RetryPolicy", "Timeouts", "Reply", "Call", "Secret"),
        *("auth", "extension", "errors", "strigo", "zdk", "zerohash"),
        *("TokenKitError", "APIError", "DeadlineExceeded"),
    } <= set(names)
    for name in names:
        value: object = getattr(tokenkit, name)
        assert value is getattr(tokenkit, name)
        assert isinstance(value, (type, types.ModuleType))
    assert set(dir(tokenkit)) >= set(names)


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_type_hints_of_public_classes(module: str) -> None:
    """The annotations of each public class can be resolved, those of options with TokenCache."""
    home = import_module(module)
    kinds: list[type] = [
        kind for name in public_names(module) if isinstance(kind := getattr(home, name), type)
    ]
    for kind in kinds:
        get_type_hints(kind, localns={"TokenCache": tokenkit.TokenCache})
    assert kinds or module == "tokenkit.zerohash.experiences"


def test_star_import() -> None:
    """A star import brings exactly the public names."""
    namespace: dict[str, Any] = {}
    exec("from tokenkit import *", namespace)  # noqa: S102 - the star is what is tested
    assert set(namespace) - {"__builtins__"} == set(tokenkit.__all__)


def test_unknown_names() -> None:
    """A name that doesn't exist is an AttributeError, and an ImportError on import."""
    for name in ("StrigoClent", "_nothing", "HTTPStatus"):
        with pytest.raises(AttributeError) as caught:
            getattr(tokenkit, name)
        assert str(caught.value) == f"module 'tokenkit' has no attribute {name!r}"
    with pytest.raises(ImportError, match="cannot import name 'StrigoClent'"):
        exec("from tokenkit import StrigoClent")  # noqa: S102 - as a user would write it


def test_unknown_names_of_testing() -> None:
    """The module for tests, which loads a part of itself late, has no other names either."""
    assert all(hasattr(tokenkit.testing, name) for name in tokenkit.testing.__all__)
    with pytest.raises(AttributeError, match=r"^module 'tokenkit.testing' has no .* 'Frozen'$"):
        getattr(tokenkit.testing, "Frozen")  # noqa: B009 - type checkers know that it is missing


@pytest.mark.parametrize("name", ["auth", "errors", "extension", "strigo", "zdk", "zerohash"])
def test_public_names_of_modules(name: str) -> None:
    """Each public module's ``__all__`` is sorted, complete, and free of private names."""
    module: Any = getattr(tokenkit, name)
    names: list[str] = module.__all__
    assert len(names) == len(set(names))
    # As ruff sorts them: constants, classes, functions.
    groups = [[n for n in names if rule(n)] for rule in (str.isupper, is_class_name, str.islower)]
    assert names == [n for group in groups for n in sorted(group)]
    assert not [n for n in names if n.startswith("_") or not hasattr(module, n)]


def is_class_name(name: str) -> bool:
    return name[0].isupper() and not name.isupper()


def test_version() -> None:
    """The version is a literal of the package, readable without its metadata."""
    assert tokenkit.__version__ == "0.1.0"
    assert "importlib.metadata" not in modules_after("import tokenkit") - modules_after("pass")
