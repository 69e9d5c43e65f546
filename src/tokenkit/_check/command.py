"""The command ``check``: what it checks for each vendor, and its exit code."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

import attrs

from .._client.client import Client
from .._policy.profile import Profile
from .._policy.retry import RetryPolicy
from ..errors import ConfigurationError
from ..strigo import PROFILE as STRIGO
from ..strigo import StrigoClient
from ..zdk import PROFILE as ZDK
from ..zdk import ZdkClient
from ..zerohash import PROFILE as ZEROHASH
from .environment import check_variables, is_configured, needed_variables, without_values
from .findings import Finding, Outcome, is_well, write_json, write_text
from .network import check_network
from .strigo import check_strigo
from .zerohash import SignedText, check_zerohash, zerohash_client

__all__ = ["check"]

DEADLINE = 20.0
ONCE = RetryPolicy(max_retries=0)
PROFILES: Mapping[str, Profile] = {"zdk": ZDK, "zerohash": ZEROHASH, "strigo": STRIGO}


def check(
    vendor: str | None,
    *,
    as_json: bool,
    explain: bool,
    out: TextIO,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Check one vendor, or each that the environment is set up for; return the exit code.

    Args:
        vendor: ``zdk``, ``zerohash`` or ``strigo``.
        as_json: Whether to write JSON.
        explain: Whether to show the signed text if zerohash refuses the signature.
        out: Where to write.
        environ: The environment variables.
    """
    findings: list[Finding] = []
    for name, profile in PROFILES.items():
        if vendor == name or (vendor is None and is_configured(profile, environ)):
            findings += _checked(profile, environ)
    if not findings:
        needed = "; ".join(needed_variables(profile) for profile in PROFILES.values())
        problem = f"no vendor's variables are set: {needed}"
        findings.append(Finding("tokenkit", "variables", Outcome.PROBLEM, problem))
    if not explain:
        findings = [attrs.evolve(finding, signed=None) for finding in findings]
    try:
        (write_json if as_json else write_text)(findings, out)
        out.flush()
    except BrokenPipeError:  # the reader, such as head, has read enough
        _discard_rest(out)
    return 0 if is_well(findings) else 1


def _discard_rest(out: TextIO) -> None:
    """Let Python's own flush at exit go nowhere instead of failing again."""
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), out.fileno())


def _checked(profile: Profile, environ: Mapping[str, str]) -> list[Finding]:
    findings = [check_variables(profile, environ)]
    if is_well(findings):
        try:
            findings.extend(CHECKS[profile.vendor](environ))
        except ConfigurationError as error:
            for problem in error.problems:
                told = without_values(problem, profile, environ)
                findings.append(Finding(profile.vendor, "settings", Outcome.PROBLEM, told))
    return findings


def _connected(
    client: Client, then: Iterator[Finding], doubtful: Outcome = Outcome.NOTE
) -> Iterator[Finding]:
    """Check the network and, only if it works, the rest, which shows who responded."""
    found: list[Finding] = []
    for finding in check_network(client, doubtful):
        found.append(finding)
        yield finding
    if is_well(found):
        yield from then


def _check_zdk(environ: Mapping[str, str]) -> Iterator[Finding]:
    told = "not checked: ZDK documents no read-only call; mint a token to find out"
    note = Finding(ZDK.vendor, "credentials", Outcome.NOTE, told)
    with ZdkClient.from_env(environ=environ, deadline=DEADLINE, retry=ONCE) as client:
        yield from _connected(client, iter([note]), Outcome.PROBLEM)


def _check_zerohash(environ: Mapping[str, str]) -> Iterator[Finding]:
    signed = SignedText()
    with zerohash_client(environ, signed) as owner:
        client = owner.with_options(deadline=DEADLINE, retry=ONCE)
        yield from _connected(client, check_zerohash(client, environ, signed))


def _check_strigo(environ: Mapping[str, str]) -> Iterator[Finding]:
    with StrigoClient.from_env(environ=environ, deadline=DEADLINE, retry=ONCE) as client:
        yield from _connected(client, check_strigo(client))


CHECKS: Mapping[str, Callable[[Mapping[str, str]], Iterator[Finding]]] = {
    ZDK.vendor: _check_zdk,
    ZEROHASH.vendor: _check_zerohash,
    STRIGO.vendor: _check_strigo,
}
