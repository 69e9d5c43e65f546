"""zerohash's clock and credentials, and the likely causes of an error response."""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from time import time

import attrs

from .._client.credentials import read_environment
from ..auth import HmacSigner
from ..errors import APIError, TokenKitError
from ..extension import Request
from ..zerohash import ENVIRONMENTS, HMAC_SCHEME, PROFILE, PaymentsRequest, ZeroHashClient
from .findings import Finding, Outcome

__all__ = ["SignedText", "check_zerohash", "clock_finding", "zerohash_client"]

TOLERATED = 60
KEY_BYTES = 32
REFUSED = (401, 403)

ALLOW_LIST = "this machine's address is not on the key's allow-list"
NAMED_CAUSES = {
    re.compile(r"missing api key", re.IGNORECASE): (
        "the request arrived without the key: check what is on the way, such as a proxy"
    ),
    re.compile(r"\bip\b|address", re.IGNORECASE): ALLOW_LIST,
    re.compile(r"passphrase", re.IGNORECASE): (
        "ZEROHASH_PASSPHRASE is not the passphrase of this API key"
    ),
}
"""What an error response's own words point to, which comes before the other causes."""


class SignedText:
    """The parts of the text that was signed last; none is a secret."""

    def __init__(self) -> None:
        self.parts: Mapping[str, str] = {}

    def canonical_text(self, timestamp: str, request: Request) -> bytes:
        """Return the text to sign, and keep its parts."""
        text = HMAC_SCHEME.canonical_text(timestamp, request)
        head = {"timestamp": timestamp, "METHOD": request.method, "route": request.route}
        body = text.decode().removeprefix("".join(head.values()))
        self.parts = {**head, "body": body}
        return text


def zerohash_client(environ: Mapping[str, str], signed: SignedText) -> ZeroHashClient:
    """Build the client that ``from_env()`` builds, but record what it signs.

    Raises:
        ConfigurationError: A variable is missing, or its value cannot be used.
    """
    ZeroHashClient.from_env(environ=environ).close()  # names the variables that can't be used
    options = read_environment(ZeroHashClient, environ, {})
    credentials = {name: options.pop(name) for name in PROFILE.credential_variables}
    scheme = attrs.evolve(HMAC_SCHEME, canonical_text=signed.canonical_text)
    return ZeroHashClient(auth=HmacSigner(**credentials, scheme=scheme), **options)


def check_zerohash(
    client: ZeroHashClient, environ: Mapping[str, str], signed: SignedText
) -> Iterator[Finding]:
    """Check the clock, then the credentials with a read-only call."""
    off = _seconds_off(client)
    yield clock_finding(off)
    credentials = _credentials(client, environ, off, signed)
    yield credentials
    if credentials.outcome is Outcome.OK:
        told = "not checked: only reading was tried, and minting needs write permission"
        yield Finding(PROFILE.vendor, "permission", Outcome.NOTE, told)


def _seconds_off(client: ZeroHashClient) -> float | str:
    """Return how far this machine's clock is ahead, or why that is unknown."""
    before = time()
    try:
        server = client.get_time().time.timestamp()
    except TokenKitError as error:
        return f"GET /time: {type(error).__name__}: {error}"
    return (before + time()) / 2 - server


def clock_finding(off: float | str) -> Finding:
    """Judge how far this machine's clock is ahead, or say why that is unknown."""
    if isinstance(off, str):
        return Finding(PROFILE.vendor, "clock", Outcome.PROBLEM, off)
    told = (
        f"this machine's clock is {_amount(off)} zerohash's, which tolerates {TOLERATED} seconds"
    )
    outcome = Outcome.OK if abs(off) < TOLERATED else Outcome.PROBLEM
    return Finding(PROFILE.vendor, "clock", outcome, told)


def _amount(off: float) -> str:
    seconds = round(abs(off))
    if seconds == 0:
        return "level with"
    unit = "second" if seconds == 1 else "seconds"
    return f"{seconds} {unit} {'ahead of' if off > 0 else 'behind'}"


def _credentials(
    client: ZeroHashClient, environ: Mapping[str, str], off: float | str, signed: SignedText
) -> Finding:
    refused: Finding | None = None
    try:
        client.send(PaymentsRequest(size=1))
    except APIError as error:
        problem = f"GET /payments: HTTP {error.status}: {error.message}"
        if error.status in REFUSED:
            causes = tuple(_causes(client, environ, off, error))
            problem = f"refused by GET /payments (HTTP {error.status}: {error.message})"
            refused = _problem(problem, causes, signed.parts)
    except TokenKitError as error:
        problem = f"GET /payments: {type(error).__name__}: {error}"
    else:
        return Finding(PROFILE.vendor, "credentials", Outcome.OK, "accepted by GET /payments")
    return refused or _problem(problem)


def _problem(
    message: str, causes: tuple[str, ...] = (), signed: Mapping[str, str] | None = None
) -> Finding:
    return Finding(PROFILE.vendor, "credentials", Outcome.PROBLEM, message, causes, signed)


def _causes(
    client: ZeroHashClient, environ: Mapping[str, str], off: float | str, error: APIError
) -> Iterator[str]:
    """Return the cause of an error response if it is clear, otherwise the possible ones.

    The clock and the form of the private key can be ruled out here.
    """
    key = b64decode(environ[PROFILE.credential_variables["private_key"]])
    if "permission" in error.message.lower():
        yield "the key may not call GET /payments; what else it may do is unknown"
    elif not isinstance(off, str) and abs(off) >= TOLERATED:
        yield f"set the clock: it is {_amount(off)} zerohash's"
    elif len(key) != KEY_BYTES:
        yield (
            f"ZEROHASH_PRIVATE_KEY decodes to {len(key)} bytes, but all of zerohash's samples to "
            f"{KEY_BYTES}: check that it is the private key, whole and decoded once"
        )
    else:
        named = [cause for words, cause in NAMED_CAUSES.items() if words.search(error.message)]
        possible = (
            f"the key belongs to another environment than {_environment(client)}",
            "the key is not approved yet",
            ALLOW_LIST,
            "the API key, the private key and the passphrase do not belong together",
        )
        yield from dict.fromkeys((*named, *possible))


def _environment(client: ZeroHashClient) -> str:
    names = {url: name for name, url in ENVIRONMENTS.items()}
    return names.get(client.base_url, client.base_url)
