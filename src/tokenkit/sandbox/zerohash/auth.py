"""The check of zerohash's four authentication headers.

The checks are documented; their order, and the messages other than ``Missing API Key``, are
modelled. A timestamp exactly 60 seconds off passes, which is also modelled.
"""

import base64
import re

import attrs

from ..exchange import ErrorResponse, Request, Response
from ..json_text import encode
from ..settings import CREDENTIALS, Switches, same_secret
from .signature import likely_mistake, sign, signed_message

__all__ = ["authenticate"]

TOLERANCE = 60  # seconds, documented
SIGNED_TEXT_HEADER = "x-sandbox-signed-text"
"""The sandbox's own header: base64 of the text that the client signed; optional."""
NO_MISTAKE_FOUND = "no common mistake explains it: compare the private key and the text"
WHOLE_SECONDS = re.compile(r"[0-9]{1,12}")


def authenticate(request: Request, switches: Switches) -> None:
    """Check key, passphrase, timestamp and signature.

    Raises:
        ErrorResponse: One of them is wrong.
    """
    refused = _fault(request, switches.clock())
    if refused is not None:
        status = switches.zerohash_auth_failure_status
        content = encode({"error": True, "message": refused.reason})
        raise ErrorResponse(attrs.evolve(refused, status=status, content=content))


def _fault(request: Request, now: float) -> Response | None:
    if not request.header("x-scx-api-key"):
        return _refused("Missing API Key")
    if not same_secret(request.header("x-scx-api-key"), CREDENTIALS.zerohash_api_key):
        return _refused("Unknown API key")
    if not same_secret(request.header("x-scx-passphrase"), CREDENTIALS.zerohash_passphrase):
        return _refused("Invalid passphrase")
    return _time_fault(request.header("x-scx-timestamp"), now) or _signature_fault(request)


def _refused(reason: str, *, hint: str = "", signed_text: str = "") -> Response:
    return Response(status=401, reason=reason, hint=hint, signed_text=signed_text)


def _time_fault(timestamp: str, now: float) -> Response | None:
    if not WHOLE_SECONDS.fullmatch(timestamp):
        return _refused("Invalid timestamp", hint=_time_hint(timestamp))
    ahead = int(timestamp) - now
    if abs(ahead) > TOLERANCE:
        off = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's clock"
        return _refused("Timestamp out of range", hint=f"the timestamp is {off}")
    return None


def _time_hint(timestamp: str) -> str:
    if not timestamp:
        return "X-SCX-TIMESTAMP is missing"
    if timestamp.isdecimal():
        return "the timestamp is in milliseconds or finer: send Unix time in seconds"
    return "the timestamp must be Unix time in whole seconds, digits only"


def _signature_fault(request: Request) -> Response | None:
    timestamp, given = request.header("x-scx-timestamp"), request.header("x-scx-signed")
    message = signed_message(timestamp, request.method, request.route, request.body)
    if same_secret(given, sign(CREDENTIALS.zerohash_private_key, message)):
        return None
    text = message.decode(errors="backslashreplace")
    if not given:
        return _refused("Invalid signature", hint="X-SCX-SIGNED is missing", signed_text=text)
    mistake = likely_mistake(CREDENTIALS.zerohash_private_key, given, timestamp, request)
    received = mistake.message if mistake else _told(request.header(SIGNED_TEXT_HEADER))
    return Response(
        status=401,
        reason="Invalid signature",
        hint=mistake.hint if mistake else NO_MISTAKE_FOUND,
        signed_text=text,
        received_text=received.decode(errors="backslashreplace"),
    )


def _told(header: str) -> bytes:
    """Return the text that the client says it signed; empty if it isn't in base64."""
    try:
        return base64.b64decode(header, validate=True)
    except ValueError:
        return b""
