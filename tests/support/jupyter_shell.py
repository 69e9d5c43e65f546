"""An IPython shell like a Jupyter kernel's, with what its cells show."""

from __future__ import annotations

import re
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attrs
from IPython.core import async_helpers
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KIND: Any = InteractiveShell  # IPython's functions are typed only in part
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@attrs.frozen(kw_only=True)
class Shown:
    """What a cell leaves below itself.

    Attributes:
        text: What it printed, its traceback included, without colours.
        warnings: What it wrote on stderr.
        output: Its value in every format that a notebook keeps, by MIME type.
        error: Its exception.
    """

    text: str
    warnings: str
    output: Mapping[str, str]
    error: BaseException | None

    @property
    def everything(self) -> str:
        """All of it as one text."""
        return "\n".join([self.text, self.warnings, *self.output.values()])


class JupyterShell:
    """One shell, without a user's settings and history. Its cells share their names."""

    def __init__(self, cache: Path) -> None:
        # Tests in several processes would share jedi's cache, and read what is half written.
        jedi_settings: Any = import_module("jedi.settings")
        jedi_settings.cache_directory = str(cache)
        config = Config()
        config.HistoryManager.enabled = False
        module = ModuleType("notebook")
        self.names: dict[str, Any] = vars(module)
        self._shell = KIND.instance(config=config, user_module=module, user_ns=self.names)

    def run(self, cell: str) -> Shown:
        """Run a cell, whether it fails or not."""
        with capture_output() as captured:
            result = self._shell.run_cell(cell)
        formats, _ = self._shell.display_formatter.format(result.result)
        return Shown(
            text=COLOUR.sub("", captured.stdout),
            warnings=captured.stderr,
            output=formats if result.result is not None else {},
            error=result.error_before_exec or result.error_in_exec,
        )

    def succeed(self, cell: str) -> Shown:
        """Run a cell that must not fail."""
        shown = self.run(cell)
        assert shown.error is None, shown.text
        return shown

    def fail(self, cell: str, mode: str) -> Shown:
        """Run a cell that must fail, with one of ``%xmode``'s kinds of traceback."""
        self._shell.run_line_magic("xmode", mode)
        shown = self.run(cell)
        assert shown.error is not None
        return shown

    def complete(self, line: str, *, with_jedi: bool) -> set[str]:
        """Return what Tab offers at the end of a line."""
        self._shell.Completer.use_jedi = with_jedi
        with provisionalcompleter():
            found = self._shell.Completer.completions(line, len(line))
            return {one.text.lstrip(".") for one in found}

    def inspect(self, name: str) -> str:
        """Return what `?` after a name shows."""
        return COLOUR.sub("", self._shell.object_inspect_text(name))

    def close(self) -> None:
        """Undo what the shell has changed in the process."""
        self._shell.restore_sys_module_state()
        KIND.clear_instance()
        helpers: Any = async_helpers
        loop = helpers.get_asyncio_loop()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
