"""The plugin in its users' projects."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from written_projects import run_project

import tokenkit

pytest_plugins = ["pytester"]

ONLY_THE_SANDBOX = """
import asyncio

def test_sync(zdk_client, tokenkit_sandbox):
    zdk_client.create_user_token(id="user-1")
    assert tokenkit_sandbox.issued[-1].subject == "user-1"

def test_async(async_strigo_client, tokenkit_sandbox):
    async def mint():
        async with async_strigo_client as client:
            await client.create_user_token(email="a@b.io")
    asyncio.run(mint())
    assert tokenkit_sandbox.issued[-1].subject == "a@b.io"
"""
ONE_AFTER_THE_OTHER = """
import os
import pytest
from tokenkit import AuthenticationError, ZdkClient

urls = set()

def test_first(zdk_client, tokenkit_sandbox, tokenkit_clock, tokenkit_environment):
    zdk_client.create_user_token(id="user-1")
    with ZdkClient(api_key="wrong", base_url=tokenkit_sandbox.url) as stranger:
        with pytest.raises(AuthenticationError):
            stranger.create_user_token(id="user-1")
    tokenkit_sandbox.fail_next(status=503, times=9)
    tokenkit_clock.advance(10 ** 6)
    tokenkit_clock.sleep(1)
    urls.add(tokenkit_sandbox.url)
    assert tokenkit_sandbox.issued and tokenkit_sandbox.refused and tokenkit_sandbox.pending_faults

def test_second(zdk_client, zerohash_client, tokenkit_sandbox, tokenkit_clock):
    assert tokenkit_sandbox.issued == tokenkit_sandbox.refused == ()
    assert tokenkit_sandbox.pending_faults == ()
    assert tokenkit_clock.sleeps == ()
    assert "ZDK_API_KEY" not in os.environ
    zerohash_client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    assert zdk_client.create_user_token(id="user-2")
    assert urls == {tokenkit_sandbox.url}
"""
NO_UVICORN = """
import sys

for name in [name for name in sys.modules if name.startswith("tokenkit.sandbox")]:
    del sys.modules[name]
sys.modules["uvicorn"] = None
"""
OTHER_TIME = """
from datetime import datetime, timedelta, timezone
import pytest
from tokenkit.testing import FrozenClock

NEW_YEAR = datetime(2027, 1, 1, tzinfo=timezone.utc)

@pytest.fixture
def tokenkit_clock():
    return FrozenClock(NEW_YEAR)

def test_time(zerohash_client, strigo_client, tokenkit_clock):
    assert zerohash_client.get_time().time == NEW_YEAR
    token = strigo_client.create_user_token(email="a@b.io", expiration=timedelta(days=1))
    assert token.expires_at == NEW_YEAR + timedelta(days=1)
"""
WIDER_SCOPE = """
import pytest

@pytest.fixture(scope="session")
def application_url(tokenkit_sandbox_server):
    return tokenkit_sandbox_server.url

def test_one_sandbox(application_url, tokenkit_sandbox):
    assert application_url == tokenkit_sandbox.url
"""
OF_A_COPY = """
import sys

def test_mint(strigo_client, tokenkit_sandbox, tokenkit_clock):
    tokenkit_sandbox.fail_next(status=429, retry_after=9)
    strigo_client.create_user_token(email="a@b.io")
    assert type(strigo_client).__module__ == "acme._vendor.tokenkit.strigo.client"
    assert tokenkit_clock.sleeps == (9,)
    assert "tokenkit" not in sys.modules
"""
ONE_LOOP = """
import asyncio
import gc
import os
import pytest
import weakref

pytestmark = pytest.mark.asyncio(loop_scope="{scope}")
descriptors = []
clients = []

@pytest.mark.parametrize("number", range(20))
async def test_mint(async_zdk_client, async_strigo_client, number):
    await asyncio.gather(*(async_zdk_client.create_user_token(id=str(n)) for n in range(3)))
    await async_strigo_client.create_user_token(email="a@b.io")
    clients.append(weakref.ref(async_zdk_client))
    if os.path.exists("/dev/fd"):
        descriptors.append(len(os.listdir("/dev/fd")))

async def test_connections_were_closed():
    gc.collect()
    assert sum(client() is not None for client in clients) <= 1
    # The sandbox closes its ends a moment later, in its own thread.
    for _ in range(100):
        if not descriptors or len(os.listdir("/dev/fd")) - descriptors[2] <= 10:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(descriptors)
"""


def test_only_the_sandbox_extra(pytester: pytest.Pytester) -> None:
    """The plugin needs no other plugin, for sync or async clients."""
    pytester.makepyfile(ONLY_THE_SANDBOX)
    result = run_project(pytester)
    result.assert_outcomes(passed=2)
    assert result.ret == 0


def test_each_test_starts_anew(pytester: pytest.Pytester) -> None:
    """One sandbox serves all tests, and shows each of them nothing of the others."""
    pytester.makepyfile(ONE_AFTER_THE_OTHER)
    run_project(pytester).assert_outcomes(passed=2)


def test_without_the_extra(pytester: pytest.Pytester) -> None:
    """Without the extra, tests that use the sandbox fail, and say what to install."""
    pytester.makeconftest(NO_UVICORN)
    pytester.makepyfile(
        "def test_one(zdk_client): ...\n"
        "def test_two(tokenkit_sandbox): ...\n"
        "def test_three(tokenkit_clock): tokenkit_clock.advance(1)\n"
    )
    result = run_project(pytester)
    result.assert_outcomes(passed=1, errors=2)
    needed = "tokenkit's sandbox needs the package uvicorn: "
    result.stdout.fnmatch_lines(
        2 * [f'{needed}python -m pip install "tokenkit-sdk[[]sandbox]"'], consecutive=False
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*exception occurred*")


def test_another_time(pytester: pytest.Pytester) -> None:
    """A project's own `tokenkit_clock` sets the time of its clients and the sandbox."""
    pytester.makepyfile(OTHER_TIME)
    run_project(pytester).assert_outcomes(passed=1)


def test_fixtures_of_a_wider_scope(pytester: pytest.Pytester) -> None:
    """A session fixture can have the sandbox that the tests see."""
    pytester.makepyfile(WIDER_SCOPE)
    run_project(pytester).assert_outcomes(passed=1)


@pytest.mark.parametrize("scope", ["function", "session"])
def test_event_loops_of_pytest_asyncio(pytester: pytest.Pytester, scope: str) -> None:
    """Connections are closed, with a loop for each test and with one loop for all of them."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(ONE_LOOP.replace("{scope}", scope))
    result = run_project(pytester, plugins=["pytest_asyncio.plugin"])
    result.assert_outcomes(passed=21)
    assert result.ret == 0
    for output in (result.stdout, result.stderr):
        output.no_fnmatch_line("*destroyed*pending*")


def test_the_plugin_of_a_copy(tmp_path: Path) -> None:
    """A copied folder's plugin works under the copy's name, even without the other vendors."""
    copy = tmp_path / "acme" / "_vendor" / "tokenkit"
    whole = Path(tokenkit.__file__).parent
    shutil.copytree(whole, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for vendor in ("zdk", "zerohash"):
        shutil.rmtree(copy / vendor)
    (tmp_path / "test_mint.py").write_text(OF_A_COPY)
    plugin = "acme._vendor.tokenkit.testing.plugin"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-p", plugin, "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_pytest_starts_light() -> None:
    """Loading the plugin loads neither HTTP nor the sandbox, nor any vendor."""
    script = (
        "import pytest, sys; before = set(sys.modules)\n"
        "import tokenkit.testing.plugin\n"
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded - sys.stdlib_module_names == {"tokenkit"}
    assert not {"tokenkit.sandbox", "tokenkit.zdk", "tokenkit._http"} & set(done.stdout.split())
