"""What the project says about itself, held against what it is."""

import re
from pathlib import Path

import pytest

import tokenkit

ROOT = Path(__file__).parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
MADE_BY_TOOLS = {"__pycache__", "_build", ".ipynb_checkpoints"}


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def house() -> dict[str, list[str]]:
    """Read the picture in CONTRIBUTING.md: for each place at the margin, the names below it."""
    shown = re.search(r"## The house\n\n```\n(.*?)```", page("CONTRIBUTING.md"), re.DOTALL)
    assert shown
    places: dict[str, list[str]] = {}
    for line in shown[1].splitlines():
        indented = len(line) - len(line.lstrip())
        names = re.split(r"\s{2,}", line.strip())[0].split()
        if indented == 0:
            places[names[0]] = []
        elif indented == 2:
            places[list(places)[-1]] += names
    return places


def folders(place: Path) -> set[str]:
    """Return the folders below a place, at any depth, that hold files of the project's."""
    below = [path.relative_to(place) for path in place.rglob("*") if path.is_file()]
    return {
        f"{folder.as_posix()}/"
        for path in below
        for folder in path.parents
        if folder.parts and not MADE_BY_TOOLS.intersection(path.parts)
    }


def test_the_picture_of_the_package_is_whole() -> None:
    """CONTRIBUTING.md shows each module and each folder of the package, once."""
    package = ROOT / "src" / "tokenkit"
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    assert sorted(house()["src/tokenkit/"]) == sorted(modules | folders(package))


@pytest.mark.parametrize("place", ["benchmarks/", "docs/", "examples/", "tests/"])
def test_the_picture_of_the_other_places_is_whole(place: str) -> None:
    """CONTRIBUTING.md shows each folder of the tests, the documentation and the programs."""
    first = {name for name in folders(ROOT / place) if name.count("/") == 1}
    assert sorted(house()[place]) == sorted(first)


def test_the_picture_keeps_the_order_of_the_layers() -> None:
    """What stands higher in the picture never imports what stands lower."""
    layers = re.search(r"^layers = \[\n(.*?)^\]", PYPROJECT, re.DOTALL | re.MULTILINE)
    assert layers
    lines = layers[1].splitlines()[::-1]
    rank = {name: place for place, line in enumerate(lines) for name in re.findall(r"\w+", line)}
    shown = [name.strip("/") for name in house()["src/tokenkit/"] if "/" not in name.rstrip("/")]
    ranks = [rank[name] for name in shown]
    assert ranks == sorted(ranks)
    assert set(shown) == set(rank)


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
    """The policy's list of public modules is that of the package."""
    listed = re.search(r"`__all__` of (.*?);", page("docs/policy.md"), re.DOTALL)
    assert listed
    package = ROOT / "src" / "tokenkit"
    names = {path.stem for path in package.iterdir() if path.name != "py.typed"}
    public = {f"tokenkit.{name}" for name in names if not name.startswith(("_", "."))}
    assert set(re.findall(r"`([\w.]+)`", listed[1])) == {"tokenkit", *public}


@pytest.mark.parametrize("name", ["ci.yml", "release.yml"])
def test_workflows_pin_their_actions(name: str) -> None:
    """Each action is pinned to a commit, as a tag can be moved; a comment names its version."""
    used = re.findall(r"uses: (.*)", page(f".github/workflows/{name}"))
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert used
    assert [action for action in used if not pinned.fullmatch(action)] == []


@pytest.mark.parametrize("name", [path.name for path in ROOT.glob("*.md")])
def test_links_between_pages_lead_somewhere(name: str) -> None:
    """Each link of a page at the top to another file leads to one."""
    links = re.findall(r"\]\(\s*([^)#\s]+)", page(name))
    local = [link for link in links if not link.startswith(("http://", "https://"))]
    assert [link for link in local if not (ROOT / link).exists()] == []
