"""Draw CONTRIBUTING.md's picture of the house from the tree: ``nox -s house``."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "tokenkit"
PAGE = ROOT / "CONTRIBUTING.md"
LAYERS = re.compile(r"^layers = \[\n(.*?)^\]", re.DOTALL | re.MULTILINE)
PICTURE = re.compile(r"(?<=## The house\n\n```text\n).*?(?=```)", re.DOTALL)


def floors() -> list[list[str]]:
    """Return the names on each floor, the highest first, by the rules for imports."""
    found = LAYERS.search((ROOT / "pyproject.toml").read_text("utf-8"))
    assert found
    return [re.findall(r"\w+", line) for line in found[1].splitlines()]


def summary(name: str) -> str:
    """Return what a module or a folder says about itself in its first line."""
    folder = PACKAGE / name
    source = folder / "__init__.py" if folder.is_dir() else PACKAGE / f"{name}.py"
    told = ast.get_docstring(ast.parse(source.read_text("utf-8"))) or ""
    return told.partition("\n")[0].replace("``", "").rstrip(".")


def picture() -> str:
    """Draw the floors, with one name per line."""
    return "".join(_lines())


def _lines() -> Iterator[str]:
    rows = floors()
    width = max(len(name) for row in rows for name in row) + 3
    for floor, row in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
        for number, name in zip([str(floor), *[""] * len(row)], row, strict=False):
            shown = f"{name}/" if (PACKAGE / name).is_dir() else name
            yield f"{number:>2}  {shown:{width}}{summary(name)}\n"


def shown() -> str:
    """Return the picture that the page has."""
    found = PICTURE.search(PAGE.read_text("utf-8"))
    assert found
    return found[0]


if __name__ == "__main__":
    page = PAGE.read_text("utf-8")
    PAGE.write_text(PICTURE.sub(lambda _: picture(), page), "utf-8")
