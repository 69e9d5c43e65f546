"""What a check has found, and how it is shown to people and programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, TextIO

import attrs

__all__ = ["Finding", "Outcome", "is_well", "write_json", "write_text"]


class Outcome(str, Enum):
    """How a check went."""

    OK = "ok"
    NOTE = "note"
    """Nothing is wrong, but it could not be checked."""
    PROBLEM = "problem"


@attrs.frozen
class Finding:
    """The result of one check.

    Attributes:
        vendor: The vendor.
        check: What was checked.
        outcome: How it went.
        message: What was found, without any secret.
        causes: The possible causes of an error response.
        signed: For ``--explain``: the parts of the signed text by name.
    """

    vendor: str
    check: str
    outcome: Outcome
    message: str
    causes: tuple[str, ...] = ()
    signed: Mapping[str, str] | None = None


def is_well(findings: Iterable[Finding]) -> bool:
    """Return whether nothing is wrong."""
    return all(finding.outcome is not Outcome.PROBLEM for finding in findings)


def write_text(findings: Sequence[Finding], out: TextIO) -> None:
    """Write findings for people, one per line below their vendor."""
    vendor = None
    for finding in findings:
        if finding.vendor != vendor:
            vendor = finding.vendor
            out.write(f"{vendor}\n")
        message = _plain(finding.message)
        out.write(f"  {finding.outcome.value:8} {finding.check:12} {message}\n")
        out.writelines(f"{'':24}- {_plain(cause)}\n" for cause in finding.causes)
        if finding.signed is not None:
            _write_signed(finding.signed, out)


def _plain(text: str) -> str:
    """Escape what a terminal might obey or can't show: some of it comes from servers."""
    return "".join(one if " " <= one <= "~" else ascii(one)[1:-1] for one in text)


def _write_signed(parts: Mapping[str, str], out: TextIO) -> None:
    out.write("\n    The signed text, joined from these parts:\n\n")
    out.writelines(f"      {name:10} {part}\n" for name, part in parts.items())
    out.write(f"      {'together':10} {''.join(parts.values())}\n\n")


def write_json(findings: Sequence[Finding], out: TextIO) -> None:
    """Write findings for programs, as one JSON object."""
    checks = [_as_json(finding) for finding in findings]
    json.dump({"ok": is_well(findings), "checks": checks}, out, indent=2)
    out.write("\n")


def _as_json(finding: Finding) -> dict[str, Any]:
    told = attrs.asdict(finding, filter=lambda _, value: value not in (None, ()))
    return {**told, "outcome": finding.outcome.value}
