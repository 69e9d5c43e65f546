from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from written_projects import run_project

if TYPE_CHECKING:
    from collections.abc import Sequence

pytest_plugins = ["pytester"]

# The tokens begin alike, as pytest shortens what is long.
TESTS = """
import dataclasses
import attrs
from tokenkit import strigo, zdk
from tokenkit.sandbox import Sandbox

ONE = zdk.UserToken(user_id="u", token="hidden-token-1")
TWO = zdk.UserToken(user_id="v", token="hidden-token-2")

@attrs.frozen
class Session:
    user: str
    token: object

@dataclasses.dataclass
class Held:
    session: Session
    note: str = dataclasses.field(default="n", compare=False)

@attrs.frozen
class Unrelated:
    number: int

def test_tokens():
    assert ONE == TWO

def test_lists():
    assert [ONE] == [TWO]

def test_held():
    assert Held(Session("u", ONE)) == Held(Session("u", TWO))

def test_records():
    with Sandbox() as sandbox, sandbox.zdk_client() as client:
        tokens = client.create_user_tokens(requests=[zdk.UserTokenRequest(id="u")] * 2)
        one, two = sandbox.issued
        assert one.token not in repr(one)
        assert one == two

def test_texts():
    assert ONE == "text"

def test_order():
    assert Unrelated(1) is Unrelated(2)

def test_unrelated():
    assert Unrelated(1) == Unrelated(2)
"""


def failures(lines: Sequence[str]) -> dict[str, str]:
    """Split pytest's output by test."""
    parts = re.split(r"\n_+ (test_\w+) _+\n", "\n".join(lines))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("verbosity", ["-q", "-vv"])
def test_a_failing_comparison_shows_no_token(pytester: pytest.Pytester, verbosity: str) -> None:
    """Whatever holds the tokens, pytest names the difference and hides what repr hides."""
    pytester.makepyfile(TESTS)
    result = run_project(pytester, "--assert=rewrite", "--tb=short", verbosity)
    result.assert_outcomes(failed=7)
    shown = failures(result.outlines)
    told = re.sub(r"token=\"hidden.*", "", "\n".join(shown.values()))
    assert "hidden-token" not in told
    assert "token: differs, and is not shown" in shown["test_tokens"]
    assert "user_id: 'u' != 'v'" in shown["test_tokens"]
    assert "session: Session(" in shown["test_held"]
    assert "token: differs, and is not shown" in shown["test_records"]
    assert "number" in shown["test_unrelated"]
