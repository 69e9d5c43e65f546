"""The README and the documentation, apart from their snippets, which are run elsewhere."""

import inspect
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import attrs
import pytest

import tokenkit
from tokenkit import errors
from tokenkit.extension import (
    AsyncClientOptions,
    Client,
    ClientOptions,
    Profile,
    RetryPolicy,
    SendOptions,
    Timeouts,
)

ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
VENDORS = ["strigo", "zdk", "zerohash"]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def clients() -> Iterator[type[Client]]:
    yield tokenkit.ZdkClient
    yield tokenkit.ZeroHashClient
    yield tokenkit.StrigoClient


def missing(document: str, names: set[str]) -> list[str]:
    """Return the names that a document lacks, as code or after a module's name."""
    found = set(re.findall(r"`(?:\w+\.)*(\w+)`", read(document)))
    return sorted(names - found)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    """Each relative link leads to a file of the repository."""
    folder = (ROOT / document).parent
    targets: list[str] = LINK.findall(read(document))
    assert [target for target in targets if not (folder / target).exists()] == []


def test_the_readme_fits_two_screens() -> None:
    """The README is at most two screens of fifty lines."""
    assert len(read("README.md").splitlines()) <= 100


def test_the_settings_page_has_every_option() -> None:
    """The settings page has everything that a client, a call, a policy or the timeouts accept."""
    options = {
        *ClientOptions.__annotations__,
        *AsyncClientOptions.__annotations__,
        *SendOptions.__annotations__,
        *(field.name for model in (RetryPolicy, Timeouts) for field in attrs.fields(model)),
    }
    for client in clients():
        options |= inspect.signature(client).parameters.keys() - {"options"}
    assert missing("docs/settings.md", options) == []


def test_the_settings_page_has_every_variable() -> None:
    """The settings page has every variable that ``from_env`` reads."""
    variables: set[str] = set()
    for client in clients():
        profile: Profile = client.profile
        settings = {name: one.variable for name, one in profile.base_url_settings.items()}
        named: Mapping[str, str] = {**profile.credential_variables, **settings}
        variables |= {*named.values(), profile.base_url_variable}
    assert missing("docs/settings.md", variables) == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_reference_has_every_method_of_a_client(vendor: str) -> None:
    """A vendor's page in the reference lists each method and property of its two clients."""
    module = import_module(f"tokenkit.{vendor}")
    sections = read(f"docs/reference/{vendor}.md").split(".. autoclass:: tokenkit.")[1:3]
    for section in sections:
        client: type[Client] = getattr(module, section.split()[0])
        listed = set(re.findall(r"auto(?:method|property):: (\w+)", section))
        public = {name for name in dir(client) if not name.startswith("_")}
        assert listed == public - {"profile"}


def test_the_errors_page_has_every_error() -> None:
    """The errors page has each error class, including the vendors' own."""
    names = {name for name in errors.__all__ if is_error(getattr(errors, name))}
    for vendor in VENDORS:
        module = import_module(f"tokenkit.{vendor}")
        names |= {name for name in module.__all__ if is_error(getattr(module, name))}
    assert missing("docs/errors.md", names) == []


def is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, errors.TokenKitError)


@pytest.fixture
def sandbox_env(tmp_path: Path) -> Iterator[Path]:
    """Start the sandbox with the tutorial's own command, on a free port."""
    command = next(text for text in shell_blocks() if "sandbox --port" in text)
    with subprocess.Popen(
        ["sh", "-c", command.replace("8700", "0")],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            wait_for(tmp_path / "sandbox.env", "STRIGO_BASE_URL")
            yield tmp_path
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def wait_for(written: Path, text: str) -> None:
    """Wait for another process to write a text."""
    until = time.monotonic() + 60
    while not (written.exists() and text in written.read_text("utf-8")):
        assert time.monotonic() < until
        time.sleep(0.05)


def environment() -> Mapping[str, str]:
    """Make ``python`` this test's interpreter, with no vendor's variables set."""
    folder = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if not is_vendors(name)}
    return {**kept, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def is_vendors(variable: str) -> bool:
    return variable.startswith(("STRIGO_", "ZDK_", "ZEROHASH_"))


def shell_blocks() -> list[str]:
    return [text for language, text in BLOCK.findall(read("docs/tutorial.md")) if language == "sh"]


def first_programs() -> list[str]:
    python = [text for name, text in BLOCK.findall(read("docs/tutorial.md")) if name == "python"]
    return python[: len(VENDORS)]


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell")
def test_the_tutorial_works_as_it_is_typed(sandbox_env: Path) -> None:
    """The tutorial's commands and its first programs mint a token from each vendor."""
    take_over = next(text for text in shell_blocks() if "set -a" in text).splitlines()[-1]
    for program in first_programs():
        (sandbox_env / "mint.py").write_text(program, "utf-8")
        ran = subprocess.run(
            ["sh", "-c", f"{take_over}\npython mint.py"],
            cwd=sandbox_env,
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        shown, start = ran.stdout.splitlines()
        assert "Token(" in shown
        assert start.endswith("…")
