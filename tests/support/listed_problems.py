"""The problems that an error lists."""

from __future__ import annotations

from typing import Any

import pytest

from tokenkit import ConfigurationError

__all__ = ["listed_problems", "problems_with"]


def listed_problems(error: ConfigurationError, about: str = "") -> list[str]:
    """Return an error's problems as its text lists them: one beside the name, several on lines.

    Args:
        error: The error.
        about: What the error must name.
    """
    heading, *lines = str(error).split("\n")
    if lines:
        count = f"{len(lines)} problems:"
        assert heading == (f"{about} has {count}" if about else count)
        assert all(line.startswith("- ") for line in lines)
        found = [line[2:] for line in lines]
    else:
        found = [heading.removeprefix(f"{about}: ") if about else heading]
        assert (heading == found[0]) == (not about)
    assert error.problems == tuple(found)
    return found


def problems_with(make: Any, **arguments: Any) -> list[str]:
    """Return the problems with a client's arguments, whose error names the client."""
    with pytest.raises(ConfigurationError) as caught:
        make(**arguments)
    kind = getattr(make, "__self__", make)
    return listed_problems(caught.value, kind.__name__)
