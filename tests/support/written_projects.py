"""Projects that a test writes, and whose tests it runs in its own process.

After such a run, modules that it was the first to load are forgotten. All that keep state, or
cannot be loaded twice, are therefore loaded here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

for name in (
    *("anyio._backends._asyncio", "anyio._backends._trio", "httpx"),
    *(
        "tokenkit._http.async_pool",
        "tokenkit._http.sync_pool",
        "tokenkit.sandbox",
        "tokenkit.strigo.client",
    ),
    *("tokenkit.zdk.client", "tokenkit.zerohash.client"),
):
    import_module(name)


def run_project(
    pytester: pytest.Pytester, *arguments: str, plugins: Iterable[str] = ()
) -> pytest.RunResult:
    """Run the written tests with tokenkit's plugin and few others, and warnings as errors."""
    chosen = [part for name in ("tokenkit", *plugins) for part in ("-p", name)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_inprocess(
            "-W", "error", "--assert=plain", "-p", "no:cacheprovider", *chosen, *arguments
        )
