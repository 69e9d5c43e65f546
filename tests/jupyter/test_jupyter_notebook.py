"""The documentation's notebook, cell by cell in an IPython shell."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from jupyter_shell import JupyterShell

from tokenkit import TokenKitError
from tokenkit.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
NOTEBOOK = json.loads((ROOT / "docs" / "jupyter.ipynb").read_text("utf-8"))
CELLS: list[dict[str, Any]] = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_is_kept_without_outputs() -> None:
    """The notebook in the repository has no output, and so neither a token nor a path."""
    assert [cell for cell in CELLS if cell["outputs"] or cell["execution_count"]] == []


def test_the_notebook_runs(shell: JupyterShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell runs, or fails where it says so; their outputs contain no secret and no path."""
    opened: list[Sandbox] = []
    private = [str(Path.home()), str(ROOT)]
    start = Sandbox.start

    def remember(sandbox: Sandbox) -> Sandbox:
        opened.append(start(sandbox))
        private.extend(
            text for name, text in sandbox.environment.items() if "BASE_URL" not in name
        )
        return sandbox

    monkeypatch.setattr(Sandbox, "start", remember)
    shown = ""
    for cell in CELLS:
        tags = cell["metadata"].get("tags", [])
        if "needs-matplotlib" in tags and find_spec("matplotlib") is None:
            continue
        ran = shell.run("".join(cell["source"]))
        if "raises-exception" in tags:
            assert isinstance(ran.error, TokenKitError)
        else:
            assert ran.error is None, ran.text
        assert ran.warnings == "" or "shows-progress" in tags
        shown += ran.everything
    sandbox, course = opened
    assert len(sandbox.issued) == 4
    assert "hits=4, store_hits=0, misses=1, mints=1" in shown
    assert len(course.issued) == 3000
    assert course.refused == ()
    tokens = [issued.token for issued in (*sandbox.issued, *course.issued)]
    assert "user1@example.com" in shown
    assert [text for text in [*tokens, *private] if text in shown] == []
