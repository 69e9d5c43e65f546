"""The examples of the page about testing, run as a project that copied them would."""

import re
from pathlib import Path

import pytest
from written_projects import run_project

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def count(pattern: str) -> int:
    return sum(len(re.findall(pattern, example, re.MULTILINE)) for example in EXAMPLES)


def test_the_examples_pass(pytester: pytest.Pytester) -> None:
    """Every example is a test module that passes, on asyncio and on trio."""
    for number, example in enumerate(EXAMPLES):
        pytester.makepyfile(**{f"test_example_{number}": example})
    result = run_project(pytester, plugins=["anyio", "pytest_httpx", "respx"])
    result.assert_outcomes(passed=count(r"^ *def test_") + 2 * count(r"^async def test_"))
    assert len(EXAMPLES) == count(r"\A(import|from) ")
    assert result.ret == 0


def test_the_async_examples_pass_with_pytest_asyncio(pytester: pytest.Pytester) -> None:
    """With pytest-asyncio, the async examples need another mark, and nothing else."""
    for number, example in enumerate(EXAMPLES):
        changed = example.replace("mark.anyio", "mark.asyncio")
        if changed != example:
            pytester.makepyfile(**{f"test_example_{number}": changed})
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    result = run_project(
        pytester, "-k", "many or respx", plugins=["pytest_asyncio.plugin", "pytest_httpx", "respx"]
    )
    assert result.parseoutcomes()["passed"] == count(r"^async def test_") == 2
    assert result.ret == 0
