"""Strigo's credentials, checked by its health call."""

from collections.abc import Iterator

from ..errors import APIError, TokenKitError
from ..strigo import PROFILE, StrigoClient
from .findings import Finding, Outcome

__all__ = ["check_strigo"]

REFUSED = (401, 403)
CAUSES = (
    "STRIGO_ORG_ID and STRIGO_API_KEY do not belong together",
    "the key was withdrawn",
)


def check_strigo(client: StrigoClient) -> Iterator[Finding]:
    """Check the credentials with a read-only call."""
    yield _credentials(client)


def _credentials(client: StrigoClient) -> Finding:
    causes: tuple[str, ...] = ()
    try:
        health = client.check_health()
    except APIError as error:
        problem = f"GET /health: HTTP {error.status}: {error.message}"
        if error.status in REFUSED:
            problem = f"refused by GET /health (HTTP {error.status}: {error.message})"
            causes = CAUSES
    except TokenKitError as error:
        problem = f"GET /health: {type(error).__name__}: {error}"
    else:
        told = f"accepted by GET /health ({health.status}: {health.message})"
        outcome = Outcome.OK if health.status == "ok" else Outcome.PROBLEM
        return Finding(PROFILE.vendor, "credentials", outcome, told)
    return Finding(PROFILE.vendor, "credentials", Outcome.PROBLEM, problem, causes)
