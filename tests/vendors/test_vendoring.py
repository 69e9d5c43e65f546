"""The documentation's page about vendoring, followed word for word, and the resulting copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from raw_server import RawServer, json_response, responding

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "vendoring.md").read_text("utf-8")
COMMANDS: list[str] = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
FILES: list[tuple[str, str]] = re.findall(
    r"^```\{code-block\} \w+\n:caption: (\S+)\n\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE
)
*BUILDING, TYPE_CHECK, MINT = COMMANDS
PYCACHE = shutil.ignore_patterns("__pycache__")
# Python reads a module of this name when it starts.
BLOCKING = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "tokenkit" or name.startswith("tokenkit."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


class Place:
    """A folder where the page is followed, with a checkout of tokenkit beside it."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "acme-sdk"
        self.blocking = root / "blocking"
        for folder in (self.folder, self.blocking):
            folder.mkdir()
        (self.blocking / "sitecustomize.py").write_text(BLOCKING)
        shutil.copytree(ROOT / "src", root / "tokenkit" / "src", ignore=PYCACHE)
        shutil.copy(ROOT / "LICENSE", root / "tokenkit")

    def run(self, *command: str, **variables: str) -> str:
        """Run a command that finds only the copy of tokenkit; return what it prints."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "PYTHONPATH": str(self.blocking), **variables}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def shell(self, commands: str, **variables: str) -> str:
        return self.run("sh", "-euc", commands, **variables)

    def python(self, code: str, **variables: str) -> str:
        return self.run(sys.executable, "-W", "error", "-c", code, **variables)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Follow the page up to its checks."""
    place = Place(tmp_path_factory.mktemp("vendoring"))
    for commands in BUILDING:
        place.shell(commands)
    for name, text in FILES:
        (place.folder / name).write_text(text)
    return place


def test_the_page_is_read_whole() -> None:
    """Every block of the page is one that these tests follow."""
    assert PAGE.count("\n```") == 2 * (len(COMMANDS) + len(FILES))
    assert "mypy" in TYPE_CHECK
    assert [name for name, _ in FILES] == ["pyproject.toml", "acme/tokens.py"]


def test_the_copy_mints(place: Place, issuers: Mapping[str, str]) -> None:
    """The page's last command mints, with the real package out of reach."""
    shown = place.shell(MINT, PYTHONWARNINGS="error", **issuers)
    assert re.fullmatch(
        r"UserToken\(user_id='\w+', .*, email='user1@example\.com', .* left\)\n", shown
    )


def test_the_real_package_is_out_of_reach(place: Place) -> None:
    """These tests would notice if the copy needed an installed tokenkit."""
    with pytest.raises(AssertionError, match="No module named 'tokenkit'"):
        place.python("import tokenkit")


@pytest.mark.skipif(
    find_spec("mypy") is None, reason="mypy is not installed; `nox -s types` has it"
)
def test_the_copy_is_cleanly_typed(place: Place) -> None:
    """The page's mypy finds nothing in the copied package, and knows the copy's types."""
    assert "Success: no issues found" in place.shell(TYPE_CHECK)
    wrong = place.folder / "acme" / "wrong.py"
    wrong.write_text("from .tokens import mint\n\nmint('a@b.io').user_id.bit_count()\n")
    with pytest.raises(AssertionError, match=r'"str" of .* has no attribute '):
        place.shell(TYPE_CHECK)
    wrong.unlink()


def test_the_licence_is_kept(place: Place) -> None:
    """The copy has the licence's whole text."""
    kept = place.folder / "acme" / "_vendor" / "tokenkit" / "LICENSE"
    assert kept.read_text("utf-8") == (ROOT / "LICENSE").read_text("utf-8")


def test_the_dependencies_are_the_packages_own() -> None:
    """The page tells the SDK to require what tokenkit requires."""
    ours, theirs = (
        re.findall(r"^dependencies = \[.*?^\]", text, re.DOTALL | re.MULTILINE)
        for text in ((ROOT / "pyproject.toml").read_text("utf-8"), dict(FILES)["pyproject.toml"])
    )
    assert len(ours) == 1
    assert theirs == ours


def test_nothing_of_the_deleted_is_left(place: Place) -> None:
    """The copy's public names and its folders are the remaining ones, and all of them load."""
    shown = place.python(
        "import acme._vendor.tokenkit as kit\n"
        "print([name for name in kit.__all__ if 'z' in name.lower()], len(kit.__all__) > 30)\n"
        "for name in kit.__all__: getattr(kit, name)\n"
        "try: kit.ZdkClient\n"
        "except AttributeError as error: print(error)\n"
    )
    assert shown.splitlines() == [
        "[] True",
        "module 'acme._vendor.tokenkit' has no attribute 'ZdkClient'",
    ]


def test_the_vendor_is_told_who_calls(place: Place) -> None:
    """The SDK's own name is in the User-Agent header."""
    minted = {"result": "success", "data": {"token": "t"}}
    with RawServer(responding(lambda _: json_response(minted))) as server:
        place.shell(MINT, STRIGO_ORG_ID="o", STRIGO_API_KEY="k", STRIGO_BASE_URL=server.url)
    (request,) = server.requests
    assert re.fullmatch(r"tokenkit/\S+ python/\S+ acme-sdk/1\.0", request.headers["user-agent"])


def test_an_async_copy_works(place: Place, issuers: Mapping[str, str]) -> None:
    """The copy's async client works as well, and nothing loads a package called tokenkit."""
    shown = place.python(
        "import asyncio, sys\n"
        "from acme._vendor.tokenkit import AsyncStrigoClient\n"
        "async def main():\n"
        "    async with AsyncStrigoClient.from_env() as client:\n"
        "        return await client.check_health()\n"
        "print(asyncio.run(main()))\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'tokenkit'])\n",
        **issuers,
    )
    assert shown.splitlines() == ["Health(status='ok', message='Healthy')", "[]"]


def test_errors_and_pickles_of_a_copy(place: Place) -> None:
    """The copy's classes are its own, and its values pickle under its name."""
    shown = place.python(
        "import pickle\n"
        "from acme._vendor.tokenkit import InvalidInputError, StrigoClient, strigo\n"
        "token = strigo.UserToken(token='t')\n"
        "print(type(token).__module__, pickle.loads(pickle.dumps(token)) == token)\n"
        "print(StrigoClient.create_user_token.__module__)\n"
        "try: strigo.UserTokenRequest(email='')\n"
        "except InvalidInputError as error: print(type(error).__module__, error)\n"
    )
    assert shown.splitlines() == [
        "acme._vendor.tokenkit.strigo.models True",
        "acme._vendor.tokenkit.strigo.client",
        "acme._vendor.tokenkit.errors UserTokenRequest: email must not be empty",
    ]


def test_the_log_of_a_copy(place: Place, issuers: Mapping[str, str]) -> None:
    """The copy logs under its own name."""
    shown = place.python(
        "import logging, sys\n"
        "logging.basicConfig(stream=sys.stdout, format='%(name)s', level='DEBUG')\n"
        "from acme._vendor.tokenkit import StrigoClient\n"
        "with StrigoClient.from_env() as client: client.check_health()\n",
        **issuers,
    )
    assert "acme._vendor.tokenkit" in shown.split()
    assert "tokenkit" not in shown.split()


def test_a_folder_deleted_without_its_names(tmp_path: Path) -> None:
    """A missing vendor is a plain ModuleNotFoundError, and the sandbox's command explains it."""
    place = Place(tmp_path)
    copy = place.folder / "acme"
    shutil.copytree(tmp_path / "tokenkit" / "src" / "tokenkit", copy)
    for folder in ("sandbox", "zdk", "zerohash"):
        shutil.rmtree(copy / folder)
    shown = place.python(
        "import sys\n"
        "import acme as kit\n"
        "for name in ('ZdkClient', 'zerohash'):\n"
        "    try: getattr(kit, name)\n"
        "    except ModuleNotFoundError as error: print(error.name)\n"
        "from acme.__main__ import main\n"
        "sys.stderr = sys.stdout\n"
        "print(main(['sandbox']))\n"
    )
    assert shown.splitlines() == [
        "acme.zdk",
        "acme.zerohash",
        "The sandbox needs more packages: python -m pip install 'tokenkit-sdk[sandbox]'",
        "1",
    ]
