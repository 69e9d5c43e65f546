from collections.abc import Iterator

import pytest
from jupyter_shell import JupyterShell


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterShell]:
    """Start a shell that reads and writes none of the user's files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("VIRTUAL_ENV", raising=False)  # of another Python, it would be warned of
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        shell = JupyterShell(tmp_path_factory.mktemp("jedi"))
        yield shell
        shell.close()
