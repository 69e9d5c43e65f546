"""What type checkers other than mypy and pyright say about the package."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from public_names import PUBLIC_MODULES, public_names

ROOT = Path(__file__).parents[2]
SAMPLES = Path("tests", "typing")
COMMANDS = {
    "pyrefly": ["check", "--output-format", "min-text", "--python-interpreter-path"],
    "ty": ["check", "--output-format", "concise", "--python"],
}


def complaints(checker: str, *paths: Path) -> list[tuple[Path, int]]:
    """Return the places of a checker's reports, or skip the test if it isn't installed."""
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed; `nox -s types` has it")
    command = [sys.executable, "-m", checker, *COMMANDS[checker], sys.executable]
    done = subprocess.run(
        [*command, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    lines = [line for line in done.stdout.splitlines() if ".py:" in line]
    assert bool(lines) == bool(done.returncode), done.stdout
    places = (line.removeprefix("ERROR ").split(":") for line in lines)
    return [(ROOT / place[0], int(place[1])) for place in places]


@pytest.mark.parametrize("checker", COMMANDS)
def test_every_public_name_is_resolved(checker: str, tmp_path: Path) -> None:
    """Each public name can be imported from its module."""
    sample = tmp_path / "names.py"
    names = (
        f"from {module} import {name} as name_{number}"
        for module in PUBLIC_MODULES
        for number, name in enumerate(public_names(module))
    )
    sample.write_text("\n".join(names), "utf-8")
    assert complaints(checker, sample) == []


# pyrefly sees the package's __getattr__, and takes any name.
@pytest.mark.parametrize("checker", ["ty"])
@pytest.mark.parametrize("module", ["", ".testing", ".zerohash"])
def test_a_misspelt_name_is_reported(checker: str, module: str, tmp_path: Path) -> None:
    """A name that a module with a ``__getattr__`` doesn't have is a mistake."""
    sample = tmp_path / "misspelt.py"
    sample.write_text(f"from tokenkit{module} import Cleint", "utf-8")
    assert complaints(checker, sample) == [(sample, 1)]


@pytest.mark.parametrize("checker", COMMANDS)
def test_samples(checker: str) -> None:
    """Only the uses that are marked as wrong are reported, and each type assertion holds."""
    reported = {
        (path.name, path.read_text("utf-8").splitlines()[line - 1].strip())
        for path, line in complaints(checker, SAMPLES)
    }
    unexpected = {(name, line) for name, line in reported if "# type: ignore" not in line}
    # ty doesn't take the type of a generic class's attribute over into a pattern yet.
    assert unexpected <= {("bulk.py", "assert_type(token, strigo.UserToken)")}
