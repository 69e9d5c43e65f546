"""How zerohash says that a call failed."""

from collections.abc import Mapping
from enum import Enum
from functools import partial

from ..errors import (
    ConflictError,
    FailedAnswer,
    FieldError,
    PermissionDeniedError,
    TokenKitError,
)
from ..extension import (
    JSON,
    ErrorBody,
    Failure,
    visible_text,
)

__all__ = [
    "ApprovalState",
    "ManualApprovalError",
    "MissingRequirementsError",
    "RepeatedWebhookError",
    "WebhookProblem",
    "WebhookVerificationError",
    "read_failure",
]

ENVIRONMENT_OF = {
    "https://api.cert.zerohash.com": "us-cert",
    "https://api.zerohash.com": "us-production",
    "https://api.cert.zerohash.eu": "eu-cert",
    "https://api.zerohash.eu": "eu-production",
}


class ApprovalState(str, Enum):
    """How far a manual approval has come."""

    REQUIRED = "Manual approval required for this transaction"
    PENDING = "Approval pending, shopper must wait"
    REJECTED = "Manual approval for this transaction was rejected"
    FINALIZED = "Manual approval for this transaction has already been finalized"


class ManualApprovalError(PermissionDeniedError):
    """HTTP 403: a payment waits for a manual approval, or was refused one.

    Attributes:
        transaction_id: The payment, such as ``txn_…``.
        state: How far the approval has come; ``None`` for a text that is not documented.
    """

    def __init__(
        self, answer: FailedAnswer, *, transaction_id: str, state: ApprovalState | None
    ) -> None:
        super().__init__(answer)
        self.transaction_id: str = transaction_id
        self.state: ApprovalState | None = state

    def _details(self) -> list[str]:
        return [*super()._details(), f"transaction_id={self.transaction_id}"]


class MissingRequirementsError(ConflictError):
    """HTTP 409: the participant lacks data that the payment needs.

    Attributes:
        missing_requirements: The names of what is missing, such as ``first_name``.
    """

    def __init__(self, answer: FailedAnswer, *, missing_requirements: tuple[str, ...]) -> None:
        super().__init__(answer)
        self.missing_requirements: tuple[str, ...] = missing_requirements

    def _details(self) -> list[str]:
        return [*super()._details(), f"missing: {', '.join(self.missing_requirements)}"]


class WebhookProblem(str, Enum):
    """What is wrong with a webhook."""

    HEADERS = "headers"
    """The headers cannot be read, or one that is needed is missing, repeated or malformed."""

    TIMESTAMP = "timestamp"
    """It was signed too long ago, or in the future."""

    SIGNATURE = "signature"
    """No signature is right under any of the secrets and public keys."""

    BODY = "body"
    """The body is not the bytes of a JSON object."""

    REPEATED = "repeated"
    """It came before."""


class WebhookVerificationError(TokenKitError):
    """A webhook that must not be acted on; the message names what failed, and no secret.

    Attributes:
        problem: What is wrong.
    """

    def __init__(self, message: str, *, problem: WebhookProblem) -> None:
        super().__init__(message)
        self.problem: WebhookProblem = problem


class RepeatedWebhookError(WebhookVerificationError):
    """A sound webhook that came before."""


def read_failure(body: ErrorBody) -> Failure:
    """Read zerohash's error bodies: ``error`` as a flag or as text, or a list of ``errors``."""
    if not isinstance(body.json, Mapping):
        message = visible_text(body.text) if body.json is None else _text(body.json)
        return Failure(message=message, hint=_hint(body, flagged=True))
    error = body.json.get("error")
    message = _text(error) or _text(body.json.get("message"))
    transaction_id = _text(body.json.get("transaction_id"))
    missing = _texts(body.json.get("missing_requirements"))
    errors = _texts(body.json.get("errors"))
    if body.status == 403 and transaction_id:  # noqa: PLR2004 - HTTP's own number
        make = partial(
            ManualApprovalError, transaction_id=transaction_id, state=_approval_state(message)
        )
        return Failure(message=message, error=make)
    if body.status == 409 and missing:  # noqa: PLR2004 - HTTP's own number
        make_missing = partial(MissingRequirementsError, missing_requirements=missing)
        return Failure(message=message, error=make_missing)
    return Failure(
        message=message or ("The request is not valid" if errors else None),
        errors=tuple(_field_error(entry) for entry in errors),
        hint=_hint(body, flagged=error is True),
    )


def _text(value: JSON) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: JSON) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, str))


def _field_error(entry: str) -> FieldError:
    """Take ``body/amount must be >= 0`` apart; keep any other text whole."""
    place, _, problem = entry.partition(" ")
    location, slash, field = place.partition("/")
    if not (slash and field and problem):
        return FieldError(message=entry)
    return FieldError(message=problem, field=field, location=location)


def _approval_state(message: str | None) -> ApprovalState | None:
    return next((state for state in ApprovalState if state.value == message), None)


def _hint(body: ErrorBody, *, flagged: bool) -> str | None:
    if not (body.status == 401 or (body.status == 403 and flagged)):  # noqa: PLR2004 - HTTP's own numbers
        return None
    environment = ENVIRONMENT_OF.get(body.origin)
    where = f"{body.origin} ({environment})" if environment else body.origin
    return (
        f"the request went to {where}: check that the key belongs to this environment, is "
        "approved and has this address on its allow-list, that the private key is the base64 "
        "text that zerohash shows, and that the clock is right to within 60 seconds"
    )
