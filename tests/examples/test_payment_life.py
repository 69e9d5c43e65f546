"""The example that follows a payment from its mint to its end."""

from __future__ import annotations

import subprocess
import sys

from example_backends import EXAMPLES


def test_the_story() -> None:
    """The lost payment is found and left to end, and only then is a second one opened."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "payment_life"],
        cwd=EXAMPLES,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    # The first webhook comes while the backend still wonders what became of its request.
    error, *rest = sorted(lines[:4])
    assert error.startswith("ConnectionLostError: ")
    assert rest == [
        "Its token is lost and can't be used: wait for the payment to end",
        "The mint has opened a payment; it is initialized",
        "Webhook: the payment is initialized",
    ]
    assert lines[4] == "Webhook: the payment is abandoned"
    assert sorted(lines[5:7]) == [
        "The page opens PAYOUTS",
        "Webhook: the payment is initialized",
    ]
    assert lines[7:] == ["Webhook: the payment is settled"]
