import os
import shutil
import site
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import tokenkit

BLOCKED = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "tokenkit" or name.startswith("tokenkit."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


@pytest.fixture
def vendored(tmp_path: Path) -> Path:
    """Copy the package as ``acme/_vendor/tokenkit``, without sandbox, ZDK and zerohash."""
    target = tmp_path / "acme" / "_vendor"
    source = Path(tokenkit.__file__).parent
    shutil.copytree(source, target / "tokenkit", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("sandbox", "zdk", "zerohash"):
        shutil.rmtree(target / "tokenkit" / folder)
    for package in (target, target.parent):
        (package / "__init__.py").touch()
    return tmp_path


def run(path: Path, code: str, *arguments: str, **variables: str) -> str:
    """Run code that finds the copy, and nothing of the real package; return what it prints."""
    folders = [str(path), *site.getsitepackages()]
    prelude = f"{BLOCKED}\nsys.path[:0] = {folders!r}\n"
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", prelude + code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_copy_mints(vendored: Path, issuers: Mapping[str, str]) -> None:
    """The copy mints over a socket, under its own name, with the real package out of reach."""
    shown = run(
        vendored,
        "from acme._vendor.tokenkit import StrigoClient, strigo\n"
        "with StrigoClient.from_env() as client:\n"
        "    token = client.create_user_token(email='a@b.io')\n"
        "    print(type(token) is strigo.UserToken, type(token).__module__, len(token.token))\n"
        "print(client.create_user_token.__module__)\n"
        "print([n for n in sys.modules if n == 'tokenkit' or n.startswith('tokenkit.')])\n",
        **issuers,
    )
    assert shown.splitlines() == [
        "True acme._vendor.tokenkit.strigo.models 43",
        "acme._vendor.tokenkit.strigo.client",
        "[]",
    ]


def test_an_async_copy_mints(vendored: Path, issuers: Mapping[str, str]) -> None:
    """The copy's async client mints as well."""
    shown = run(
        vendored,
        "import asyncio\n"
        "from acme._vendor.tokenkit import AsyncStrigoClient\n"
        "async def main():\n"
        "    async with AsyncStrigoClient.from_env() as client:\n"
        "        return await client.check_health()\n"
        "print(asyncio.run(main()))\n",
        **issuers,
    )
    assert shown == "Health(status='ok', message='Healthy')\n"


def test_errors_and_pickles_of_a_copy(vendored: Path) -> None:
    """The copy's classes are its own, and its values pickle under its name."""
    shown = run(
        vendored,
        "import pickle\n"
        "from acme._vendor.tokenkit import InvalidInputError, strigo\n"
        "token = strigo.UserToken(token='t')\n"
        "print(pickle.loads(pickle.dumps(token)) == token)\n"
        "try: strigo.UserTokenRequest(email='')\n"
        "except InvalidInputError as error: print(type(error).__module__, error)\n",
    )
    assert shown.splitlines() == [
        "True",
        "acme._vendor.tokenkit.errors UserTokenRequest is not valid: email: must not be empty",
    ]


def test_what_was_deleted_is_missing(vendored: Path) -> None:
    """A deleted vendor is a plain ModuleNotFoundError, and so is the sandbox's command."""
    shown = run(
        vendored,
        "import acme._vendor.tokenkit as kit\n"
        "for name in ('ZdkClient', 'zerohash'):\n"
        "    try: getattr(kit, name)\n"
        "    except ModuleNotFoundError as error: print(error.name)\n"
        "from acme._vendor.tokenkit.__main__ import main\n"
        "sys.stderr = sys.stdout\n"
        "print(main(['sandbox']))\n",
    )
    assert shown.splitlines() == [
        "acme._vendor.tokenkit.zdk",
        "acme._vendor.tokenkit.zerohash",
        "The sandbox needs more packages: python -m pip install 'tokenkit-sdk[sandbox]'",
        "1",
    ]


def test_the_log_of_a_copy(vendored: Path, issuers: Mapping[str, str]) -> None:
    """The copy logs under its own name."""
    shown = run(
        vendored,
        "import logging\n"
        "logging.basicConfig(stream=sys.stdout, format='%(name)s', level='DEBUG')\n"
        "logging.getLogger('httpcore').disabled = True\n"
        "from acme._vendor.tokenkit import StrigoClient\n"
        "with StrigoClient.from_env() as client: client.check_health()\n",
        **issuers,
    )
    assert "acme._vendor.tokenkit" in shown.split()
    assert "tokenkit" not in shown.split()
