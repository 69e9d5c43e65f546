"""How zerohash reports failures."""

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import partial
from typing import ClassVar

from typing_extensions import Unpack

from ..errors import (
    CallContext,
    ConfigurationError,
    ConflictError,
    FailureDetails,
    FieldError,
    Outcome,
    PermissionDeniedError,
    TokenKitError,
    TokenKitWarning,
)
from ..extension import (
    JSON,
    ErrorBody,
    Failure,
    visible_text,
)

__all__ = [
    "WRITE_PERMISSION_HINT",
    "ApprovalState",
    "InconclusiveLookupError",
    "ManualApprovalError",
    "MissingRequirementsError",
    "RepeatedWebhookError",
    "UnknownPermissionWarning",
    "WebhookProblem",
    "WebhookSettingsError",
    "WebhookVerificationError",
    "read_failure",
]

ENVIRONMENT_OF = {
    "https://api.cert.zerohash.com": "us-cert",
    "https://api.zerohash.com": "us-production",
    "https://api.cert.zerohash.eu": "eu-cert",
    "https://api.zerohash.eu": "eu-production",
}


WRITE_PERMISSION = "does not have write permission"
WRITE_PERMISSION_HINT = (
    "the key may only read: ask zerohash to give it write permission, or use another key"
)


class ApprovalState(str, Enum):
    """The state of a manual approval."""

    REQUIRED = "Manual approval required for this transaction"
    PENDING = "Approval pending, shopper must wait"
    REJECTED = "Manual approval for this transaction was rejected"
    FINALIZED = "Manual approval for this transaction has already been finalized"


class UnknownPermissionWarning(TokenKitWarning):
    """A permission that this release does not know but that looks like a known one.

    It is sent unchanged, because zerohash may have added it.
    """


class ManualApprovalError(PermissionDeniedError):
    """HTTP 403: a payment needs manual approval, or was denied it.

    Attributes:
        transaction_id: The payment, such as ``txn_...``.
        state: The state of the approval; ``None`` for an undocumented text.
    """

    def __init__(
        self,
        text: str = "",
        *,
        transaction_id: str = "",
        state: ApprovalState | None = None,
        **details: Unpack[FailureDetails],
    ) -> None:
        super().__init__(text, **details)
        self.transaction_id: str = transaction_id
        self.state: ApprovalState | None = state

    def particulars(self) -> list[str]:
        """Add the transaction."""
        return [*super().particulars(), f"transaction_id={self.transaction_id}"]


class MissingRequirementsError(ConflictError):
    """HTTP 409: the participant lacks data that the payment needs.

    Attributes:
        missing_requirements: The names of the missing data, such as ``first_name``.
    """

    def __init__(
        self,
        text: str = "",
        *,
        missing_requirements: tuple[str, ...] = (),
        **details: Unpack[FailureDetails],
    ) -> None:
        super().__init__(text, **details)
        self.missing_requirements: tuple[str, ...] = missing_requirements

    def particulars(self) -> list[str]:
        """Add what is missing."""
        return [*super().particulars(), f"missing: {', '.join(self.missing_requirements)}"]


class InconclusiveLookupError(TokenKitError):
    """A lookup found nothing, which doesn't mean that there is nothing.

    The mint may still have opened a payment: zerohash doesn't say where such a mint is listed, or
    it lists payments without a ``reference_id``, which the message names. Look at them, or ask
    zerohash, before you mint again.
    """

    usual_outcome: ClassVar[Outcome] = "unknown"


class WebhookProblem(str, Enum):
    """The problem with a webhook."""

    HEADERS = "headers"
    """The headers cannot be read, or a required one is missing, repeated or malformed."""

    TIMESTAMP = "timestamp"
    """It was signed too long ago, or in the future."""

    SIGNATURE = "signature"
    """No signature is valid under any of the secrets and public keys."""

    BODY = "body"
    """The body is not the bytes of a JSON object."""

    REPEATED = "repeated"
    """It was received before."""

    SETTINGS = "settings"
    """An argument of :func:`verify` cannot be used: your mistake, not the sender's."""


class WebhookVerificationError(TokenKitError):
    """A webhook that must not be acted on; the message names what failed, and no secret.

    Attributes:
        problem: What is wrong. Default: the signature, or what the subclass is about.
    """

    usual_problem: ClassVar[WebhookProblem] = WebhookProblem.SIGNATURE
    """The ``problem`` of an error that is created without one."""

    def __init__(
        self,
        text: str = "",
        *,
        problem: WebhookProblem | None = None,
        **context: Unpack[CallContext],
    ) -> None:
        super().__init__(text, **context)
        self.problem: WebhookProblem = problem or self.usual_problem


class RepeatedWebhookError(WebhookVerificationError):
    """A valid webhook that was received before."""

    usual_problem: ClassVar[WebhookProblem] = WebhookProblem.REPEATED


class WebhookSettingsError(WebhookVerificationError, ConfigurationError):
    """A secret, a public key or another setting cannot be used, so nothing can be verified."""

    usual_problem: ClassVar[WebhookProblem] = WebhookProblem.SETTINGS

    def __init__(
        self,
        text: str = "",
        problems: Sequence[str] = (),
        *,
        problem: WebhookProblem | None = None,
        **context: Unpack[CallContext],
    ) -> None:
        ConfigurationError.__init__(self, text, problems, **context)
        self.problem: WebhookProblem = problem or self.usual_problem


def read_failure(body: ErrorBody) -> Failure:
    """Read zerohash's error bodies: ``error`` as a flag or as text, or a list of ``errors``."""
    if not isinstance(body.json, Mapping):
        message = visible_text(body.text) if body.json is None else _text(body.json)
        return Failure(message=message, hint=_hint(body, flagged=True, message=message))
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
        hint=_hint(body, flagged=error is True, message=message),
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


def _hint(body: ErrorBody, *, flagged: bool, message: str | None) -> str | None:
    if body.status == 403 and WRITE_PERMISSION in (message or ""):  # noqa: PLR2004 - HTTP's own number
        return WRITE_PERMISSION_HINT
    if not (body.status == 401 or (body.status == 403 and flagged)):  # noqa: PLR2004 - HTTP's own numbers
        return None
    environment = ENVIRONMENT_OF.get(body.origin)
    where = f"{body.origin} ({environment})" if environment else body.origin
    return (
        f"the request went to {where}: check that the key belongs to this environment, is "
        "approved and has this address on its allow-list, that the private key is the base64 "
        "text that zerohash shows, and that the clock is right to within 60 seconds"
    )
