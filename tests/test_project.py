"""What the project says about itself is true."""

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import house
import pytest

import tokenkit

ROOT = Path(__file__).parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_the_picture_of_the_house_is_of_this_tree() -> None:
    """CONTRIBUTING.md shows each floor as it is; ``nox -s house`` draws it again."""
    assert house.shown() == house.picture()


def test_the_picture_of_the_house_is_whole() -> None:
    """Each module and folder of the package is on one floor, and says what it is."""
    names = {path.stem for path in house.PACKAGE.iterdir() if path.suffix in {"", ".py"}}
    shown = [name for floor in house.floors() for name in floor]
    assert sorted(shown) == sorted(names - {"__init__", "__pycache__"})
    assert [name for name in shown if not house.summary(name)] == []
    assert [line for line in house.picture().splitlines() if len(line) > 110] == []


def test_the_changelog_has_this_version() -> None:
    """The newest version in the changelog is the package's."""
    versions = re.findall(r"^## \[(\d\S*)\]", page("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == tokenkit.__version__


def test_supported_pythons_are_told_the_same_everywhere() -> None:
    """The policy and the README name the Pythons of the classifiers."""
    versions = re.findall(r"Python :: (3\.\d+)", PYPROJECT)
    assert f"CPython {versions[0]} to {versions[-1]}" in page("docs/policy.md")
    assert f"from {versions[0]} to\n{versions[-1]}" in page("CONTRIBUTING.md")
    assert f"Python {versions[0]} and up" in page("README.md")
    assert f'requires-python = ">={versions[0]}"' in PYPROJECT


def test_public_modules_are_told_in_the_policy() -> None:
    """The policy's list of public modules matches the package."""
    listed = re.search(r"`__all__` of (.*?);", page("docs/policy.md"), re.DOTALL)
    assert listed
    package = ROOT / "src" / "tokenkit"
    names = {path.stem for path in package.iterdir() if path.name != "py.typed"}
    public = {f"tokenkit.{name}" for name in names if not name.startswith(("_", "."))}
    below = {
        f"{home}.{name}"
        for home in public
        for name in import_module(home).__all__
        if isinstance(getattr(import_module(home), name), ModuleType)
    }
    assert set(re.findall(r"`([\w.]+)`", listed[1])) == {"tokenkit", *public, *below}


def test_the_readme_has_no_relative_links() -> None:
    """PyPI shows the README too, where a relative link leads nowhere."""
    links = re.findall(r"\]\(\s*([^)\s]+)", page("README.md"))
    assert [link for link in links if not link.startswith("https://")] == []


@pytest.mark.parametrize("name", ["ci.yml", "release.yml"])
def test_workflows_pin_their_actions(name: str) -> None:
    """Each action is pinned to a commit, as a tag can be moved; a comment names its version."""
    used = re.findall(r"uses: (.*)", page(f".github/workflows/{name}"))
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert used
    assert [action for action in used if not pinned.fullmatch(action)] == []


@pytest.mark.parametrize("name", [path.name for path in ROOT.glob("*.md")])
def test_links_between_pages_lead_somewhere(name: str) -> None:
    """Each link of a top-level page to another file leads to one."""
    links = re.findall(r"\]\(\s*([^)#\s]+)", page(name))
    local = [link for link in links if not link.startswith(("http://", "https://"))]
    assert [link for link in local if not (ROOT / link).exists()] == []
