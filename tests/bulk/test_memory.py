"""The memory of a run does not grow with its inputs, and nothing that it hands out is secret."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from bulk_runs import learners

from tokenkit import strigo
from tokenkit.sandbox import Sandbox

SUPPORT = Path(__file__).parents[1] / "support"
PROGRAM = """
import resource, sys
from bulk_runs import learners, reply, run

def go(count):
    journal = sys.argv[2] or None
    with run(learners(count), lambda call: reply(call.email), journal=journal) as opened:
        assert sum(result.ok for result in opened) + opened.counts.skipped == count

go(2000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
go(int(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("journal", [False, True])
def test_memory_does_not_grow_with_the_inputs(tmp_path: Path, journal: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """20,000 more inputs need no more memory; benchmarks/bulk.py does it with a million."""
    path = str(tmp_path / "mint.journal") if journal else ""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, "20000", path],
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    kilobytes = int(ran.stdout) / (1024 if sys.platform == "darwin" else 1)
    assert kilobytes < 4096


def test_results_show_no_token_and_pickle_whole() -> None:
    """G10: only a pickle of a success holds its token; reprs, failures and counts don't."""
    with Sandbox() as sandbox, sandbox.strigo_client() as client:
        calls = [*learners(3), strigo.UserTokenRequest(email="no address")]
        with client.send_many(calls, ordered=True) as opened:
            found = list(opened)
        secrets = [sandbox.environment[name] for name in ("STRIGO_API_KEY", "STRIGO_ORG_ID")]
    tokens = [result.value.token for result in found if result.ok]
    shown = f"{found} {opened} {opened.counts} {[str(one.error) for one in found if not one.ok]}"
    assert [text for text in [*tokens, *secrets] if text in shown] == []
    pickled = pickle.dumps(found[3])
    assert [text for text in [*tokens, *secrets] if text.encode() in pickled] == []
    assert pickle.loads(pickle.dumps(found[:3])) == found[:3]  # noqa: S301 - made here
    whole = pickle.dumps(found)
    assert [text for text in secrets if text.encode() in whole] == []
