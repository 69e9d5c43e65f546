"""The environment of programs that a measurement of coverage would disturb."""

from __future__ import annotations

import os


def unmeasured(**variables: str) -> dict[str, str]:
    """Return this process's environment, without a measurement of coverage.

    It takes a lock that a child waits for for ever if it is forked amid a call of another thread,
    and it can't follow greenlets.
    """
    kept = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    return {**kept, **variables}
