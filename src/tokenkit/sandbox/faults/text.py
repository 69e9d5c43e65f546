"""Faults as text, for a request's header and for the command line.

X-Sandbox-Fault: status=503; delay=0.2
--fault status=503,vendor=zerohash,share=0.05
"""

import re
from collections.abc import Callable, Mapping
from typing import cast

from ...errors import ConfigurationError
from .fault import Fault, FaultOptions

__all__ = ["HEADER", "parse_fault", "parse_header"]

HEADER = "x-sandbox-fault"
SEPARATOR = re.compile("[;,]")


def _list(text: str) -> list[str]:
    return text.split("+")


READERS: Mapping[str, Callable[[str], object]] = {
    "vendor": str,
    "path": str,
    "times": int,
    "share": float,
    "status": int,
    "delay": float,
    "drop": str,
    "body": str,
    "response": str,
    "retry_after": int,
    "missing_requirements": _list,
    "clock_skew": float,
}
SELECTION = frozenset({"vendor", "path", "times", "share"})


def parse_fault(text: str) -> Fault:
    """Read a fault from ``name=value`` fields, separated by ``;`` or ``,``.

    Names and values are those of ``Fault``; the items of a list are separated by ``+``.

    Raises:
        ConfigurationError: Fields are wrong; the error names all of them.
    """
    options: dict[str, object] = {}
    problems: list[str] = []
    for part in filter(None, map(str.strip, SEPARATOR.split(text))):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in READERS:
            problems.append(f"no field is called {name!r}; they are {', '.join(READERS)}")
        elif name in options:
            problems.append(f"{name} is given twice")
        else:
            try:
                options[name] = READERS[name](value)
            except ValueError:
                problems.append(f"{name} must be a number, not {value!r}")
    if problems:
        raise ConfigurationError("Fault", problems)
    return Fault(**cast("FaultOptions", options))


def parse_header(text: str) -> Fault:
    """Read the fault of one request, which must not say which requests it is for."""
    fault = parse_fault(text)
    chosen = sorted(SELECTION & {part.partition("=")[0] for part in str(fault).split("; ")})
    if chosen:
        problem = f"leave out {', '.join(chosen)}: a header's applies only to its own request"
        raise ConfigurationError("Fault", [problem])
    return fault
